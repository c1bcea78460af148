package api_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"mcphub/hub/hubtest"
	"mcphub/hub/logfile"
)

type logLine struct {
	Time                        time.Time
	Source, Server, Level, Text string
	Attributes                  json.RawMessage
}

type logPage struct {
	Lines        []logLine
	Older, Newer string
}

func readLogs(t *testing.T, h *hubtest.Hub, query string) (p logPage, texts []string) {
	t.Helper()
	if err := json.Unmarshal([]byte(wants(t, h, "GET", "logs?"+query, "", 200)), &p); err != nil {
		t.Fatal(err)
	}
	for _, l := range p.Lines {
		texts = append(texts, l.Text)
	}
	return p, texts
}

func TestLogs(t *testing.T) {
	state := t.TempDir()
	// Two hubs share the file, which has been rotated; some lines have the same time, one came late.
	w := logfile.New(logfile.Options{Dir: state, MaxBytes: 2000, Fallback: slog.New(slog.DiscardHandler)})
	defer w.Close()
	begin := time.Now().Add(-time.Hour).Truncate(time.Second)
	write := func(second float64, level, text, more string) {
		_, _ = fmt.Fprintf(w, `{"time":%q,"level":%q,"msg":%q%s}`+"\n", begin.Add(time.Duration(second*float64(time.Second))).Format(time.RFC3339Nano), level, text, more)
	}
	var all []string
	for i := range 60 {
		if i == 30 {
			_, _ = fmt.Fprintln(w, "this is no JSON, as other programs write it")
		}
		more := ""
		if i%10 == 0 {
			more = `,"server":"a","err":"Boom"`
		}
		write(float64(i/3), map[bool]string{true: "WARN", false: "INFO"}[i%20 == 0], fmt.Sprint("line ", i), more)
		all = append(all, fmt.Sprint("line ", i))
	}
	write(18.5, "INFO", "late", "")
	h := hubtest.StartIn(t, state, hubtest.Config("{}", "a", `"command":"sh","args":["-c","echo one >&2; echo two >&2; sleep 60"]`))
	hubtest.Eventually(t, "the server has written", func() bool {
		_, texts := readLogs(t, h, "source=server")
		return len(texts) == 2
	})
	if _, texts := readLogs(t, h, "source=server"); !slices.Equal(texts, []string{"one", "two"}) {
		t.Errorf("the server's lines are %q", texts)
	}
	p, texts := readLogs(t, h, "source=hub&limit=2000")
	at := slices.Index(texts, "late")
	if p.Older != "" || at != 57 || !slices.Equal(slices.Delete(slices.Clone(texts), at, at+1), all) {
		t.Errorf("the hub's lines are %q, older %q", texts, p.Older)
	}
	for query, want := range map[string]int{
		"server=a&source=hub": 6, "level=warn": 3, "level=error": 0, "q=LINE+5": 11, "q=boom": 6, "server=a": 8, "server=b": 0, "": 63,
		"since=" + url.QueryEscape(begin.Add(19*time.Second).Format(time.RFC3339)): 5,
	} {
		if _, texts := readLogs(t, h, query); len(texts) != want {
			t.Errorf("%s: %d lines, want %d: %q", query, len(texts), want, texts)
		}
	}
	if p, _ := readLogs(t, h, "q=line+0"); len(p.Lines) != 1 || p.Lines[0].Level != "warn" || p.Lines[0].Server != "a" || string(p.Lines[0].Attributes) != `{"err":"Boom"}` || p.Lines[0].Source != "hub" {
		t.Errorf("%+v", p.Lines)
	}
	// Pages of every size give all lines once, in order.
	for _, limit := range []int{1, 2, 7, 60, 63, 64} {
		var got []string
		p, texts := readLogs(t, h, fmt.Sprint("limit=", limit))
		for {
			got = append(slices.Clone(texts), got...)
			if p.Older == "" || len(got) > 100 {
				break
			}
			p, texts = readLogs(t, h, fmt.Sprint("limit=", limit, "&before=", p.Older))
		}
		if len(got) != 63 {
			t.Errorf("by %d: %d lines: %q", limit, len(got), got)
		}
		slices.Sort(got)
		if len(slices.Compact(got)) != 63 {
			t.Errorf("by %d: some lines came twice", limit)
		}
	}
	// Following gives what comes, once.
	p, _ = readLogs(t, h, "limit=3")
	if next, texts := readLogs(t, h, "after="+p.Newer); len(texts) != 0 || next.Newer != p.Newer {
		t.Errorf("nothing new: %q, %q instead of %q", texts, next.Newer, p.Newer)
	}
	var followed []string
	for i := range 5 {
		_, _ = fmt.Fprintf(w, `{"time":%q,"level":"INFO","msg":"new %d"}`+"\n", time.Now().Format(time.RFC3339Nano), i)
	}
	hubtest.Eventually(t, "the new lines come", func() bool {
		var texts []string
		p, texts = readLogs(t, h, "limit=2&after="+p.Newer)
		followed = append(followed, texts...)
		return len(followed) >= 5
	})
	if strings.Join(followed, ",") != "new 0,new 1,new 2,new 3,new 4" {
		t.Errorf("followed %q", followed)
	}
	for _, bad := range []string{"before=x", "after=1-", "before=1-0&after=1-0", "after=-1-0", "limit=0", "level=loud"} {
		wants(t, h, "GET", "logs?"+bad, "", 422)
	}
}
