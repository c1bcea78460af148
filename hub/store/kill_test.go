package store

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"mcphub/hub/record"
)

const killedEnv = "STORE_TEST_WRITES"

// TestMain makes the test binary a hub's history that records into a file, for TestKilled.
func TestMain(m *testing.M) {
	if path := os.Getenv(killedEnv); path != "" {
		fmt.Fprintln(os.Stderr, recordForEver(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// recordForEver records some 5,000 calls a second, or what the race detector makes of that, with the number of each as its size, and prints how many there were.
func recordForEver(path string) error {
	db, err := Open(context.Background(), path, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		return err
	}
	h := historyOf(db, everything)
	go func() { _ = h.Run(context.Background()) }()
	session := fmt.Sprint(os.Getpid())
	tick := time.NewTicker(10 * time.Millisecond)
	for n := 0; ; {
		for range max(1, 50/slowness) {
			h.Record(aCall(0, func(c *record.Call) { c.Time, c.Session, c.RequestSize = time.Now(), session, n }))
			n++
		}
		fmt.Println(n - int(h.dropped.Load()))
		<-tick.C
	}
}

// TestKilled kills a process that records, again and again: the file is sound, and no call is missing that is older than a
// second.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub.db")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	kills := manyKills
	if testing.Short() {
		kills = 2
	}
	type report struct {
		at time.Time
		n  int
	}
	total := 0
	for kill := range kills {
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = append(os.Environ(), killedEnv+"="+path)
		cmd.Stderr = t.Output()
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var reports []report
		var killed time.Time
		for lines := bufio.NewScanner(out); lines.Scan(); {
			r := report{at: time.Now()}
			if _, err := fmt.Sscan(lines.Text(), &r.n); err != nil {
				t.Fatalf("%s: %v", lines.Text(), err)
			}
			reports = append(reports, r)
			if killed.IsZero() && r.at.Sub(reports[0].at) > 1100*time.Millisecond+time.Duration(kill*7%400)*time.Millisecond {
				killed = r.at
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait() // it was killed
		safe := 0      // calls that must be there
		for _, r := range reports {
			if r.at.Before(killed.Add(-time.Second)) {
				safe = r.n
			}
		}
		if safe == 0 {
			t.Fatalf("the process ended by itself after %d reports", len(reports))
		}
		db, err := Open(t.Context(), path, slog.New(slog.NewTextHandler(t.Output(), nil)))
		if err != nil {
			t.Fatal(err)
		}
		var verdict string
		var all, there int
		for query, into := range map[string]any{`PRAGMA quick_check(1)`: &verdict, `SELECT count(*) FROM call`: &all} {
			if err := db.read.QueryRowContext(t.Context(), query).Scan(into); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.read.QueryRowContext(t.Context(), `SELECT count(*) FROM call JOIN call_origin ON call_origin.id = origin WHERE session = ?`, fmt.Sprint(cmd.Process.Pid)).Scan(&there); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		total += there
		if verdict != "ok" || there < safe || all < total {
			t.Errorf("kill %d: the file is %s; %d calls of the last process, of at least %d; %d in all, of %d", kill, verdict, there, safe, all, total)
		}
		t.Logf("kill %d: %d calls, of %d", kill, there, reports[len(reports)-1].n)
	}
	if aside, _ := filepath.Glob(path + ".damaged-*"); len(aside) > 0 {
		t.Errorf("taken for damaged: %v", aside)
	}
}
