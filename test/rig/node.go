package rig

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Steps is what a client script printed: the value of each step that it named.
type Steps map[string]json.RawMessage

// Client runs a script of test/clients and returns the steps it printed, one JSON object {"step": name, "value": any} a
// line. A script that fails, or runs longer than two minutes, fails the test.
func Client(t testing.TB, script string, args ...string) Steps {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", append([]string{filepath.Join(Dir(t), "clients", script)}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", script, err, out, &stderr)
	}
	steps := Steps{}
	for line := range bytes.Lines(out) {
		var s struct {
			Step  string          `json:"step"`
			Value json.RawMessage `json:"value"`
		}
		if err := json.Unmarshal(line, &s); err != nil || s.Step == "" {
			t.Fatalf("%s printed a line that is no step: %s", script, line)
		}
		steps[s.Step] = s.Value
	}
	return steps
}

// Get decodes the value of a step and fails the test if the script did not come that far.
func Get[T any](t testing.TB, s Steps, step string) T {
	t.Helper()
	raw, ok := s[step]
	if !ok {
		t.Fatalf("the client printed no step %q", step)
	}
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("step %s: %v: %s", step, err, raw)
	}
	return v
}
