package store

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"mcphub/hub/record"
)

func TestSummary(t *testing.T) {
	h, db := openHistory(t, everything)
	random := rand.New(rand.NewPCG(1, 2))
	outcomes := []record.Outcome{record.OK, record.OK, record.OK, record.ToolError, record.Cancelled, record.Disconnected}
	var all []*record.Call
	for i := range 3000 {
		c := aCall(time.Duration(i)*time.Second, func(c *record.Call) {
			c.Server, c.Name = fmt.Sprint("s", random.IntN(3)), fmt.Sprint("t", random.IntN(4))
			c.Outcome = outcomes[random.IntN(len(outcomes))]
			c.Took = time.Duration(math.Exp(random.Float64()*12)) * time.Microsecond
		})
		all = append(all, c)
		h.Record(c)
		if i%700 == 0 {
			h.flush(t)
		}
	}
	h.flush(t)
	for name, q := range map[string]SummaryQuery{
		"all":        {Since: start, Until: start.Add(time.Hour), Bucket: 2 * time.Minute},
		"a part":     {Since: start.Add(7 * time.Minute), Until: start.Add(33*time.Minute + time.Second), Bucket: time.Minute},
		"one server": {Since: start, Until: start.Add(time.Hour), Bucket: 10 * time.Minute, Server: "s1"},
		"one bucket": {Since: start, Until: start.Add(time.Minute), Bucket: 24 * time.Hour},
		"none":       {Since: start.Add(-2 * time.Hour), Until: start.Add(-time.Hour), Bucket: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := db.summary(t.Context(), q, start.Add(time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			if s.Since.After(q.Since) || s.Until.Before(q.Until) || q.Since.Sub(s.Since) >= s.Bucket || s.Until.Sub(q.Until) >= s.Bucket || s.Bucket < q.Bucket ||
				len(s.Buckets) != int(s.Until.Sub(s.Since)/s.Bucket) {
				t.Fatalf("%v to %v by %v in %d buckets", s.Since, s.Until, s.Bucket, len(s.Buckets))
			}
			count := func(from, until time.Time, want Counts, matches func(*record.Call) bool) {
				t.Helper()
				var took []time.Duration
				failed := 0
				for _, c := range all {
					if !c.Time.Before(from) && c.Time.Before(until) && (q.Server == "" || c.Server == q.Server) && matches(c) {
						took = append(took, c.Took)
						if c.Outcome.Failed() {
							failed++
						}
					}
				}
				if want.Calls != len(took) || want.Failed != failed {
					t.Errorf("%d of %d failed, want %d of %d", want.Failed, want.Calls, failed, len(took))
				}
				slices.Sort(took)
				for part, got := range map[float64]time.Duration{0.5: want.P50, 0.95: want.P95} {
					exact := time.Duration(0)
					if len(took) > 0 {
						exact = took[int(math.Ceil(part*float64(len(took))))-1]
					}
					// Whole microseconds are counted, and the first bins are narrower than one.
					if diff := (got - exact).Abs(); float64(diff) > 0.061*float64(exact)+float64(time.Microsecond) {
						t.Errorf("quantile %v of %d is %v, exactly %v", part, len(took), got, exact)
					}
				}
			}
			count(s.Since, s.Until, s.Total, func(*record.Call) bool { return true })
			for i, b := range s.Buckets {
				from := s.Since.Add(time.Duration(i) * s.Bucket)
				count(from, from.Add(s.Bucket), b, func(*record.Call) bool { return true })
				sum := Counts{}
				for _, server := range s.Servers {
					sum.Calls += server.Strip[i].Calls
					sum.Failed += server.Strip[i].Failed
				}
				if sum.Calls != b.Calls || sum.Failed != b.Failed {
					t.Errorf("bucket %d has %+v, the servers' strips %+v", i, b, sum)
				}
			}
			for _, server := range s.Servers {
				count(s.Since, s.Until, server.Total, func(c *record.Call) bool { return c.Server == server.Server })
			}
			for i, tool := range s.Tools {
				count(s.Since, s.Until, tool.Total, func(c *record.Call) bool { return c.Server == tool.Server && c.Name == tool.Name })
				if i > 0 && tool.Total.P95 > s.Tools[i-1].Total.P95 {
					t.Error("the slowest tool is not the first")
				}
			}
		})
	}
}

func TestBucketsOfASummary(t *testing.T) {
	now := start
	for name, test := range map[string]struct {
		ago, bucket, want, length time.Duration
	}{
		"an hour":                   {time.Hour, 2 * time.Minute, 2 * time.Minute, time.Minute},
		"an odd length":             {time.Hour, 90 * time.Second, 2 * time.Minute, time.Minute},
		"a day":                     {24 * time.Hour, 48 * time.Minute, 50 * time.Minute, 10 * time.Minute},
		"minutes that are no more":  {24 * time.Hour, time.Minute, 10 * time.Minute, 10 * time.Minute},
		"a week":                    {7 * 24 * time.Hour, 336 * time.Minute, 6 * time.Hour, time.Hour},
		"minutes of days":           {10 * 24 * time.Hour, time.Minute, time.Hour, time.Hour},
		"minutes of a month":        {30 * 24 * time.Hour, time.Minute, 24 * time.Hour, 24 * time.Hour},
		"a month":                   {30 * 24 * time.Hour, 24 * time.Hour, 24 * time.Hour, 24 * time.Hour},
		"nothing yet, long buckets": {time.Minute, 24 * time.Hour, 24 * time.Hour, 24 * time.Hour},
	} {
		s, length := grid(SummaryQuery{Since: now.Add(-test.ago), Until: now, Bucket: test.bucket}, now)
		if s.Bucket != test.want || length != test.length {
			t.Errorf("%s: buckets of %v made of %v", name, s.Bucket, length)
		}
	}
}

func FuzzHistogram(f *testing.F) {
	f.Add([]byte{0, 1, 5, 2})
	f.Add((&durations{3: 1, 100: 1 << 31}).append(nil))
	f.Fuzz(func(t *testing.T, text []byte) {
		var d durations
		if eachBin(text, func(bin int, n uint32) { d[bin] = n }) != nil {
			return
		}
		var again durations
		if err := eachBin(d.append(nil), func(bin int, n uint32) { again[bin] = n }); err != nil || again != d {
			t.Errorf("%v: %v", err, text)
		}
	})
}
