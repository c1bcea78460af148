// Package telemetry owns telling other programs' instruments how the hub does: metrics for Prometheus, and traces and metrics
// over OTLP where the environment's OTEL_* variables ask for them.
//
// It must not know where calls come from, nor keep anything of them but numbers.
package telemetry

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"mcphub/hub/record"
)

// State is how the hub is at one moment.
type State struct {
	Servers       map[string]string // the state of each server by its name
	Sessions      int               // of clients of the MCP endpoint
	StreamReaders int               // clients of the event streams
	Queued        int               // records of the history that wait to be written
	Written       int64             // records of the history, of this run of the hub
	Dropped       int64             // records of the history that were lost, likewise
}

// Metrics are the numbers of one hub.
type Metrics struct {
	registry *prometheus.Registry
	calls    *prometheus.CounterVec
	took     *prometheus.HistogramVec
	inHub    prometheus.Histogram
}

// NewMetrics returns the numbers of a hub of that version. State is asked whenever somebody reads them; states are all
// states that a server may be in.
func NewMetrics(version string, states []string, state func() State) *Metrics {
	// From what a tool in the hub's own process takes to what a person waits for.
	buckets := []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mcphub_calls_total", Help: "Requests of clients to servers that are over.",
		}, []string{"server", "kind", "via", "outcome"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "mcphub_call_duration_seconds", Help: "Time from when the hub had a request until it had answered.", Buckets: buckets,
		}, []string{"server", "kind"}),
		inHub: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "mcphub_call_overhead_seconds", Help: "The part of a call's duration in which no server had it.",
			Buckets: []float64{0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 1, 10},
		}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "mcphub_build_info", Help: "Always 1, with the version of the hub.", ConstLabels: prometheus.Labels{"version": version},
	})
	info.Set(1)
	m.registry.MustRegister(m.calls, m.took, m.inHub, info, &stateCollector{state: state, states: states},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler answers with the numbers in the format that is asked for.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

// Count counts a call that is over.
func (m *Metrics) Count(c *record.Call) {
	server := c.Server
	m.calls.WithLabelValues(server, string(c.Kind), string(c.Via), string(c.Outcome)).Inc()
	m.took.WithLabelValues(server, string(c.Kind)).Observe(c.Took.Seconds())
	m.inHub.Observe((c.Took - c.InServer).Seconds())
}

// stateCollector tells how the hub is when somebody asks.
type stateCollector struct {
	state  func() State
	states []string
}

var (
	serverState   = prometheus.NewDesc("mcphub_server_state", "1 for the state that a server is in, 0 for the others.", []string{"server", "state"}, nil)
	sessions      = prometheus.NewDesc("mcphub_sessions", "Clients that are connected to the MCP endpoint.", nil, nil)
	streamReaders = prometheus.NewDesc("mcphub_stream_readers", "Clients that listen to the hub's events.", nil, nil)
	queued        = prometheus.NewDesc("mcphub_history_queued", "Records of the history that wait to be written.", nil, nil)
	written       = prometheus.NewDesc("mcphub_history_written_total", "Records of the history that were written.", nil, nil)
	dropped       = prometheus.NewDesc("mcphub_history_dropped_total", "Records of the history that were lost.", nil, nil)
)

// Describe implements prometheus.Collector.
func (*stateCollector) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{serverState, sessions, streamReaders, queued, written, dropped} {
		descs <- d
	}
}

// Collect implements prometheus.Collector.
func (c *stateCollector) Collect(metrics chan<- prometheus.Metric) {
	s := c.state()
	for server, is := range s.Servers {
		for _, state := range c.states {
			value := 0.0
			if state == is {
				value = 1
			}
			metrics <- prometheus.MustNewConstMetric(serverState, prometheus.GaugeValue, value, server, state)
		}
	}
	metrics <- prometheus.MustNewConstMetric(sessions, prometheus.GaugeValue, float64(s.Sessions))
	metrics <- prometheus.MustNewConstMetric(streamReaders, prometheus.GaugeValue, float64(s.StreamReaders))
	metrics <- prometheus.MustNewConstMetric(queued, prometheus.GaugeValue, float64(s.Queued))
	metrics <- prometheus.MustNewConstMetric(written, prometheus.CounterValue, float64(s.Written))
	metrics <- prometheus.MustNewConstMetric(dropped, prometheus.CounterValue, float64(s.Dropped))
}
