package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"mcphub/hub/client"
)

// How many characters of a description a list shows: where it is not known how many fit, and at least.
const (
	whatWidth = 60
	whatLeast = 24
)

func (r *remote) search() *cobra.Command {
	q, refresh := client.MarketQuery{}, false
	cmd := r.answering(&cobra.Command{
		Use: "search [WORDS...]", Short: "Search the marketplace for servers to install",
		Example: "  mcp-hub search github\n  mcp-hub search --category databases --sort stars",
		RunE: func(cmd *cobra.Command, args []string) error {
			c := r.client()
			if refresh {
				if _, err := c.RefreshMarket(cmd.Context()); err != nil {
					return err
				}
			}
			q.Words = strings.Join(args, " ")
			page, err := c.SearchMarket(cmd.Context(), q)
			if err != nil {
				return err
			}
			tellSources(cmd.ErrOrStderr(), page.Sources)
			if r.json {
				return printJSON(cmd.OutOrStdout(), page.Raw)
			}
			return printItems(cmd, page, q.Offset)
		},
	})
	f := cmd.Flags()
	f.StringVar(&q.Category, "category", "", "only this `category`")
	f.StringArrayVar(&q.Tags, "tag", nil, "only with this `tag`; several must all be there")
	f.StringVar(&q.Source, "source", "", "only of this `source`, such as official or community")
	f.StringVar(&q.Sort, "sort", "relevance", "`order`: relevance, name, newest or stars")
	f.IntVar(&q.Limit, "limit", 20, "how many at the most, up to 200")
	f.IntVar(&q.Offset, "offset", 0, "how many to leave out at the beginning")
	f.BoolVar(&refresh, "refresh", false, "have the hub read its sources again first")
	return cmd
}

func printItems(cmd *cobra.Command, page client.MarketPage, offset int) error {
	if len(page.Items) == 0 {
		_, err := fmt.Fprintln(cmd.ErrOrStderr(), "mcp-hub: nothing found")
		return err
	}
	rows := [][]string{{"ID", "WHAT", "STARS", "INSTALL", "SOURCE"}}
	for _, i := range page.Items {
		stars, how := "", strings.Join(i.Kinds, ", ")
		if i.Stars > 0 {
			stars = fmt.Sprint(i.Stars)
		}
		if len(i.Installed) > 0 {
			how += " (installed: " + strings.Join(i.Installed, ", ") + ")"
		}
		rows = append(rows, []string{i.ID, what(i), stars, how, i.Source})
	}
	width := whatFits(cmd.OutOrStdout(), rows)
	err := table(cmd.OutOrStdout(), func(w io.Writer) {
		for _, row := range rows {
			row[1] = cut(row[1], width)
			_, _ = fmt.Fprintln(w, strings.Join(row, "\t"))
		}
	})
	if last := offset + len(page.Items); last < page.Total {
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "%d to %d of %d; the next with --offset %d\n", offset+1, last, page.Total, last)
	}
	return err
}

// whatFits returns how long the second column may be for the others to fit beside it on a terminal.
func whatFits(w io.Writer, rows [][]string) int {
	f, ok := w.(*os.File)
	if !ok {
		return whatWidth
	}
	room, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return whatWidth
	}
	for column := range rows[0] {
		widest := 0
		for _, row := range rows {
			widest = max(widest, utf8.RuneCountInString(row[column]))
		}
		if column != 1 {
			room -= widest + 2
		}
	}
	return max(room-2, whatLeast)
}

// what is what an item does, in one line.
func what(i client.MarketItem) string {
	text := cmp.Or(i.Description, i.Name)
	if i.Status == "deprecated" {
		text = "DEPRECATED " + cmp.Or(i.StatusMessage, text)
	}
	return oneLine(text)
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func cut(text string, width int) string {
	if runes := []rune(text); len(runes) > width {
		return strings.TrimRight(string(runes[:width-1]), " ") + "…"
	}
	return text
}

// tellSources tells which sources are not up to date, and since when.
func tellSources(stderr io.Writer, sources []client.MarketSource) {
	for _, s := range sources {
		since := "it has not been read yet: nothing of it is shown"
		switch {
		case s.Items > 0 && s.FetchedAt.IsZero():
			since = fmt.Sprintf("only %d of its servers are shown", s.Items)
		case s.Items > 0:
			since = fmt.Sprintf("its %d servers are shown as of %s", s.Items, s.FetchedAt.Local().Format(time.DateTime))
		}
		switch {
		case s.Error != "":
			_, _ = fmt.Fprintf(stderr, "mcp-hub: the source %s cannot be read (%s); %s\n", s.Name, s.Error, since)
		case s.TriedAt.IsZero():
			_, _ = fmt.Fprintf(stderr, "mcp-hub: the source %s is still being read for the first time, look again in a minute; %s\n", s.Name, since)
		}
	}
}

func (r *remote) updates() *cobra.Command {
	return r.answering(&cobra.Command{
		Use: "updates", Short: "List the servers whose package has a newer version in the marketplace", Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			updates, raw, err := r.client().Updates(cmd.Context())
			if err != nil {
				return err
			}
			if r.json {
				return printJSON(cmd.OutOrStdout(), raw)
			}
			if len(updates) == 0 {
				_, err := fmt.Fprintln(cmd.ErrOrStderr(), "mcp-hub: no server is behind; only those that are pinned to a version can be")
				return err
			}
			return table(cmd.OutOrStdout(), func(w io.Writer) {
				_, _ = fmt.Fprintln(w, "SERVER\tPACKAGE\tCURRENT\tLATEST\tITEM")
				for _, u := range updates {
					_, _ = fmt.Fprintf(w, "%s\t%s:%s\t%s\t%s\t%s\n", u.Server, u.Kind, u.Package, u.Current, u.Latest, u.Item)
				}
			})
		},
	})
}

func (r *remote) update() *cobra.Command {
	return r.answering(&cobra.Command{
		Use: "update SERVER", Short: "Pin a server's package to its latest version, and start it anew", Args: exactly(1), ValidArgsFunction: r.servers(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c := r.client()
			updates, _, err := c.Updates(cmd.Context())
			if err != nil {
				return err
			}
			s, err := c.Update(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			for _, u := range updates {
				if u.Server == args[0] {
					_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s %s -> %s\n", u.Server, u.Package, u.Current, u.Latest)
				}
			}
			return r.settled(cmd, c, s)
		},
	})
}
