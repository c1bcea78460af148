package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mcphub/hub/record"
)

// step is a length of time over which calls are summed up, and how far back such sums are used; 0 for as far as there are
// calls. The short ones are for what happened lately: of a month they would be as many as the calls.
type step struct{ length, used time.Duration }

var steps = []step{
	{time.Minute, 6 * time.Hour},
	{10 * time.Minute, 3 * 24 * time.Hour},
	{time.Hour, 0},
	{24 * time.Hour, 0},
}

// mostSpans is of how many spans a summary is made: of each there may be a sum for every tool.
const mostSpans = 450

// slowest is how many tools a summary names.
const slowest = 20

// sums is what came of the calls of a batch.
type sums map[sumKey]*sum

type sumKey struct {
	step, start  int64 // seconds
	server, name string
	kind         record.Kind
}

type sum struct {
	calls, failed int
	durations     durations
}

func (s sums) add(r *record.Call) {
	for _, step := range steps {
		key := sumKey{int64(step.length / time.Second), r.Time.Truncate(step.length).Unix(), r.Server, r.Name, r.Kind}
		if r.Kind == record.Resource {
			key.name = "" // there may be as many as calls
		}
		of := s[key]
		if of == nil {
			of = &sum{}
			s[key] = of
		}
		of.calls++
		if r.Outcome.Failed() {
			of.failed++
		}
		of.durations.add(r.Took)
	}
}

// write adds the sums to those that are there.
func (s sums) write(ctx context.Context, p *putter) error {
	for key, sum := range s {
		find, err := p.prepare(ctx, `SELECT calls, failed, durations FROM call_sum WHERE step = ? AND start = ? AND server = ? AND kind = ? AND name = ?`)
		if err != nil {
			return err
		}
		var calls, failed int
		var old []byte
		err = find.QueryRowContext(ctx, key.step, key.start, key.server, key.kind, key.name).Scan(&calls, &failed, &old)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err := eachBin(old, func(bin int, n uint32) { sum.durations[bin] += n }); err != nil {
			return err
		}
		if _, err := p.exec(ctx, `INSERT OR REPLACE INTO call_sum (step, start, server, kind, name, calls, failed, durations) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			key.step, key.start, key.server, key.kind, key.name, calls+sum.calls, failed+sum.failed, sum.durations.append(nil)); err != nil {
			return err
		}
	}
	return nil
}

// Summary sums up the calls of a time.
func (h *History) Summary(ctx context.Context, q SummaryQuery) (Summary, error) {
	var out Summary
	err := h.query(ctx, func(db *DB) (err error) {
		out, err = db.summary(ctx, q, time.Now())
		return err
	})
	if err != nil {
		return Summary{}, fmt.Errorf("sum up the history: %w", err)
	}
	return out, nil
}

func (d *DB) summary(ctx context.Context, q SummaryQuery, now time.Time) (Summary, error) {
	out, length := grid(q, now)
	buckets := make([]sum, out.Until.Sub(out.Since)/out.Bucket)
	servers, tools := map[string]*serverSum{}, map[sumKey]*sum{}
	query, args := `SELECT start, server, kind, name, calls, failed, durations FROM call_sum WHERE step = ? AND start >= ? AND start < ?`,
		[]any{int64(length / time.Second), out.Since.Unix(), out.Until.Unix()}
	if q.Server != "" {
		query, args = query+` AND server = ?`, append(args, q.Server)
	}
	rows, err := d.read.QueryContext(ctx, query, args...)
	if err != nil {
		return out, err
	}
	defer rows.Close()
	for rows.Next() {
		var start int64
		var calls, failed int
		var server, kind, name, text sql.RawBytes
		if err := rows.Scan(&start, &server, &kind, &name, &calls, &failed, &text); err != nil {
			return out, err
		}
		at := (start - out.Since.Unix()) / int64(out.Bucket/time.Second)
		ofServer := servers[string(server)]
		if ofServer == nil {
			ofServer = &serverSum{strip: make([]Counts, len(buckets))}
			servers[string(server)] = ofServer
		}
		tool := tools[sumKey{server: string(server), kind: record.Kind(kind), name: string(name)}]
		if tool == nil {
			tool = &sum{}
			tools[sumKey{server: string(server), kind: record.Kind(kind), name: string(name)}] = tool
		}
		ofServer.strip[at].Calls += calls
		ofServer.strip[at].Failed += failed
		into := [3]*sum{&buckets[at], &ofServer.sum, tool}
		for _, s := range into {
			s.calls += calls
			s.failed += failed
		}
		if err := eachBin(text, func(bin int, n uint32) {
			for _, s := range into {
				s.durations[bin] += n
			}
		}); err != nil {
			return out, err
		}
	}
	if err := rows.Err(); err != nil {
		return out, err
	}
	out.fill(buckets, servers, tools)
	return out, nil
}

type serverSum struct {
	sum
	strip []Counts
}

// grid returns a summary without numbers, and the length of the sums that it is made of: the longest that are no longer
// than a bucket, or the shortest that reach back as far and are not too many.
func grid(q SummaryQuery, now time.Time) (Summary, time.Duration) {
	use := steps[0]
	for _, step := range steps {
		if step.length <= q.Bucket || use.used > 0 && now.Sub(q.Since) > use.used || q.Until.Sub(q.Since) > mostSpans*use.length {
			use = step
		}
	}
	s := Summary{Bucket: max(use.length, (q.Bucket + use.length - 1).Truncate(use.length))}
	s.Since = q.Since.UTC().Truncate(s.Bucket)
	s.Until = q.Until.UTC().Truncate(s.Bucket)
	if s.Until.Before(q.Until) {
		s.Until = s.Until.Add(s.Bucket)
	}
	return s, use.length
}

// fill writes the numbers into the summary.
func (s *Summary) fill(buckets []sum, servers map[string]*serverSum, tools map[sumKey]*sum) {
	var total sum
	for i := range buckets {
		b := &buckets[i]
		s.Buckets = append(s.Buckets, b.counts())
		total.calls += b.calls
		total.failed += b.failed
		for bin, n := range b.durations {
			total.durations[bin] += n
		}
	}
	s.Total = total.counts()
	for name, server := range servers {
		s.Servers = append(s.Servers, ServerSummary{name, server.counts(), server.strip})
	}
	slices.SortFunc(s.Servers, func(a, b ServerSummary) int { return strings.Compare(a.Server, b.Server) })
	for key, tool := range tools {
		if key.name != "" {
			s.Tools = append(s.Tools, ToolSummary{key.server, key.name, key.kind, tool.counts()})
		}
	}
	slices.SortFunc(s.Tools, func(a, b ToolSummary) int {
		return cmp.Or(cmp.Compare(b.Total.P95, a.Total.P95), cmp.Compare(b.Total.Calls, a.Total.Calls), strings.Compare(a.Server, b.Server), strings.Compare(a.Name, b.Name))
	})
	s.Tools = s.Tools[:min(len(s.Tools), slowest)]
}

func (s *sum) counts() Counts {
	return Counts{s.calls, s.failed, s.durations.quantile(0.5), s.durations.quantile(0.95)}
}
