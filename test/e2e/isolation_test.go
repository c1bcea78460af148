package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mcphub/test/rig"
)

// isolationCalls is the number of calls of each of the two clients; two of five are cancelled.
const isolationCalls = 200

// TestIsolation lets two clients call one server at once, hundreds of times, with the same request ids and the same
// progress tokens. Neither sees an answer, a progress or a cancellation of the other, and no cancellation is lost.
func TestIsolation(t *testing.T) {
	t.Parallel()
	hub := rig.StartHub(t, map[string]rig.Server{"stdio": {Command: rig.Build(t, rig.Fixture)}, "remote": remoteFixture(t)})
	pairs := [][2]string{{"http", "http"}, {"modern", "modern"}, {"sse", "sse"}, {"http", "modern"}, {"sse", "http"}}
	for _, server := range []string{"stdio", "remote"} {
		for _, pair := range pairs {
			t.Run(server+" "+pair[0]+" "+pair[1], func(t *testing.T) {
				steps := rig.Client(t, "isolation.mjs", pair[0], pair[1], hub.MCP(), strconv.Itoa(isolationCalls), server+"__")
				for _, client := range []string{"a", "b"} {
					r := rig.Get[struct {
						Answers, Progress, Early                                     int
						WrongAnswers, WrongProgress, Cancelled, NotCancelled, Errors []string
					}](t, steps, client)
					none(t, "client "+client+": wrong answers", r.WrongAnswers)
					none(t, "client "+client+": wrong progress", r.WrongProgress)
					none(t, "client "+client+": not cancelled", r.NotCancelled)
					none(t, "client "+client+": errors", r.Errors)
					const fifth = isolationCalls / 5
					if r.Answers != 3*fifth || len(r.Cancelled) != fifth || r.Early != fifth {
						t.Errorf("client %s: %d answers, %d cancelled, %d cancelled early, want %d, %d, %d",
							client, r.Answers, len(r.Cancelled), r.Early, 3*fifth, fifth, fifth)
					}
					// The SDK's 1.x client drops notifications that come in one read with the answer; TestProgress counts.
					if r.Progress < fifth {
						t.Errorf("client %s: %d progress notifications", client, r.Progress)
					}
				}
				// The premise: the clients really used the same ids and tokens.
				for _, premise := range []string{"shared ids", "shared tokens"} {
					if n := rig.Get[int](t, steps, premise); n < isolationCalls*9/10 {
						t.Errorf("%s: %d of %d: the test proves nothing", premise, n, isolationCalls)
					}
				}
				if n := rig.Get[int](t, steps, "running"); n != 0 {
					t.Errorf("%d calls still run at the server: their cancellation is lost", n)
				}
				for _, wrong := range []string{"not cancelled at the server", "cancelled at the server only", "cancelled twice"} {
					none(t, wrong, rig.Get[[]string](t, steps, wrong))
				}
			})
		}
	}
}

// none fails the test for a list of faults that is not empty.
func none(t *testing.T, what string, list []string) {
	t.Helper()
	if len(list) > 0 {
		t.Errorf("%s: %d, first %.300s", what, len(list), list[0])
	}
}

// TestProgress reads the response stream without any SDK: every notification of a call is there, in order, before the
// answer, with the token the client chose.
func TestProgress(t *testing.T) {
	t.Parallel()
	hub := rig.StartHub(t, map[string]rig.Server{"fixture": {Command: rig.Build(t, rig.Fixture)}})
	const steps, rounds = 6, 50
	for round := range rounds {
		token := fmt.Sprintf("token-%d", round)
		body := fmt.Sprintf(`{"jsonrpc":"2.0","id":"r","method":"tools/call","params":{"name":"fixture__echo",`+
			`"arguments":{"text":"x","steps":%d},"_meta":{"progressToken":%q,`+
			`"io.modelcontextprotocol/protocolVersion":%q,"io.modelcontextprotocol/clientCapabilities":{}}}}`, steps, token, rig.ModernVersion)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, hub.MCP(), strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range map[string]string{
			"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
			"MCP-Protocol-Version": rig.ModernVersion, "Mcp-Method": "tools/call", "Mcp-Name": "fixture__echo",
		} {
			req.Header.Set(k, v)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var seen []float64
		answered := false
		lines := bufio.NewScanner(resp.Body)
		for lines.Scan() {
			data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data:"))
			if !ok {
				continue
			}
			var message struct {
				ID     any
				Method string
				Params struct {
					ProgressToken any
					Progress      float64
				}
			}
			if err := json.Unmarshal(data, &message); err != nil {
				t.Fatalf("round %d: %v: %s", round, err, data)
			}
			switch {
			case answered:
				t.Errorf("round %d: after the answer came %s", round, data)
			case message.Method == "notifications/progress" && message.Params.ProgressToken == token:
				seen = append(seen, message.Params.Progress)
			case message.ID == "r":
				answered = true
			default:
				t.Errorf("round %d: unexpected %s", round, data)
			}
		}
		if err := lines.Err(); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		resp.Body.Close()
		if want := []float64{1, 2, 3, 4, 5, 6}; !answered || !slices.Equal(seen, want) {
			t.Fatalf("round %d: HTTP %s, answered %v, progress %v, want %v", round, resp.Status, answered, seen, want)
		}
	}
}
