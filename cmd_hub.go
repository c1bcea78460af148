package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mcphub/hub/client"
	"mcphub/hub/statedir"
	"mcphub/hub/workspace"
)

func (r *remote) status() *cobra.Command {
	return r.answering(&cobra.Command{
		Use: "status", Short: "Show how the running hub is", Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c := r.client()
			h, err := c.Health(cmd.Context())
			if err != nil {
				return err
			}
			if r.json {
				return printJSON(cmd.OutOrStdout(), h.Raw)
			}
			known, err := c.Version(cmd.Context())
			if err != nil {
				known = client.Version{} // an older hub, or one that does not tell everybody
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
				if n := known.Newer; n != nil {
					_, _ = fmt.Fprintf(w, "newer\t%s of %s: %s\n", n.Version, n.Date, upgradeWith(known.Feed))
				}
				for _, s := range h.Servers {
					if why := cause(s); why != "" {
						_, _ = fmt.Fprintf(w, "  %s\t%s\n", s.Name, why)
					}
				}
			})
		},
	})
}

func (r *remote) workspaces() *cobra.Command {
	return r.answering(&cobra.Command{
		Use: "workspaces", Short: "List the hubs that run on this machine", Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			hubs, err := r.runningHubs(cmd)
			if err != nil {
				return err
			}
			if r.json {
				return printValue(cmd.OutOrStdout(), hubs)
			}
			if len(hubs) == 0 {
				_, err := fmt.Fprintln(cmd.ErrOrStderr(), "No hub runs on this machine.")
				return err
			}
			return table(cmd.OutOrStdout(), func(w io.Writer) {
				_, _ = fmt.Fprintln(w, "PORT\tSTATE\tPID\tCLIENTS\tSINCE\tFOLDER\tCONFIGURATION")
				list := make([]workspace.Entry, 0, len(hubs))
				for _, e := range hubs {
					list = append(list, e)
				}
				slices.SortFunc(list, func(a, b workspace.Entry) int { return a.Port - b.Port })
				for _, e := range list {
					_, _ = fmt.Fprintf(w, "%d\t%s\t%d\t%d\t%s\t%s\t%s\n", e.Port, strings.ReplaceAll(e.State, "_", " "), e.PID, e.ActiveConnections,
						e.StartTime.Local().Format(time.DateTime), e.Dir, strings.Join(e.ConfigFiles, ", "))
				}
			})
		},
	})
}

// runningHubs asks the hub for the register of running hubs, or reads the register if no hub answers on this machine.
func (r *remote) runningHubs(cmd *cobra.Command) (map[string]workspace.Entry, error) {
	c := r.client()
	text, err := c.Workspaces(cmd.Context())
	if errors.Is(err, client.ErrUnreachable) && onThisMachine(c.URL()) {
		dir, err := statedir.Path()
		if err != nil {
			return nil, err
		}
		return workspace.Open(dir, slog.New(slog.DiscardHandler)).List(cmd.Context())
	}
	if err != nil {
		return nil, err
	}
	var hubs map[string]workspace.Entry
	if err := json.Unmarshal(text, &hubs); err != nil {
		return nil, fmt.Errorf("read the register of running hubs: %w", err)
	}
	return hubs, nil
}

func (r *remote) events() *cobra.Command {
	return r.answering(&cobra.Command{
		Use: "events", Short: "Follow what happens in the hub", Args: exactly(0),
		Long: "Follow what happens in the hub, and go on when it is restarted. With --json each event is one line.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			out := cmd.OutOrStdout()
			err := r.client().Follow(cmd.Context(), func(e client.Event) error {
				if r.json {
					return printLine(out, map[string]any{"event": e.Name, "id": e.ID, "data": e.Raw})
				}
				return printEvent(out, e)
			})
			return unlessStopped(cmd, err)
		},
	})
}

// printEvent writes an event as one line.
func printEvent(w io.Writer, e client.Event) error {
	var data struct {
		State, To, Reason, Line, Error string
		Tools, Resources, Prompts      bool
	}
	if e.Data != nil {
		if err := json.Unmarshal(e.Data, &data); err != nil {
			return fmt.Errorf("read the event %s: %w", e.Name, err)
		}
	}
	text := strings.TrimSpace(strings.ReplaceAll(e.Name, "_", " ") + " " + e.Server)
	switch e.Name {
	case client.EventNote:
		return nil // the change of state says it
	case client.EventSnapshot:
		text = "the hub is " + e.Hub.State
	case client.EventHub:
		text = "the hub is " + data.State
	case client.EventAway:
		text = "the hub is away"
	case client.EventGap:
		text = "the hub has forgotten what happened meanwhile"
	case client.EventState:
		text = e.Server + " is " + data.To
		if data.Reason != "" {
			text += ": " + firstLine(data.Reason)
		}
	case client.EventLists:
		text = e.Server + " has changed its"
		for _, list := range []struct {
			name    string
			changed bool
		}{{" tools", data.Tools}, {" resources", data.Resources}, {" prompts", data.Prompts}} {
			if list.changed {
				text += list.name
			}
		}
	case client.EventStderr:
		text = e.Server + " says: " + data.Line
	case client.EventConfig:
		text = "the configuration has changed"
		if data.Error != "" {
			text = "the configuration is broken, the last good one stays: " + data.Error
		}
	}
	at := e.Time
	if at.IsZero() {
		at = time.Now()
	}
	_, err := fmt.Fprintf(w, "%s  %s\n", at.Local().Format(time.TimeOnly), text)
	return err
}
