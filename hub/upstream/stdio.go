package upstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"mcphub/hub/config"
	"mcphub/hub/jsonrpc"
)

var (
	errStopped      = errors.New("the hub stopped the server")
	errOutputClosed = errors.New("the server closed its output, but did not end")
)

// stdioConn is a connection to a local process over its standard input and output.
type stdioConn struct {
	*duplex
	proc    *process
	writer  *pipeWriter
	log     *ring
	hello   *Hello
	quiet   func()         // ends the listen request
	work    sync.WaitGroup // the reader, the waiter, a writer and the listen request
	closing atomic.Bool    // by the hub
	once    sync.Once
}

// dialStdio starts a server's command and shakes hands with it.
func dialStdio(ctx context.Context, r *config.Resolved, log *ring, g *guard, o dialOptions) (Conn, error) {
	proc, err := startProcess(r, log, g)
	if err != nil {
		return nil, err
	}
	c := &stdioConn{proc: proc, log: log, quiet: func() {}}
	c.writer = newPipeWriter(proc.stdin, o.limits, &c.work, func(err error) { c.work.Go(func() { c.broke(err) }) })
	c.duplex = newDuplex(c.writer.write, o.events)
	read := make(chan struct{})
	c.work.Go(func() { c.read(read, o) })
	c.work.Go(func() { c.wait(read) })
	greeted := o.known.legacy
	if err := c.shakeHands(ctx, o); err != nil {
		if errors.Is(err, ErrNotSent) && waitFor(ctx, c.done, 2*killGrace) {
			err = c.Err() // that its input is closed says less than why it ended
		}
		died := c.Err() != nil // maybe of the question: ask the other way next time
		o.known.legacy = died && !greeted
		_ = c.Close(ctx)
		return nil, err
	}
	o.known.legacy = !c.hello.Modern
	if params := listenParams(o.version, c.hello); params != nil {
		var listening context.Context
		listening, c.quiet = context.WithCancel(context.WithoutCancel(ctx))
		c.work.Go(func() {
			_, _ = c.Do(listening, &Request{Method: "subscriptions/listen", Params: params}) // it lasts as long as the connection
		})
	}
	return c, nil
}

// Hello implements Conn.
func (c *stdioConn) Hello() *Hello { return c.hello }

// PID returns the process id of the server's command.
func (c *stdioConn) PID() int { return c.proc.cmd.Process.Pid }

// Close implements Conn.
func (c *stdioConn) Close(ctx context.Context) error {
	c.once.Do(func() {
		c.closing.Store(true)
		c.quiet()
		c.proc.stop(ctx)
		_ = c.proc.stdout.Close() // a process that escaped may hold the other end
		c.end(errStopped)
		c.writer.close(errStopped)
		c.work.Wait()
	})
	return nil
}

// read takes the server's output until it ends.
func (c *stdioConn) read(ended chan<- struct{}, o dialOptions) {
	readLines(c.proc.stdout, o.limits.line, func(line []byte) { c.line(line, o) }, func(err error) {
		c.log.note("stdout: " + err.Error())
	})
	close(ended)
	c.broke(errOutputClosed)
}

// wait ends the connection when the process has ended, with its last words.
func (c *stdioConn) wait(read <-chan struct{}) {
	why := c.proc.wait()
	waitFor(context.Background(), read, 300*time.Millisecond) // there may be answers in the pipe
	if said := c.log.lastWords(); said != "" {
		why = fmt.Errorf("%w; it last said: %s", why, said[:min(len(said), 300)])
	}
	if c.closing.Load() {
		why = errStopped
	}
	c.end(why)
}

// broke ends the connection because one of its pipes did. Mostly the process is about to end, which tells more.
func (c *stdioConn) broke(why error) {
	if !errors.Is(why, errNotReading) {
		waitFor(context.Background(), c.done, 2*killGrace)
	}
	c.end(why)
}

// line takes one line of the server's output.
func (c *stdioConn) line(text []byte, o dialOptions) {
	if text = bytes.TrimSpace(text); len(text) == 0 {
		return
	}
	if !utf8.Valid(text) { // no client could read it
		text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
	}
	m, err := jsonrpc.Scan(text)
	if err == nil {
		c.receive(m)
		return
	}
	if batch, ok := jsonrpc.Batch(text); ok && jsonrpc.Valid(text) == nil { // revision 2025-03-26 allows it
		for _, text := range batch {
			c.line(text, o)
		}
		return
	}
	o.log.Debug("not a message on stdout", "err", err)
	c.log.note("stdout is for messages only, but held: " + c.log.redact.Cut(string(text), 500))
}

// shakeHands finds out the era of the server and greets it (specification 2026-07-28, "Versioning").
func (c *stdioConn) shakeHands(ctx context.Context, o dialOptions) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		hello *Hello
		err   error
	}
	ask := func(shake func(context.Context, Conn, string) (*Hello, error)) <-chan answer {
		a := make(chan answer, 1)
		c.work.Go(func() {
			h, err := shake(ctx, c, o.version)
			a <- answer{h, err}
		})
		return a
	}
	var modern, legacy <-chan answer
	var headStart <-chan time.Time
	if o.protocol == config.ProtocolLegacy || o.protocol != config.ProtocolModern && o.known.legacy {
		legacy = ask(initialize)
	} else {
		modern = ask(discover)
		if o.protocol != config.ProtocolModern {
			t := time.NewTimer(o.limits.headStart)
			defer t.Stop()
			headStart = t.C
		}
	}
	var found *Hello // by discover
	for {
		select {
		case a := <-modern:
			modern = nil
			switch {
			case a.err == nil && legacy == nil:
				c.hello = a.hello
				return nil
			case a.err == nil: // initialize is under way: see whether the server takes it
				found = a.hello
			case legacy == nil && headStart == nil, errors.Is(a.err, ErrClosed), ctx.Err() != nil:
				return a.err
			case legacy == nil:
				headStart = nil
				legacy = ask(initialize)
			}
		case <-headStart:
			headStart = nil
			legacy = ask(initialize)
		case a := <-legacy:
			switch {
			case a.err == nil:
				c.hello = a.hello
				return c.Notify(ctx, "notifications/initialized", nil)
			case found != nil:
				c.hello = found
				return nil
			case modern == nil:
				return a.err
			}
			legacy = nil
		}
	}
}

// initialize greets a legacy server.
func initialize(ctx context.Context, c Conn, version string) (*Hello, error) {
	result, err := ask(ctx, c, &Request{Method: "initialize", Params: initializeParams(version)})
	if err != nil {
		return nil, err
	}
	return NewHello(result, false, "")
}

// discover asks a modern server what it is.
func discover(ctx context.Context, c Conn, version string) (*Hello, error) {
	result, err := ask(ctx, c, &Request{Method: "server/discover", Params: fmt.Appendf(nil, `{"_meta":%s}`, OwnMeta(version))})
	if err != nil {
		return nil, err
	}
	return NewHello(result, true, ModernVersion)
}

// ask sends a request of the hub's own and returns the raw result.
func ask(ctx context.Context, c Conn, req *Request) ([]byte, error) {
	m, err := c.Do(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", req.Method, err)
	}
	if fault := m.Fault(); fault != nil {
		return nil, fmt.Errorf("%s: the server answered: %w", req.Method, fault)
	}
	return m.Result.In(m.Raw), nil
}
