package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"mcphub/hub/jsonrpc"
	"mcphub/hub/sse"
)

// cursor is where a stream was broken off, and when it may be opened again.
type cursor struct {
	last     string        // id of the last event
	retry    time.Duration // how long the server asks to wait
	asked    bool          // whether it does
	failures int           // attempts in a row that did not open the stream
	quiet    int           // times in a row that the stream was open and brought nothing
}

// note takes down how far the stream has come.
func (at *cursor) note(events *sse.Reader, event bool) {
	if id := events.LastID(); id != "" {
		at.last = id
	}
	if retry, asked := events.Retry(); asked {
		at.retry, at.asked = retry, true
	}
	if at.failures = 0; event {
		at.quiet = 0
	}
}

// pause is how long to wait before the stream is opened again.
func (at *cursor) pause(backoff func(failures int) time.Duration) time.Duration {
	if at.asked && at.failures == 0 {
		return max(at.retry, shortestPause)
	}
	return max(at.retry, backoff(1+at.failures+at.quiet))
}

// get asks a legacy server for a stream: a broken one after its last event, or else the one of server messages.
func (c *httpConn) get(ctx context.Context, at *cursor) (*http.Response, error) {
	h := http.Header{"Accept": {"text/event-stream"}}
	c.identify(h)
	if at.last != "" {
		h.Set("Last-Event-ID", at.last)
	}
	return c.remote.send(ctx, http.MethodGet, c.to, h, nil)
}

// resume opens the broken stream of a call again.
func (c *httpConn) resume(ctx context.Context, at *cursor) (*http.Response, error) {
	for {
		waitFor(ctx, nil, at.pause(c.again))
		resp, err := c.get(ctx, at)
		again := false
		switch {
		case err != nil:
			again = !c.fatal(err) && !errors.As(err, new(permanent))
			err = fmt.Errorf("%w, and it cannot be read on: %w", errStreamEnded, err)
		case isStream(resp):
			return resp, nil
		default:
			again = resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests
			err = fmt.Errorf("%w, and it cannot be read on: %w", errStreamEnded, c.judged(c.readBad(resp)))
		}
		if at.failures++; !again || at.failures >= maxResumes || ctx.Err() != nil {
			return nil, err
		}
	}
}

// readBad reads and closes an answer that is not what was asked for.
func (c *httpConn) readBad(resp *http.Response) *answerError {
	defer resp.Body.Close()
	body, err := readBody(resp)
	if err != nil {
		return &answerError{status: resp.StatusCode, why: err.Error()}
	}
	return c.remote.badAnswer(resp, body)
}

// listen keeps the stream open on which a legacy server sends what belongs to no call, if it offers one. It closes
// answered when the server has said so.
func (c *httpConn) listen(ctx context.Context, answered chan<- struct{}) {
	at, opened := &cursor{}, false
	for {
		resp, err := c.get(ctx, at)
		if answered != nil {
			close(answered)
			answered = nil
		}
		offered := true
		switch {
		case err != nil:
			at.failures++
		case isStream(resp):
			if opened && at.last == "" { // else the server sends what was missed
				c.missed()
			}
			opened = true
			_, err = c.messages(resp, at, func(m jsonrpc.Message) (bool, error) {
				c.receive(m)
				return false, nil
			})
			_ = resp.Body.Close()
			at.quiet++
		default:
			bad := c.readBad(resp)
			if err = bad; opened { // before, 404 may also say that there is no such stream
				err = c.judged(bad)
			}
			offered = bad.status >= 500 || bad.status == http.StatusTooManyRequests
			at.failures++
		}
		if c.fatal(err) {
			c.end(err)
		}
		if !offered || ctx.Err() != nil || errors.As(err, new(permanent)) {
			return
		}
		c.log.Debug("stream of server messages will be opened again", "err", err)
		waitFor(ctx, nil, at.pause(c.again))
	}
}

// subscribe keeps a modern server's notifications of changed lists coming. It closes answered when they can come, or
// the server has refused.
func (c *httpConn) subscribe(ctx context.Context, params []byte, answered chan<- struct{}) {
	arrived := func() {
		if answered != nil {
			close(answered)
			answered = nil
		}
	}
	opened := false
	for failures := 1; ; failures++ {
		began := time.Now()
		m, err := c.Do(ctx, &Request{Method: "subscriptions/listen", Params: params, Frames: func(f Frame) {
			if arrived(); opened && f.Name() == "notifications/subscriptions/acknowledged" {
				c.missed()
			}
			opened = true
			c.events(f)
		}})
		arrived()
		if fault := m.Fault(); err == nil && fault != nil {
			if err = fault; fault.Code == jsonrpc.CodeMethodNotFound {
				return
			}
		}
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > settled {
			failures = 1
		}
		c.log.Debug("subscription will be opened again", "err", err)
		waitFor(ctx, nil, c.again(failures))
	}
}

// missed has all lists read again: what the server told while its stream was broken is lost.
func (c *httpConn) missed() {
	for _, list := range []string{"tools", "resources", "prompts"} {
		m, err := jsonrpc.Scan(jsonrpc.AppendRequest(nil, nil, "notifications/"+list+"/list_changed", nil))
		if err != nil { // the text is the hub's own
			panic(err)
		}
		c.events(Frame{Message: m})
	}
}
