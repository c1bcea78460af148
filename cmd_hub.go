package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"mcphub/hub/client"
)

// remote is what the sub-commands that talk to a running hub have in common.
type remote struct {
	url  string
	json bool // print what the hub said, as it is
}

// commands are the sub-commands. Without one the program is the hub itself.
func commands() []*cobra.Command {
	r := &remote{}
	var out []*cobra.Command
	for _, cmd := range []*cobra.Command{
		r.status(), r.list(), r.tools(), r.call(), r.read(), r.prompt(),
		r.change("start", "Start a server, or try a failed one again", (*client.Client).Start),
		r.change("stop", "Stop a server until it is started again", (*client.Client).Stop),
		r.change("restart", "Stop a server and start it", restart),
		r.change("enable", "Take \"disabled\" out of a server's configuration, and start it", enable),
		r.change("disable", "Write into a server's configuration that it is disabled, and stop it", (*client.Client).Disable),
		r.logs(), r.events(),
	} {
		cmd.Flags().BoolVar(&r.json, "json", false, "print the hub's own JSON")
		out = append(out, r.reaching(cmd))
	}
	return append(out, r.reaching(stdioCommand(r)), configCommand())
}

// reaching gives a command the flag that says which hub is meant.
func (r *remote) reaching(cmd *cobra.Command) *cobra.Command {
	hub := os.Getenv("MCP_HUB_URL")
	if hub == "" {
		hub = "http://localhost:37373"
	}
	cmd.Flags().StringVar(&r.url, "hub", hub, "`address` of the hub; the environment's MCP_HUB_URL says it too")
	return cmd
}

// exactly, atLeast and between are cobra's checks of the number of arguments, as the person's mistakes.
func exactly(n int) cobra.PositionalArgs    { return mistaken(cobra.ExactArgs(n)) }
func atLeast(n int) cobra.PositionalArgs    { return mistaken(cobra.MinimumNArgs(n)) }
func between(a, b int) cobra.PositionalArgs { return mistaken(cobra.RangeArgs(a, b)) }

func mistaken(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return badArgument("mcp-hub %s: %w", cmd.Name(), err)
		}
		return nil
	}
}

// servers completes the first argument with the names of the running hub's servers.
func (r *remote) servers(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), time.Second)
	defer cancel()
	list, _ := client.New(r.url).Servers(ctx) // without a hub there is nothing to choose from
	var names []string
	for _, s := range list {
		names = append(names, s.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func (r *remote) status() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Show how the running hub is", Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			h, err := client.New(r.url).Health(cmd.Context())
			if err != nil {
				return err
			}
			if r.json {
				return printJSON(cmd.OutOrStdout(), h.Raw)
			}
			return table(cmd.OutOrStdout(), func(w io.Writer) {
				connected := 0
				for _, s := range h.Servers {
					if s.Status == "connected" {
						connected++
					}
				}
				endpoint := strings.TrimRight(r.url, "/") + "/mcp"
				_, _ = fmt.Fprintf(w, "hub\tMCP Hub %s, %s\nendpoint\t%s\nclients\t%d on the endpoint, %d on the live stream\nservers\t%d of %d connected\n",
					h.Version, h.State, endpoint, h.Endpoint.ActiveClients, h.ActiveClients, connected, len(h.Servers))
				for _, s := range h.Servers {
					if why := cause(s); why != "" {
						_, _ = fmt.Fprintf(w, "  %s\t%s\n", s.Name, why)
					}
				}
			})
		},
	}
}

// cause is why a server that should be connected is not.
func cause(s client.Server) string {
	switch {
	case s.Status == "unauthorized" && s.AuthorizationURL != "":
		return "needs you to sign in: " + s.AuthorizationURL
	case s.Status == "unauthorized":
		return "needs you to sign in"
	}
	first, _, _ := strings.Cut(s.Error, "\n")
	return first
}

func (r *remote) list() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the servers", Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			servers, err := client.New(r.url).Servers(cmd.Context())
			if err != nil {
				return err
			}
			if r.json {
				raw := []json.RawMessage{}
				for _, s := range servers {
					raw = append(raw, s.Raw)
				}
				text, err := json.Marshal(raw)
				return errors.Join(err, printJSON(cmd.OutOrStdout(), text))
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
	}
}

func (r *remote) tools() *cobra.Command {
	return &cobra.Command{
		Use: "tools [SERVER]", Short: "List the tools, of all servers or of one", Args: between(0, 1), ValidArgsFunction: r.servers,
		RunE: func(cmd *cobra.Command, args []string) error {
			c := client.New(r.url)
			var servers []client.Server
			var err error
			if len(args) == 0 {
				servers, err = c.Servers(cmd.Context())
			} else {
				servers = make([]client.Server, 1)
				servers[0], err = c.Info(cmd.Context(), args[0])
			}
			if err != nil {
				return err
			}
			if r.json {
				raw := map[string][]json.RawMessage{}
				for _, s := range servers {
					raw[s.Name] = s.Capabilities.Tools
				}
				text, err := json.Marshal(raw)
				return errors.Join(err, printJSON(cmd.OutOrStdout(), text))
			}
			return table(cmd.OutOrStdout(), func(w io.Writer) {
				_, _ = fmt.Fprintln(w, "SERVER\tTOOL\tDESCRIPTION")
				for _, s := range servers {
					for _, def := range s.Capabilities.Tools {
						var tool struct{ Name, Description string }
						_ = json.Unmarshal(def, &tool) // a definition that is odd is shown as far as it goes
						line, _, _ := strings.Cut(strings.TrimSpace(tool.Description), "\n")
						_, _ = fmt.Fprintf(w, "%s\t%s\t%s\n", s.Name, tool.Name, line)
					}
				}
			})
		},
	}
}

// change is a command that changes what a server does.
func (r *remote) change(name, short string, do func(*client.Client, context.Context, string) (client.Server, error)) *cobra.Command {
	return &cobra.Command{
		Use: name + " SERVER", Short: short, Args: exactly(1), ValidArgsFunction: r.servers,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := do(client.New(r.url), cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if r.json {
				return printJSON(cmd.OutOrStdout(), s.Raw)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", s.Name, s.Status)
			return err
		},
	}
}

func restart(c *client.Client, ctx context.Context, server string) (client.Server, error) {
	if s, err := c.Stop(ctx, server); err != nil {
		return s, err
	}
	return c.Start(ctx, server)
}

func (r *remote) logs() *cobra.Command {
	lines := 50
	cmd := &cobra.Command{
		Use: "logs SERVER", Short: "Show what a server wrote on its standard error", Args: exactly(1), ValidArgsFunction: r.servers,
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := client.New(r.url).Log(cmd.Context(), args[0], lines)
			if err != nil {
				return err
			}
			if r.json {
				raw, err := json.Marshal(strings.Split(strings.TrimSuffix(text, "\n"), "\n"))
				return errors.Join(err, printJSON(cmd.OutOrStdout(), raw))
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), strings.TrimSuffix(text, "\n"))
			return err
		},
	}
	cmd.Flags().IntVarP(&lines, "lines", "n", lines, "how many lines at the most")
	return cmd
}

func (r *remote) events() *cobra.Command {
	return &cobra.Command{
		Use: "events", Short: "Follow what happens in the hub", Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c := client.New(r.url)
			if _, err := c.Health(cmd.Context()); err != nil {
				return err // Watch would wait for a hub to come
			}
			err := c.Watch(cmd.Context(), func(e client.Event) error {
				if r.json {
					text, err := json.Marshal(map[string]any{"event": e.Name, "data": e.Data})
					if err != nil {
						return err
					}
					_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", text)
					return err
				}
				return printEvent(cmd.OutOrStdout(), e)
			})
			return unlessStopped(cmd, err)
		},
	}
}

// unlessStopped is the error of what runs until it is stopped, which then is none.
func unlessStopped(cmd *cobra.Command, err error) error {
	if errors.Is(err, context.Canceled) && cmd.Context().Err() != nil {
		err = nil
	}
	return err
}

// printEvent writes an event as one line; those that only say that the hub is alive are left out.
func printEvent(w io.Writer, e client.Event) error {
	var data struct {
		Timestamp, Type, Message, State, Server string
	}
	if e.Name == client.EventHeartbeat {
		return nil
	}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return fmt.Errorf("read the event %s: %w", e.Name, err)
	}
	text := data.Message
	switch e.Name {
	case client.EventState:
		text = "the hub is " + data.State
	case client.EventSubscription:
		text = strings.TrimSpace(strings.ReplaceAll(data.Type, "_", " ") + " " + data.Server)
	}
	clock := data.Timestamp
	if at, err := time.Parse(time.RFC3339, clock); err == nil {
		clock = at.Local().Format(time.TimeOnly)
	}
	level := ""
	if e.Name == client.EventLog && data.Type != "info" {
		level = data.Type + ": "
	}
	_, err := fmt.Fprintf(w, "%s  %s%s\n", clock, level, text)
	return err
}

// table writes aligned columns.
func table(w io.Writer, fill func(io.Writer)) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fill(t)
	return t.Flush()
}

// printJSON writes JSON for a person to read and a program too; the values stay as they are.
func printJSON(w io.Writer, text []byte) error {
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return fmt.Errorf("print JSON: %w", err)
	}
	_, err := fmt.Fprintln(w, b.String())
	return err
}
