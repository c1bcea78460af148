// Package conformance runs the official MCP conformance suites against the built hub, and against the servers behind it
// without the hub, so that a failure says on which side it is.
//
// It owns which suite runs against which endpoint and what is expected to fail there, with the reason. It must not know
// how the hub works inside.
package conformance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// The modes of a suite: which side the hub is on.
const (
	serverMode = "server"
	clientMode = "client"
)

// A scenario is one line of a suite's summary.
type scenario struct {
	Name   string
	Passed int
	Failed int
}

// failed reports whether the suite marked the scenario as failed. A scenario that checked nothing has passed.
func (s scenario) failed() bool { return s.Failed > 0 }

var (
	colour  = regexp.MustCompile(`\x1b\[[0-9;]*m`)
	summary = regexp.MustCompile(`^[✓✗] ([a-z0-9_/-]+): (\d+) passed, (\d+) failed(?:, (\d+) warnings)?`)
)

// parseSummary reads the scenarios from what a suite printed. Output without the closing total is of a suite that broke
// off, and an error.
func parseSummary(output []byte) ([]scenario, error) {
	var all []scenario
	complete := false
	lines := bufio.NewScanner(bytes.NewReader(output))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		line := colour.ReplaceAllString(lines.Text(), "")
		if m := summary.FindStringSubmatch(line); m != nil {
			sc := scenario{Name: m[1]}
			for i, counts := range []*int{&sc.Passed, &sc.Failed, &sc.Failed} { // in client mode a warning fails the scenario
				if m[2+i] == "" {
					continue
				}
				n, err := strconv.Atoi(m[2+i])
				if err != nil {
					return nil, fmt.Errorf("read %q: %w", line, err)
				}
				*counts += n
			}
			all = append(all, sc)
		}
		complete = complete || strings.HasPrefix(line, "Total: ")
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the suite's output: %w", err)
	}
	if !complete || len(all) == 0 {
		return nil, errors.New("the suite printed no summary: it broke off")
	}
	return all, nil
}

// parseExpected reads a file of expected failures: the suites' own YAML form, of which a list under the mode ("server:" or
// "client:") is all that is used here. The comment of an entry is the reason; an entry without one is an error.
func parseExpected(file []byte, mode string) (map[string]string, error) {
	expected := map[string]string{}
	for i, line := range strings.Split(string(file), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line == mode+":" || strings.HasPrefix(line, "#") {
			continue
		}
		entry, isEntry := strings.CutPrefix(line, "- ")
		name, reason, _ := strings.Cut(entry, "#")
		name, reason = strings.TrimSpace(name), strings.TrimSpace(reason)
		switch {
		case !isEntry:
			return nil, fmt.Errorf("line %d: %q: want \"- scenario # reason\"", i+1, line)
		case reason == "":
			return nil, fmt.Errorf("line %d: %s is expected to fail without a reason: add one after #", i+1, name)
		}
		expected[name] = reason
	}
	return expected, nil
}

// readExpected merges files of the folder expected.
func readExpected(names []string, mode string) (map[string]string, error) {
	all := map[string]string{}
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join("expected", name))
		if err != nil {
			return nil, fmt.Errorf("read expected failures: %w", err)
		}
		expected, err := parseExpected(b, mode)
		if err != nil {
			return nil, fmt.Errorf("expected/%s: %w", name, err)
		}
		for scenario, reason := range expected {
			all[scenario] = reason
		}
	}
	return all, nil
}

// failedChecks returns, for people, the failed checks that a suite wrote for a scenario below the folder results.
func failedChecks(results, mode, name string) (string, error) {
	if mode == serverMode {
		name = "server-" + name
	}
	dirs, err := filepath.Glob(filepath.Join(results, filepath.FromSlash(name)+"-2*"))
	if err != nil {
		return "", fmt.Errorf("find the results of %s: %w", name, err)
	}
	var text strings.Builder
	for _, dir := range dirs {
		b, err := os.ReadFile(filepath.Join(dir, "checks.json"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("read the checks of %s: %w", name, err)
		}
		var checks []struct {
			ID           string          `json:"id"`
			Status       string          `json:"status"`
			ErrorMessage string          `json:"errorMessage"`
			Details      json.RawMessage `json:"details"`
		}
		if err := json.Unmarshal(b, &checks); err != nil {
			return "", fmt.Errorf("read the checks of %s: %w", name, err)
		}
		for _, c := range checks {
			if c.Status == "FAILURE" || c.Status == "WARNING" && mode == clientMode {
				fmt.Fprintf(&text, "\n  %s: %s %.600s", c.ID, c.ErrorMessage, c.Details)
			}
		}
	}
	return text.String(), nil
}
