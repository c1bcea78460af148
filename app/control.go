package app

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"mcphub/hub/statedir"
)

// control is where a desktop hears of a second start of the program. There is one for each port.
type control struct {
	listener net.Listener
	release  func()
}

// controlDir is where the desktop keeps its things, in the folder of the hub's state.
func controlDir(stateDir string) string { return filepath.Join(stateDir, "desktop") }

func socketPath(stateDir string, port int) string {
	return filepath.Join(controlDir(stateDir), strconv.Itoa(port)+".sock")
}

// answerIn is how long the other side may take.
const answerIn = 5 * time.Second

// listen takes the desktop's place for a port. It fails with errTaken if another desktop has it.
func listen(stateDir string, port int, show func(page string), log *slog.Logger) (*control, error) {
	dir := controlDir(stateDir)
	if err := statedir.MakePrivate(dir); err != nil {
		return nil, err
	}
	path := socketPath(stateDir, port)
	release, err := statedir.TryLock(path + ".lock")
	if errors.Is(err, statedir.ErrLocked) {
		return nil, errTaken
	}
	if err != nil {
		return nil, err
	}
	_ = os.Remove(path) // of a desktop that was killed
	l, err := new(net.ListenConfig).Listen(context.Background(), "unix", path)
	if err != nil {
		release()
		return nil, fmt.Errorf("%w; set XDG_STATE_HOME to a folder with a shorter path, if it is too long", err)
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // it was closed
			}
			go serve(conn, show, log)
		}
	}()
	return &control{l, release}, nil
}

// serve takes one message, and confirms it.
func serve(conn net.Conn, show func(page string), log *slog.Logger) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(answerIn))
	lines := bufio.NewScanner(conn)
	if !lines.Scan() {
		return
	}
	var m message
	if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
		log.Warn("a second start said something strange", "err", err)
		return
	}
	if m.Raise {
		show(m.Show)
	}
	_, _ = conn.Write([]byte("{}\n"))
}

func (c *control) close() {
	_ = c.listener.Close()
	c.release()
}

// raise has a running desktop show a page; empty if it need only be there. It fails if there is none.
func raise(stateDir string, port int, page string) error {
	conn, err := (&net.Dialer{Timeout: answerIn}).DialContext(context.Background(), "unix", socketPath(stateDir, port))
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(answerIn))
	text, err := json.Marshal(message{Raise: page != "", Show: page})
	if err != nil {
		return err
	}
	if _, err := conn.Write(append(text, '\n')); err != nil {
		return err
	}
	_, err = bufio.NewReader(conn).ReadBytes('\n')
	return err
}
