package hub_test

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	collectormetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectortrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"mcphub/hub/hubtest"
)

func measured(t *testing.T) string {
	return hubtest.Stdio(t, hubtest.Script{
		Name: "a", Tools: []string{hubtest.Tool("params"), hubtest.Tool("fails")},
		Answers: map[string]string{"fails": `"result":{"isError":true,"content":[{"type":"text","text":"hunter2"}]}`},
	})
}

// metrics returns what the hub tells Prometheus.
func metrics(t testing.TB, h *hubtest.Hub) string {
	t.Helper()
	resp, err := http.Get(h.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%d, %v", resp.StatusCode, err)
	}
	return string(body)
}

func TestMetrics(t *testing.T) {
	h := hubtest.StartIn(t, t.TempDir(), hubtest.Config("{}", "a", measured(t), "off", `"command":"x","disabled":true`)).Ready("a")
	c := h.Legacy("/mcp/a", "{}")
	c.Tool("params", "{}")
	c.Tool("params", "{}")
	c.Tool("fails", "{}")
	body := metrics(t, h)
	for _, line := range []string{
		`mcphub_calls_total{kind="tool",outcome="ok",server="a",via="mcp"} 2`,
		`mcphub_calls_total{kind="tool",outcome="tool_error",server="a",via="mcp"} 1`,
		`mcphub_call_duration_seconds_count{kind="tool",server="a"} 3`,
		`mcphub_call_overhead_seconds_count 3`,
		`mcphub_server_state{server="a",state="ready"} 1`,
		`mcphub_server_state{server="a",state="failed"} 0`,
		`mcphub_server_state{server="off",state="disabled"} 1`,
		`mcphub_sessions 1`,
		`mcphub_stream_readers 0`,
		`mcphub_history_dropped_total 0`,
		`mcphub_build_info{version="test"} 1`,
		`go_goroutines `,
	} {
		if !strings.Contains("\n"+body, "\n"+line) {
			t.Errorf("%s is missing", line)
		}
	}
}

// collector takes what the hub sends over OTLP.
type collector struct {
	mu      sync.Mutex
	traces  []*collectortrace.ExportTraceServiceRequest
	metrics []*collectormetrics.ExportMetricsServiceRequest
}

// ServeHTTP implements http.Handler.
func (c *collector) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch r.URL.Path {
	case "/v1/traces":
		m := &collectortrace.ExportTraceServiceRequest{}
		_ = proto.Unmarshal(body, m)
		c.traces = append(c.traces, m)
	case "/v1/metrics":
		m := &collectormetrics.ExportMetricsServiceRequest{}
		_ = proto.Unmarshal(body, m)
		c.metrics = append(c.metrics, m)
	}
}

func TestTraces(t *testing.T) {
	got := &collector{}
	server := httptest.NewServer(got)
	defer server.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=my-hub")
	h := hubtest.Start(t, hubtest.Config("{}", "a", measured(t))).Ready("a")
	const trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	given := func(a hubtest.Answer, keys ...string) string {
		return strings.Trim(a.Get(append([]string{"result", "structuredContent", "_meta"}, keys...)...), `"`)
	}
	child := func(text string) string { // the span in a traceparent of the trace
		t.Helper()
		parts := strings.Split(text, "-")
		if len(parts) != 4 || parts[1] != trace || parts[2] == parent {
			t.Fatalf("traceparent of the server is %q", text)
		}
		return parts[2]
	}
	meta := `{"_meta":{"traceparent":"00-` + trace + `-` + parent + `-01","tracestate":"x=1","other":2},"name":"params","arguments":{}}`
	var spans []string
	for _, c := range []*hubtest.Client{h.Legacy("/mcp/a", "{}"), h.Modern("/mcp/a")} {
		a := c.Call("1", "tools/call", meta)
		spans = append(spans, child(given(a, "traceparent")))
		if given(a, "tracestate") != "x=1" || given(a, "other") != "2" {
			t.Errorf("_meta is %s", a.Get("result", "structuredContent", "_meta"))
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+"/api/servers/tools", strings.NewReader(`{"server_name":"a","tool":"params"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Traceparent", "00-"+trace+"-"+parent+"-01")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	spans = append(spans, child(strings.Trim(hubtest.Get(string(body), "result", "structuredContent", "_meta", "traceparent"), `"`)))
	h.Modern("/mcp/a").Tool("fails", "{}") // begins a trace of its own
	if err := h.Stop(); err != nil {
		t.Fatal(err)
	}
	got.mu.Lock()
	defer got.mu.Unlock()
	sent := map[string]bool{}
	failed := 0
	for _, m := range got.traces {
		if strings.Contains(m.String(), "hunter2") {
			t.Error("the text of an error was sent")
		}
		for _, rs := range m.ResourceSpans {
			if !strings.Contains(rs.Resource.String(), "my-hub") || !strings.Contains(rs.Resource.String(), "service.version") {
				t.Errorf("resource is %v", rs.Resource)
			}
			for _, ss := range rs.ScopeSpans {
				for _, s := range ss.Spans {
					if s.Name == "tools/call params" && hex.EncodeToString(s.TraceId) == trace && hex.EncodeToString(s.ParentSpanId) == parent && s.EndTimeUnixNano > s.StartTimeUnixNano {
						sent[hex.EncodeToString(s.SpanId)] = true
					}
					if s.Name == "tools/call fails" && s.Status.Message == "tool_error" {
						failed++
					}
				}
			}
		}
	}
	for _, span := range spans {
		if !sent[span] {
			t.Errorf("span %s was not sent, but %v", span, sent)
		}
	}
	if failed != 1 {
		t.Errorf("%d failed calls were sent", failed)
	}
	metrics := ""
	for _, m := range got.metrics {
		metrics += m.String()
	}
	if !strings.Contains(metrics, "mcphub_calls_total") || !strings.Contains(metrics, "mcphub_call_duration_seconds") {
		t.Errorf("metrics are %.500s", metrics)
	}
}

// TestTraceparentPasses: without telemetry of its own the hub hands the client's trace context on as it is.
func TestTraceparentPasses(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}", "a", measured(t))).Ready("a")
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	a := h.Modern("/mcp/a").Call("1", "tools/call", `{"_meta":{"traceparent":"`+parent+`"},"name":"params","arguments":{}}`)
	if got := a.Get("result", "structuredContent", "_meta", "traceparent"); got != `"`+parent+`"` {
		t.Errorf("traceparent of the server is %s", got)
	}
}
