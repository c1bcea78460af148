package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"mcphub/hub/record"
)

// TestManyCalls asks a history of 1,000,000 calls (without the race detector) all that the routes ask; the aim is 300 ms, the
// bound ten times that.
func TestManyCalls(t *testing.T) {
	if testing.Short() {
		t.Skip("writing the calls takes half a minute")
	}
	const aim = 300 * time.Millisecond
	h, db := openHistory(t, everything)
	begin := time.Now()
	words, first, now := fillCalls(t, h)
	t.Logf("%d calls written in %v, %d MiB", manyCalls, time.Since(begin), db.Bytes()>>20)
	middle := first.AddDate(0, 0, manyDays/2)
	calls := func(q CallQuery) func() (int, error) {
		return func() (int, error) {
			q.Limit = 51
			list, err := h.Calls(t.Context(), q)
			return len(list), err
		}
	}
	summary := func(period, bucket time.Duration, server string) func() (int, error) {
		return func() (int, error) {
			s, err := h.Summary(t.Context(), SummaryQuery{Since: now.Add(-period), Until: now, Bucket: bucket, Server: server})
			return s.Total.Calls, err
		}
	}
	for name, ask := range map[string]func() (int, error){
		"newest":                    calls(CallQuery{}),
		"far page":                  calls(CallQuery{Before: middle.UnixMicro()}),
		"server":                    calls(CallQuery{Server: "server3"}),
		"far page of a server":      calls(CallQuery{Server: "server3", Before: middle.UnixMicro()}),
		"tool":                      calls(CallQuery{Name: "tool_" + words[3]}),
		"client":                    calls(CallQuery{Client: "cursor"}),
		"failed":                    calls(CallQuery{Failed: true}),
		"outcome of a server":       calls(CallQuery{Server: "server3", Outcome: record.Timeout}),
		"all filters":               calls(CallQuery{Server: "server3", Name: "tool_" + words[3], Client: "cursor", Kind: record.Tool, Failed: true, Since: first, Until: now}),
		"no such server":            calls(CallQuery{Server: "nobody", Outcome: record.OK}),
		"a day":                     calls(CallQuery{Since: middle, Until: middle.AddDate(0, 0, 1), Server: "server3"}),
		"word":                      calls(CallQuery{Words: words[700]}),
		"rare word":                 calls(CallQuery{Words: words[2900]}),
		"beginning":                 calls(CallQuery{Words: words[700][:2]}),
		"beginning of every call":   calls(CallQuery{Words: "hom"}),
		"the same in capitals":      calls(CallQuery{Words: "HOM"}),
		"word of every call":        calls(CallQuery{Words: "home"}),
		"words of every call":       calls(CallQuery{Words: "home query path"}),
		"common, rare and a filter": calls(CallQuery{Words: words[2900] + " home", Server: "server3"}),
		"nothing":                   calls(CallQuery{Words: "home", Server: "server3", Client: "nobody"}),
		"page with bodies":          calls(CallQuery{Bodies: true, Server: "server3"}),
		"last hour":                 summary(time.Hour, 2*time.Minute, ""),
		"last day":                  summary(24*time.Hour, 48*time.Minute, ""),
		"last day of a server":      summary(24*time.Hour, 48*time.Minute, "server3"),
		"last week":                 summary(7*24*time.Hour, 6*time.Hour, ""),
		"last month":                summary(manyDays*24*time.Hour, 24*time.Hour, ""),
		"last month by the hour":    summary(manyDays*24*time.Hour, time.Hour, ""),
		"status":                    func() (int, error) { s := h.Status(t.Context()); return int(s.Bytes), nil },
		"one call": func() (int, error) {
			list, err := h.Calls(t.Context(), CallQuery{Before: middle.UnixMicro(), Limit: 1})
			if err != nil || len(list) == 0 {
				return 0, err
			}
			_, err = h.Call(t.Context(), list[0].ID)
			return 1, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			var took []time.Duration
			for range 5 {
				begin := time.Now()
				n, err := ask()
				if err != nil {
					t.Fatal(err)
				}
				if n == 0 != (name == "no such server" || name == "nothing") && manyCalls == 1_000_000 {
					t.Fatalf("found %d", n)
				}
				took = append(took, time.Since(begin))
			}
			slices.Sort(took)
			t.Logf("median %v, worst %v", took[2], took[4])
			if took[2] > 10*aim*slowness {
				t.Errorf("median %v, want under %v", took[2], 10*aim*slowness)
			}
		})
	}
}

// manyDays is the time over which the many calls are spread.
const manyDays = 29

// fillCalls writes many calls that look like those of a month's work, 50 at a time, and returns the words that they are made of, the first
// ones being in more of them.
func fillCalls(t *testing.T, h *History) (words []string, first, now time.Time) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	words = make([]string, 3000)
	for i := range words {
		words[i] = fmt.Sprintf("%c%c%c%d", 'a'+random.IntN(26), 'a'+random.IntN(26), 'a'+random.IntN(26), random.IntN(100))
	}
	pick := func() string { return words[min(random.IntN(len(words)), random.IntN(len(words)))] }
	outcomes := []record.Outcome{record.ToolError, record.ProtocolError, record.Timeout, record.Cancelled, record.Disconnected}
	now = time.Now()
	first = now.AddDate(0, 0, -manyDays)
	for i := range manyCalls {
		h.Record(aCall(0, func(c *record.Call) {
			c.Time = first.Add(time.Duration(i/50*50)*(manyDays*24*time.Hour/manyCalls) + time.Duration(i%50)*time.Millisecond)
			c.Server, c.Name = fmt.Sprint("server", random.IntN(10)), "tool_"+words[random.IntN(30)]
			c.Client = []string{"claude-code", "cursor", "Visual Studio Code"}[random.IntN(3)]
			c.Args = fmt.Appendf(nil, `{"path":"/home/me/%s/%s.md","query":"%s %s"}`, pick(), pick(), pick(), pick())
			c.Result = []byte(`{"content":[{"type":"text","text":"some words of a result"}]}`)
			c.Took = time.Duration(random.IntN(1_000_000)) * time.Microsecond
			if random.IntN(50) == 0 {
				c.Outcome, c.Err = outcomes[random.IntN(len(outcomes))], "it went wrong: "+pick()
			}
		}))
		if i%batchSize == batchSize-1 || i == manyCalls-1 {
			h.flush(t)
		}
	}
	return words, first, now
}
