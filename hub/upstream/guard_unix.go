//go:build unix

package upstream

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"syscall"
)

// guard kills the servers' process groups if the hub dies without a chance to do it (kill -9). It is a shell of about
// one megabyte at the other end of a pipe: told of each group, and ended by the end of the pipe, which the kernel
// brings about however the hub ends.
type guard struct {
	log *slog.Logger

	mu     sync.Mutex
	groups map[int]bool
	shell  *exec.Cmd
	pipe   *os.File
}

const guardScript = `trap '' HUP INT TERM
while read -r op pg; do
	case $op in
	+) all="$all $pg" ;;
	-) rest=; for p in $all; do [ "$p" = "$pg" ] || rest="$rest $p"; done; all=$rest ;;
	esac
done
for p in $all; do kill -KILL -"$p"; done 2>/dev/null`

func newGuard(log *slog.Logger) *guard { return &guard{log: log, groups: map[int]bool{}} }

// add puts a process group under guard, and starts the guard if it does not run.
func (g *guard) add(pgid int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.groups[pgid] = true
	if g.pipe != nil {
		if _, err := fmt.Fprintf(g.pipe, "+ %d\n", pgid); err == nil {
			return
		}
		g.stop()
	}
	if err := g.start(); err != nil {
		g.log.Warn("no guard: if the hub is killed, servers may survive it", "err", err)
	}
}

// remove takes a process group that has ended from under guard.
func (g *guard) remove(pgid int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.groups, pgid)
	if g.pipe != nil {
		_, _ = fmt.Fprintf(g.pipe, "- %d\n", pgid) // if the guard is gone, the next add starts another
	}
}

// close ends the guard.
func (g *guard) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stop()
}

func (g *guard) start() error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd := &exec.Cmd{Path: "/bin/sh", Args: []string{"mcp-hub-guard", "-c", guardScript}, Dir: "/", Env: []string{}, Stdin: r}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	_ = r.Close()
	if err != nil {
		_ = w.Close()
		return err
	}
	g.shell, g.pipe = cmd, w
	for pgid := range g.groups {
		if _, err := fmt.Fprintf(w, "+ %d\n", pgid); err != nil {
			return err
		}
	}
	return nil
}

func (g *guard) stop() {
	if g.pipe != nil {
		_ = g.pipe.Close()
		_ = g.shell.Wait()
		g.pipe = nil
	}
}
