package hub

import (
	"context"
	"os"

	"mcphub/hub/record"
	"mcphub/hub/secret"
	"mcphub/hub/store"
	"mcphub/hub/telemetry"
	"mcphub/hub/upstream"
)

// recorder is told of calls, and tells all who want to know.
type recorder struct {
	secrets  *secret.Redactor
	history  *store.History // nil: there is none
	metrics  *telemetry.Metrics
	exporter *telemetry.Exporter // set when the hub runs; nil: nobody asked for it
}

// Begin implements gateway.Recorder and api.Recorder.
func (r *recorder) Begin(ctx context.Context, c *record.Call, get func(key string) string) map[string]string {
	return r.exporter.Begin(ctx, c, get)
}

// End implements gateway.Recorder and api.Recorder.
func (r *recorder) End(c *record.Call) {
	c.Name = r.secrets.Mask(c.Name) // the URI of a resource may hold one
	r.exporter.Done(c)
	r.metrics.Count(c)
	if r.history != nil {
		r.history.Record(c)
	}
}

// export begins to send telemetry, if the environment asks for it, and returns what ends that.
func (h *Hub) export(ctx context.Context) (end func(context.Context)) {
	log := h.options.Log.With("part", "telemetry")
	exporter, err := telemetry.NewExporter(ctx, os.Getenv, h.options.Version, h.recorder.metrics, log)
	if err != nil {
		log.Error("telemetry is not sent", "err", err)
	}
	h.recorder.exporter = exporter
	return func(ctx context.Context) {
		if err := exporter.End(ctx); err != nil {
			log.Warn("the last telemetry is not sent", "err", err)
		}
	}
}

// telemetry returns how the hub is now.
func (h *Hub) telemetry() telemetry.State {
	s := telemetry.State{Servers: map[string]string{}, Sessions: h.gateway.Clients(), StreamReaders: len(h.live.Connections())}
	for _, server := range h.set.List() {
		s.Servers[server.Name()] = string(server.Status().State)
	}
	if h.memory.history != nil {
		s.Queued, s.Written, s.Dropped = h.memory.history.Counts()
	}
	return s
}

// serverStates are all states of servers, as telemetry names them.
func serverStates() []string {
	var names []string
	for _, s := range upstream.States {
		names = append(names, string(s))
	}
	return names
}
