package conformance

import (
	"maps"
	"slices"
	"testing"
)

func TestParseSummary(t *testing.T) {
	tests := map[string]struct {
		output string
		want   []scenario
		ok     bool
	}{
		"complete": {
			"=== SUMMARY ===\n✓ ping: 1 passed, 0 failed\n\x1b[31m✗ tools-list: 2 passed, 3 failed\x1b[0m\n\nTotal: 3 passed, 3 failed\n",
			[]scenario{{"ping", 1, 0}, {"tools-list", 2, 3}},
			true,
		},
		"client mode": {
			"✗ auth/basic-cimd: 4 passed, 0 failed, 1 warnings\nTotal: 4 passed, 0 failed, 1 warnings\n",
			[]scenario{{"auth/basic-cimd", 4, 1}},
			true,
		},
		"notes after the total": {
			"✓ ping: 1 passed, 0 failed\nTotal: 1 passed, 0 failed\nNot scored: 1\n  ✗ tasks-lifecycle (extension)\n",
			[]scenario{{"ping", 1, 0}},
			true,
		},
		"broken off": {"✓ ping: 1 passed, 0 failed\n", nil, false},
		"empty":      {"Total: 0 passed, 0 failed\n", nil, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseSummary([]byte(tt.output))
			if (err == nil) != tt.ok || !slices.Equal(got, tt.want) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestParseExpected(t *testing.T) {
	tests := map[string]struct {
		file string
		want map[string]string
		ok   bool
	}{
		"entries":    {"# head\nserver:\n  - ping # why not\n\n  - tools-list # a: b\n", map[string]string{"ping": "why not", "tools-list": "a: b"}, true},
		"no reason":  {"server:\n  - ping\n", nil, false},
		"other mode": {"client:\n  - ping # x\n", nil, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseExpected([]byte(tt.file), serverMode)
			if (err == nil) != tt.ok || !maps.Equal(got, tt.want) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}
