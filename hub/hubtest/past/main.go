// Command past writes the history of a hub that has run for a while into a database, for tests of what shows it. It owns
// what such calls are like, which depends on its flags alone but for the time at which they end: now. It must not know
// who looks at them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"time"

	"mcphub/hub/record"
	"mcphub/hub/store"
)

func main() {
	path := flag.String("db", "hub.db", "the database")
	calls := flag.Int("calls", 1000, "how many calls")
	span := flag.Duration("span", 24*time.Hour, "how long ago the first was")
	flag.Parse()
	if err := write(context.Background(), *path, *calls, *span); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(ctx context.Context, path string, calls int, span time.Duration) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	db, err := store.Open(ctx, path, log)
	if err != nil {
		return err
	}
	h := store.NewHistory(store.HistoryOptions{
		Open:     func(context.Context) (*store.DB, error) { return db, nil },
		Redact:   func(_, text []byte) (string, bool) { return string(text), false },
		Margin:   func() int { return 0 },
		Settings: store.HistorySettings{Enabled: true, Days: 3650, MaxBytes: math.MaxInt64, Bodies: true, BodyLimit: 16384},
		Log:      log,
	})
	writing, finish := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- h.Run(writing) }()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same calls each time
	first := time.Now().Add(-span)
	for i := range calls {
		c := call(random)
		c.Time = first.Add(time.Duration(float64(span) * float64(i) / float64(calls)))
		for { // the history drops what finds no room
			if queued, _, _ := h.Counts(); queued < 4000 {
				break
			}
			time.Sleep(time.Millisecond)
		}
		h.Record(&c)
	}
	finish()
	if err := <-done; !errors.Is(err, context.Canceled) {
		return err
	}
	_, written, dropped := h.Counts()
	fmt.Printf("%d calls written, %d dropped, %d MiB\n", written, dropped, db.Bytes()>>20)
	return db.Close()
}

// thing is something that servers are asked for, and how long that takes: half of the calls no longer than its median.
type thing struct {
	server, name string
	kind         record.Kind
	median       time.Duration
	args, result string // a %d in each is filled
}

var things = []thing{
	{"everything", "echo", record.Tool, 2 * time.Millisecond, `{"message":"hello %d"}`, `{"content":[{"type":"text","text":"Echo: hello %d"}]}`},
	{"everything", "get-sum", record.Tool, time.Millisecond, `{"a":20,"b":%d}`, `{"content":[{"type":"text","text":"The sum is %d."}]}`},
	{"everything", "trigger-long-running-operation", record.Tool, 4 * time.Second, `{"duration":4,"steps":%d}`, `{"content":[{"type":"text","text":"Done after %d steps"}]}`},
	{"everything", "args-prompt", record.Prompt, 3 * time.Millisecond, `{"city":"Lisbon %d"}`, `{"messages":[{"role":"user","content":{"type":"text","text":"Weather in Lisbon %d?"}}]}`},
	{"notes", "read_text_file", record.Tool, 6 * time.Millisecond, `{"path":"notes/day-%d.md"}`, `{"content":[{"type":"text","text":"# Day %d\n\n- water the plants"}]}`},
	{"notes", "search_files", record.Tool, 90 * time.Millisecond, `{"path":"notes","pattern":"plan-%d"}`, `{"content":[{"type":"text","text":"notes/plan-%d.md"}]}`},
	{"memory", "search_nodes", record.Tool, 12 * time.Millisecond, `{"query":"project %d"}`, `{"content":[{"type":"text","text":"{\"entities\":[{\"name\":\"project %d\"}]}"}]}`},
	{"memory", "create_entities", record.Tool, 25 * time.Millisecond, `{"entities":[{"name":"person %d","entityType":"person","observations":[]}]}`, `{"content":[{"type":"text","text":"created %d"}]}`},
}

var (
	clients  = []string{"claude-code", "cursor", "Visual Studio Code", "zed"}
	failures = []struct {
		outcome record.Outcome
		why     string
	}{
		{record.ToolError, "ENOENT: no such file or directory"},
		{record.ToolError, "the tool says that it failed"},
		{record.Timeout, "no answer within 60 s"},
		{record.Cancelled, "cancelled by the client"},
		{record.ProtocolError, "Invalid params: missing “path”"},
		{record.Disconnected, "the server's connection ended"},
	}
)

func call(random *rand.Rand) record.Call {
	t := things[random.IntN(len(things))]
	n := random.IntN(2000)
	took := time.Duration(float64(t.median) * math.Exp(random.NormFloat64()/2))
	c := record.Call{
		Client: clients[random.IntN(len(clients))], Version: "1.0", Session: fmt.Sprint("session-", random.IntN(9)), Era: record.Legacy, Via: record.MCP,
		Server: t.server, Kind: t.kind, Name: t.name, Outcome: record.OK, InServer: took, Took: took + time.Duration(200+random.IntN(600))*time.Microsecond,
		Args: fmt.Appendf(nil, t.args, n), Result: fmt.Appendf(nil, t.result, n),
	}
	if random.IntN(25) == 0 {
		f := failures[random.IntN(len(failures))]
		c.Outcome, c.Err = f.outcome, f.why
		if f.outcome != record.ToolError {
			c.Result = nil
		}
	}
	c.RequestSize, c.ResultSize = len(c.Args), len(c.Result)
	return c
}
