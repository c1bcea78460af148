package oauth

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// ports are the loopback ports other than the hub's own at which browsers are expected back. Each is open only while a
// sign-in is under way.
type ports struct {
	m *Manager

	mu   sync.Mutex
	live map[int]*landing
}

// landing is one such port.
type landing struct {
	pending int // sign-ins under way
	timer   *time.Timer
	over    chan struct{}
}

// open listens on a port until a time, or until as many sign-ins are done as it was opened for.
func (p *ports) open(ctx context.Context, port int, until time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.live[port]; l != nil {
		l.pending++
		l.timer.Reset(time.Until(until))
		return nil
	}
	var listeners []net.Listener
	for _, host := range []string{"127.0.0.1", "::1"} {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err == nil {
			listeners = append(listeners, l)
		} else if host == "127.0.0.1" { // a machine may have no IPv6
			return fmt.Errorf("the browser could not come back to port %d, which oauth.redirectPort of the server's configuration names: %w", port, err)
		}
	}
	server := &http.Server{Handler: p, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: maxHeader}
	land := &landing{pending: 1, timer: time.NewTimer(time.Until(until)), over: make(chan struct{})}
	err := p.m.spawn(ctx, func(ctx context.Context) {
		var serving sync.WaitGroup
		for _, l := range listeners {
			serving.Go(func() { _ = server.Serve(l) }) // until it is shut down
		}
		select {
		case <-land.timer.C:
		case <-land.over:
		}
		p.mu.Lock()
		for _, l := range listeners { // now, so that the next one can have the port
			_ = l.Close()
		}
		if p.live[port] == land {
			delete(p.live, port)
		}
		p.mu.Unlock()
		ctx, cancel := context.WithTimeout(ctx, grace)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close()
		}
		serving.Wait()
	})
	if err != nil {
		for _, l := range listeners {
			_ = l.Close()
		}
		return err
	}
	p.live[port] = land
	return nil
}

// close closes all ports.
func (p *ports) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for port, l := range p.live {
		delete(p.live, port)
		close(l.over)
	}
}

// done says that one of the sign-ins of a port is done.
func (p *ports) done(port int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.live[port]
	if l == nil {
		return
	}
	if l.pending--; l.pending == 0 {
		delete(p.live, port)
		close(l.over)
	}
}

// ServeHTTP answers the browser that comes back.
func (p *ports) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet || !r.URL.Query().Has("state") { // browsers also ask for an icon
		http.NotFound(w, r)
		return
	}
	p.m.callback.ServeHTTP(w, r)
}
