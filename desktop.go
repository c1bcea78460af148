//go:build desktop

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strconv"

	"github.com/spf13/cobra"

	"mcphub/app"
	"mcphub/app/loginpath"
	"mcphub/hub"
	"mcphub/hub/access"
	"mcphub/hub/logfile"
	"mcphub/hub/statedir"
)

// withWindow says whether this program has a window.
const withWindow = true

// flavour is the desktop: beside the hub there are a tray and a window.
type flavour struct {
	wanted bool // by a flag
	hidden bool
}

// flags adds those of the flavour.
func (f *flavour) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.wanted, "desktop", false, "also show the tray and the window (always, without other arguments)")
	cmd.Flags().BoolVar(&f.hidden, "hidden", false, "the same, but begin without the window")
}

// prepare sees to what must be there before the hub's options are made. It reports whether there shall be a tray and a window.
func (f *flavour) prepare(ctx context.Context, cmd *cobra.Command, log *slog.Logger) bool {
	if cmd.Flags().NFlag() > 0 && !f.wanted && !f.hidden {
		return false // an editor, or who knows what they want
	}
	if !app.HasDisplay() {
		log.Info("there is no display here, so this is the hub without tray and window")
		return false
	}
	if shell := os.Getenv("SHELL"); shell != "" && os.Getenv("TERM") == "" && runtime.GOOS != "windows" { // started by a desktop, not in a terminal
		path, err := loginpath.Of(ctx, shell, os.Getenv("PATH"))
		if err != nil {
			log.Warn("the search path of the login shell is not known, so servers may not find their programs", "err", err)
		}
		if err := os.Setenv("PATH", path); err != nil {
			log.Warn("the search path of the login shell cannot be used", "err", err)
		}
	}
	return true
}

// run runs the desktop around a hub.
func (f *flavour) run(ctx context.Context, r *remote, o hub.Options, start func(context.Context, hub.Desktop) (*hub.Hub, error)) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	return app.Run(ctx, app.Options{
		Start: start, Client: r.at, Stored: access.OpenKeys(o.StateDir, o.Secrets, o.Log).Token,
		Port: o.Port, Hidden: f.hidden, Program: program, Dir: o.StateDir, Log: o.Log,
	})
}

// roles are the commands that are processes of the desktop.
func (r *remote) roles() []*cobra.Command {
	return []*cobra.Command{
		r.role("window", "Show the hub in a window", app.Window),
		r.role("tray", "Show the hub beside the clock", app.Tray),
	}
}

func (r *remote) role(name, short string, run func(context.Context, app.Role) error) *cobra.Command {
	role := app.Role{Client: r.at, Browse: openPage}
	cmd := r.reaching(&cobra.Command{
		Use: name, Short: short, Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			role.Log = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
			role.Hub, role.In, role.Out = r.url, os.Stdin, cmd.OutOrStdout()
			if role.Port, err = portOf(r.url); err != nil {
				return err
			}
			if role.Program, err = os.Executable(); err != nil {
				return fmt.Errorf("find this program: %w", err)
			}
			if role.Dir, err = statedir.Path(); err != nil {
				return err
			}
			role.LogFile = logfile.New(logfile.Options{Dir: role.Dir}).Path()
			role.Self = func(args ...string) *exec.Cmd {
				cmd := exec.CommandContext(context.Background(), role.Program, args...)
				detach(cmd)
				return cmd
			}
			return run(cmd.Context(), role)
		},
	})
	cmd.Flags().BoolVar(&role.Child, app.ChildFlag, false, "")
	_ = cmd.Flags().MarkHidden(app.ChildFlag) // it is there
	if name == "window" {
		cmd.Flags().StringVar(&role.Page, "page", "", "`path` of the page of the dashboard to show, such as /market")
	}
	return cmd
}

// portOf returns the port in an address.
func portOf(address string) (int, error) {
	u, err := url.Parse(address)
	if err != nil {
		return 0, badArgument("--hub: %w", err)
	}
	if u.Port() == "" {
		return 0, nil
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		return 0, badArgument("--hub: %w", err)
	}
	return port, nil
}
