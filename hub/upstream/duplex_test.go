package upstream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"mcphub/hub/jsonrpc"
)

// TestDuplexTokens: every caller sees its own progress token, whatever it is, and the server one that is the connection's.
func TestDuplexTokens(t *testing.T) {
	c, _, _ := mustStart(t, legacyScript(t))
	for _, token := range []string{`"a"`, `5`, `9007199254740993`, `1.5`, `"\u00e9\"\\"`, `"5"`, `-0`} {
		p := fmt.Appendf(nil, `{"name":"progress","arguments":{"n":2},"_meta":{"x":1,"progressToken":%s,"y":2}}`, token)
		var got []string
		req := &Request{
			Method: "tools/call", Params: p, Token: jsonrpc.Get(p, jsonrpc.All(p), "_meta", "progressToken"),
			Frames: func(f Frame) {
				got = append(got, string(f.Params.In(f.Raw)))
				if f.Reply != nil || f.Kind != jsonrpc.Notification {
					t.Errorf("%s: not a notification: %s", token, f.Raw)
				}
			},
		}
		if r := result(t, c, req); r != `{"done":true}` {
			t.Error(r)
		}
		want := fmt.Sprintf(`[{"progressToken":%[1]s,"progress":0} {"progressToken":%[1]s,"progress":1}]`, token)
		if fmt.Sprint(got) != want {
			t.Errorf("%s: got %v", token, got)
		}
		echo := strings.Replace(string(p), `"progress"`, `"echo"`, 1)
		r := result(t, c, &Request{Method: "tools/call", Params: []byte(echo), Token: jsonrpc.Get([]byte(echo), jsonrpc.All([]byte(echo)), "_meta", "progressToken")})
		id := string(jsonrpc.Get([]byte(r), jsonrpc.All([]byte(r)), "id").In([]byte(r)))
		if sent := fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":"tools/call","params":%s}`, id, strings.Replace(echo, token+`,"y"`, id+`,"y"`, 1)); r != sent {
			t.Errorf("%s: the server got %s, want %s", token, r, sent)
		}
	}
}

// TestDuplexTokenOfAnother: progress that names no call, or one that wants none, is nobody's.
func TestDuplexTokenOfAnother(t *testing.T) {
	c, events, _ := mustStart(t, legacyScript(t))
	text := ""
	for _, token := range []string{`99999`, `"mine"`, `1`, `null`, `{}`} {
		text += `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":` + token + `,"progress":1}}` + "\n"
	}
	req := tool("raw", arguments{Raw: b64(text + `{"jsonrpc":"2.0","method":"notifications/progress"}` + "\n")})
	req.Frames = func(f Frame) { t.Errorf("got %s", f.Raw) }
	result(t, c, req)
	if got := events.texts(); len(got) > 0 {
		t.Errorf("events: %q", got)
	}
}

// TestDuplexFramesBeforeResponse: none of many notifications is lost, and all come before the response, in order.
func TestDuplexFramesBeforeResponse(t *testing.T) {
	c, _, _ := mustStart(t, legacyScript(t))
	const n = 10_000
	next := 0
	req := tool("progress", arguments{N: n})
	req.Frames = func(f Frame) {
		at, _ := jsonrpc.Int(jsonrpc.Get(f.Raw, f.Params, "progress").In(f.Raw))
		if int(at) != next {
			t.Fatalf("frame %d instead of %d", at, next)
		}
		next++
	}
	result(t, c, req)
	if next != n {
		t.Errorf("%d frames", next)
	}
}

// TestDuplexCancel: only the call that is cancelled is, under the connection's id, and what the server answers then is
// dropped.
func TestDuplexCancel(t *testing.T) {
	s := legacyScript(t)
	c, _, _ := mustStart(t, s)
	why := errors.New("the client cancelled")
	begin := func() (context.CancelCauseFunc, chan error) {
		ctx, cancel := context.WithCancelCause(t.Context())
		began, done := make(chan struct{}), make(chan error, 1)
		req := tool("wait", arguments{})
		req.Frames = func(Frame) { close(began) }
		go func() {
			_, err := c.Do(ctx, req)
			done <- err
		}()
		<-began
		return cancel, done
	}
	cancel1, done1 := begin()
	cancel2, done2 := begin()
	defer cancel2(nil)
	cancel1(why)
	if err := <-done1; !errors.Is(err, why) {
		t.Error(err)
	}
	eventually(t, "the server is told", func() bool { return len(s.journal(t, "notifications/cancelled")) == 1 })
	calls := s.journal(t, "tools/call")
	m, err := jsonrpc.Scan([]byte(strings.TrimPrefix(calls[0], "tools/call ")))
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`notifications/cancelled {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%s,"reason":"the client cancelled"}}`, m.ID.In(m.Raw))
	if got := s.journal(t, "notifications/cancelled"); got[0] != want {
		t.Errorf("got %s, want %s", got[0], want)
	}
	result(t, c, tool("echo", arguments{})) // after the late response
	select {
	case err := <-done2:
		t.Errorf("the other call ended: %v", err)
	default:
	}
	if c.Err() != nil {
		t.Error(c.Err())
	}
	cancel2(why)
	if err := <-done2; !errors.Is(err, why) {
		t.Error(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.calls) != 0 {
		t.Errorf("%d calls are left", len(c.calls))
	}
}

// TestDuplexAnswerMeetsNoCall: a response that nobody waits for is dropped, whatever its id.
func TestDuplexAnswerMeetsNoCall(t *testing.T) {
	c, events, _ := mustStart(t, legacyScript(t))
	text := ""
	for _, id := range []string{`424242`, `"1"`, `"x"`, `null`, `1.0`, `99999999999999999999`} {
		text += `{"jsonrpc":"2.0","id":` + id + `,"result":{"wrong":true}}` + "\n"
	}
	if r := result(t, c, tool("raw", arguments{Raw: b64(text)})); r != `{"done":true}` {
		t.Error(r)
	}
	if got := events.texts(); len(got) > 0 {
		t.Errorf("events: %q", got)
	}
}

// TestDuplexServerAsks: who is asked by a server's request.
func TestDuplexServerAsks(t *testing.T) {
	type waiter struct {
		owner   string
		accepts string // methods, separated by blanks
	}
	tests := []struct {
		name    string
		waiting []waiter // calls in flight, in this order, while a call without an owner makes the server ask
		want    int      // which of them is asked
		answer  string   // in the answer to the server, if none of them is
	}{
		{"one owner, the newest call", []waiter{{"a", "roots/list"}, {"a", "roots/list"}}, 1, ""},
		{"the newest call that accepts", []waiter{{"a", "roots/list"}, {"a", "sampling/createMessage"}}, 0, ""},
		{"two owners", []waiter{{"a", "roots/list"}, {"b", "roots/list"}}, -1, "several clients"},
		{"two owners, one accepts", []waiter{{"a", "roots/list"}, {"b", "sampling/createMessage"}}, 0, ""},
		{"none accepts", []waiter{{"a", "sampling/createMessage"}}, -1, "for the hub"},
		{"no calls", nil, -1, "for the hub"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, _, _ := mustStart(t, legacyScript(t), func(r *changes) {
				r.o.events = func(f Frame) { Refuse(f, "for the hub") }
			})
			ctx, cancel := context.WithCancel(t.Context())
			var calls sync.WaitGroup
			defer calls.Wait()
			defer cancel()
			var asked atomic.Int64
			asked.Store(-1)
			for i, w := range test.waiting {
				began := make(chan struct{})
				req := tool("wait", arguments{})
				req.Owner, req.Accepts = w.owner, func(method string) bool { return strings.Contains(w.accepts, method) }
				req.Frames = func(f Frame) {
					if f.Reply == nil {
						close(began)
						return
					}
					asked.Store(int64(i))
					m, err := jsonrpc.Scan([]byte(`{"jsonrpc":"2.0","id":"anything","result":{"from":"client"}}`))
					if err == nil {
						err = f.Reply(m)
					}
					if err != nil {
						t.Error(err)
					}
				}
				calls.Go(func() { _, _ = c.Do(ctx, req) })
				<-began
			}
			r := result(t, c, tool("ask", arguments{Method: "roots/list"}))
			if int(asked.Load()) != test.want || !strings.Contains(r, test.answer) || !strings.HasPrefix(r, `{"jsonrpc":"2.0","id":"ask-`) {
				t.Errorf("asked %d, answered %s", asked.Load(), r)
			}
			if test.want >= 0 && !strings.HasSuffix(r, `"result":{"from":"client"}}`) {
				t.Errorf("answered %s", r)
			}
		})
	}
}

// TestDuplexAsksInVain: a request that waits for a caller who then leaves is refused, so that the server need not wait.
func TestDuplexAsksInVain(t *testing.T) {
	s := legacyScript(t)
	c, _, _ := mustStart(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	block, began, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	req := tool("wait", arguments{})
	req.Accepts = func(string) bool { return true }
	req.Frames = func(f Frame) {
		if f.Reply != nil {
			t.Error("it was asked")
		}
		close(began)
		<-block
	}
	go func() {
		defer close(done)
		_, _ = c.Do(ctx, req)
	}()
	<-began
	answer := make(chan string, 1)
	go func() {
		m, err := doCall(t, c, tool("ask", arguments{Method: "roots/list"}))
		answer <- fmt.Sprint(string(m.Result.In(m.Raw)), err)
	}()
	eventually(t, "the request waits", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, call := range c.calls {
			call.mu.Lock()
			n := len(call.frames)
			call.mu.Unlock()
			if n > 0 {
				return true
			}
		}
		return false
	})
	c.mu.Lock()
	for _, call := range c.calls {
		if call.Accepts != nil { // else the request would be handed over first
			call.mu.Lock()
			call.overrun = true
			call.mu.Unlock()
		}
	}
	c.mu.Unlock()
	cancel()
	close(block)
	<-done
	if got := <-answer; !strings.Contains(got, `"message":"the call to which the request belongs is over"}}`) {
		t.Error(got)
	}
}

// TestDuplexPing: the hub answers itself, however many come without the server reading.
func TestDuplexPing(t *testing.T) {
	c, events, _ := mustStart(t, legacyScript(t))
	if r := result(t, c, tool("ask", arguments{Method: "ping"})); !strings.HasSuffix(r, `"result":{}}`) {
		t.Error(r)
	}
	ping := `{"jsonrpc":"2.0","id":"` + strings.Repeat("p", 1000) + `","method":"ping"}` + "\n"
	if r := result(t, c, tool("raw", arguments{Raw: b64(strings.Repeat(ping, 500))})); r != `{"done":true}` {
		t.Error(r)
	}
	if got := events.texts(); len(got) > 0 {
		t.Errorf("events: %q", got)
	}
}

// overrun reports whether more came for a call than is queued.
func overrun(d *duplex) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, call := range d.calls {
		if call.slow() {
			return true
		}
	}
	return false
}

// TestDuplexSlowCaller: one that does not take its frames is given up, and nobody else notices.
func TestDuplexSlowCaller(t *testing.T) {
	s := legacyScript(t)
	c, _, _ := mustStart(t, s)
	block, blocked := make(chan struct{}), make(chan struct{})
	slow := make(chan error, 1)
	frames := 0
	go func() {
		req := tool("progress", arguments{N: 3 * maxQueuedFrames})
		req.Frames = func(Frame) {
			if frames++; frames == 1 {
				close(blocked)
				<-block
			}
		}
		_, err := c.Do(context.Background(), req)
		slow <- err
	}()
	<-blocked
	eventually(t, "the queue is full", func() bool { return overrun(c.duplex) })
	result(t, c, tool("echo", arguments{}))
	close(block)
	if err := <-slow; !errors.Is(err, ErrSlow) {
		t.Error(err)
	}
	if frames > maxQueuedFrames {
		t.Errorf("%d frames for a call that was given up", frames)
	}
	result(t, c, tool("echo", arguments{}))
	eventually(t, "the server is told", func() bool { return len(s.journal(t, "notifications/cancelled")) == 1 })
}

// TestDuplexLogMessages go to the call in flight if there is one only.
func TestDuplexLogMessages(t *testing.T) {
	c, events, _ := mustStart(t, legacyScript(t))
	message := `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}`
	req := tool("raw", arguments{Raw: b64(message + "\n")})
	var got []string
	req.Frames = func(f Frame) { got = append(got, string(f.Raw)) }
	result(t, c, req)
	if len(got) != 1 || got[0] != message || len(events.texts()) > 0 {
		t.Errorf("call: %q, events: %q", got, events.texts())
	}
	ctx, cancel := context.WithCancel(t.Context())
	began, done := make(chan struct{}), make(chan struct{})
	wait := tool("wait", arguments{})
	wait.Frames = func(Frame) { close(began) }
	go func() {
		defer close(done)
		_, _ = c.Do(ctx, wait)
	}()
	<-began
	result(t, c, req)
	cancel()
	<-done
	if texts := events.texts(); len(got) != 1 || len(texts) != 1 || texts[0] != message {
		t.Errorf("with two calls: %q, events: %q", got, texts)
	}
}

// TestDuplexManyCallers: 64 at once, each gets its own answers.
func TestDuplexManyCallers(t *testing.T) {
	c, _, _ := mustStart(t, legacyScript(t))
	var callers sync.WaitGroup
	for i := range 64 {
		callers.Go(func() {
			for j := range 10 {
				p := fmt.Appendf(nil, "{\"name\":\"echo\",\n\"arguments\":{\"n\":%d},\"text\":%q}", i*1000+j, strings.Repeat("é", i*j))
				m, err := c.Do(t.Context(), &Request{Method: "tools/call", Params: p})
				if err != nil {
					t.Error(err)
					return
				}
				got := string(jsonrpc.Get(m.Raw, m.Result, "params").In(m.Raw))
				if want := string(jsonrpc.Flatten(p)); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			}
		})
	}
	callers.Wait()
}
