//go:build desktop

package app

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// parent is the desktop as a child sees it.
type parent struct {
	Messages <-chan message // closed when the desktop has ended
	First    greeting

	mu  sync.Mutex
	out io.Writer
}

// lastWord is how long a child may take to end after its desktop has.
const lastWord = 4 * time.Second

// newParent waits for the desktop's greeting. When the desktop ends and this process does not, it is ended the hard way.
func newParent(in io.Reader, out io.Writer) (*parent, error) {
	messages := make(chan message)
	p := &parent{Messages: messages, out: out}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	if !lines.Scan() {
		return nil, fmt.Errorf("the flag --%s is for the desktop itself: leave it out", ChildFlag)
	}
	var m message
	if err := json.Unmarshal(lines.Bytes(), &m); err != nil || m.Greeting == nil {
		return nil, fmt.Errorf("the flag --%s is for the desktop itself: leave it out", ChildFlag)
	}
	p.First = *m.Greeting
	go func() {
		for lines.Scan() {
			var m message
			if json.Unmarshal(lines.Bytes(), &m) == nil {
				messages <- m
			}
		}
		time.AfterFunc(lastWord, func() { os.Exit(1) })
		close(messages)
	}()
	return p, nil
}

// say sends a message to the desktop. If that has ended, so does this process soon.
func (p *parent) say(m message) {
	text, err := json.Marshal(m)
	if err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = p.out.Write(append(text, '\n'))
}
