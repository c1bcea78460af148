package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"mcphub/hub/config"
	"mcphub/hub/record"
	"mcphub/hub/store"
)

// What may be asked of the history at once.
const (
	mostBuckets   = 1000
	defaultStrip  = 30 // buckets, if the client does not say
	defaultPeriod = 24 * time.Hour
)

// RecordedCall is a call as the routes of the history show it.
type RecordedCall struct {
	ID           int64     `json:"id"`
	Time         time.Time `json:"time" doc:"When the hub had the request"`
	Client       string    `json:"client" doc:"Its name as it gave it; empty if it gave none"`
	Version      string    `json:"clientVersion" doc:"Of the client, likewise"`
	Token        string    `json:"tokenName,omitempty" doc:"The name of the client's own token that let it in, as in GET /api/v2/tokens; absent if it needed none of its own"`
	Session      string    `json:"session,omitempty" doc:"Tells sessions apart, as in GET /api/v2/clients"`
	Era          string    `json:"era,omitempty" enum:"legacy,modern" doc:"Of MCP, as the client speaks it"`
	Via          string    `json:"via" enum:"mcp,rest,cli,dashboard"`
	Server       string    `json:"server" doc:"Empty if the hub found none for it"`
	Kind         string    `json:"kind" enum:"tool,resource,prompt,completion"`
	Name         string    `json:"name" doc:"The server's own name of what was asked for, of a resource its URI"`
	Outcome      string    `json:"outcome" enum:"ok,tool_error,protocol_error,timeout,cancelled,disconnected"`
	Error        string    `json:"error,omitempty" doc:"Why it did not end well"`
	Duration     float64   `json:"durationMs" doc:"From when the hub had the request until it had the answer, in milliseconds"`
	InServer     float64   `json:"serverMs" doc:"The part of it in which the server had the request"`
	RequestBytes int       `json:"requestBytes"`
	ResultBytes  int       `json:"resultBytes"`
}

func recorded(c *store.Call) RecordedCall {
	return RecordedCall{
		c.ID, c.Time, c.Client, c.Version, c.Token, c.Session, string(c.Era), string(c.Via), c.Server, string(c.Kind), c.Name, string(c.Outcome), c.Err,
		ms(c.Took), ms(c.InServer), c.RequestSize, c.ResultSize,
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// recordedBody is what was kept of arguments or of a result.
type recordedBody struct {
	Text      string `json:"text" doc:"JSON; if it is truncated only the beginning of it"`
	Truncated bool   `json:"truncated"`
	Redacted  bool   `json:"redacted" doc:"Secrets in it were replaced, so that it is not what was sent"`
}

type recordedDetail struct {
	RecordedCall
	Arguments *recordedBody `json:"arguments,omitempty" doc:"Of a tool or prompt; absent if there were none or they were not kept"`
	Result    *recordedBody `json:"result,omitempty" doc:"Absent if there was none or it was not kept"`
}

// CallFilter is what the routes take that are about some calls.
type CallFilter struct {
	Server  string    `query:"server" doc:"Name in the configuration"`
	Kind    string    `query:"kind" enum:"tool,resource,prompt,completion"`
	Name    string    `query:"name" doc:"The server's own name of the tool or prompt, or the resource's URI"`
	Client  string    `query:"client" doc:"The client's name, as it gave it"`
	Token   string    `query:"tokenName" doc:"The name of the client's own token that let it in"`
	Outcome string    `query:"outcome" enum:"ok,tool_error,protocol_error,timeout,cancelled,disconnected,failed" doc:"failed stands for all but ok and cancelled"`
	Since   time.Time `query:"since" doc:"The first moment that counts"`
	Until   time.Time `query:"until" doc:"The first moment that is too late"`
	Words   string    `query:"q" maxLength:"1000" doc:"Words that must all be in the server's name, the name, the client, its token's name, the error or the arguments; one that is in no call at all may be the beginning of one that is"`
}

func (f *CallFilter) query() store.CallQuery {
	q := store.CallQuery{
		Server: f.Server, Kind: record.Kind(f.Kind), Name: f.Name, Client: f.Client, Token: f.Token, Outcome: record.Outcome(f.Outcome),
		Since: f.Since, Until: f.Until, Words: f.Words,
	}
	if f.Outcome == "failed" {
		q.Outcome, q.Failed = "", true
	}
	return q
}

// Page is what routes take that answer with a page.
type Page struct {
	Cursor string `query:"cursor" doc:"\"next\" of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
}

// before reads a cursor: the id that the last page ended with.
func (p *Page) before() (int64, error) {
	if p.Cursor == "" {
		return 0, nil
	}
	id, err := strconv.ParseInt(p.Cursor, 10, 64)
	if err != nil || id <= 0 || strconv.FormatInt(id, 10) != p.Cursor {
		return 0, &failure{status: http.StatusUnprocessableEntity, code: "BAD_CURSOR", text: `"cursor" must be the "next" of an earlier page`}
	}
	return id, nil
}

type callsQuery struct {
	CallFilter
	Page
}

type callsPage struct {
	Body struct {
		Calls []RecordedCall `json:"calls" nullable:"false" doc:"Newest first"`
		Next  string         `json:"next,omitempty" doc:"Cursor of the next page; absent on the last one"`
	}
}

func (a *v2) historyRoutes(api huma.API) {
	huma.Register(api, operation(http.MethodGet, "history/calls", "list-calls", "Calls of servers' tools, resources and prompts, by whatever client, newest first", 422, 503), a.listCalls)
	huma.Register(api, operation(http.MethodGet, "history/calls/{id}", "get-call", "One call, with what was kept of its arguments and result", 404, 503), a.getCall)
	summary := operation(http.MethodGet, "history/summary", "sum-up-calls", "How many calls there were, how many failed and how long they took: in all, over time, per server and per tool", 422, 503)
	summary.Description = "All numbers of one answer agree. Durations are from when the hub had the request until it had the answer, within 6 %."
	huma.Register(api, summary, a.sumUpCalls)
	huma.Register(api, operation(http.MethodGet, "history/events", "list-events", "What happened to servers and to the hub, newest first", 422, 503), a.listEvents)
	huma.Register(api, operation(http.MethodGet, "history/status", "get-history-status", "Whether calls are recorded, and how much there is"), a.historyStatus)
	change := operation(http.MethodPatch, "history/settings", "change-history-settings", "Change hub.history in the configuration file whose hub holds", 409, 422)
	change.Description = "Answers as GET history/status. Comments and layout of the file stay."
	huma.Register(api, change, a.changeHistory)
	huma.Register(api, operation(http.MethodDelete, "history", "clear-history", "Forget calls and events", 503), a.clearHistory)
	a.exportRoute(api)
}

// history returns the history, or says that there is none.
func (a *v2) history() (*store.History, error) {
	if a.History == nil {
		return nil, &failure{status: http.StatusServiceUnavailable, code: "NO_HISTORY", text: "This hub keeps no history: it has no folder for its state"}
	}
	return a.History, nil
}

func historyFailure(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return &failure{status: http.StatusServiceUnavailable, code: "HISTORY_ERROR", text: "The history cannot be used: " + err.Error()}
}

func (a *v2) listCalls(ctx context.Context, in *callsQuery) (*callsPage, error) {
	h, err := a.history()
	if err != nil {
		return nil, err
	}
	q := in.query()
	if q.Before, err = in.before(); err != nil {
		return nil, err
	}
	q.Limit = in.Limit + 1 // one more tells whether there is a next page
	list, err := h.Calls(ctx, q)
	if err != nil {
		return nil, historyFailure(err)
	}
	out := &callsPage{}
	if len(list) > in.Limit {
		list = list[:in.Limit]
		out.Body.Next = strconv.FormatInt(list[in.Limit-1].ID, 10)
	}
	out.Body.Calls = make([]RecordedCall, len(list))
	for i := range list {
		out.Body.Calls[i] = recorded(&list[i])
	}
	return out, nil
}

type callPath struct {
	ID int64 `path:"id" minimum:"1"`
}

type callAnswer struct{ Body recordedDetail }

func (a *v2) getCall(ctx context.Context, in *callPath) (*callAnswer, error) {
	h, err := a.history()
	if err != nil {
		return nil, err
	}
	c, err := h.Call(ctx, in.ID)
	switch {
	case errors.Is(err, store.ErrNoCall):
		return nil, &failure{status: http.StatusNotFound, code: "CALL_NOT_FOUND", text: "The history has no such call, or no more"}
	case err != nil:
		return nil, historyFailure(err)
	}
	return &callAnswer{recordedDetail{recorded(&c), (*recordedBody)(c.KeptArgs), (*recordedBody)(c.KeptResult)}}, nil
}

type summaryQuery struct {
	Since  time.Time `query:"since" doc:"Default: a day before until"`
	Until  time.Time `query:"until" doc:"Default: now"`
	Bucket int       `query:"bucket" minimum:"60" doc:"Length of a bucket in seconds; rounded up to what there are numbers for: whole minutes of the last six hours, tens of minutes of the last three days, hours, and days of periods longer than 18 days. Default: about a thirtieth of the time"`
	Server string    `query:"server" doc:"Only its calls"`
}

// Counts are what came of some calls.
type Counts struct {
	Calls  int     `json:"calls"`
	Failed int     `json:"failed" doc:"All but those that ended well or were cancelled"`
	P50    float64 `json:"p50Ms" doc:"Half of the calls took no longer, in milliseconds; 0 without calls"`
	P95    float64 `json:"p95Ms" doc:"19 of 20 took no longer"`
}

func counted(c store.Counts) Counts { return Counts{c.Calls, c.Failed, ms(c.P50), ms(c.P95)} }

type bucketCounts struct {
	Start time.Time `json:"start"`
	Counts
}

type stripCounts struct {
	Calls  int `json:"calls"`
	Failed int `json:"failed"`
}

type serverCounts struct {
	Server string `json:"server"`
	Counts
	Buckets []stripCounts `json:"buckets" nullable:"false" doc:"Those of the answer, in the same order"`
}

type toolCounts struct {
	Server string `json:"server"`
	Kind   string `json:"kind" enum:"tool,resource,prompt,completion"`
	Name   string `json:"name"`
	Counts
}

type summaryAnswer struct {
	Body struct {
		Since   time.Time      `json:"since" doc:"What was asked for, moved back to the beginning of a bucket"`
		Until   time.Time      `json:"until" doc:"What was asked for, moved on to the end of a bucket"`
		Bucket  int            `json:"bucket" doc:"Length of a bucket in seconds, as it was used"`
		Total   Counts         `json:"total"`
		Buckets []bucketCounts `json:"buckets" nullable:"false" doc:"From since to until without gaps, oldest first"`
		Servers []serverCounts `json:"servers" nullable:"false" doc:"Those that were asked, by name"`
		Tools   []toolCounts   `json:"tools" nullable:"false" doc:"The 20 slowest things of servers, by p95Ms"`
	}
}

func (a *v2) sumUpCalls(ctx context.Context, in *summaryQuery) (*summaryAnswer, error) {
	h, err := a.history()
	if err != nil {
		return nil, err
	}
	q := store.SummaryQuery{Since: in.Since, Until: in.Until, Bucket: time.Duration(in.Bucket) * time.Second, Server: in.Server}
	if q.Until.IsZero() {
		q.Until = time.Now()
	}
	if q.Since.IsZero() {
		q.Since = q.Until.Add(-defaultPeriod)
	}
	period := q.Until.Sub(q.Since)
	if q.Bucket == 0 {
		q.Bucket = max(time.Minute, (period / defaultStrip).Round(time.Minute))
	}
	if period <= 0 || period/mostBuckets > q.Bucket {
		return nil, &failure{status: http.StatusUnprocessableEntity, code: "VALIDATION_ERROR", text: `"since" must be before "until", and the time between them no longer than 1000 buckets`}
	}
	s, err := h.Summary(ctx, q)
	if err != nil {
		return nil, historyFailure(err)
	}
	out := &summaryAnswer{}
	b := &out.Body
	b.Since, b.Until, b.Bucket, b.Total = s.Since, s.Until, int(s.Bucket/time.Second), counted(s.Total)
	b.Buckets, b.Servers, b.Tools = make([]bucketCounts, len(s.Buckets)), make([]serverCounts, len(s.Servers)), make([]toolCounts, len(s.Tools))
	for i, c := range s.Buckets {
		b.Buckets[i] = bucketCounts{s.Since.Add(time.Duration(i) * s.Bucket), counted(c)}
	}
	for i, server := range s.Servers {
		b.Servers[i] = serverCounts{server.Server, counted(server.Total), make([]stripCounts, len(server.Strip))}
		for j, c := range server.Strip {
			b.Servers[i].Buckets[j] = stripCounts{c.Calls, c.Failed}
		}
	}
	for i, t := range s.Tools {
		b.Tools[i] = toolCounts{t.Server, string(t.Kind), t.Name, counted(t.Total)}
	}
	return out, nil
}

type eventsQuery struct {
	Server string    `query:"server" doc:"Name in the configuration"`
	Kind   string    `query:"kind" doc:"As in the stream: server_state, server_lists, config_changed, servers_updated, hub_state"`
	Since  time.Time `query:"since" doc:"The first moment that counts"`
	Until  time.Time `query:"until" doc:"The first moment that is too late"`
	Page
}

type recordedEvent struct {
	ID     int64     `json:"id"`
	Time   time.Time `json:"time"`
	Kind   string    `json:"kind" doc:"As in the stream"`
	Server string    `json:"server,omitempty"`
	Level  string    `json:"level,omitempty" enum:"ok,off,warn,error" doc:"The server's health after it, where it changed that"`
	Text   string    `json:"text" doc:"For people"`
}

type eventsPage struct {
	Body struct {
		Events []recordedEvent `json:"events" nullable:"false" doc:"Newest first"`
		Next   string          `json:"next,omitempty" doc:"Cursor of the next page; absent on the last one"`
	}
}

func (a *v2) listEvents(ctx context.Context, in *eventsQuery) (*eventsPage, error) {
	h, err := a.history()
	if err != nil {
		return nil, err
	}
	q := store.HappeningQuery{Server: in.Server, Kind: in.Kind, Since: in.Since, Until: in.Until, Limit: in.Limit + 1}
	if q.Before, err = in.before(); err != nil {
		return nil, err
	}
	happened, err := h.Happenings(ctx, q)
	if err != nil {
		return nil, historyFailure(err)
	}
	out := &eventsPage{}
	if len(happened) > in.Limit {
		happened = happened[:in.Limit]
		out.Body.Next = strconv.FormatInt(happened[in.Limit-1].ID, 10)
	}
	out.Body.Events = make([]recordedEvent, len(happened))
	for i, e := range happened {
		out.Body.Events[i] = recordedEvent(e)
	}
	return out, nil
}

type historyState struct {
	Body struct {
		Recording bool       `json:"recording" doc:"Whether calls are recorded now"`
		Problem   string     `json:"problem,omitempty" doc:"Why not, if the configuration does not say so"`
		Enabled   bool       `json:"enabled" doc:"hub.history.enabled of the configuration"`
		Days      int        `json:"days" doc:"hub.history.days: how long calls are kept"`
		MaxBytes  int64      `json:"maxBytes" doc:"hub.history.maxMB in bytes: how large the database may become"`
		Bodies    bool       `json:"bodies" doc:"hub.history.bodies: whether arguments and results are kept"`
		BodyLimit int        `json:"bodyLimit" doc:"hub.history.bodyLimit: how many bytes of each"`
		Queued    int        `json:"queued" doc:"Records that wait to be written"`
		Room      int        `json:"room" doc:"How many may wait"`
		Written   int64      `json:"written" doc:"Records of this run of the hub"`
		Dropped   int64      `json:"dropped" doc:"Records of this run that found no room or could not be written"`
		Bare      int64      `json:"withoutBodies" doc:"Records of this run whose arguments and results were dropped because too much waited"`
		Bytes     int64      `json:"bytes" doc:"Size of the database on disk, with the marketplace's part of it"`
		Oldest    *time.Time `json:"oldest,omitempty" doc:"Time of the oldest call"`
		Damaged   []string   `json:"damaged,omitempty" nullable:"false" doc:"Files of databases that were damaged and set aside, oldest first: what they hold is missing here. They stay until somebody deletes them"`
	}
}

func (a *v2) historyStatus(ctx context.Context, _ *struct{}) (*historyState, error) {
	out := &historyState{}
	b := &out.Body
	if a.History == nil {
		b.Problem = "This hub has no folder for its state."
		return out, nil
	}
	s := a.History.Status(ctx)
	b.Recording, b.Problem = s.Settings.Enabled && s.Problem == "", s.Problem
	b.Enabled, b.Days, b.MaxBytes, b.Bodies, b.BodyLimit = s.Settings.Enabled, s.Settings.Days, s.Settings.MaxBytes, s.Settings.Bodies, s.Settings.BodyLimit
	b.Queued, b.Room, b.Written, b.Dropped, b.Bare, b.Bytes = s.Queued, s.Room, s.Written, s.Dropped, s.Bare, s.Bytes
	b.Damaged = s.Damaged
	if !s.Oldest.IsZero() {
		b.Oldest = &s.Oldest
	}
	return out, nil
}

type historyChange struct {
	Body struct {
		Enabled   *bool `json:"enabled,omitempty" doc:"Whether calls are recorded"`
		Days      *int  `json:"days,omitempty" minimum:"1" maximum:"3650" doc:"How long they are kept"`
		MaxMB     *int  `json:"maxMB,omitempty" minimum:"10" maximum:"1048576" doc:"How many MiB the database may have"`
		Bodies    *bool `json:"bodies,omitempty" doc:"Whether arguments and results are kept"`
		BodyLimit *int  `json:"bodyLimit,omitempty" minimum:"0" maximum:"1048576" doc:"How many bytes of each"`
	}
}

func (a *v2) changeHistory(ctx context.Context, in *historyChange) (*historyState, error) {
	if err := a.Config.SetHistory(ctx, config.HistoryChange(in.Body)); err != nil {
		return nil, editFailure(err)
	}
	return a.historyStatus(ctx, nil)
}

type clearQuery struct {
	Before time.Time `query:"before" doc:"Only what is older. Default: all"`
}

type cleared struct {
	Body struct {
		Calls  int64 `json:"calls" doc:"How many were forgotten"`
		Events int64 `json:"events"`
	}
}

func (a *v2) clearHistory(ctx context.Context, in *clearQuery) (*cleared, error) {
	h, err := a.history()
	if err != nil {
		return nil, err
	}
	out := &cleared{}
	if out.Body.Calls, out.Body.Events, err = h.Clear(ctx, in.Before); err != nil {
		return nil, historyFailure(err)
	}
	return out, nil
}
