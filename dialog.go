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

	"mcphub/hub/secret"
)

// dialog reads what a person types, or what a program was given instead. What it says goes to stderr.
type dialog struct {
	in       io.Reader
	out      io.Writer
	terminal int   // where a person types; -1 if nobody does
	refusal  error // what it means that there is no answer, or no for an answer
}

func newDialog(cmd *cobra.Command, refusal error) *dialog {
	d := &dialog{in: cmd.InOrStdin(), out: cmd.ErrOrStderr(), terminal: -1, refusal: refusal}
	if f, ok := d.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		d.terminal = int(f.Fd())
	}
	return d
}

// asks reports whether there is a person to ask.
func (d *dialog) asks() bool { return d.terminal >= 0 }

func (d *dialog) say(format string, args ...any) { _, _ = fmt.Fprintf(d.out, format+"\n", args...) }

// confirm asks whether to do it, as in "Install it". Its error says that it shall not be done.
func (d *dialog) confirm(ctx context.Context, do string) error {
	if !d.asks() {
		return fmt.Errorf("%w, since nobody can be asked: say --yes to %s", d.refusal, strings.ToLower(do))
	}
	answer, err := d.read(ctx, "\n"+do+"? [y/N]", false)
	if err != nil {
		return err
	}
	if a := strings.ToLower(strings.TrimSpace(answer)); a != "y" && a != "yes" {
		return d.refusal
	}
	return nil
}

// read reads one line, on a terminal after a prompt, and without showing it there if it is to be hidden.
func (d *dialog) read(ctx context.Context, prompt string, hidden bool) (string, error) {
	type line struct {
		text string
		err  error
	}
	var before *term.State
	readNext := func() (string, error) { return readLine(d.in) }
	switch {
	case d.asks() && hidden:
		var err error
		if before, err = term.MakeRaw(d.terminal); err != nil { // before the prompt: who types at once is not shown either
			return "", fmt.Errorf("hide what is typed: %w", err)
		}
		defer func() { _ = term.Restore(d.terminal, before) }()
		readNext = func() (string, error) {
			return term.NewTerminal(struct {
				io.Reader
				io.Writer
			}{d.in, d.out}, "").ReadPassword(prompt + " ")
		}
	case d.asks():
		_, _ = fmt.Fprint(d.out, prompt, " ")
	}
	read := make(chan line, 1)
	go func() {
		text, err := readNext()
		read <- line{text, err}
	}()
	select {
	case l := <-read:
		switch {
		case errors.Is(l.err, io.EOF) && before != nil: // Ctrl-C too
			return "", d.refusal
		case errors.Is(l.err, io.EOF):
			return "", fmt.Errorf("%w: standard input ended before %s", d.refusal, strings.Trim(prompt, "\n:"))
		}
		return l.text, l.err
	case <-ctx.Done(): // the read goes on, and ends with the program
		if d.asks() {
			d.say("")
		}
		return "", d.refusal
	}
}

// whole reads a secret: a line that a person types without seeing it, or all of what a program is given.
func (d *dialog) whole(ctx context.Context, prompt string) (string, error) {
	var value string
	var err error
	if d.asks() {
		value, err = d.read(ctx, prompt, true)
	} else {
		var all []byte
		all, err = io.ReadAll(io.LimitReader(d.in, secret.MaxValue+2))
		value = strings.TrimSuffix(strings.TrimSuffix(string(all), "\n"), "\r")
	}
	if err == nil && value == "" {
		err = fmt.Errorf("%w: what was given is empty", d.refusal)
	}
	return value, err
}

// newPassphrase reads a passphrase, twice from a person who cannot see it.
func (d *dialog) newPassphrase(ctx context.Context) (string, error) {
	first, err := d.whole(ctx, "New passphrase:")
	if err != nil || !d.asks() {
		return first, err
	}
	second, err := d.whole(ctx, "Once more:")
	if err == nil && first != second {
		err = fmt.Errorf("%w: the two are not the same", d.refusal)
	}
	return first, err
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
