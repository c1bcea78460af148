package telemetry

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"mcphub/hub/record"
)

func TestWhatTheEnvironmentAsksFor(t *testing.T) {
	const endpoint = "http://127.0.0.1:1"
	m := NewMetrics("test", nil, func() State { return State{} })
	for name, test := range map[string]struct {
		env    map[string]string
		traces bool
		ends   int
		err    string
	}{
		"nothing":           {nil, false, 0, ""},
		"both":              {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}, true, 2, ""},
		"traces":            {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint}, true, 1, ""},
		"metrics":           {map[string]string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": endpoint}, false, 1, ""},
		"no traces":         {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_TRACES_EXPORTER": "none"}, false, 1, ""},
		"switched off":      {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_SDK_DISABLED": "true"}, false, 0, ""},
		"HTTP":              {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, true, 2, ""},
		"another protocol":  {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false, 0, "set it to that"},
		"protocol for none": {map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := NewExporter(t.Context(), func(name string) string { return test.env[name] }, "test", m, slog.New(slog.DiscardHandler))
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Fatalf("error is %v", err)
			}
			c := &record.Call{Kind: record.Tool}
			set := e.Begin(t.Context(), c, func(string) string { return "" })
			if (set["traceparent"] != "") != test.traces {
				t.Errorf("the server is given %v", set)
			}
			e.Done(c)
			if e != nil && len(e.ends) != test.ends {
				t.Errorf("%d exporters", len(e.ends))
			}
			ended, cancel := context.WithCancel(t.Context())
			cancel() // there is no collector
			_ = e.End(ended)
		})
	}
}
