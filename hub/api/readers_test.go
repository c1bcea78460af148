package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mcphub/hub/sse"
	"mcphub/hub/upstream"
)

// The hub has many readers: each is two file descriptors of the test, of which Go takes as many as the system gives.
const (
	readers = 1000
	stuck   = 10 // of them never read
)

// How much a connection holds that is on its way: little, so that it is soon full if nobody reads from it; or all that a
// test sends.
const (
	narrow = 4 << 10
	wide   = 1 << 20
)

// connect opens a stream without an HTTP client, which would read ahead.
func connect(t *testing.T, addr string, buffer int) *sse.Reader {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).SetReadBuffer(buffer); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = conn.Close(), resp.Body.Close() })
	if resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status)
	}
	return sse.NewReader(resp.Body, 1<<20)
}

// serve starts a server and returns its address. Its first connections are the narrow ones, and have their own limit of how
// long they may be full: the others are on a machine that may be very busy.
func serve(t *testing.T, h http.Handler, limit time.Duration) string {
	t.Helper()
	type first struct{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Context().Value(first{}) != nil {
			w = limited{w, limit}
		}
		h.ServeHTTP(w, r)
	}))
	connections := 0
	server.Config.ConnContext = func(ctx context.Context, conn net.Conn) context.Context { // one after the other
		buffer := wide
		if connections++; connections <= stuck {
			ctx, buffer = context.WithValue(ctx, first{}, true), narrow
		}
		_ = conn.(*net.TCPConn).SetWriteBuffer(buffer)
		return ctx
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// limited has deadlines of its own.
type limited struct {
	http.ResponseWriter
	limit time.Duration
}

func (l limited) Unwrap() http.ResponseWriter { return l.ResponseWriter }

func (l limited) SetWriteDeadline(time.Time) error {
	return http.NewResponseController(l.ResponseWriter).SetWriteDeadline(time.Now().Add(l.limit))
}

// next reads the next event that is no heartbeat.
func next(r *sse.Reader) (sse.Event, error) {
	for {
		if e, err := r.Next(); err != nil || e.Name != "heartbeat" {
			return e, err
		}
	}
}

func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// TestManyReaders: 1,000 clients, some of which never read, all others get everything in order, nobody waits for the
// stuck ones, and these are cut off.
func TestManyReaders(t *testing.T) {
	for name, handler := range map[string]func(*stream) http.Handler{
		"events": func(s *stream) http.Handler { return s.Live },
		"stream": func(s *stream) http.Handler { return s },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStream(4096)
			s.stuck = time.Minute
			addr := serve(t, handler(s), time.Second)
			t.Cleanup(s.Close)
			before := heap()
			all := make([]*sse.Reader, readers)
			for i := range all {
				buffer := wide
				if i < stuck {
					buffer = narrow
				}
				all[i] = connect(t, addr, buffer)
				if _, err := all[i].Next(); err != nil { // the state, or a snapshot
					t.Fatal(err)
				}
			}
			t.Logf("%d readers keep %d bytes each, of hub and test", readers, (heap()-before)/readers)

			const events = 100
			padding := strings.Repeat(".", 400) // so that all events find room on the way to one who reads late
			var reading sync.WaitGroup
			begin := time.Now()
			for i, r := range all[stuck:] {
				reading.Go(func() {
					for n := range events {
						e, err := next(r)
						if err != nil || !strings.Contains(string(e.Data), fmt.Sprintf("line %d .", n)) {
							t.Errorf("reader %d, event %d: %.100s, %v", i, n, e.Data, err)
							return
						}
					}
				})
			}
			took := make([]time.Duration, events)
			for n := range took {
				line := fmt.Sprintf("line %d %s", n, padding)
				at := time.Now()
				s.bus.Publish(upstream.EventStderr, "a", line)
				took[n] = time.Since(at)
			}
			reading.Wait()
			slices.Sort(took)
			t.Logf("%d events took their publisher %v each, at worst %v, and %d readers %v", events, took[events/2], took[events-1], readers-stuck, time.Since(begin))
			const aim = 10 * time.Millisecond
			if took[events/2] > 10*aim {
				t.Errorf("an event takes its publisher %v, want under %v", took[events/2], 10*aim)
			}
			for end := time.Now().Add(20 * time.Second); s.connected() != readers-stuck; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("%d readers are left, want %d", s.connected(), readers-stuck)
				}
			}
			s.Close()
			for i, r := range all[stuck:] {
				if _, err := next(r); !errors.Is(err, io.EOF) {
					t.Fatalf("reader %d: the end is %v", i, err)
				}
			}
		})
	}
}

// TestStuckReadersKeepNothing: what is published is not kept for those who do not read it.
func TestStuckReadersKeepNothing(t *testing.T) {
	s := newStream(8)
	addr := serve(t, s.Live, time.Minute)
	for range stuck {
		connect(t, addr, narrow)
	}
	line := strings.Repeat(".", 100<<10)
	publish := func(n int) {
		for i := range n {
			s.bus.Publish(upstream.EventStderr, "a", strconv.Itoa(i)+line)
			time.Sleep(time.Millisecond) // the readers get stuck at different times
		}
	}
	publish(100)
	before := heap()
	publish(500)
	if grown := heap() - before; grown > 10<<20 {
		t.Errorf("%d bytes more are kept after %d events of %d bytes", grown, 500, len(line))
	}
	if s.connected() != stuck {
		t.Errorf("%d readers are left, want %d", s.connected(), stuck)
	}
}

// TestClientsAreCounted: of clients that come and go at once, the last count is told last: automatic shutdown goes by it.
func TestClientsAreCounted(t *testing.T) {
	s := newStream(8)
	told := -1
	s.count = func(n int) { // under the lock
		runtime.Gosched()
		told = n
	}
	for range 20 {
		var work sync.WaitGroup
		for range 20 {
			work.Go(func() {
				_, _, leave := s.join(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
				leave()
			})
		}
		work.Wait()
		if told != 0 {
			t.Fatalf("%d clients are told when all have left", told)
		}
	}
}
