package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mcphub/hub/record"
)

var everything = HistorySettings{Enabled: true, Days: 30, MaxBytes: 500 << 20, Bodies: true, BodyLimit: 100}

// dots is a redactor that knows one secret.
func dots(_, text []byte) (string, bool) {
	out := strings.ReplaceAll(string(text), "hunter2", "••••")
	return out, len(out) != len(text)
}

// openHistory returns a history in a new database that writes nothing by itself.
func openHistory(t testing.TB, s HistorySettings) (*History, *DB) {
	t.Helper()
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "hub.db"), slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return historyOf(db, s), db
}

func historyOf(db *DB, s HistorySettings) *History {
	return NewHistory(HistoryOptions{Open: func(context.Context) (*DB, error) { return db, nil }, Redact: dots, Margin: func() int { return 2 * len("hunter2") }, Settings: s, Log: db.log})
}

// flush writes what waits.
func (h *History) flush(t testing.TB) {
	t.Helper()
	var batch []*entry
	for len(h.queue) > 0 {
		batch = append(batch, <-h.queue)
	}
	h.keep(t.Context(), batch)
	if h.problem != "" {
		t.Fatal(h.problem)
	}
}

var start = time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)

// aCall is a call at a time after start.
func aCall(after time.Duration, change func(*record.Call)) *record.Call {
	c := &record.Call{
		Time: start.Add(after), Client: "cursor", Version: "1.0", Token: "laptop", Session: "ABC", Era: record.Legacy, Via: record.MCP, Server: "files",
		Kind: record.Tool, Name: "read_file", Outcome: record.OK, Took: 3 * time.Millisecond, InServer: 2 * time.Millisecond,
		Args: []byte(`{"path":"notes.md"}`), Result: []byte(`{"content":[]}`), RequestSize: 40, ResultSize: 14,
	}
	if change != nil {
		change(c)
	}
	return c
}

func TestCallIsKeptWhole(t *testing.T) {
	h, _ := openHistory(t, everything)
	want := aCall(0, func(c *record.Call) {
		c.Outcome, c.Err = record.ToolError, "no hunter2 here"
		c.Args = []byte(`{"password":"hunter2"}`)
		c.Result = []byte(`{"text":"` + strings.Repeat("ä", 80) + `"}`)
	})
	h.Record(want)
	clear(want.Args) // the history has a copy
	h.flush(t)
	list, err := h.Calls(t.Context(), CallQuery{Limit: 10})
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	got, err := h.Call(t.Context(), list[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if list[0].KeptArgs != nil || got.ID != want.Time.UnixMicro() || !got.Time.Equal(want.Time) {
		t.Errorf("%+v, %+v", list[0], got)
	}
	if *got.KeptArgs != (Body{`{"password":"••••"}`, false, true}) {
		t.Errorf("arguments are %+v", *got.KeptArgs)
	}
	if *got.KeptResult != (Body{`{"text":"` + strings.Repeat("ä", 45), true, false}) { // a limit of 100 bytes, in the middle of the last letter
		t.Errorf("the result is %+v", *got.KeptResult)
	}
	if got.Err != "no •••• here" {
		t.Errorf("the error is %q", got.Err)
	}
	got.Call.Args, got.Call.Result, got.Call.Time, got.Call.Err = want.Args, want.Result, want.Time, want.Err
	if fmt.Sprint(got.Call) != fmt.Sprint(*want) {
		t.Errorf("got  %+v\nwant %+v", got.Call, *want)
	}
	if _, err := h.Call(t.Context(), 1); !errors.Is(err, ErrNoCall) {
		t.Errorf("a call that is not there: %v", err)
	}
}

// TestSecretAtTheEdge: of a secret that the limit of what is kept goes through nothing is left.
func TestSecretAtTheEdge(t *testing.T) {
	s := everything
	s.BodyLimit = 20
	for pad := range 30 {
		h, _ := openHistory(t, s)
		text := []byte(`"` + strings.Repeat("x", pad) + `hunter2` + strings.Repeat("y", 40) + `"`)
		h.Record(aCall(0, func(c *record.Call) {
			c.Args, c.Result, c.Err = text, text, strings.Repeat("z", longestError-pad)+"hunter2 zzz"
		}))
		h.flush(t)
		calls, err := h.Calls(t.Context(), CallQuery{Limit: 1, Bodies: true})
		if err != nil || len(calls) != 1 {
			t.Fatal(calls, err)
		}
		for _, kept := range []string{calls[0].KeptArgs.Text, calls[0].KeptResult.Text, calls[0].Err} {
			if strings.Contains(kept, "hu") || len(kept) > longestError+20 {
				t.Errorf("after %d: kept %q", pad, kept)
			}
		}
		if !calls[0].KeptArgs.Truncated || len(calls[0].KeptArgs.Text) > s.BodyLimit {
			t.Errorf("after %d: %+v", pad, *calls[0].KeptArgs)
		}
	}
}

func TestWhatIsNotKept(t *testing.T) {
	s := everything
	s.Servers = map[string]Keep{"private": KeepNothing, "shy": KeepNoBodies}
	h, _ := openHistory(t, s)
	names := func() (list []string) {
		t.Helper()
		h.flush(t)
		calls, err := h.Calls(t.Context(), CallQuery{Limit: 10, Bodies: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range calls {
			list = append(list, fmt.Sprintf("%s %v %v", c.Server, c.KeptArgs != nil, c.KeptResult != nil))
		}
		return list
	}
	for i, server := range []string{"private", "shy", "open"} {
		h.Record(aCall(time.Duration(i)*time.Second, func(c *record.Call) { c.Server = server }))
	}
	h.Happened(Happening{Time: start, Server: "private", Text: "no"})
	h.Record(aCall(time.Hour, func(c *record.Call) { c.Args, c.Result, c.Server = nil, nil, "bare" }))
	if got := names(); !slices.Equal(got, []string{"bare false false", "open true true", "shy false false"}) {
		t.Errorf("kept %v", got)
	}
	s.Bodies = false
	h.Configure(s)
	h.Record(aCall(2*time.Hour, nil))
	if got := names(); got[0] != "files false false" {
		t.Errorf("without bodies: %v", got)
	}
	s.Enabled = false
	h.Configure(s)
	h.Record(aCall(3*time.Hour, nil))
	if got := names(); len(got) != 4 {
		t.Errorf("switched off: %v", got)
	}
	if happened, err := h.Happenings(t.Context(), HappeningQuery{Limit: 10}); err != nil || len(happened) != 0 {
		t.Errorf("%v, %v", happened, err)
	}
}

func TestCallsAreFound(t *testing.T) {
	h, _ := openHistory(t, everything)
	for i, change := range []func(*record.Call){
		nil,
		func(c *record.Call) { c.Server, c.Name = "Files", "write_file" },
		func(c *record.Call) { c.Outcome, c.Err = record.Timeout, "Request timed out (-32001)" },
		func(c *record.Call) { c.Outcome = record.Cancelled; c.Client = "claude-code" },
		func(c *record.Call) { c.Kind, c.Name, c.Args = record.Resource, "file:///home/café", nil },
		func(c *record.Call) { c.Args = []byte(`{"query":"the \"sk00000000\" of sfiles"}`) },
	} {
		h.Record(aCall(time.Duration(i)*time.Minute, change))
	}
	h.flush(t)
	for name, test := range map[string]struct {
		q    CallQuery
		want string // the minutes of the calls
	}{
		"all":                     {CallQuery{}, "543210"},
		"server":                  {CallQuery{Server: "Files"}, "1"},
		"name":                    {CallQuery{Name: "write_file"}, "1"},
		"kind":                    {CallQuery{Kind: record.Resource}, "4"},
		"client":                  {CallQuery{Client: "cursor"}, "54210"},
		"outcome":                 {CallQuery{Outcome: record.Cancelled}, "3"},
		"failed":                  {CallQuery{Failed: true}, "2"},
		"token":                   {CallQuery{Token: "laptop"}, "543210"},
		"another token":           {CallQuery{Token: "laptops"}, ""},
		"several":                 {CallQuery{Server: "files", Name: "read_file", Client: "cursor", Outcome: record.OK}, "50"},
		"none":                    {CallQuery{Server: "nobody"}, ""},
		"since":                   {CallQuery{Since: start.Add(4 * time.Minute)}, "54"},
		"until":                   {CallQuery{Until: start.Add(time.Minute)}, "0"},
		"since and until":         {CallQuery{Server: "files", Since: start.Add(2 * time.Minute), Until: start.Add(4 * time.Minute)}, "32"},
		"before":                  {CallQuery{Before: start.Add(2 * time.Minute).UnixMicro()}, "10"},
		"before and facet":        {CallQuery{Server: "files", Before: start.Add(2 * time.Minute).UnixMicro()}, "0"},
		"word of arguments":       {CallQuery{Words: "notes"}, "3210"},
		"beginning":               {CallQuery{Words: "note"}, "3210"},
		"several beginnings":      {CallQuery{Words: "not rea"}, "320"},
		"one letter":              {CallQuery{Words: "n"}, ""},
		"a word and no beginning": {CallQuery{Words: "the"}, "5"},
		"two words":               {CallQuery{Words: "NOTES write"}, "1"},
		"part of a name":          {CallQuery{Words: "file write"}, "1"},
		"word of an error":        {CallQuery{Words: "timed"}, "2"},
		"without accents":         {CallQuery{Words: "cafe"}, "4"},
		"client's words":          {CallQuery{Words: "claude code"}, "3"},
		"word and facet":          {CallQuery{Words: "notes", Server: "files"}, "320"},
		"signs":                   {CallQuery{Words: `"*(`}, ""},
		"signs between":           {CallQuery{Words: `"notes" AND (md)`}, ""},
		"words of the language":   {CallQuery{Words: `OR notes`}, ""},
		"no facet by words":       {CallQuery{Words: "files -sfiles: sk00000000"}, "5"},
		"sign of facets":          {CallQuery{Words: "\ue000sfiles"}, "5"},
	} {
		t.Run(name, func(t *testing.T) {
			test.q.Limit = 10
			calls, err := h.Calls(t.Context(), test.q)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, c := range calls {
				got += fmt.Sprint(int(c.Time.Sub(start).Minutes()))
			}
			if got != test.want {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
}

func TestCallsOfOneMoment(t *testing.T) {
	h, _ := openHistory(t, everything)
	for range 2 { // the second batch meets ids that are taken
		for range 3 {
			h.Record(aCall(0, nil))
		}
		h.flush(t)
	}
	seen := map[int64]bool{}
	for before := int64(0); ; {
		calls, err := h.Calls(t.Context(), CallQuery{Before: before, Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		if len(calls) == 0 {
			break
		}
		for _, c := range calls {
			if seen[c.ID] || before != 0 && c.ID >= before {
				t.Errorf("%d comes twice or out of order", c.ID)
			}
			seen[c.ID] = true
			before = c.ID
		}
	}
	if len(seen) != 6 {
		t.Errorf("%d calls of 6", len(seen))
	}
}

func TestHappenings(t *testing.T) {
	h, _ := openHistory(t, everything)
	for i, e := range []Happening{{Kind: "server_state", Server: "a", Level: "ok", Text: "ready"}, {Kind: "hub_state", Text: "ready"}, {Kind: "server_state", Server: "b", Level: "error", Text: "failed"}} {
		e.Time = start.Add(time.Duration(i) * time.Minute)
		h.Happened(e)
	}
	h.flush(t)
	for name, test := range map[string]struct {
		q    HappeningQuery
		want string
	}{
		"all":    {HappeningQuery{}, "failed ready ready"},
		"server": {HappeningQuery{Server: "a"}, "ready"},
		"kind":   {HappeningQuery{Kind: "server_state"}, "failed ready"},
		"time":   {HappeningQuery{Since: start.Add(time.Minute), Until: start.Add(2 * time.Minute)}, "ready"},
		"page":   {HappeningQuery{Before: start.Add(time.Minute).UnixMicro()}, "ready"},
	} {
		test.q.Limit = 10
		list, err := h.Happenings(t.Context(), test.q)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range list {
			got = append(got, e.Text)
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestDatabaseIsOpenedWhenNeeded: what happened alone opens no database, and is there all the same for who asks, and for the
// next run of the hub.
func TestDatabaseIsOpenedWhenNeeded(t *testing.T) {
	h, db := openHistory(t, everything)
	opened := 0
	h.options.Open = func(context.Context) (*DB, error) { opened++; return db, nil }
	h.Happened(Happening{Time: start, Kind: "k", Text: "early"})
	h.flush(t)
	if opened != 0 || h.written.Load() != 0 {
		t.Errorf("opened %d times, wrote %d", opened, h.written.Load())
	}
	if list, err := h.Happenings(t.Context(), HappeningQuery{Limit: 2}); err != nil || len(list) != 1 || opened == 0 || h.written.Load() != 1 {
		t.Errorf("%v, %v; opened %d times", list, err, opened)
	}
	again := historyOf(db, everything)
	ctx, cancel := context.WithCancel(t.Context())
	again.Happened(Happening{Time: start.Add(time.Second), Kind: "k", Text: "the only one"})
	cancel()
	_ = again.Run(ctx)
	if got := fmt.Sprint(rows(t, db, "happening")); got != "[2]" {
		t.Errorf("there are %s", got)
	}
	many := historyOf(db, everything)
	for i := range earlyRoom + 1 {
		many.Happened(Happening{Time: start.Add(time.Duration(i) * time.Minute), Kind: "k", Text: "many"})
	}
	many.flush(t)
	if many.written.Load() != earlyRoom+1 {
		t.Errorf("wrote %d of too many to wait", many.written.Load())
	}
}

func TestQueueIsBounded(t *testing.T) {
	h, _ := openHistory(t, everything)
	for i := range queueRoom + 50 {
		h.Record(aCall(time.Duration(i)*time.Millisecond, nil))
	}
	if s := h.Status(t.Context()); s.Queued != queueRoom || s.Dropped != 50 {
		t.Errorf("%d wait and %d were dropped", s.Queued, s.Dropped)
	}
	h.flush(t)
	s := h.Status(t.Context())
	if s.Queued != 0 || s.Written != queueRoom || s.Dropped != 50 || s.Bare != 0 || s.Problem != "" || !s.Oldest.Equal(start) || s.Bytes == 0 {
		t.Errorf("afterwards: %+v", s)
	}
	if left := h.waiting.Load(); left != 0 {
		t.Errorf("%d bytes wait in an empty queue", left)
	}
}

func TestBodiesThatWaitAreBounded(t *testing.T) {
	s := everything
	s.BodyLimit = 1 << 20
	h, _ := openHistory(t, s)
	large := []byte(`"` + strings.Repeat("x", 1<<20-2) + `"`)
	for i := range 40 {
		h.Record(aCall(time.Duration(i)*time.Second, func(c *record.Call) { c.Args, c.Result = nil, large }))
	}
	h.flush(t)
	with := 0
	calls, err := h.Calls(t.Context(), CallQuery{Limit: 100, Bodies: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range calls {
		if c.KeptResult != nil {
			with++
		}
	}
	if bare := h.bare.Load(); len(calls) != 40 || with != bodyRoom>>20 || int(bare) != 40-with || h.waiting.Load() != 0 {
		t.Errorf("%d calls, %d with a result, %d said to be bare", len(calls), with, bare)
	}
}

func TestRunWritesAndEnds(t *testing.T) {
	h, _ := openHistory(t, everything)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- h.Run(ctx) }()
	h.Record(aCall(0, nil))
	for end := time.Now().Add(20 * time.Second); h.Status(t.Context()).Written == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nothing is written")
		}
	}
	for i := range 100 {
		h.Record(aCall(time.Duration(i+1)*time.Second, nil))
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Run ended with %v", err)
	}
	if calls, err := h.Calls(t.Context(), CallQuery{Limit: 200}); err != nil || len(calls) != 101 {
		t.Errorf("%d calls, %v", len(calls), err)
	}
}

func TestHistoryGoesOnWithoutADatabase(t *testing.T) {
	var log bytes.Buffer
	broken := errors.New("disk on fire")
	h := NewHistory(HistoryOptions{
		Open: func(context.Context) (*DB, error) { return nil, broken }, Redact: dots, Margin: func() int { return 2 * len("hunter2") }, Settings: everything, Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	for range 3 {
		h.Record(aCall(0, nil))
		h.keep(t.Context(), []*entry{<-h.queue})
	}
	if s := h.Status(t.Context()); s.Dropped != 3 || !strings.Contains(s.Problem, "disk on fire") {
		t.Errorf("status is %+v", s)
	}
	if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, log.String())
	}
	if _, err := h.Calls(t.Context(), CallQuery{Limit: 1}); !errors.Is(err, broken) {
		t.Errorf("Calls: %v", err)
	}
}

func TestDamageWhileRunning(t *testing.T) {
	h, db := openHistory(t, everything)
	for i := range 2000 {
		h.Record(aCall(time.Duration(i)*time.Second, nil))
	}
	h.flush(t)
	db.read.Load().SetMaxIdleConns(0) // nothing is remembered
	db.write.Load().SetMaxIdleConns(0)
	content, err := os.ReadFile(db.path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 4096; i < len(content); i++ {
		content[i] ^= 0x5a
	}
	if err := os.WriteFile(db.path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	h.Record(aCall(time.Hour, nil))
	h.flush(t)
	calls, err := h.Calls(t.Context(), CallQuery{Limit: 10, Words: "notes"})
	if err != nil || len(calls) != 1 {
		t.Errorf("in the new database: %v, %v", calls, err)
	}
	aside, err := filepath.Glob(db.path + ".damaged-*")
	if err != nil || len(aside) != 1 {
		t.Errorf("set aside: %v, %v", aside, err)
	}
}

// TestUnfinishedWords: what begins a word finds all calls that have one, however many such words there are.
func TestUnfinishedWords(t *testing.T) {
	h, _ := openHistory(t, everything)
	const calls = mostEndings + 100
	for i := range calls {
		h.Record(aCall(time.Duration(i)*time.Second, func(c *record.Call) {
			c.Args = fmt.Appendf(nil, `{"a":"Rün%04d straße ÄB%04d"}`, i, i%7)
		}))
	}
	h.flush(t)
	for words, want := range map[string]int{
		"run": calls, "RÜN": calls, "run00": 100, "run001": 10, "run0012": 1, "run00123": 0, "runx": 0, "ab": calls, "AB0": calls, "stra": calls, "Straß run000": 10, "ab0003 run": (calls + 3) / 7,
	} {
		list, err := h.Calls(t.Context(), CallQuery{Words: words, Limit: calls + 1})
		if err != nil || len(list) != want {
			t.Errorf("%q finds %d calls, %v, want %d", words, len(list), err, want)
		}
		if !slices.IsSortedFunc(list, func(a, b Call) int { return int(b.ID - a.ID) }) {
			t.Errorf("%q: the newest do not come first", words)
		}
	}
}

// BenchmarkRecord is what a call's own goroutine does for the history.
func BenchmarkRecord(b *testing.B) {
	h, _ := openHistory(b, everything)
	c := aCall(0, nil)
	b.ReportAllocs()
	for b.Loop() {
		h.Record(c)
		h.waiting.Add(-(<-h.queue).size())
	}
}
