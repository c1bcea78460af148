package upstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mcphub/hub/config"
	"mcphub/hub/jsonrpc"
	"mcphub/hub/sse"
)

// TestFrames: what comes before the response reaches the caller in order, with the caller's token.
func TestFrames(t *testing.T) {
	bothEras(t, answers{"tools/call": func(x *exchange) {
		x.stream()
		for i := range 20 {
			x.event(fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%%token%%,"progress":%d}}`, i))
			x.event(fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/message","params":{"data":%d}}`, i))
		}
		x.event(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"foreign","progress":1}}`)
		x.event(`{"jsonrpc":"2.0","id":%id%,"result":{}}`)
	}}, func(t *testing.T, c Conn, _ *webServer) {
		var got []string
		if _, err := doCall(t, c, toolCall(func(f Frame) { got = append(got, string(f.Raw)) })); err != nil {
			t.Fatal(err)
		}
		if len(got) != 40 {
			t.Fatalf("%d frames: %s", len(got), got)
		}
		for i := range 20 {
			if want := fmt.Sprintf(`"progressToken":"mine","progress":%d}`, i); !strings.Contains(got[2*i], want) || !strings.Contains(got[2*i+1], fmt.Sprintf(`"data":%d}`, i)) {
				t.Fatalf("frames %d: %s", i, got[2*i:2*i+2])
			}
		}
		if _, err := doCall(t, c, toolCall(nil)); err != nil {
			t.Errorf("a caller that takes no frames: %v", err)
		}
	})
}

// TestSlowCaller: a caller that does not take its frames loses its call, and nobody else's.
func TestSlowCaller(t *testing.T) {
	stuck := make(chan struct{}, 1)
	bothEras(t, answers{"tools/call": func(x *exchange) {
		x.stream()
		x.event(`{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"first"}}`)
		<-stuck // or the caller could take several at once
		big := strings.Repeat("x", 1<<20)
		for range maxQueuedBytes>>20 + 4 {
			x.event(`{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"` + big + `"}}`)
		}
		x.gone()
	}, "tools/list": func(x *exchange) { x.result("{}") }}, func(t *testing.T, c Conn, s *webServer) {
		var once sync.Once
		_, err := doCall(t, c, toolCall(func(Frame) {
			once.Do(func() {
				stuck <- struct{}{}
				eventually(t, "the queue is full", func() bool { return overrun(c.(*httpConn).duplex) })
				if _, err := doCall(t, c, &Request{Method: "tools/list"}); err != nil {
					t.Errorf("another call: %v", err)
				}
			})
		}))
		if !errors.Is(err, ErrSlow) {
			t.Errorf("got %v", err)
		}
		eventually(t, "the server is told", func() bool { return c.Hello().Modern || len(s.requests("notifications/cancelled")) == 1 })
	})
}

// TestServerRequests: a legacy server's request on the stream of a call is that call's, and its answer goes back.
func TestServerRequests(t *testing.T) {
	noLeaks(t)
	replied := make(chan string, 4)
	s := newWebServer(t, answers{
		"tools/call": func(x *exchange) {
			x.stream()
			x.event(`{"jsonrpc":"2.0","id":"ask","method":"elicitation/create","params":{}}`)
			x.event(`{"jsonrpc":"2.0","id":77,"method":"ping"}`)
			got := []string{<-replied, <-replied}
			slices.Sort(got)
			x.event(fmt.Sprintf(`{"jsonrpc":"2.0","id":%%id%%,"result":{"got":[%s]}}`, strings.Join(got, ",")))
		},
		"reply": func(x *exchange) {
			replied <- string(x.m.Raw)
			accept(x)
		},
	})
	c, _ := mustConnect(t, s.URL, nil)
	m, err := doCall(t, c, toolCall(func(f Frame) {
		if f.Reply == nil || f.Name() != "elicitation/create" {
			t.Errorf("frame %s", f.Raw)
			return
		}
		answer, _ := jsonrpc.Scan([]byte(`{"jsonrpc":"2.0","id":"client's own","result":{"action":"accept"}}`))
		if err := f.Reply(answer); err != nil {
			t.Errorf("reply: %v", err)
		}
	}))
	want := `{"got":[{"jsonrpc":"2.0","id":"ask","result":{"action":"accept"}},{"jsonrpc":"2.0","id":77,"result":{}}]}`
	if err != nil || string(m.Result.In(m.Raw)) != want {
		t.Errorf("got %s, %v", m.Raw, err)
	}
	for _, r := range s.requests("reply") {
		if r.header.Get("Mcp-Session-Id") != "s-1" || r.header.Get("Mcp-Protocol-Version") != "2025-06-18" {
			t.Errorf("a reply without its headers: %v", r.header)
		}
	}
	m, err = doCall(t, c, toolCall(nil))
	if err != nil || !strings.Contains(string(m.Raw), `"error":{"code":-32601`) {
		t.Errorf("nobody to ask: %s, %v", m.Raw, err)
	}
}

// TestModernServerRequests: a modern server must not ask, and the client must not answer.
func TestModernServerRequests(t *testing.T) {
	noLeaks(t)
	s := newWebServer(t, answers{"server/discover": discovered, "tools/call": func(x *exchange) {
		x.stream()
		x.event(`{"jsonrpc":"2.0","id":1,"method":"ping"}`)
		x.event(`{"jsonrpc":"2.0","id":2,"method":"roots/list"}`)
		x.event(`{"jsonrpc":"2.0","id":%id%,"result":{}}`)
	}})
	c, _ := mustConnect(t, s.URL, nil)
	if _, err := doCall(t, c, toolCall(func(f Frame) { t.Errorf("frame %s", f.Raw) })); err != nil {
		t.Error(err)
	}
	if n := len(s.requests("reply")); n != 0 {
		t.Errorf("%d replies", n)
	}
}

// TestCancel: a legacy server is told that nobody waits, a modern one sees the request end; Do does not wait for it.
func TestCancel(t *testing.T) {
	for name, hang := range map[string]func(*exchange){
		"before the headers": func(*exchange) {}, "on a stream": (*exchange).stream,
	} {
		var ended atomic.Int32
		t.Run(name, func(t *testing.T) {
			bothEras(t, answers{
				"tools/call":              func(x *exchange) { hang(x); x.gone(); ended.Add(1) },
				"notifications/cancelled": func(x *exchange) { time.Sleep(50 * time.Millisecond); accept(x) },
			}, func(t *testing.T, c Conn, s *webServer) {
				ended.Store(0)
				why := errors.New("changed my mind")
				ctx, cancel := context.WithCancelCause(t.Context())
				go func() {
					for len(s.requests("tools/call")) == 0 {
						time.Sleep(time.Millisecond)
					}
					cancel(why)
				}()
				if _, err := c.Do(ctx, toolCall(nil)); !errors.Is(err, why) {
					t.Fatalf("got %v", err)
				}
				eventually(t, "the request ends", func() bool { return ended.Load() == 1 })
				if c.Hello().Modern {
					return
				}
				ctx, cancel2 := context.WithTimeout(t.Context(), patience)
				defer cancel2()
				if err := c.Close(ctx); err != nil { // which waits for the message
					t.Fatal(err)
				}
				told := s.requests("notifications/cancelled")
				if len(told) != 1 || !strings.Contains(told[0].text, `"requestId":2,"reason":"changed my mind"`) {
					t.Errorf("told %+v", told)
				}
			})
		})
	}
}

// TestCloseInHaste: a server that takes no last words does not hold up closing.
func TestCloseInHaste(t *testing.T) {
	noLeaks(t)
	s := newWebServer(t, answers{
		"tools/call":              (*exchange).gone,
		"notifications/cancelled": (*exchange).gone,
		"DELETE":                  (*exchange).gone,
	})
	c, _ := mustConnect(t, s.URL, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Do(ctx, toolCall(nil)); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	began := time.Now()
	if err := c.Close(ctx); err != nil || time.Since(began) > tellTimeout {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

// TestResume: a stream that breaks off before the response is read on where the server lets it.
func TestResume(t *testing.T) {
	const ok = `data: {"jsonrpc":"2.0","id":2,"result":{"ok":true}}` + "\n\n"
	const note = `data: {"jsonrpc":"2.0","method":"notifications/message","params":{"data":%d}}` + "\n\n"
	for _, c := range []struct {
		name  string
		first string                 // what comes on the stream of the call
		gets  []func(x *exchange)    // the answers to GET with Last-Event-ID
		ids   []string               // the ids that they name
		want  int                    // frames
		err   string                 // part of the error
		after func(*testing.T, Conn) // further checks
	}{
		{name: "after an empty event", first: "id: a\nretry: 60\ndata:\n\n", ids: []string{"a"}, gets: []func(*exchange){
			func(x *exchange) { x.stream(); x.raw(ok) },
		}},
		{name: "in the middle", first: "retry: 50\nid: 1\n" + fmt.Sprintf(note, 1) + "id: 2\ndata: {", ids: []string{"1", "1", "3"}, want: 3, gets: []func(*exchange){
			func(x *exchange) { x.plain(503, "", "") },
			func(x *exchange) { x.stream(); x.raw("id: 3\n" + fmt.Sprintf(note, 2)) },
			func(x *exchange) { x.stream(); x.raw("id: 4\n" + fmt.Sprintf(note, 3) + ok) },
		}},
		{name: "polling", first: "id: p\nretry: 50\ndata:\n\n", ids: []string{"p", "p", "p", "p", "p", "p", "p", "p"}, gets: append(
			slices.Repeat([]func(*exchange){(*exchange).stream}, 7), func(x *exchange) { x.stream(); x.raw(ok) })},
		{name: "not offered", first: "id: a\ndata:\n\n", ids: []string{"a"}, gets: []func(*exchange){
			func(x *exchange) { x.plain(405, "", "") },
		}, err: "HTTP 405"},
		{name: "session gone", first: "id: a\ndata:\n\n", ids: []string{"a"}, gets: []func(*exchange){
			func(x *exchange) { x.plain(404, "", "") },
		}, err: "ended the session", after: func(t *testing.T, c Conn) {
			eventually(t, "the connection ends", func() bool { return errors.Is(c.Err(), errSessionGone) })
		}},
		{name: "down for good", first: "id: a\nretry: 50\ndata:\n\n", ids: []string{"a", "a", "a", "a", "a"}, gets: slices.Repeat([]func(*exchange){
			func(x *exchange) { x.plain(503, "", "") },
		}, 5), err: "HTTP 503"},
		{name: "without ids", first: fmt.Sprintf(note, 1), want: 1, err: "no response came"},
	} {
		t.Run(c.name, func(t *testing.T) {
			noLeaks(t)
			var gets atomic.Int32
			s := newWebServer(t, answers{"tools/call": func(x *exchange) { x.stream(); x.raw(c.first) }, "GET": func(x *exchange) {
				if x.r.Header.Get("Last-Event-ID") == "" {
					x.plain(405, "", "")
					return
				}
				if i := int(gets.Add(1)); i <= len(c.gets) {
					c.gets[i-1](x)
				}
			}})
			conn, _ := mustConnect(t, s.URL, func(_ *config.Resolved, o *dialOptions) {
				o.backoff = func(failures int) time.Duration { return backoff(failures) / 20 }
			})
			frames := 0
			began := time.Now()
			m, err := doCall(t, conn, toolCall(func(Frame) { frames++ }))
			took := time.Since(began)
			if c.err == "" && (err != nil || string(m.Result.In(m.Raw)) != `{"ok":true}`) ||
				c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err) || !errors.Is(err, ErrClosed) || errors.Is(err, ErrNotSent)) {
				t.Errorf("got %s, %v", m.Raw, err)
			}
			var ids []string
			for _, r := range s.requests("GET") {
				if id := r.header.Get("Last-Event-ID"); id != "" {
					ids = append(ids, id)
					if r.header.Get("Mcp-Session-Id") != "s-1" || r.header.Get("Mcp-Protocol-Version") == "" || r.header.Get("Accept") != "text/event-stream" {
						t.Errorf("headers %v", r.header)
					}
				}
			}
			if !slices.Equal(ids, c.ids) || frames != c.want {
				t.Errorf("ids %q and %d frames, want %q and %d", ids, frames, c.ids, c.want)
			}
			if strings.Contains(c.first, "retry") && took < time.Duration(len(c.ids))*50*time.Millisecond {
				t.Errorf("came back %d times within %v", len(c.ids), took)
			}
			if c.after != nil {
				c.after(t, conn)
			}
		})
	}
}

// TestModernDoesNotResume: a broken stream of a modern server loses the call.
func TestModernDoesNotResume(t *testing.T) {
	noLeaks(t)
	s := newWebServer(t, answers{"server/discover": discovered, "tools/call": func(x *exchange) { x.stream(); x.raw("id: a\nretry: 1\ndata:\n\n") }})
	c, _ := mustConnect(t, s.URL, nil)
	if _, err := doCall(t, c, toolCall(nil)); !errors.Is(err, ErrClosed) || c.Err() != nil {
		t.Errorf("got %v, connection %v", err, c.Err())
	}
	if n := len(s.requests("GET")); n != 0 {
		t.Errorf("%d times resumed", n)
	}
}

// TestSessionGone: the ways in which servers say so, and those that only look like it.
func TestSessionGone(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(*exchange)
		gone   bool
	}{
		{"404", status(404, "", ""), true},
		{"404 with an error", func(x *exchange) {
			x.plain(404, "application/json", `{"jsonrpc":"2.0","error":{"code":-32001,"message":"Session not found"},"id":null}`)
		}, true},
		{"400 after a restart", func(x *exchange) {
			x.plain(400, "application/json", `{"jsonrpc":"2.0","error":{"code":-32000,"message":"Bad Request: No valid session ID provided"},"id":null}`)
		}, true},
		{"404 for the method", fault(404, -32601, "{}"), false},
		{"400 for the parameters", fault(400, -32602, "{}"), false},
		{"500", status(500, "", ""), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			noLeaks(t)
			s := newWebServer(t, answers{"tools/call": c.answer})
			conn, _ := mustConnect(t, s.URL, nil)
			_, err := doCall(t, conn, toolCall(nil))
			if errors.Is(err, errSessionGone) != c.gone || errors.Is(err, ErrClosed) != c.gone {
				t.Errorf("got %v", err)
			}
			if !c.gone {
				if conn.Err() != nil {
					t.Errorf("the connection ended: %v", conn.Err())
				}
				return
			}
			eventually(t, "the connection ends", func() bool { return errors.Is(conn.Err(), errSessionGone) })
			if err := conn.Close(t.Context()); err != nil || len(s.requests("DELETE")) != 0 {
				t.Errorf("%v, deleted %d times", err, len(s.requests("DELETE")))
			}
		})
	}
}

// TestListen: what a legacy server sends outside of calls arrives, also after the stream broke.
func TestListen(t *testing.T) {
	noLeaks(t)
	var opened atomic.Int32
	s := newWebServer(t, nil)
	replied := make(chan string, 4)
	ask := make(chan string, 4)
	s.answers = answers{
		"GET": func(x *exchange) {
			x.stream()
			switch opened.Add(1) {
			case 1:
				x.raw("id: e1\nretry: 50\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}\n\n")
			case 2:
				x.event(`{"jsonrpc":"2.0","id":5,"method":"ping"}`)
				for {
					select {
					case text := <-ask:
						x.event(text)
					case <-x.r.Context().Done():
						return
					}
				}
			}
		},
		"reply": func(x *exchange) {
			replied <- string(x.m.Raw)
			accept(x)
		},
		"tools/call": func(x *exchange) {
			ask <- `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":` + x.token() + `,"progress":1}}`
			ask <- `{"jsonrpc":"2.0","id":"s","method":"sampling/createMessage","params":{}}`
			got := <-replied
			x.stream()
			x.event(`{"jsonrpc":"2.0","method":"notifications/resources/list_changed"}`)
			x.event(fmt.Sprintf(`{"jsonrpc":"2.0","id":%%id%%,"result":%s}`, got))
		},
	}
	c, events := mustConnect(t, s.URL, nil)
	if got := <-replied; got != `{"jsonrpc":"2.0","id":5,"result":{}}` {
		t.Errorf("ping answered by %s", got)
	}
	var frames []string
	req := toolCall(func(f Frame) {
		frames = append(frames, f.Name()+string(jsonrpc.Get(f.Raw, f.Params, "progressToken").In(f.Raw)))
		if f.Reply != nil {
			answer, _ := jsonrpc.Scan([]byte(`{"jsonrpc":"2.0","id":0,"result":{"role":"assistant"}}`))
			if err := f.Reply(answer); err != nil {
				t.Error(err)
			}
		}
	})
	req.Accepts = func(method string) bool { return method == "sampling/createMessage" }
	m, err := doCall(t, c, req)
	if err != nil || string(m.Result.In(m.Raw)) != `{"jsonrpc":"2.0","id":"s","result":{"role":"assistant"}}` {
		t.Errorf("got %s, %v", m.Raw, err)
	}
	if want := []string{`notifications/progress"mine"`, "sampling/createMessage"}; !slices.Equal(frames, want) {
		t.Errorf("frames %q", frames)
	}
	if got := events.texts(); len(got) != 2 || !strings.Contains(got[0], "tools/list_changed") || !strings.Contains(got[1], "resources/list_changed") {
		t.Errorf("events %q", got)
	}
	if gets := s.requests("GET"); gets[0].header.Get("Last-Event-ID") != "" || gets[1].header.Get("Last-Event-ID") != "e1" {
		t.Errorf("streams asked for with %v, %v", gets[0].header, gets[1].header)
	}
}

// TestListenAnswers: what the answer to the first request for server messages means, and to a later one.
func TestListenAnswers(t *testing.T) {
	for _, c := range []struct {
		name   string
		first  func(*exchange)
		second func(*exchange)
		again  bool // it is asked for a second time
		ended  bool
	}{
		{name: "405", first: status(405, "", "")},
		{name: "404, there is none", first: status(404, "", "")},
		{name: "HTML", first: status(200, "text/html", "<html>")},
		{name: "503", first: status(503, "", ""), second: status(405, "", ""), again: true},
		{name: "404 later", first: func(x *exchange) { x.stream(); x.raw("retry: 1\n\n") }, second: status(404, "", ""), again: true, ended: true},
		{name: "401 later", first: func(x *exchange) { x.stream(); x.raw("retry: 1\n\n") }, second: status(401, "", ""), again: true, ended: true},
		{name: "a bad event", first: func(x *exchange) { x.stream(); x.raw("data: x\n\n") }, second: status(405, "", ""), again: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			noLeaks(t)
			var n atomic.Int32
			s := newWebServer(t, answers{"GET": func(x *exchange) {
				if n.Add(1) == 1 {
					c.first(x)
				} else {
					c.second(x)
				}
			}, "tools/list": func(x *exchange) { x.result("{}") }})
			conn, _ := mustConnect(t, s.URL, nil)
			if c.again {
				eventually(t, "it is asked for again", func() bool { return n.Load() == 2 })
			}
			if c.ended {
				eventually(t, "the connection ends", func() bool { return conn.Err() != nil })
				return
			}
			if _, err := doCall(t, conn, &Request{Method: "tools/list"}); err != nil || n.Load() > 2 {
				t.Errorf("%v, asked for %d times", err, n.Load())
			}
		})
	}
}

// TestDeadServer: the end of a legacy server is seen without a call.
func TestDeadServer(t *testing.T) {
	noLeaks(t)
	s := newWebServer(t, answers{"GET": func(x *exchange) { x.stream(); x.gone() }})
	c, _ := mustConnect(t, s.URL, nil)
	s.Listener.Close()
	s.CloseClientConnections()
	eventually(t, "the connection ends", func() bool { return errors.Is(c.Err(), ErrClosed) })
}

// TestSubscribe: the changes of a modern server's lists arrive, also after the subscription broke.
func TestSubscribe(t *testing.T) {
	noLeaks(t)
	var n atomic.Int32
	s := newWebServer(t, answers{
		"server/discover": func(x *exchange) {
			x.result(strings.Replace(modernHello, `"tools":{}`, `"tools":{"listChanged":true},"prompts":{"listChanged":false},"resources":{"listChanged":true}`, 1))
		},
		"subscriptions/listen": func(x *exchange) {
			x.stream()
			x.event(`{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{}}`)
			x.event(fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"n":%d}}`, n.Add(1)))
			if n.Load() > 1 {
				x.gone()
			}
		},
	})
	_, events := mustConnect(t, s.URL, nil)
	eventually(t, "both changes arrive", func() bool {
		all := strings.Join(events.texts(), " ")
		return strings.Contains(all, `{"n":1}`) && strings.Contains(all, `{"n":2}`)
	})
	if all := strings.Join(events.texts(), " "); strings.Count(all, "resources/list_changed") != 1 {
		t.Errorf("the lists are not read again once after the gap: %s", all)
	}
	got := s.requests("subscriptions/listen")
	if !strings.Contains(got[0].text, `"notifications":{"toolsListChanged":true,"resourcesListChanged":true}}`) ||
		got[0].header.Get("Mcp-Method") != "subscriptions/listen" {
		t.Errorf("asked with %s", got[0].text)
	}
}

func TestSubscribeRefused(t *testing.T) {
	noLeaks(t)
	s := newWebServer(t, answers{
		"server/discover": func(x *exchange) {
			x.result(strings.Replace(modernHello, `"tools":{}`, `"tools":{"listChanged":true}`, 1))
		},
		"subscriptions/listen": fault(http.StatusNotFound, -32601, "{}"),
		"tools/list":           func(x *exchange) { x.result("{}") },
	})
	c, _ := mustConnect(t, s.URL, nil)
	for range 20 {
		if _, err := doCall(t, c, &Request{Method: "tools/list"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if n := len(s.requests("subscriptions/listen")); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// TestManyCalls: calls at the same time do not meet, and share connections.
func TestManyCalls(t *testing.T) {
	for _, streamed := range []bool{false, true} {
		bothEras(t, answers{"tools/call": func(x *exchange) {
			if !streamed {
				x.result(fmt.Sprintf(`{"for":%s}`, x.id()))
				return
			}
			x.stream()
			x.event(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%token%,"progress":%token%}}`)
			x.event(`{"jsonrpc":"2.0","id":%id%,"result":{"for":%id%}}`)
		}}, func(t *testing.T, c Conn, _ *webServer) {
			var work sync.WaitGroup
			for w := range 16 {
				work.Go(func() {
					for i := range 20 {
						b, token := params(fmt.Sprintf(`"%d-%d"`, w, i))
						frames := 0
						m, err := c.Do(t.Context(), &Request{Method: "tools/call", Params: b, Token: token, Frames: func(f Frame) {
							frames++
							if !strings.Contains(string(f.Raw), fmt.Sprintf(`"progressToken":"%d-%d"`, w, i)) {
								t.Errorf("%d-%d got %s", w, i, f.Raw)
							}
						}})
						if err != nil || string(m.Result.In(m.Raw)) != fmt.Sprintf(`{"for":%s}`, m.ID.In(m.Raw)) || streamed && frames != 1 {
							t.Errorf("%s, %d frames, %v", m.Raw, frames, err)
						}
					}
				})
			}
			work.Wait()
		})
	}
}

func TestNotify(t *testing.T) {
	bothEras(t, answers{"notifications/roots/list_changed": accept, "notifications/bad": status(400, "text/plain", "bad one")}, func(t *testing.T, c Conn, s *webServer) {
		if err := c.Notify(t.Context(), "notifications/roots/list_changed", []byte(`{"a":1}`)); err != nil {
			t.Fatal(err)
		}
		got := s.requests("notifications/roots/list_changed")
		if want := `{"jsonrpc":"2.0","method":"notifications/roots/list_changed","params":{"a":1}}`; len(got) != 1 || got[0].text != want {
			t.Errorf("sent %+v", got)
		}
		if err := c.Notify(t.Context(), "notifications/bad", nil); err == nil || !strings.Contains(err.Error(), "bad one") || c.Err() != nil {
			t.Errorf("refused: %v, connection %v", err, c.Err())
		}
		if err := c.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := c.Notify(t.Context(), "notifications/bad", nil); !errors.Is(err, ErrNotSent) || len(s.requests("notifications/bad")) != 1 {
			t.Errorf("after the end: %v", err)
		}
	})
}

// FuzzAnswer: no answer of a server, on a stream or not, brings the connection down.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		`{"jsonrpc":"2.0","id":1,"result":{}}`, `{"jsonrpc":"2.0","error":{"code":-1}}`, `{"error":{"code":1,"message":2,"data":[]}}`, `[1]`, "<html>", "",
		`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1}}`, `{"jsonrpc":"2.0","id":"x","method":"ping"}`,
		`{"error":{"code":1},"error":3}`, "[{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":5}}]", "\xff\xfe{",
	} {
		f.Add([]byte(s), 200)
		f.Add([]byte(s), 404)
	}
	r := &remote{client: &http.Client{}, url: &url.URL{}}
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		for _, modern := range []bool{true, false} {
			c := &httpConn{newRemoteConn(r, dialOptions{log: slog.New(slog.DiscardHandler), events: func(Frame) {}, backoff: backoff}, modern)}
			c.tell = func([]byte) {}
			c.agreed.Store(&agreement{hello: &Hello{}, session: "s", stateful: !modern})
			k, err := c.begin(toolCall(func(Frame) {}))
			if err != nil {
				t.Fatal(err)
			}
			if err := c.single(k, &http.Response{StatusCode: status, Header: http.Header{}}, body); err != nil && len(err.Error()) > 2000+10*len(body) {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			_, err = c.remote.eachMessage(sse.Event{Name: "message", Data: body}, func(m jsonrpc.Message) (bool, error) { return c.take(k, m) })
			if m, answered := k.drain(); answered {
				if id, ok := jsonrpc.Int(m.ID.In(m.Raw)); !ok || id != k.id {
					t.Errorf("answered by %s, %v", m.Raw, err)
				}
			}
		}
	})
}
