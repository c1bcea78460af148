package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"mcphub/hub/record"
)

func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "",
		`{"read_file":"a.MD", "x":1}`: "read file a md x 1",
		"Rün Straße ÄB42 café":        "run straße ab42 cafe",
		"cafe\u0301":                  "cafe",
		"й Ё 한국어 日本語 नमस्ते": "й ё 한국어 日本語 नमसत",
		"a\ue000b \xff c": "a b c",
		"\u0301 alone":    " alone",
	} {
		var got []string
		for word := range words(text) {
			got = append(got, string(fold(nil, word)))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q has the words %q, want %q", text, got, want)
		}
	}
}

// TestBlocks: calls that are written together, by several hubs at once, are found one by one, and so are those that are left
// when the older ones of a block are forgotten.
func TestBlocks(t *testing.T) {
	first, db := openHistory(t, everything)
	second := historyOf(db, everything)
	random := rand.New(rand.NewPCG(1, 2))
	const calls, span = 1500, 5 * time.Second
	for i := range calls {
		h := first
		if i%3 == 0 {
			h = second
		}
		h.Record(aCall(0, func(c *record.Call) {
			c.Time = start.Add(time.Duration(random.IntN(int(span/time.Millisecond))) * time.Millisecond) // many at the same time
			c.Server = fmt.Sprint("server", random.IntN(3))
			if random.IntN(10) == 0 {
				c.Outcome = record.Timeout
			}
			c.Args = fmt.Appendf(nil, `{"q":"w%d w%d only%04d"}`, random.IntN(20), random.IntN(20), i)
		}))
		if i%500 == 499 {
			first.flush(t)
			second.flush(t)
		}
	}
	check := func() {
		t.Helper()
		all, err := first.Calls(t.Context(), CallQuery{Limit: calls, Bodies: true})
		if err != nil {
			t.Fatal(err)
		}
		for range 300 {
			q := CallQuery{Limit: 1 + random.IntN(100)}
			if random.IntN(2) == 0 {
				q.Server = fmt.Sprint("server", random.IntN(3))
			}
			q.Failed = random.IntN(4) == 0
			for range random.IntN(3) {
				q.Words += fmt.Sprintf(" w%d", random.IntN(20))
			}
			if random.IntN(3) == 0 {
				q.Since = start.Add(time.Duration(random.Int64N(int64(span))))
			}
			if random.IntN(3) == 0 {
				q.Until = start.Add(time.Duration(random.Int64N(int64(span))))
			}
			if random.IntN(3) == 0 {
				q.Before = all[random.IntN(len(all))].ID
			}
			var want []int64
			for _, c := range all {
				has := strings.FieldsFunc(c.KeptArgs.Text, func(r rune) bool { return strings.ContainsRune(`{}:," `, r) })
				if (q.Server == "" || c.Server == q.Server) && (!q.Failed || c.Outcome.Failed()) && (q.Since.IsZero() || !c.Time.Before(q.Since)) &&
					(q.Until.IsZero() || c.Time.Before(q.Until)) && (q.Before == 0 || c.ID < q.Before) && len(want) < q.Limit &&
					!slices.ContainsFunc(strings.Fields(q.Words), func(word string) bool { return !slices.Contains(has, word) }) {
					want = append(want, c.ID)
				}
			}
			list, err := second.Calls(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			var got []int64
			for _, c := range list {
				got = append(got, c.ID)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%+v of %d calls: found %d\n%v, want %d\n%v", q, len(all), len(got), got, len(want), want)
			}
		}
	}
	if n := rows(t, db, "call_words")[0]; n > calls/10 {
		t.Fatalf("%d blocks of %d calls", n, calls)
	}
	check()
	left := calls
	for _, after := range []time.Duration{1234567 * time.Microsecond, 1234567 * time.Microsecond, 2 * time.Second, 4321 * time.Millisecond} {
		list, err := first.Calls(t.Context(), CallQuery{Until: start.Add(after), Limit: calls, Bodies: true})
		if err != nil {
			t.Fatal(err)
		}
		n, _, err := first.Clear(t.Context(), start.Add(after))
		if err != nil || int(n) != len(list) {
			t.Fatalf("%d calls are gone of %d, %v", n, len(list), err)
		}
		left -= len(list)
		for _, c := range list {
			word := strings.Trim(c.KeptArgs.Text[strings.Index(c.KeptArgs.Text, "only"):], `"}`)
			var n int
			if err := db.read.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM call_term WHERE term = ?1) + (SELECT count(*) FROM call_block WHERE instr(content, CAST(?1 AS BLOB)))`, word).Scan(&n); err != nil || n > 0 {
				t.Fatalf("%q is still in %d blocks, %v", word, n, err)
			}
		}
		check()
	}
	if all, err := first.Calls(t.Context(), CallQuery{Limit: calls}); err != nil || len(all) != left || left == 0 {
		t.Errorf("%d calls are left, want %d: %v", len(all), left, err)
	}
}

// FuzzBlock: a block that is damaged is an error.
func FuzzBlock(f *testing.F) {
	b := newBlock()
	for id := range int64(3) {
		b.add(1000 + id*id)
		b.text("some words")
	}
	f.Add(b.append(nil))
	f.Add([]byte{64})
	f.Add([]byte{1, 1, 2, 3, 4, 5, 6, 7, 8, 3, 'a'})
	f.Fuzz(func(t *testing.T, content []byte) {
		ids, have, err := searchBlock(1004, content, []term{{words: []string{"some"}}, {beginning: "w"}})
		if err == nil && (len(ids) == 0 || ids[len(ids)-1] != 1004 || len(ids) < 64 && have>>len(ids) != 0) {
			t.Errorf("%v, %b", ids, have)
		}
	})
}
