package upstream

import (
	"bytes"
	"context"
	"errors"

	"mcphub/hub/jsonrpc"
	"mcphub/hub/record"
)

// Answered notes in a record what a server answered.
func Answered(r *record.Call, m *jsonrpc.Message) {
	if f := m.Fault(); f != nil {
		r.Outcome, r.Err, r.ResultSize = record.ProtocolError, f.Error(), m.Error.End-m.Error.Start
		return
	}
	r.Result = m.Result.In(m.Raw)
	r.ResultSize = len(r.Result)
	r.Outcome, r.Err = outcomeOfResult(r.Result)
}

// Unanswered notes in a record why there is no answer, as far as the connection to the server can tell.
func Unanswered(r *record.Call, err error) {
	r.Outcome, r.Err = record.Disconnected, err.Error()
	if errors.Is(err, context.Canceled) || errors.Is(err, ErrSlow) {
		r.Outcome = record.Cancelled
	}
}

// outcomeOfResult tells how a request ended, and of a tool that says that it failed why: the first text of its content.
func outcomeOfResult(result []byte) (record.Outcome, string) {
	// Results may be long; looking for the word is much cheaper than looking at the members.
	if !bytes.Contains(result, []byte(`"isError"`)) || string(jsonrpc.Get(result, jsonrpc.All(result), "isError").In(result)) != "true" {
		return record.OK, ""
	}
	for it := jsonrpc.Members(result, jsonrpc.Get(result, jsonrpc.All(result), "content")); it.Next(); {
		if text := jsonrpc.String(jsonrpc.Get(result, it.Value, "text").In(result)); text != "" {
			return record.ToolError, text
		}
	}
	return record.ToolError, "the tool says that it failed"
}
