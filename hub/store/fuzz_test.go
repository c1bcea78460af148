package store

import (
	"strings"
	"testing"

	"mcphub/hub/record"
)

// FuzzFilters: no text in a filter breaks the query, and a call is found by what it has.
func FuzzFilters(f *testing.F) {
	f.Add("files", "read_file", "notes")
	f.Add(`"`, `a" OR "b`, `NEAR(a b)`)
	f.Add("\ue000s", "\x00", "\xff é 漢字 *")
	h, _ := openHistory(f, everything)
	h.Record(aCall(0, nil))
	var batch []*entry
	for len(h.queue) > 0 {
		batch = append(batch, <-h.queue)
	}
	h.keep(f.Context(), batch)
	f.Fuzz(func(t *testing.T, server, name, words string) {
		for _, q := range []CallQuery{
			{Server: server, Name: name, Client: words, Outcome: record.Outcome(name), Kind: record.Kind(server), Limit: 2},
			{Words: words, Limit: 2},
			{Words: words, Server: "files", Failed: true, Limit: 2},
		} {
			calls, err := h.Calls(t.Context(), q)
			if err != nil {
				t.Fatalf("%+v: %v", q, err)
			}
			for _, c := range calls {
				if q.Server != "" && q.Server != c.Server || q.Name != "" && q.Name != c.Name || q.Failed {
					t.Errorf("%+v found %+v", q, c)
				}
			}
		}
		if strings.EqualFold(words, "notes") {
			if calls, err := h.Calls(t.Context(), CallQuery{Words: words, Limit: 2}); err != nil || len(calls) != 1 {
				t.Errorf("%q: %v, %v", words, calls, err)
			}
		}
	})
}
