package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mcphub/hub/release"
	"mcphub/hub/statedir"
	"mcphub/hub/workspace"
)

// feed is where releases are told of, if whoever builds the program says so.
var feed string

// upgrade is what the command line of "mcp-hub upgrade" says.
type upgrade struct {
	feed      string
	check     bool
	back      bool
	downgrade bool
}

func upgradeCommand() *cobra.Command {
	var u upgrade
	cmd := &cobra.Command{
		Use: "upgrade", Short: "Put the latest version in the place of this program", Args: exactly(0),
		Long: `Put the latest version in the place of this program, which is kept beside it with ".old" at the end of its name.

What dpkg, rpm or npm have installed is left to them: the command says how. A hub that runs goes on with the program that it
was started from, until it is started again.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			program, err := release.Self()
			if err != nil {
				return err
			}
			if u.back {
				return u.goBack(cmd, program)
			}
			return u.run(cmd, program)
		},
	}
	standard := "there is none"
	if feed != "" {
		standard = feed
	}
	cmd.Flags().StringVar(&u.feed, "feed", feed, "`address` or file that tells of releases (default: "+standard+")")
	cmd.Flags().Lookup("feed").DefValue = "" // told already
	cmd.Flags().BoolVar(&u.check, "check", false, "only say whether there is a newer version")
	cmd.Flags().BoolVar(&u.downgrade, "allow-downgrade", false, "also take a version before this one")
	cmd.Flags().BoolVar(&u.back, "back", false, "go back to the program that the last upgrade replaced")
	cmd.MarkFlagsMutuallyExclusive("back", "check")
	return cmd
}

func (u *upgrade) run(cmd *cobra.Command, program string) error {
	if u.feed == "" {
		return badArgument("it is not known where there are releases: name the feed with --feed")
	}
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	r, err := release.Read(ctx, u.feed)
	if err != nil {
		return err
	}
	switch order := release.Compare(r.Version, version); {
	case order == 0:
		_, err = fmt.Fprintf(out, "MCP Hub %s is the latest version.\n", version)
		return err
	case order < 0 && u.check:
		_, err = fmt.Fprintf(out, "MCP Hub %s is newer than the latest version, %s.\n", version, r.Version)
		return err
	case order < 0 && !u.downgrade:
		return fmt.Errorf("the latest version, %s, is before this one, %s; --allow-downgrade takes it", r.Version, version)
	}
	if _, err = fmt.Fprintf(out, "MCP Hub %s is out since %s; this is %s.\n", r.Version, r.Date, version); err != nil {
		return err
	}
	if r.Notes != "" {
		_, _ = fmt.Fprintf(out, "What is new: %s\n", r.Notes)
	}
	if m := release.ManagerOf(ctx, program); m != release.None {
		commands, err := r.Commands(m)
		if err != nil {
			return fmt.Errorf("this program was installed by %s, which also replaces it, but %w", m, err)
		}
		_, err = fmt.Fprintf(out, "This program was installed by %s, which also replaces it:\n\n  %s\n\n", m, strings.Join(commands, "\n  "))
		return err
	}
	if u.check {
		_, err = fmt.Fprintf(out, "To upgrade: %s\n", upgradeWith(u.feed))
		return err
	}
	programs, windowed := programsOf(program)
	archive, err := r.Archive(runtime.GOOS, runtime.GOARCH, windowed)
	if err != nil {
		return err
	}
	for _, p := range programs {
		if err := r.Replace(ctx, archive, p); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(out, "%s is %s now. The old program is beside it: mcp-hub upgrade --back\n", p, r.Version)
	}
	return tellHubs(ctx, out)
}

func (u *upgrade) goBack(cmd *cobra.Command, program string) error {
	programs, _ := programsOf(program)
	for _, p := range programs {
		restored, err := release.Back(cmd.Context(), p)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%s is %s again.\n", p, restored)
	}
	return tellHubs(cmd.Context(), cmd.OutOrStdout())
}

// programsOf returns the programs that are replaced together, and whether they come from the archive with the window: on
// Windows that has a program of its own, beside the one for terminals.
func programsOf(program string) (programs []string, windowed bool) {
	if runtime.GOOS != "windows" {
		return []string{program}, withWindow
	}
	for _, name := range []string{"mcp-hub.exe", "mcp-hub-desktop.exe"} {
		beside := filepath.Join(filepath.Dir(program), name)
		if _, err := os.Stat(beside); err == nil && beside != program {
			return []string{program, beside}, true
		}
	}
	return []string{program}, withWindow
}

// plainWord is what a shell takes as it is.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9:/._~+-]+$`)

// upgradeWith is the command that upgrades from a feed.
func upgradeWith(from string) string {
	if from == feed {
		return "mcp-hub upgrade"
	}
	if !plainWord.MatchString(from) {
		from = "'" + strings.ReplaceAll(from, "'", `'\''`) + "'"
	}
	return "mcp-hub upgrade --feed " + from
}

// tellHubs says which hubs go on with the program that was replaced.
func tellHubs(ctx context.Context, out io.Writer) error {
	dir, err := statedir.Path()
	if err != nil {
		return err
	}
	hubs, err := workspace.Open(dir, slog.New(slog.DiscardHandler)).List(ctx)
	if err != nil || len(hubs) == 0 {
		return err
	}
	var ports []string
	for port, h := range hubs {
		ports = append(ports, fmt.Sprintf("port %s (process %d)", port, h.PID))
	}
	slices.Sort(ports)
	_, err = fmt.Fprintf(out, "What runs goes on as it is: the hub on %s. It is the other version once you end it and start it again.\n", strings.Join(ports, ", and the one on "))
	return err
}
