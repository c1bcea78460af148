package client

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// HistoryQuery says which calls of the history are wanted. Empty fields match everything.
type HistoryQuery struct {
	Server, Name, Client, Token string // all of it
	Failed                      bool
	Since                       time.Time
	Words                       string
	Limit                       int // at most 500; 0 for the hub's own limit
}

// HistoryCall is a call of the history.
type HistoryCall struct {
	ID       int64           `json:"id"` // newer calls have higher ones
	Time     time.Time       `json:"time"`
	Client   string          `json:"client"`
	Token    string          `json:"tokenName"` // name of the client's own; empty if it has none
	Via      string          `json:"via"`       // mcp, rest, cli or dashboard
	Server   string          `json:"server"`
	Kind     string          `json:"kind"` // tool, resource, prompt or completion
	Name     string          `json:"name"`
	Outcome  string          `json:"outcome"` // ok, tool_error, protocol_error, timeout, cancelled or disconnected
	Error    string          `json:"error"`
	Duration float64         `json:"durationMs"`
	Raw      json.RawMessage `json:"-"` // the object as the hub sent it
}

// UnmarshalJSON reads a call and keeps its text.
func (c *HistoryCall) UnmarshalJSON(text []byte) error {
	type plain HistoryCall
	if err := json.Unmarshal(text, (*plain)(c)); err != nil {
		return err
	}
	c.Raw = bytes.Clone(text)
	return nil
}

// History returns the newest calls that match, newest first.
func (c *Client) History(ctx context.Context, q HistoryQuery) ([]HistoryCall, error) {
	values := url.Values{}
	for key, value := range map[string]string{"server": q.Server, "name": q.Name, "client": q.Client, "tokenName": q.Token, "q": q.Words} {
		if value != "" {
			values.Set(key, value)
		}
	}
	if q.Failed {
		values.Set("outcome", "failed")
	}
	if !q.Since.IsZero() {
		values.Set("since", q.Since.UTC().Format(time.RFC3339Nano))
	}
	if q.Limit > 0 {
		values.Set("limit", strconv.Itoa(q.Limit))
	}
	var answer struct{ Calls []HistoryCall }
	_, err := c.do(ctx, http.MethodGet, "/api/v2/history/calls?"+values.Encode(), nil, &answer)
	return answer.Calls, err
}
