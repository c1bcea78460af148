package main

import (
	"context"
	"strings"
	"testing"

	"mcphub/hub/hubtest"
)

func TestHistoryCommand(t *testing.T) {
	h := hubtest.StartIn(t, t.TempDir(), hubtest.Config("{}", "files", hubtest.Stdio(t, scripted))).Ready("files")
	perform(t, h.URL, []step{
		{args: "history", stdout: "TIME"},
		{args: "call files echo", stdout: "hello"},
		{args: "call files bad", code: exitFailure, stdout: "no luck", stderr: "the tool says that it failed"},
		{args: "read files memo://a", stdout: "a note"},
		{args: "history -n 0", code: exitArguments, stderr: "-n must be between 1 and 500"},
		{args: "history --since yesterday", code: exitArguments, stderr: "--since must be a time"},
	})
	lines := func(args string) (list []string) {
		t.Helper()
		var stdout, stderr hubtest.Output
		if code := run(t.Context(), strings.Fields(args), &stdout, &stderr); code != 0 {
			t.Fatalf("%s: exit code %d: %s", args, code, stderr.String())
		}
		return strings.Split(strings.TrimSpace(stdout.String()), "\n")
	}
	hubtest.Eventually(t, "the calls are in the history", func() bool { return len(lines("history --since 1h")) == 4 })
	all := lines("history")
	for i, want := range []string{"ERROR", " echo ", " bad ", " resource memo://a "} {
		if !strings.Contains(all[i], want) {
			t.Errorf("line %d is %q", i, all[i])
		}
	}
	if strings.Join(strings.Fields(all[1])[2:6], " ") != "mcp-hub files echo ok" || !strings.Contains(all[2], "tool_error") || !strings.Contains(all[2], "no luck") {
		t.Errorf("%q", all)
	}
	for args, want := range map[string]string{
		"history --failed": " bad ", "history --tool memo://a": "memo://a", "history -n 1": "memo://a", "history luck": " bad ", "history --json --failed": `"outcome":"tool_error"`,
	} {
		if got := lines(args); !strings.Contains(got[len(got)-1], want) || len(got) > 2 {
			t.Errorf("%s: %q", args, got)
		}
	}
	// A client with a token of its own is told by its name too.
	c := h.Modern("/mcp/files")
	c.Header.Set("Authorization", "Bearer "+h.Token("ci", ""))
	c.Tool("echo", "{}")
	hubtest.Eventually(t, "the client's token is told", func() bool { return strings.Contains(strings.Join(lines("history --token ci"), "\n"), " test (ci) ") })
	if got := lines("history --token c"); len(got) != 1 {
		t.Errorf("of no token: %q", got)
	}
	if got := lines("history --server nobody --since 2020-01-01T00:00:00Z"); len(got) != 1 {
		t.Errorf("of nobody: %q", got)
	}
	// Following tells of calls to come.
	ctx, cancel := context.WithCancel(t.Context())
	var stdout, stderr hubtest.Output
	done := make(chan int)
	go func() { done <- run(ctx, strings.Fields("history --follow -n 1 --tool echo"), &stdout, &stderr) }()
	hubtest.Eventually(t, "the command is following", func() bool { return strings.Contains(stdout.String(), " echo ") })
	h.Modern("/mcp/files").Tool("echo", "{}")
	hubtest.Eventually(t, "the new call is told", func() bool { return strings.Count(stdout.String(), " echo ") == 2 })
	cancel()
	if code := <-done; code != 0 || strings.Count(stdout.String(), " echo ") != 2 {
		t.Errorf("exit code %d: %s%s", code, stdout.String(), stderr.String())
	}
}
