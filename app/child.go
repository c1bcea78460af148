package app

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// message is a line between the desktop and a child, in JSON. The desktop's end of the pipe is also the child's lifeline:
// when it closes, for whatever reason, the child ends.
type message struct {
	Greeting *greeting `json:"greeting,omitempty"` // first of all, and when the hub is another one
	Raise    bool      `json:"raise,omitempty"`    // open the window, or bring it to the front
	Show     string    `json:"show,omitempty"`     // with this page of the dashboard
	Failed   string    `json:"failed,omitempty"`   // why there is no hub
	Retry    bool      `json:"retry,omitempty"`    // the person wants it started again
	Settings bool      `json:"settings,omitempty"` // the settings have been changed
	Quit     bool      `json:"quit,omitempty"`     // the person wants everything to end
}

// greeting tells a child which hub it is for. The token is never in its arguments, which others could see.
type greeting struct {
	Hub   string `json:"hub"`
	Token string `json:"token,omitempty"` // empty: the child gets in as every program of the person does
	Lent  bool   `json:"lent,omitempty"`  // the token is that of the person's hubs, for nobody else who may have the port later
}

// ChildFlag is the flag by which this program knows that it was started by a desktop, and has its lifeline on stdin.
const ChildFlag = "child"

const (
	firstPause   = time.Second
	longestPause = time.Minute
	lasted       = time.Minute     // who ran this long begins with the first pause again
	endPatience  = 5 * time.Second // for a child to end by itself
)

// child is another process of this program. Only one of it runs at a time.
type child struct {
	desktop *desktop
	role    string
	program string
	log     *slog.Logger

	mu       sync.Mutex
	greeting greeting
	running  *process // nil if none
	ending   bool
	keeping  sync.WaitGroup
	stop     context.CancelFunc // ends keep; nil if it is not kept
}

type process struct {
	stdin io.WriteCloser
	cmd   *exec.Cmd
	ended chan struct{}
	err   error  // how, once it has ended
	said  string // what it wrote that tells most
}

func newChild(d *desktop, role string, o Options) *child {
	return &child{desktop: d, role: role, program: o.Program, log: o.Log}
}

// greet sets for which hub the child is. If it runs for another one, it is told.
func (c *child) greet(g greeting) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.greeting == g {
		return
	}
	c.greeting = g
	if c.running != nil {
		c.running.send(message{Greeting: &g})
	}
}

// tell sends the child a message if it runs.
func (c *child) tell(m message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running != nil {
		c.running.send(m)
	}
}

// open starts the child if it does not run, and sends it a message. What it returns is closed when the child ends.
func (c *child) open(m message) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, err := c.start()
	if err != nil {
		c.log.Error("a part of the desktop cannot be started", "part", c.role, "err", err)
		ended := make(chan struct{})
		close(ended)
		return ended
	}
	p.send(m)
	return p.ended
}

// start starts the child if it does not run. The caller has the lock.
func (c *child) start() (*process, error) {
	if c.ending {
		return nil, errors.New("the desktop is about to end")
	}
	if c.running != nil {
		return c.running, nil
	}
	cmd := exec.CommandContext(context.Background(), c.program, c.role, "--"+ChildFlag) // its lifeline ends it
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{stdin: stdin, cmd: cmd, ended: make(chan struct{})}
	c.running = p
	g := c.greeting
	p.send(message{Greeting: &g})
	c.log.Info("a part of the desktop has started", "part", c.role, "pid", cmd.Process.Pid)
	var reading sync.WaitGroup
	reading.Go(func() {
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			var m message
			if json.Unmarshal(lines.Bytes(), &m) == nil { // else it is a library that talks
				c.desktop.heard(m)
			}
		}
		_, _ = io.Copy(io.Discard, stdout) // after a line that is too long
	})
	reading.Go(func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			if text := strings.TrimSpace(lines.Text()); text != "" {
				p.listen(text)
				c.log.Debug("a part of the desktop says", "part", c.role, "line", text)
			}
		}
		_, _ = io.Copy(io.Discard, stderr)
	})
	go func() {
		reading.Wait()
		p.err = cmd.Wait()
		c.mu.Lock()
		c.running = nil
		c.mu.Unlock()
		c.over(p)
		close(p.ended)
	}()
	return p, nil
}

// over tells how a child ended.
func (c *child) over(p *process) {
	switch {
	case p.err == nil:
		c.log.Info("a part of the desktop has ended", "part", c.role)
	case c.role == "window":
		c.log.Error("the window could not be shown", "err", p.err, "said", p.said)
	default:
		c.log.Debug("a part of the desktop has ended", "part", c.role, "err", p.err, "said", p.said)
	}
}

// listen takes a line that the child wrote. Its own error tells most, else what came first, for example of a crash.
func (p *process) listen(line string) {
	if strings.Contains(line, "Overriding existing handler") {
		return // which WebKit always says
	}
	if p.said == "" || strings.HasPrefix(line, "mcp-hub: ") {
		p.said = line
	}
}

// send writes a message. A child that reads none is about to end.
func (p *process) send(m message) {
	text, err := json.Marshal(m)
	if err == nil {
		_, _ = p.stdin.Write(append(text, '\n'))
	}
}

// keep has the child run from now on: when it ends, it is started again after a pause that grows.
func (c *child) keep(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stop != nil {
		return
	}
	ctx, c.stop = context.WithCancel(ctx)
	c.keeping.Go(func() {
		told := false
		for pause := firstPause; ctx.Err() == nil; pause = min(2*pause, longestPause) {
			begun := time.Now()
			c.mu.Lock()
			p, err := c.start()
			c.mu.Unlock()
			if err == nil {
				select {
				case <-p.ended:
					err = p.err
				case <-ctx.Done():
					return
				}
			}
			if time.Since(begun) > lasted {
				pause, told = firstPause, false
			}
			if err != nil && !told && ctx.Err() == nil {
				said := ""
				if p != nil {
					said = p.said
				}
				told = true
				c.log.Warn("a part of the desktop has ended, and is tried again from time to time", "part", c.role, "err", err, "said", said)
			}
			sleep(ctx, pause)
		}
	})
}

// end ends the child and waits for it.
func (c *child) end() {
	c.mu.Lock()
	c.ending = true
	p, stop := c.running, c.stop
	c.mu.Unlock()
	if stop != nil {
		stop()
	}
	c.keeping.Wait()
	if p == nil {
		return
	}
	_ = p.stdin.Close()
	select {
	case <-p.ended:
	case <-time.After(endPatience):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}
