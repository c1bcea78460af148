package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"mcphub/hub/client"
)

const (
	// followEvery is how often the history is asked for what is new.
	followEvery = time.Second
	// followBack is how far back that looks: a call is in its place by when it began, and in the history when it is over.
	followBack = time.Hour
	mostCalls  = 500 // that the hub tells at once
)

func (r *remote) history() *cobra.Command {
	var (
		q      client.HistoryQuery
		since  string
		follow bool
	)
	q.Limit = 20
	cmd := r.answering(&cobra.Command{
		Use: "history [WORD...]", Short: "Show what clients asked servers for, and what came of it",
		Long: `Show what clients asked servers for, newest last, and what came of it. Behind a client's name stands that of its token, if it
has one of its own. Words are looked for in the names of servers, tools
and clients, in errors and in arguments. With --json each call is a line.`,
		Example: "  mcp-hub history --failed --since 2h\n  mcp-hub history --server files --follow",
		RunE: func(cmd *cobra.Command, args []string) error {
			q.Words = strings.Join(args, " ")
			var err error
			if q.Since, err = moment(since, time.Now()); err != nil {
				return err
			}
			if q.Limit < 1 || q.Limit > mostCalls {
				return badArgument("-n must be between 1 and %d, not %d", mostCalls, q.Limit)
			}
			c := r.client()
			f := &callFollower{client: c, query: q}
			if follow { // before the list is read, so that no call falls between the two
				if _, err := f.fresh(cmd.Context()); err != nil {
					return err
				}
			}
			list, err := c.History(cmd.Context(), q)
			if err != nil {
				return err
			}
			slices.Reverse(list)
			if err := r.printCalls(cmd.OutOrStdout(), list, true); err != nil || !follow {
				return err
			}
			f.mark(list)
			return unlessStopped(cmd, f.run(cmd.Context(), func(list []client.HistoryCall) error { return r.printCalls(cmd.OutOrStdout(), list, false) }))
		},
	})
	f := cmd.Flags()
	f.StringVar(&q.Server, "server", "", "only calls of this `server`")
	f.StringVar(&q.Name, "tool", "", "only calls of this tool, prompt or resource, by the server's own `name` of it")
	f.StringVar(&q.Client, "client", "", "only calls of the client of this `name`")
	f.StringVar(&q.Token, "token", "", "only calls of the client whose own token has this `name`")
	f.BoolVar(&q.Failed, "failed", false, "only calls that went wrong")
	f.StringVar(&since, "since", "", "only calls since this `time`, as 2026-11-28T14:00:00Z, or for so long, as 90m")
	f.IntVarP(&q.Limit, "lines", "n", q.Limit, "how many calls at the most")
	f.BoolVarP(&follow, "follow", "f", false, "go on with the calls to come")
	_ = cmd.RegisterFlagCompletionFunc("server", r.servers(math.MaxInt)) // the flag is there
	return cmd
}

// moment reads a time, or how long ago it was.
func moment(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago > 0 {
		return now.Add(-ago), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, badArgument("--since must be a time such as 2026-11-28T14:00:00Z or a length such as 90m, not %q", text)
	}
	return at, nil
}

// callFollower finds the calls that are new since it last looked.
type callFollower struct {
	client *client.Client
	query  client.HistoryQuery
	at     time.Time // when it last looked
	seen   map[int64]bool
}

// fresh returns the calls that have not been seen, oldest first.
func (f *callFollower) fresh(ctx context.Context) ([]client.HistoryCall, error) {
	now := time.Now()
	if f.at.IsZero() {
		f.at = now
	}
	q := f.query
	q.Since, q.Limit = f.at.Add(-followBack), mostCalls
	all, err := f.client.History(ctx, q)
	if err != nil {
		return nil, err
	}
	seen := f.seen
	f.at, f.seen = now, map[int64]bool{}
	f.mark(all)
	slices.Reverse(all)
	return slices.DeleteFunc(all, func(c client.HistoryCall) bool { return seen[c.ID] }), nil
}

func (f *callFollower) mark(list []client.HistoryCall) {
	for _, c := range list {
		f.seen[c.ID] = true
	}
}

// run hands new calls to show until the context ends.
func (f *callFollower) run(ctx context.Context, show func([]client.HistoryCall) error) error {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		list, err := f.fresh(ctx)
		if err == nil {
			err = show(list)
		}
		if err != nil {
			return err
		}
	}
}

// printCalls writes calls as lines. The columns of one writing are aligned.
func (r *remote) printCalls(w io.Writer, list []client.HistoryCall, heading bool) error {
	if r.json {
		for _, c := range list {
			if _, err := fmt.Fprintf(w, "%s\n", c.Raw); err != nil {
				return err
			}
		}
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if heading {
		_, _ = fmt.Fprintln(t, "TIME\tCLIENT\tSERVER\tNAME\tOUTCOME\tMS\tERROR")
	}
	for _, c := range list {
		who := c.Client
		if c.Token != "" {
			who = strings.TrimSpace(who + " (" + c.Token + ")")
		}
		name, problem := c.Name, strings.Join(strings.Fields(c.Error), " ")
		if c.Kind != "tool" {
			name = c.Kind + " " + name
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%.1f\t%s\n", c.Time.Local().Format(time.DateTime), who, c.Server, name, c.Outcome, c.Duration, problem)
	}
	return t.Flush()
}
