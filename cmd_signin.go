package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mcphub/hub/client"
)

var errNotSignedIn = errors.New("not signed in")

func (r *remote) signIn() *cobra.Command {
	paste, noBrowser := false, false
	cmd := r.answering(&cobra.Command{
		Use: "sign-in SERVER", Short: "Sign in to a server", Args: exactly(1), ValidArgsFunction: r.servers(1),
		Long: `Sign in to a server. The address is printed, and opened in a browser where there is one; the command ends when you are
signed in. Where the browser cannot reach the hub, since it runs on another machine, use --paste: the browser then ends at a
page that it cannot show, and the hub is handed that page's address.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, c, server := cmd.Context(), r.client(), args[0]
			before, err := c.Auth(ctx, server)
			if err != nil {
				return err
			}
			address, until, err := c.BeginSignIn(ctx, server)
			if err != nil {
				return err
			}
			d := newDialog(cmd, errNotSignedIn)
			d.say("Sign in to %s at\n\n  %s\n", server, address)
			if paste {
				err = r.pasted(ctx, c, d)
			} else {
				if noBrowser || !onThisMachine(c.URL()) || !openPage(address) {
					d.say("Open it in a browser on the hub's machine. Elsewhere use --paste.")
				}
				err = signedIn(ctx, c, server, before, until)
			}
			if err != nil {
				return err
			}
			if r.json {
				s, err := c.Auth(ctx, server)
				return errors.Join(err, printJSON(cmd.OutOrStdout(), s.Raw))
			}
			s, err := c.Get(ctx, server)
			if err == nil {
				s, err = c.Settled(ctx, s)
			}
			if err != nil {
				return err
			}
			return printState(cmd.OutOrStdout(), s)
		},
	})
	cmd.Flags().BoolVar(&paste, "paste", false, "read the address at which the browser ends from stdin")
	cmd.Flags().BoolVar(&noBrowser, "no-browser", false, "only print the address")
	return cmd
}

func (r *remote) pasted(ctx context.Context, c *client.Client, d *dialog) error {
	text, err := d.read(ctx, "When the browser has ended at a page on localhost, paste its address here:", false)
	if err != nil {
		return err
	}
	return c.FinishSignIn(ctx, strings.TrimSpace(text))
}

// signedIn waits until somebody has signed in since before, or it has failed, or it is too late.
func signedIn(ctx context.Context, c *client.Client, server string, before client.SignIn, until time.Time) error {
	ctx, cancel := context.WithDeadlineCause(ctx, until, fmt.Errorf("%w: it took too long", errNotSignedIn))
	defer cancel()
	look := time.NewTicker(300 * time.Millisecond)
	defer look.Stop()
	for {
		now, err := c.Auth(ctx, server)
		switch {
		case err != nil && ctx.Err() == nil:
			return err
		case err == nil && now.Failed != "":
			return fmt.Errorf("%w: %s", errNotSignedIn, now.Failed)
		case err == nil && now.State == client.SignInDone && !now.Issued.Equal(before.Issued):
			return nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (r *remote) signOut() *cobra.Command {
	return r.answering(&cobra.Command{
		Use: "sign-out SERVER", Short: "Sign out of a server", Args: exactly(1), ValidArgsFunction: r.servers(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := r.client().SignOut(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if r.json {
				return printJSON(cmd.OutOrStdout(), s.Raw)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: signed out\n", args[0])
			return err
		},
	})
}

func (r *remote) oauth() *cobra.Command {
	cmd := &cobra.Command{Use: "oauth", Short: "Show sign-ins, and take over those of mcp-hub", Args: exactly(0), RunE: func(cmd *cobra.Command, _ []string) error {
		return cmd.Help()
	}}
	cmd.AddCommand(r.signIns(), r.answering(&cobra.Command{
		Use: "import FILE", Short: "Take over the tokens in an oauth-storage.json, and destroy the file", Args: exactly(1),
		Long: `Take over the tokens in an oauth-storage.json of mcp-hub, which keeps them where all can read them. The file is then
overwritten and removed. mcp-hub has it in ~/.local/share/mcp-hub, or in ~/.mcp-hub.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			hosts, lasting, raw, err := r.client().ImportTokens(cmd.Context(), text)
			if err != nil {
				return err
			}
			if !lasting {
				_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "mcp-hub: %s stays, since the hub forgets the tokens when it stops\n", args[0])
			} else if err := shred(args[0], len(text)); err != nil {
				return fmt.Errorf("the tokens are taken over, but %s could not be destroyed: remove it yourself: %w", args[0], err)
			}
			if r.json {
				return printJSON(cmd.OutOrStdout(), raw)
			}
			if len(hosts) == 0 {
				_, err = fmt.Fprintln(cmd.OutOrStdout(), "There were no tokens.")
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "Taken over: "+strings.Join(hosts, ", "))
			return err
		},
	}))
	return cmd
}

func (r *remote) signIns() *cobra.Command {
	return r.answering(&cobra.Command{
		Use: "status [SERVER...]", Short: "Show how sign-ins to servers stand, what they are good for and until when", ValidArgsFunction: r.servers(math.MaxInt),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, names := r.client(), args
			if len(names) == 0 {
				list, err := c.List(cmd.Context())
				if err != nil {
					return err
				}
				for _, s := range list {
					if s.Transport == "remote" {
						names = append(names, s.Name)
					}
				}
			}
			all := map[string]client.SignIn{}
			raw := map[string]json.RawMessage{}
			for _, name := range names {
				s, err := c.Auth(cmd.Context(), name)
				if err != nil {
					return err
				}
				all[name], raw[name] = s, s.Raw
			}
			if r.json {
				return printValue(cmd.OutOrStdout(), raw)
			}
			return table(cmd.OutOrStdout(), func(w io.Writer) {
				_, _ = fmt.Fprintln(w, "SERVER\tSTATE\tISSUER\tSCOPES\tUNTIL\tWHY")
				for _, name := range names {
					s := all[name]
					_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", name, s.State, s.Issuer, strings.Join(s.Scopes, " "), until(s), oneLine(cmp.Or(s.Failed, s.Why)))
				}
			})
		},
	})
}

// until tells how long a sign-in is good.
func until(s client.SignIn) string {
	switch {
	case s.State != client.SignInDone && s.Expires.IsZero(), s.Issued.IsZero():
		return ""
	case s.Expires.IsZero():
		return "not told"
	case s.Renews:
		return s.Expires.Local().Format(time.DateTime) + ", then renewed"
	}
	return s.Expires.Local().Format(time.DateTime)
}

// shred overwrites a file of that many bytes and removes it.
func shred(path string, size int) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, size))
	return errors.Join(err, f.Sync(), f.Close(), os.Remove(path))
}
