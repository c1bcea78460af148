package api

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// settling is how old a line must be before it is told, so that no older one can come after it.
const settling = 50 * time.Millisecond

// logEntry is a line of the hub's log or of a server's.
type logEntry struct {
	Time       time.Time `json:"time"`
	Source     string    `json:"source" enum:"hub,server" doc:"Who wrote it"`
	Server     string    `json:"server,omitempty" doc:"Whose it is, or whom it is about"`
	Level      string    `json:"level" enum:"debug,info,warn,error" doc:"Of servers' lines, which have none, info"`
	Text       string    `json:"text"`
	Attributes raw       `json:"attributes,omitempty" doc:"What else a line of the hub's says, an object"`
}

type logsQuery struct {
	Server string    `query:"server" doc:"Name in the configuration. Default: all, and the hub"`
	Source string    `query:"source" enum:"hub,server" doc:"Default: both"`
	Level  string    `query:"level" enum:"debug,info,warn,error" doc:"The lowest that counts"`
	Words  string    `query:"q" maxLength:"1000" doc:"Text that the line must hold; case does not count"`
	Since  time.Time `query:"since" doc:"The first moment that counts"`
	Before string    `query:"before" doc:"\"older\" of an answer to the same question: the lines before those"`
	After  string    `query:"after" doc:"\"newer\" of an answer to the same question: the lines after those, which is how a log is followed"`
	Limit  int       `query:"limit" minimum:"1" maximum:"2000" default:"200"`
}

type logsPage struct {
	Body struct {
		Lines []logEntry `json:"lines" nullable:"false" doc:"Oldest first"`
		Older string     `json:"older,omitempty" doc:"For before; absent if there are no older lines, and in answers to after"`
		Newer string     `json:"newer,omitempty" doc:"For after, also where lines is empty; absent in answers to before"`
	}
}

func (a *v2) logRoutes(api huma.API) {
	op := operation(http.MethodGet, "logs", "read-logs", "The logs of the hub and of all servers, in one", 422)
	op.Description = "Without before and after: the newest lines. The hub's log is shared by the hubs of a user. Of a server there are the last 500 lines that it wrote on its standard error, or that the hub noted about it, in this run of the hub."
	huma.Register(api, op, a.readLogs)
}

func (a *v2) readLogs(_ context.Context, in *logsQuery) (*logsPage, error) {
	before, ok := placeOf(in.Before)
	after, ok2 := placeOf(in.After)
	if !ok || !ok2 || in.Before != "" && in.After != "" {
		return nil, &failure{status: http.StatusUnprocessableEntity, code: "BAD_CURSOR", text: `"before" must be "older", or "after" must be "newer", of an earlier answer`}
	}
	s := logSearch{server: in.Server, source: in.Source, least: slog.LevelDebug, words: strings.ToLower(in.Words), from: in.Since, to: time.Now().Add(-settling)}
	_ = s.least.UnmarshalText([]byte(in.Level)) // the description has seen to it; the empty one changes nothing
	out := &logsPage{}
	b := &out.Body
	switch {
	case in.After != "":
		if after.at.After(s.from) {
			s.from = after.at
		}
	case in.Before != "":
		s.to, s.need = before.at.Add(1), in.Limit+before.had+1
	default:
		s.need = in.Limit + 1
	}
	lines, err := a.findLog(&s)
	if err != nil {
		return nil, &failure{status: http.StatusInternalServerError, code: "LOG_ERROR", text: "The hub's log cannot be read: " + err.Error()}
	}
	first, last := 0, len(lines) // of the answer
	switch {
	case in.After != "":
		for first < last && first < after.had && lines[first].Time.Equal(after.at) {
			first++
		}
		last = min(last, first+in.Limit)
		b.Newer = in.After
	default:
		for had := before.had; last > 0 && had > 0 && lines[last-1].Time.Equal(before.at); had-- {
			last--
		}
		first = max(0, last-in.Limit)
		if first > 0 || s.cut && last > 0 {
			b.Older = placeBefore(lines, first).String()
		}
		if in.Before == "" {
			b.Newer = logPlace{s.to, 0}.String()
		}
	}
	if first < last && in.Before == "" {
		b.Newer = placeAfter(lines, last-1).String()
	}
	b.Lines = append([]logEntry{}, lines[first:last]...)
	return out, nil
}

// logPlace is where a reader is in a log: at the lines of one time, some of which it has had.
type logPlace struct {
	at  time.Time
	had int
}

func (m logPlace) String() string {
	return strconv.FormatInt(m.at.UnixNano(), 10) + "-" + strconv.Itoa(m.had)
}

// placeOf reads a place; an empty text is the zero one.
func placeOf(text string) (logPlace, bool) {
	if text == "" {
		return logPlace{}, true
	}
	nanos, had, _ := strings.Cut(text, "-")
	n, err := strconv.ParseInt(nanos, 10, 64)
	k, err2 := strconv.Atoi(had)
	m := logPlace{time.Unix(0, n), k}
	return m, err == nil && err2 == nil && n > 0 && k >= 0 && m.String() == text
}

// placeAfter is where one is who has had the lines up to i.
func placeAfter(lines []logEntry, i int) logPlace {
	m := logPlace{at: lines[i].Time}
	for ; i >= 0 && lines[i].Time.Equal(m.at); i-- {
		m.had++
	}
	return m
}

// placeBefore is where one is who has had the lines from i on.
func placeBefore(lines []logEntry, i int) logPlace {
	m := logPlace{at: lines[i].Time}
	for ; i < len(lines) && lines[i].Time.Equal(m.at); i++ {
		m.had++
	}
	return m
}
