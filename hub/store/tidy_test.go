package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mcphub/hub/record"
)

// rows returns how many rows tables have.
func rows(t *testing.T, db *DB, tables ...string) (counts []int) {
	t.Helper()
	for _, table := range tables {
		var n int
		if err := db.read.QueryRowContext(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		counts = append(counts, n)
	}
	return counts
}

func TestOldCallsAreForgotten(t *testing.T) {
	h, db := openHistory(t, everything)
	for day := range 40 {
		at := time.Duration(day) * 24 * time.Hour
		for range 100 {
			h.Record(aCall(at, nil))
		}
		h.Happened(Happening{Time: start.Add(at), Kind: "k", Text: "t"})
	}
	h.flush(t)
	now := start.AddDate(0, 0, 39).Add(time.Minute)
	if err := db.tidyHistory(t.Context(), everything, now); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(rows(t, db, "call", "call_origin", "call_words", "happening")); got != "[3000 1 60 30]" {
		t.Errorf("of 40 days are left %s", got)
	}
	calls, err := h.Calls(t.Context(), CallQuery{Server: "files", Limit: 5000})
	if err != nil || len(calls) != 3000 || calls[2999].Time.Before(now.AddDate(0, 0, -30)) {
		t.Errorf("%d calls, %v", len(calls), err)
	}
	sums := map[int]int{}
	list, err := db.read.QueryContext(t.Context(), `SELECT step, count(*) FROM call_sum GROUP BY step`)
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	for list.Next() {
		var step, n int
		if err := list.Scan(&step, &n); err != nil {
			t.Fatal(err)
		}
		sums[step] = n
	}
	if err := list.Err(); err != nil || fmt.Sprint(sums) != "map[60:1 600:7 3600:31 86400:31]" {
		t.Errorf("sums by length: %v, %v", sums, err)
	}
}

func TestALargeDatabaseForgetsTheOldest(t *testing.T) {
	s := everything
	s.BodyLimit = 2000
	h, db := openHistory(t, s)
	result := []byte(`"` + strings.Repeat("word ", 390) + `"`)
	for i := range 5000 {
		h.Record(aCall(time.Duration(i)*time.Second, func(c *record.Call) { c.Result = result }))
	}
	h.flush(t)
	s.MaxBytes = 5 << 20
	if err := db.tidyHistory(t.Context(), s, start.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	used, err := db.used(t.Context())
	if err != nil || used > s.MaxBytes {
		t.Errorf("%d bytes are used, %v", used, err)
	}
	calls, err := h.Calls(t.Context(), CallQuery{Limit: 10_000})
	if err != nil || len(calls) == 0 || len(calls) == 5000 || !calls[0].Time.Equal(start.Add(4999*time.Second)) {
		t.Errorf("%d calls are left, %v", len(calls), err)
	}
	s.MaxBytes = 1 // less than the empty tables need
	if err := db.tidyHistory(t.Context(), s, start.Add(2*time.Hour)); err != nil {
		t.Error(err)
	}
	if got := fmt.Sprint(rows(t, db, "call", "call_origin", "call_words")); got != "[0 0 0]" {
		t.Errorf("left are %s", got)
	}
}

func TestClear(t *testing.T) {
	h, db := openHistory(t, everything)
	fill := func() {
		for i := range 10 {
			h.Record(aCall(time.Duration(i)*24*time.Hour, func(c *record.Call) { c.Args = []byte(`{"note":"needle"}`) }))
			h.Happened(Happening{Time: start.AddDate(0, 0, i), Kind: "k", Text: "t"})
		}
	}
	fill()
	h.flush(t)
	calls, happened, err := h.Clear(t.Context(), start.AddDate(0, 0, 4))
	if err != nil || calls != 4 || happened != 4 {
		t.Errorf("%d calls and %d events: %v", calls, happened, err)
	}
	if got := fmt.Sprint(rows(t, db, "call", "call_origin", "call_words", "happening")); got != "[6 1 6 6]" {
		t.Errorf("left are %s", got)
	}
	fill() // waits while the history is cleared
	calls, happened, err = h.Clear(t.Context(), time.Time{})
	if err != nil || calls != 6 || happened != 6 {
		t.Errorf("%d calls and %d events: %v", calls, happened, err)
	}
	h.flush(t)
	if got := fmt.Sprint(rows(t, db, "call", "call_origin", "call_block", "call_words", "call_sum", "happening")); got != "[0 0 0 0 0 0]" {
		t.Errorf("left are %s", got)
	}
	for _, file := range []string{db.path, db.path + "-wal"} {
		content, err := os.ReadFile(file)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if strings.Contains(string(content), "needle") {
			t.Errorf("%s still holds what was cleared", filepath.Base(file))
		}
	}
	h.Record(aCall(0, func(c *record.Call) { c.Time = time.Now() }))
	h.flush(t)
	if got := fmt.Sprint(rows(t, db, "call", "call_words")); got != "[1 1]" {
		t.Errorf("afterwards there are %s", got)
	}
}
