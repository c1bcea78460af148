package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mcphub/hub/client"
)

// open lets a browser in.
func (r *remote) open() *cobra.Command {
	printOnly := false
	cmd := r.reaching(&cobra.Command{
		Use: "open", Short: "Open the hub in the browser", Args: exactly(0),
		Long: `Open the hub in the browser, which is let in with a code that is good for one minute and one time.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			address, err := r.client().SessionURL(cmd.Context())
			if err != nil {
				return err
			}
			if !printOnly {
				if openPage(address) {
					return nil
				}
				_, _ = fmt.Fprintln(cmd.ErrOrStderr(), "mcp-hub: there is no browser here, so open this address in one within a minute:")
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), address)
			return err
		},
	})
	cmd.Flags().BoolVar(&printOnly, "no-browser", false, "only print the address; it is good for one minute and one time")
	return cmd
}

func (r *remote) token() *cobra.Command {
	renew := false
	cmd := &cobra.Command{
		Use: "token", Short: "Print the hub's token, or manage tokens of clients", Args: exactly(0),
		Long: `Print the token with which a program may do anything with this person's hubs on this machine. It is made when it is
first needed. Programs that shall do less get tokens of their own, with "token create".`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			keys, err := r.keys()
			if err != nil {
				return err
			}
			get := keys.Token
			if renew {
				get = keys.Renew
			}
			token, err := get(cmd.Context())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), token.Reveal())
			return err
		},
	}
	cmd.Flags().BoolVar(&renew, "new", false, "replace it: the old one counts no more, and browsers have to be let in anew")
	cmd.AddCommand(r.tokenList(), r.tokenCreate(), r.tokenRevoke())
	return cmd
}

func (r *remote) tokenList() *cobra.Command {
	return r.answering(&cobra.Command{
		Use: "list", Short: "List the clients that have tokens of their own", Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			tokens, err := r.client().Tokens(cmd.Context())
			if err != nil {
				return err
			}
			if r.json {
				return printValue(cmd.OutOrStdout(), append([]client.Token{}, tokens...))
			}
			return table(cmd.OutOrStdout(), func(w io.Writer) {
				_, _ = fmt.Fprintln(w, "NAME\tSERVERS\tTOOLS\tMAY\tEXPIRES\tLAST USED")
				for _, t := range tokens {
					_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", t.Name, orAll(t.Servers), orAll(t.Tools), powers(t), end(t), when(t.LastUsed))
				}
			})
		},
	})
}

func orAll(patterns []string) string {
	if len(patterns) == 0 {
		return "all"
	}
	return strings.Join(patterns, " ")
}

// powers is what a token is good for, in a word.
func powers(t client.Token) string {
	switch {
	case t.ReadOnly:
		return "read"
	case len(t.Servers)+len(t.Tools) > 0:
		return "use"
	}
	return "anything"
}

func end(t client.Token) string {
	if t.Expired {
		return "expired"
	}
	return when(t.Expires)
}

func when(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Local().Format("2006-01-02 15:04")
}

func (r *remote) tokenCreate() *cobra.Command {
	var t client.Token
	expires := ""
	cmd := r.answering(&cobra.Command{
		Use: "create NAME", Short: "Make a token for a client, and print it this once", Args: exactly(1),
		Long: `Make a token for a client, and print it; the hub cannot show it again. Without limits it is as good as the hub's own,
and can be revoked by itself. In patterns * stands for any text.`,
		Example: "  mcp-hub token create ci --server files --read-only --expires 30d\n  mcp-hub token create bot --tool 'issues__*' --tool files__read_file",
		RunE: func(cmd *cobra.Command, args []string) error {
			t.Name = args[0]
			if expires != "" {
				life, err := parseLife(expires)
				if err != nil {
					return badArgument("--expires: %w", err)
				}
				t.Expires = time.Now().Add(life)
			}
			token, err := r.client().CreateToken(cmd.Context(), t)
			if err != nil {
				return err
			}
			if r.json {
				return printValue(cmd.OutOrStdout(), map[string]string{"name": t.Name, "token": token})
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), token)
			return err
		},
	})
	cmd.Flags().StringArrayVar(&t.Servers, "server", nil, "`name` or pattern of servers that it is for; may be given several times (default: all)")
	cmd.Flags().StringArrayVar(&t.Tools, "tool", nil, "`name` or pattern of tools as the hub calls them, server__tool; may be given several times. Without --server it is for these and nothing else")
	cmd.Flags().BoolVar(&t.ReadOnly, "read-only", false, "only for tools that say that they change nothing, and for nothing that changes the hub")
	cmd.Flags().StringVar(&expires, "expires", "", "`time` after which it is good no more, such as 12h or 30d (default: never)")
	return cmd
}

// parseLife reads a time such as 12h, or 30d for days.
func parseLife(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 1 || n > 36_500 {
			return 0, fmt.Errorf("%q is no number of days", text)
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	life, err := time.ParseDuration(text)
	if err == nil && life <= 0 {
		err = errors.New("it must be more than nothing")
	}
	return life, err
}

func (r *remote) tokenRevoke() *cobra.Command {
	return r.reaching(&cobra.Command{
		Use: "revoke NAME", Short: "Take a client's token back", Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := r.client().RevokeToken(cmd.Context(), args[0]); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: revoked\n", args[0])
			return err
		},
	})
}
