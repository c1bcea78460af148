package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"mcphub/hub/client"
)

func (r *remote) logs() *cobra.Command {
	lines, follow := 50, false
	cmd := r.answering(&cobra.Command{
		Use: "logs SERVER", Short: "Show what a server wrote on its standard error", Args: exactly(1), ValidArgsFunction: r.servers(1),
		Long: `Show what a server wrote on its standard error, and what the hub noted about it. With --follow it goes on with what
comes, also when the server or the hub is restarted, and --json then writes each line as one of JSON.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if lines < 0 {
				return badArgument("--lines must not be negative")
			}
			c := r.client()
			if follow {
				f := &follower{remote: r, cmd: cmd, client: c, server: args[0], lines: lines, known: map[string]bool{}}
				return unlessStopped(cmd, c.Follow(cmd.Context(), f.take))
			}
			log, err := c.Log(cmd.Context(), args[0], min(max(lines, 1), client.MaxLogLines))
			if err != nil {
				return err
			}
			log = log[max(0, len(log)-lines):]
			if r.json {
				return printValue(cmd.OutOrStdout(), log)
			}
			if len(log) == 0 {
				_, err := fmt.Fprintln(cmd.ErrOrStderr(), "The log is empty.")
				return err
			}
			for _, l := range log {
				if err := printLogLine(cmd.OutOrStdout(), l); err != nil {
					return err
				}
			}
			return nil
		},
	})
	cmd.Flags().IntVarP(&lines, "lines", "n", lines, fmt.Sprintf("how many of the last lines at the most; the hub keeps %d", client.MaxLogLines))
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what comes")
	return cmd
}

func printLogLine(w io.Writer, l client.LogLine) error {
	_, err := fmt.Fprintf(w, "%s  %s\n", l.Time.Local().Format(time.DateTime), l.Text)
	return err
}

// follower prints the lines of a server's log as they come, each of them once: at first, and after a break that the
// hub's stream could not bridge, it reads the log, which overlaps with what the stream told and will tell.
type follower struct {
	*remote
	cmd    *cobra.Command
	client *client.Client
	server string
	lines  int // of the log as it is at first

	begun bool
	known map[string]bool // the lines that have been printed, by id, as far as the log may hold them
	order []string        // the same, oldest first
}

// take takes an event of the hub's stream.
func (f *follower) take(e client.Event) error {
	switch {
	case e.Name == client.EventAway:
		_, err := fmt.Fprintln(f.cmd.ErrOrStderr(), "mcp-hub: the hub is away, waiting for it to come back")
		return err
	case e.Name == client.EventSnapshot:
		return f.catchUp()
	case e.Server == f.server && (e.Name == client.EventStderr || e.Name == client.EventNote):
		var data struct{ Line string }
		if err := json.Unmarshal(e.Data, &data); err != nil {
			return fmt.Errorf("read the event %s: %w", e.Name, err)
		}
		return f.show(client.LogLine{ID: e.ID, Time: e.Time, Text: data.Line})
	}
	return nil
}

// catchUp prints what is in the log and has not been printed.
func (f *follower) catchUp() error {
	log, err := f.client.Log(f.cmd.Context(), f.server, client.MaxLogLines)
	if err != nil {
		return err
	}
	if !f.begun {
		f.begun = true
		old := max(0, len(log)-f.lines)
		for _, l := range log[:old] {
			f.note(l.ID)
		}
	} else if len(log) == client.MaxLogLines && !f.known[log[0].ID] {
		if _, err := fmt.Fprintln(f.cmd.ErrOrStderr(), "mcp-hub: some lines may be missing here, the hub keeps no more"); err != nil {
			return err
		}
	}
	for _, l := range log {
		if err := f.show(l); err != nil {
			return err
		}
	}
	return nil
}

// show prints a line unless it has been.
func (f *follower) show(l client.LogLine) error {
	if f.known[l.ID] {
		return nil
	}
	f.note(l.ID)
	if f.json {
		return printLine(f.cmd.OutOrStdout(), l)
	}
	return printLogLine(f.cmd.OutOrStdout(), l)
}

// note remembers a line. The log holds no older ones than it keeps, so these can be forgotten.
func (f *follower) note(id string) {
	f.known[id] = true
	if f.order = append(f.order, id); len(f.order) > client.MaxLogLines {
		delete(f.known, f.order[0])
		f.order = f.order[1:]
	}
}
