package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mcphub/hub/client"
)

func (r *remote) list() *cobra.Command {
	return r.answering(&cobra.Command{
		Use: "list", Short: "List the servers", Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			servers, err := r.client().Servers(cmd.Context())
			if err != nil {
				return err
			}
			if r.json {
				raw := []json.RawMessage{}
				for _, s := range servers {
					raw = append(raw, s.Raw)
				}
				return printValue(cmd.OutOrStdout(), raw)
			}
			return table(cmd.OutOrStdout(), func(w io.Writer) {
				_, _ = fmt.Fprintln(w, "NAME\tSTATE\tTOOLS\tRESOURCES\tPROMPTS\tUP\tPROBLEM")
				for _, s := range servers {
					c, up := s.Capabilities, ""
					if s.Status == "connected" {
						up = (time.Duration(s.Uptime) * time.Second).String()
					}
					_, _ = fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%s\t%s\n", s.Name, s.Status, len(c.Tools), len(c.Resources)+len(c.ResourceTemplates), len(c.Prompts), up, cause(s))
				}
			})
		},
	})
}

// cause is why a server that should be connected is not.
func cause(s client.Server) string {
	if s.Status == "unauthorized" {
		return "needs you to sign in: mcp-hub sign-in " + s.Name
	}
	return firstLine(s.Error)
}

func (r *remote) start() *cobra.Command {
	return r.change("start", "Start a server, or try a failed one again", true, (*client.Client).Start)
}

func (r *remote) stop() *cobra.Command {
	return r.change("stop", "Stop a server until it is started again", false, (*client.Client).Stop)
}

func (r *remote) restart() *cobra.Command {
	return r.change("restart", "Stop a server and start it", true, (*client.Client).Restart)
}

func (r *remote) enable() *cobra.Command {
	return r.change("enable", `Take "disabled" out of a server's configuration, and start it`, true,
		func(c *client.Client, ctx context.Context, server string) (client.ManagedServer, error) {
			return switched(ctx, c, server, false, c.Start)
		})
}

func (r *remote) disable() *cobra.Command {
	return r.change("disable", "Write into a server's configuration that it is disabled, and stop it", false,
		func(c *client.Client, ctx context.Context, server string) (client.ManagedServer, error) {
			return switched(ctx, c, server, true, c.Stop)
		})
}

// switched writes into a server's configuration whether it is disabled. That may not be news there, and yet the server
// have been started or stopped by hand: act sees to that.
func switched(ctx context.Context, c *client.Client, server string, disabled bool, act func(context.Context, string) (client.ManagedServer, error)) (client.ManagedServer, error) {
	if s, err := c.Change(ctx, server, client.Change{Disabled: &disabled}); err != nil {
		return s, err
	}
	return act(ctx, server)
}

// change is a command that changes what a server does, and waits until it does that. Up says that the server shall run.
func (r *remote) change(name, short string, up bool, do func(*client.Client, context.Context, string) (client.ManagedServer, error)) *cobra.Command {
	return r.answering(&cobra.Command{
		Use: name + " SERVER", Short: short, Args: exactly(1), ValidArgsFunction: r.servers(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c := r.client()
			s, err := do(c, cmd.Context(), args[0])
			if err == nil {
				s, err = c.Settled(cmd.Context(), s)
			}
			if err != nil {
				return err
			}
			if err := failure(s); up && err != nil {
				return fmt.Errorf("%w (\"mcp-hub logs %s\" tells more)", err, s.Name)
			}
			if r.json {
				return printJSON(cmd.OutOrStdout(), s.Raw)
			}
			return printState(cmd.OutOrStdout(), s)
		},
	})
}

// word is a server's state as list shows it.
func word(s client.ManagedServer) string {
	switch s.State {
	case client.StateReady:
		return "connected"
	case client.StateStarting:
		return "connecting"
	case client.StateAuthorizing:
		return "unauthorized"
	case client.StateDisabled:
		return "disabled"
	}
	return "disconnected"
}

// failure says why a server that shall run does not, nil if it does or a person has only to sign in.
func failure(s client.ManagedServer) error {
	switch s.State {
	case client.StateRetrying:
		return fmt.Errorf("%s does not start, and is tried again: %s", s.Name, s.Error)
	case client.StateFailed:
		return fmt.Errorf("%s does not start: %s", s.Name, s.Error)
	}
	return nil
}

// printState writes what a server does, and what to do if that is not all well.
func printState(w io.Writer, s client.ManagedServer) error {
	text := s.Name + ": " + word(s)
	if h := s.Health; h.Level == "warn" || h.Level == "error" {
		text = strings.TrimSpace(text + ". " + h.Summary + " " + h.Action)
	}
	_, err := fmt.Fprintln(w, text)
	return err
}

func (r *remote) remove() *cobra.Command {
	var secrets bool
	cmd := r.answering(&cobra.Command{
		Use: "remove SERVER...", Aliases: []string{"rm"}, Short: "Remove servers from the configuration", Args: atLeast(1), ValidArgsFunction: r.servers(math.MaxInt),
		Long: `Remove servers from the configuration files that they stand in; the rest of the files stays as it is, comments too. To
switch a server off and keep its entry, use "mcp-hub disable". Its secrets stay in the secret store; with --secrets those go
that no other server needs.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c := r.client()
			before, err := c.EffectiveConfig(cmd.Context())
			if err != nil {
				return err
			}
			removed, errs := []string{}, []error(nil)
			for _, name := range args {
				gone, left, err := c.Delete(cmd.Context(), name, secrets)
				if err != nil {
					errs = append(errs, err)
					continue
				}
				removed = append(removed, name)
				if !r.json {
					_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%s: removed%s\n", name, origin(before, name))
					for _, s := range gone {
						_, _ = fmt.Fprintf(cmd.OutOrStdout(), "  its secret %s is removed too\n", s)
					}
					for _, s := range left {
						_, _ = fmt.Fprintf(cmd.OutOrStdout(), "  its secret %s remains%s\n", s, why(secrets, s))
					}
				}
			}
			if r.json {
				errs = append(errs, printValue(cmd.OutOrStdout(), removed))
			}
			return errors.Join(errs...)
		},
	})
	cmd.Flags().BoolVar(&secrets, "secrets", false, "remove their secrets too, but those that other servers need")
	return cmd
}

// why tells why a secret of a server that was removed is still there.
func why(meant bool, name string) string {
	if meant {
		return ": another server needs it, or it could not be removed; see \"mcp-hub secrets list\""
	}
	return "; \"mcp-hub secrets delete " + name + "\" removes it"
}

// origin tells where a server that was removed stood, and what takes its place now.
func origin(before client.Effective, server string) string {
	for _, s := range before.Servers {
		if s.Name != server {
			continue
		}
		text := " from " + s.From.File
		if len(s.Hides) > 0 {
			text += ", the one in " + s.Hides[0].File + " takes its place"
		}
		return text
	}
	return ""
}
