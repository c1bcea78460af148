package upstream

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"mcphub/hub/config"
)

// How a server's process is ended: its input is closed, then it is asked by a signal, then it is killed, with all that
// it started. All in all this stays below the 5 s that the hub itself has.
const (
	closeGrace = 1 * time.Second
	termGrace  = 1500 * time.Millisecond
	killGrace  = 1 * time.Second
)

// process is a server's command and everything that it starts.
type process struct {
	cmd    *exec.Cmd
	tree   *tree
	stdin  *os.File
	stdout *os.File
	exited chan struct{} // closed when the command itself has ended
}

// startProcess starts a server's command with its standard error going to log.
func startProcess(r *config.Resolved, log *ring, g *guard) (*process, error) {
	if info, err := os.Stat(r.Cwd); err != nil || !info.IsDir() { // which the system would blame on the command
		return nil, permanent{fmt.Errorf("there is no folder %q to start the server in: create it, or correct cwd", r.Cwd)}
	}
	path, err := lookPath(r.Command, r.Env["PATH"].Reveal(), r.Cwd)
	if err != nil {
		return nil, permanent{err}
	}
	cmd := &exec.Cmd{Path: path, Args: []string{r.Command}, Dir: r.Cwd, Stderr: log, WaitDelay: killGrace}
	for _, a := range r.Args {
		cmd.Args = append(cmd.Args, a.Reveal())
	}
	cmd.Env = []string{} // never nil, which would mean the hub's own environment
	for k, v := range r.Env {
		cmd.Env = append(cmd.Env, k+"="+v.Reveal())
	}
	slices.Sort(cmd.Env)
	prepare(cmd)

	childIn, stdin, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", r.Command, err)
	}
	stdout, childOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", r.Command, err), childIn.Close(), stdin.Close())
	}
	cmd.Stdin, cmd.Stdout = childIn, childOut
	err = cmd.Start()
	_, _ = childIn.Close(), childOut.Close()
	if err != nil {
		_, _ = stdin.Close(), stdout.Close()
		err = fmt.Errorf("start %s: %w", r.Command, err)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.ENOEXEC) {
			err = permanent{err}
		}
		return nil, err
	}
	p := &process{cmd: cmd, stdin: stdin, stdout: stdout, exited: make(chan struct{})}
	p.tree = adopt(cmd, g)
	return p, nil
}

// wait returns when the command has ended, with the reason. It is called once.
func (p *process) wait() error {
	err := p.cmd.Wait()
	close(p.exited)
	if err == nil || errors.Is(err, exec.ErrWaitDelay) {
		return errors.New("the process exited by itself with code 0")
	}
	return fmt.Errorf("the process ended: %w", err)
}

// stop ends the process and its whole tree, and returns when nothing of it is left. If ctx ends, it does so by force.
func (p *process) stop(ctx context.Context) {
	p.tree.remember() // while the chain of parents still tells what belongs to it
	_ = p.stdin.Close()
	if !waitFor(ctx, p.exited, closeGrace) {
		p.tree.signal(false)
		if !waitFor(ctx, p.exited, termGrace) {
			p.tree.signal(true)
			<-p.exited
		}
	}
	p.sweep(ctx)
}

// sweep ends what the command left behind when it ended.
func (p *process) sweep(ctx context.Context) {
	defer p.tree.release()
	if p.tree.gone() {
		return
	}
	p.tree.signal(false)
	for _, force := range []bool{false, true} {
		if force {
			p.tree.signal(true)
		}
		for end := time.Now().Add(killGrace); time.Now().Before(end) && ctx.Err() == nil; {
			if p.tree.gone() {
				return
			}
			_ = waitFor(ctx, nil, 10*time.Millisecond)
		}
	}
	p.tree.signal(true)
}

// waitFor waits until c is closed, at most for d and while ctx lasts, and reports whether c is closed.
func waitFor(ctx context.Context, c <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-c:
		return true
	case <-t.C:
	case <-ctx.Done():
	}
	return false
}

// lookPath finds a command as the child would: in the child's PATH, or below its working directory if the name has a
// slash.
func lookPath(command, path, dir string) (string, error) {
	if runtime.GOOS == "windows" { // where the extension is part of the search
		p, err := exec.LookPath(command)
		if err != nil {
			return "", fmt.Errorf("command %q was not found: install it, or give its full path", command)
		}
		return p, nil
	}
	if strings.ContainsRune(command, '/') {
		if !filepath.IsAbs(command) {
			command = filepath.Join(dir, command)
		}
		if err := executable(command); err != nil {
			return "", fmt.Errorf("command %q cannot be run: %w", command, err)
		}
		return command, nil
	}
	for _, d := range filepath.SplitList(path) {
		if !filepath.IsAbs(d) {
			d = filepath.Join(dir, d)
		}
		if p := filepath.Join(d, command); executable(p) == nil {
			return p, nil
		}
	}
	return "", fmt.Errorf("command %q was not found in PATH: install it, give its full path, or set PATH in the server's env", command)
}

func executable(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a folder", path)
	case info.Mode()&0o111 == 0:
		return fmt.Errorf("%s is not executable", path)
	}
	return nil
}
