package store

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"mcphub/hub/record"
)

// BenchmarkWrite is what the history does for a call, of batches as they come at 5,000 calls a second, with arguments and
// results of some 300 bytes. It reports the processor time of each.
//
//	go test ./hub/store -run '^$' -bench Write -benchtime 50000x
func BenchmarkWrite(b *testing.B) {
	s := everything
	s.BodyLimit = 16384
	h, _ := openHistory(b, s)
	calls := make([]*record.Call, 5000)
	for i := range calls {
		calls[i] = aCall(0, func(c *record.Call) {
			c.Args = fmt.Appendf(nil, `{"path":"/home/me/notes/%d.md","query":"where the meeting of spring is planned","limit":20,"cursor":"page-%d","options":{"caseSensitive":false,"context":3,"include":["*.md","*.txt"],"exclude":["node_modules","vendor"],"maxBytes":16384,"encoding":"utf-8"},"fields":["title","line","text","modified"],"sort":"newest"}`, i%100, i)
			c.Result = fmt.Appendf(nil, `{"content":[{"type":"text","text":"notes/%d.md: the lines of the file in which the words stand that were looked for, and three lines around each of them, so that whoever reads this sees what they are about; there is more of it in the file itself, which has %d lines and was changed yesterday evening"}]}`, i%100, i)
		})
	}
	n := 0
	before := processor(b)
	for b.Loop() {
		c := calls[n%len(calls)]
		c.Time = start.Add(time.Duration(n) * 200 * time.Microsecond)
		h.Record(c)
		if n++; n%2000 == 0 {
			h.flush(b)
		}
	}
	b.ReportMetric(float64(processor(b)-before)/float64(time.Microsecond)/float64(n), "cpu-us/call")
}

// processor returns how much time of processors this process has used.
func processor(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
