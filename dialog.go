package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// dialog reads what a person types, or what a program was given instead. What it says goes to stderr.
type dialog struct {
	givenUp  error // what it means if no answer comes
	in       io.Reader
	out      io.Writer
	terminal int // where a person types; -1 if nobody does
}

func newDialog(cmd *cobra.Command, givenUp error) *dialog {
	d := &dialog{givenUp: givenUp, in: cmd.InOrStdin(), out: cmd.ErrOrStderr(), terminal: -1}
	if f, ok := d.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		d.terminal = int(f.Fd())
	}
	return d
}

// asks reports whether there is a person to ask.
func (d *dialog) asks() bool { return d.terminal >= 0 }

func (d *dialog) say(format string, args ...any) { _, _ = fmt.Fprintf(d.out, format+"\n", args...) }

// confirm asks whether to install. Its error says that it shall not be.
func (d *dialog) confirm(ctx context.Context) error {
	if !d.asks() {
		return fmt.Errorf("%w, since nobody can be asked: say --yes to install it", errNotInstalled)
	}
	answer, err := d.read(ctx, "\nInstall it? [y/N]", false)
	if err != nil {
		return err
	}
	if a := strings.ToLower(strings.TrimSpace(answer)); a != "y" && a != "yes" {
		return errNotInstalled
	}
	return nil
}

// read reads one line, on a terminal after a prompt, and without showing it there if it is secret.
func (d *dialog) read(ctx context.Context, prompt string, secret bool) (string, error) {
	type line struct {
		text string
		err  error
	}
	var before *term.State
	if d.asks() {
		_, _ = fmt.Fprint(d.out, prompt, " ")
		before, _ = term.GetState(d.terminal) // without it there is nothing to restore
	}
	read := make(chan line, 1)
	go func() {
		if d.asks() && secret {
			text, err := term.ReadPassword(d.terminal)
			d.say("")
			read <- line{string(text), err}
			return
		}
		text, err := readLine(d.in)
		read <- line{text, err}
	}()
	select {
	case l := <-read:
		if errors.Is(l.err, io.EOF) {
			return "", fmt.Errorf("%w: standard input ended before %s", d.givenUp, strings.Trim(prompt, "\n:"))
		}
		return l.text, l.err
	case <-ctx.Done(): // the read goes on, and ends with the program
		if before != nil {
			_ = term.Restore(d.terminal, before)
			d.say("")
		}
		return "", d.givenUp
	}
}

// readLine reads a line and nothing behind it, which another read is for. The last one needs no line break.
func readLine(r io.Reader) (string, error) {
	var text []byte
	for b := make([]byte, 1); ; {
		n, err := r.Read(b)
		switch {
		case n > 0 && b[0] == '\n':
			return strings.TrimSuffix(string(text), "\r"), nil
		case n > 0:
			text = append(text, b[0])
		case errors.Is(err, io.EOF) && len(text) > 0:
			return string(text), nil
		case err != nil:
			return "", err
		}
	}
}
