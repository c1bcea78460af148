package conformance

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"mcphub/test/rig"
)

func TestMain(m *testing.M) {
	if os.Getenv(scenarioEnv) != "" {
		os.Exit(drive())
	}
	os.Exit(rig.Main(m))
}

// A set is one way to run a suite. The second suite freezes what a revision requires; the first is what servers of the
// older revisions are commonly held to.
type set struct {
	name string
	pkg  string
	args []string
}

var (
	all2025 = set{"0.1-all", "conformance-0.1", []string{"--suite", "all"}}
	all2026 = set{"0.2-all", "conformance-0.2", []string{"--suite", "all"}}
	req2025 = set{"0.2-2025-11-25", "conformance-0.2", []string{"--requirements", "2025-11-25"}}
	req2026 = set{"0.2-2026-07-28", "conformance-0.2", []string{"--requirements", "2026-07-28"}}
)

// TestConformanceDirect is the baseline: the servers behind the hub, without the hub.
func TestConformanceDirect(t *testing.T) {
	t.Parallel()
	legacy, modern := startEverything(t, false), startEverything(t, true)
	runSuite(t, all2025, legacy)
	runSuite(t, req2025, legacy)
	runSuite(t, req2026, modern, "tasks.yml")
}

// openly starts a hub that asks nobody for a token: the suites have none, and one scenario comes as a web page does.
func openly(t *testing.T, servers map[string]rig.Server) *rig.Hub {
	t.Helper()
	return rig.StartHub(t, servers, "--no-token")
}

// TestConformanceServer holds the endpoint of one server to the suites, per transport and era of that server.
func TestConformanceServer(t *testing.T) {
	t.Parallel()
	hub := openly(t, map[string]rig.Server{
		"legacy":   {URL: startEverything(t, false)},
		"modern":   {URL: startEverything(t, true)},
		"stdio":    {Command: rig.Build(t, rig.EverythingServer)},
		"oldstdio": {Command: rig.Build(t, rig.EverythingServer), Protocol: "legacy"},
		"memory":   memory(t),
	})
	t.Run("legacy", func(t *testing.T) {
		runSuite(t, all2025, hub.MCP("legacy"))
		runSuite(t, req2025, hub.MCP("legacy"))
	})
	t.Run("modern", func(t *testing.T) {
		runSuite(t, req2026, hub.MCP("modern"), "tasks.yml")
	})
	t.Run("legacy stdio", func(t *testing.T) {
		runSuite(t, all2025, hub.MCP("oldstdio"))
		runSuite(t, req2025, hub.MCP("oldstdio"))
	})
	t.Run("modern stdio", func(t *testing.T) {
		runSuite(t, req2026, hub.MCP("stdio"), "tasks.yml")
	})
	t.Run("legacy-to-modern", func(t *testing.T) {
		runSuite(t, all2025, hub.MCP("modern"), "legacy-to-modern.yml")
		runSuite(t, req2025, hub.MCP("modern"), "legacy-to-modern.yml")
	})
	t.Run("modern-to-legacy", func(t *testing.T) {
		runSuite(t, req2026, hub.MCP("legacy"), "tasks.yml", "modern-to-legacy.yml")
	})
}

// TestConformanceAggregate holds the endpoint of all servers to the suites, with a second server beside the one that the
// scenarios know: their names have no prefix and resolve because they are unique.
func TestConformanceAggregate(t *testing.T) {
	t.Parallel()
	t.Run("legacy", func(t *testing.T) {
		hub := openly(t, map[string]rig.Server{"everything": {URL: startEverything(t, false)}, "memory": memory(t)})
		runSuite(t, all2025, hub.MCP(), "aggregate.yml")
		runSuite(t, req2025, hub.MCP(), "aggregate.yml")
	})
	t.Run("modern", func(t *testing.T) {
		hub := openly(t, map[string]rig.Server{"everything": {URL: startEverything(t, true)}, "memory": memory(t)})
		runSuite(t, req2026, hub.MCP(), "aggregate.yml", "tasks.yml")
	})
}

// startEverything starts the Go SDK's server over HTTP and returns its address. Stateless it serves the modern era only,
// otherwise the legacy era.
func startEverything(t *testing.T, stateless bool) string {
	t.Helper()
	addr := "127.0.0.1:" + strconv.Itoa(rig.FreePort(t))
	rig.StartProcess(t, rig.Build(t, rig.EverythingServer), "-http", addr, fmt.Sprintf("-stateless=%v", stateless))
	rig.WaitPort(t, addr)
	return "http://" + addr + "/mcp"
}

func memory(t *testing.T) rig.Server {
	return rig.Server{
		Command: rig.Peer(t, "mcp-server-memory"),
		Env:     map[string]string{"MEMORY_FILE_PATH": filepath.Join(t.TempDir(), "memory.json")},
	}
}

// TestConformanceClient holds the hub to the suites as a client of servers: each scenario is a server of its own, with a
// hub before it. See drive. A suite runs all its scenarios at once and judges how soon a client comes back: it has the machine
// before the other tests.
func TestConformanceClient(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	run(t, all2025, clientMode, []string{"--command", self}, "client-0.1.yml")
	run(t, all2026, clientMode, []string{"--command", self}, "client-0.2.yml") // also what only older revisions have
	run(t, req2025, clientMode, []string{"--command", self}, "client-0.2.yml")
	run(t, req2026, clientMode, []string{"--command", self}, "client-0.2.yml")
}

// runSuite runs one set against an endpoint.
func runSuite(t *testing.T, s set, url string, expectedFiles ...string) {
	t.Helper()
	run(t, s, serverMode, []string{"--url", url}, expectedFiles...)
}

// run runs one set: a subtest for the set, and one for each of its scenarios. Whatever fails must stand in one of the files
// of expected failures, and whatever stands there must fail.
func run(t *testing.T, s set, mode string, args []string, expectedFiles ...string) {
	t.Helper()
	t.Run(s.name, func(t *testing.T) {
		expected, err := readExpected(expectedFiles, mode)
		if err != nil {
			t.Fatal(err)
		}
		results := t.ArtifactDir()
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
		defer cancel()
		script := filepath.Join(rig.Dir(t), "node_modules", s.pkg, "dist", "index.js")
		// The suites need Node 22; the test module brings its own.
		cmd := exec.CommandContext(ctx, rig.Peer(t, "node"), slices.Concat([]string{script, mode, "-o", results}, args, s.args)...)
		if mode == clientMode {
			cmd.Env = append(os.Environ(), "MCP_HUB_BIN="+rig.HubBinary(t))
		}
		out, _ := cmd.CombinedOutput() // the exit code repeats what the summary says, without the expected failures
		if err := os.WriteFile(filepath.Join(results, "suite.log"), out, 0o600); err != nil {
			t.Fatal(err)
		}
		scenarios, err := parseSummary(out)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("the suite's log and results (kept by make conformance): %s", results)
			}
		})
		passed, failed, expectedToFail := 0, 0, 0
		for _, sc := range scenarios {
			passed, failed = passed+sc.Passed, failed+sc.Failed
			reason, isExpected := expected[sc.Name]
			if isExpected && sc.failed() {
				expectedToFail++
			}
			t.Run(sc.Name, func(t *testing.T) {
				switch {
				case sc.failed() && !isExpected:
					checks, err := failedChecks(results, mode, sc.Name)
					if err != nil {
						t.Error(err)
					}
					t.Errorf("%d of %d checks failed:%s", sc.Failed, sc.Passed+sc.Failed, checks)
				case !sc.failed() && isExpected:
					t.Errorf("passes, but is expected to fail (%s): remove it from %v", reason, expectedFiles)
				}
			})
		}
		t.Logf("%s: %d scenarios, %d expected to fail; checks: %d passed, %d failed", t.Name(), len(scenarios), expectedToFail, passed, failed)
	})
}
