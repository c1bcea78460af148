package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mcphub/hub/hubtest"
	"mcphub/hub/upstream"
)

func TestMain(m *testing.M) { hubtest.Main(m) }

// pair is a request and what mcp-hub 4.2.1 answered to it. The servers behind that one are fixtures here, with lists,
// results and reasons of their own. In all pairs servers are sorted by name, and disabled ones never started (bug 20); and
// beyond what it answered stand a server's health where it cannot be called, and our own version in /api/health.
type pair struct {
	ID      string
	Request struct {
		Method, Path string
		Headers      map[string]string // JSON if there are none and there is a body
		Body         json.RawMessage
		Text         *string `json:"raw_body"`
	}
	Response reply
	Differs  string // why Ours is another one: a number in the list of that program's bugs, or a reason
	Ours     *reply
}

type reply struct {
	Status int
	Body   json.RawMessage
}

// TestContract has a hub answer what mcp-hub was asked, in the same order.
func TestContract(t *testing.T) {
	h := contractHub(t)
	text, err := os.ReadFile(filepath.Join("testdata", "contract.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var p pair
		if err := json.Unmarshal(line, &p); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		t.Run(p.ID, func(t *testing.T) { check(t, h, &p) })
	}
}

// contractHub is a hub with servers like those that mcp-hub had when it was recorded.
func contractHub(t *testing.T) *hubtest.Hub {
	t.Helper()
	result := func(members string) string { return `"result":{` + members + `}` }
	content := func(text string) string { return result(`"content":[{"type":"text","text":"` + text + `"}]`) }
	one := func(uri string) string {
		return result(`"contents":[{"uri":"` + uri + `","mimeType":"text/plain","text":"one"}]`)
	}
	everything := hubtest.Script{
		Name: "everything",
		Tools: append(tools("echo", "get-sum", "structured", "image", "resource-ref", "annotated", "strict", "params", "wait", "status"),
			`{"name":"schema","title":"Schema","description":"Has <all> & more","inputSchema":{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{}},"annotations":{"readOnlyHint":true},"execution":{"taskSupport":"forbidden"},"x":9007199254740993}`),
		Resources: []string{`{"uri":"demo://static/one","name":"one","mimeType":"text/plain"}`},
		Templates: []string{`{"uriTemplate":"demo://dynamic/{id}","name":"dynamic"}`},
		Prompts:   []string{`{"name":"simple-prompt"}`, `{"name":"args-prompt","arguments":[{"name":"city","required":true}]}`},
		Answers: map[string]string{
			"echo": content("Echo: hi"), "get-sum": content("5"),
			"structured":        result(`"content":[{"type":"text","text":"{\"warm\":true}"}],"structuredContent":{"warm":true}`),
			"annotated":         result(`"content":[{"type":"text","text":"no","annotations":{"audience":["user"],"priority":1}}]`),
			"strict":            result(`"content":[{"type":"text","text":"MCP error -32602: Invalid arguments"}],"isError":true`),
			"demo://static/one": one("demo://static/one"), "demo://dynamic/1": one("demo://dynamic/1"),
			"demo://nope":   `"error":{"code":-32602,"message":"MCP error -32602: Resource demo://nope not found"}`,
			"simple-prompt": result(`"messages":[{"role":"user","content":{"type":"text","text":"simple"}}]`),
			"args-prompt":   `"error":{"code":-32602,"message":"MCP error -32602: Invalid arguments for prompt args-prompt"}`,
		},
	}
	memory := hubtest.Script{Name: "memory", Tools: tools("read_graph"), Answers: map[string]string{
		"read_graph": result(`"content":[],"structuredContent":{"entities":[],"relations":[]}`),
	}}
	locked := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(locked.Close)
	fixture := hubtest.Stdio(t, everything)
	exits := strings.Replace(fixture, `script.json"`, `missing.json"`, 1)
	h := hubtest.Start(t, hubtest.Config("{}",
		"everything", `"name":"Everything (display)","description":"desc from config",`+fixture,
		"memory", hubtest.Stdio(t, memory),
		"off", `"disabled":true,"description":"a disabled one",`+exits,
		"broken", `"command":"/nonexistent/cmd"`,
		"badenv", `"command":"x","env":{"X":"${NOT_DEFINED_ANYWHERE}"}`,
		"exits", exits,
		"deadremote", `"url":"http://127.0.0.1:9/mcp"`,
		"remote", hubtest.Remote(t, everything),
		"needsauth", `"url":"`+locked.URL+`/mcp"`,
	)).Ready("everything", "memory", "remote")
	hubtest.Eventually(t, "the other servers have come to rest", func() bool {
		return h.State() == "ready" && h.Set().Get("needsauth").Status().State == upstream.Authorizing
	})
	return h
}

func tools(names ...string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = hubtest.Tool(name)
	}
	return out
}

func check(t *testing.T, h *hubtest.Hub, p *pair) {
	t.Helper()
	want := p.Response
	if p.Ours != nil {
		want = *p.Ours
	}
	status, body, wrong := 0, "", []string{}
	ask := func() bool {
		status, body = send(t, h, p)
		wrong = nil
		if status != want.Status {
			wrong = append(wrong, fmt.Sprintf("status is %d, want %d", status, want.Status))
		}
		wrong = append(wrong, compare("body", decode(t, string(want.Body)), decode(t, body), h.File)...)
		return len(wrong) == 0
	}
	// Servers that are tried again and again are connecting for moments.
	reading := p.Request.Method == http.MethodGet || strings.HasSuffix(p.Request.Path, "/info")
	for end := time.Now().Add(hubtest.Patience); !ask() && reading && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
	}
	if len(wrong) > 0 {
		t.Errorf("%s\ngot %d %s", strings.Join(wrong, "\n"), status, body)
	}
}

func send(t *testing.T, h *hubtest.Hub, p *pair) (int, string) {
	t.Helper()
	var body io.Reader
	headers := p.Request.Headers
	if p.Request.Text != nil {
		body = strings.NewReader(*p.Request.Text)
	} else if p.Request.Body != nil {
		body = bytes.NewReader(p.Request.Body)
	}
	if body != nil && headers == nil {
		headers = map[string]string{"Content-Type": "application/json"}
	}
	r, err := http.NewRequestWithContext(t.Context(), p.Request.Method, h.URL+p.Request.Path, body)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	r.Host = headers["Host"]
	return fetch(t, r)
}

// fetch makes a request and returns the status and the body of the answer, which is JSON.
func fetch(t *testing.T, r *http.Request) (int, string) {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got := resp.Header.Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("Content-Type is %q", got)
	}
	return resp.StatusCode, string(text)
}

func decode(t *testing.T, text string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber() // no number may lose its digits
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

var isTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)

// compare finds where got is not what is wanted. In wanted values $TIME stands for any time, $UPTIME for any number,
// $OBJECT for any object, $CONFIG for the configuration file, and $ANY for the rest of a text.
func compare(at string, want, got any, file string) []string {
	differ := []string{fmt.Sprintf("%s is %v, want %v", at, got, want)}
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok {
			return differ
		}
		if a, b := slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)); !slices.Equal(a, b) {
			return []string{fmt.Sprintf("%s has the keys %v, want %v", at, b, a)}
		}
		var out []string
		for key := range want {
			out = append(out, compare(at+"."+key, want[key], got[key], file)...)
		}
		return out
	case []any:
		got, ok := got.([]any)
		if !ok || len(got) != len(want) {
			return differ
		}
		var out []string
		for i := range want {
			out = append(out, compare(fmt.Sprintf("%s[%d]", at, i), want[i], got[i], file)...)
		}
		return out
	case string:
		text, _ := got.(string)
		_, isNumber := got.(json.Number)
		_, isObject := got.(map[string]any)
		start, _, some := strings.Cut(want, "$ANY")
		if want == "$TIME" && isTime.MatchString(text) || want == "$UPTIME" && isNumber || want == "$OBJECT" && isObject ||
			want == "$CONFIG" && text == file || some && len(text) > len(start) && strings.HasPrefix(text, start) {
			return nil
		}
	}
	if want != got {
		return differ
	}
	return nil
}
