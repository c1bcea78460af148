package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"mcphub/hub/access"
	"mcphub/hub/client"
	"mcphub/hub/secret"
	"mcphub/hub/statedir"
)

// remote is what the sub-commands that talk to a running hub have in common.
type remote struct {
	url  string
	json bool                         // print JSON, for programs
	keys func() (*access.Keys, error) // the tokens that this person's hubs share
}

func newRemote(stderr io.Writer) *remote {
	return &remote{keys: sync.OnceValues(func() (*access.Keys, error) {
		return ownKeys(slog.New(slog.NewTextHandler(stderr, nil)))
	})}
}

// addCommands adds the sub-commands. Without one the program is the hub itself.
func addCommands(root *cobra.Command, r *remote) {
	for _, group := range []struct {
		title    string
		commands []*cobra.Command
	}{
		{"The running hub", []*cobra.Command{r.status(), r.events(), r.history(), r.workspaces()}},
		{"Servers", []*cobra.Command{
			r.list(), r.add(), r.remove(), r.start(), r.stop(), r.restart(), r.enable(), r.disable(), r.logs(),
			r.signIn(), r.signOut(), r.oauth(),
		}},
		{"The marketplace", []*cobra.Command{r.search(), r.install(), r.updates(), r.update()}},
		{"Using them", []*cobra.Command{r.tools(), r.call(), r.read(), r.prompt(), r.stdio()}},
		{"Configuration", []*cobra.Command{r.config(), r.secrets()}},
		{"Access", []*cobra.Command{r.open(), r.token()}},
		{"The desktop", append(r.roles(), autostartCommand())},
		{"This program", []*cobra.Command{upgradeCommand()}},
	} {
		root.AddGroup(&cobra.Group{ID: group.title, Title: group.title + ":"})
		for _, cmd := range group.commands {
			cmd.GroupID = group.title
			root.AddCommand(cmd)
		}
	}
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

// client returns a client of the hub that is meant. It sends the token that the environment's MCP_HUB_TOKEN holds, or, to a
// hub on this machine that wants one, the token that this person's hubs share.
func (r *remote) client() *client.Client {
	if token := os.Getenv("MCP_HUB_TOKEN"); token != "" {
		return r.at(r.url, client.WithToken(secret.New(token)))
	}
	return r.at(r.url)
}

// at returns a client of the hub at an address. Without options it sends the token that this person's hubs share, where it
// is asked for one.
func (r *remote) at(address string, options ...client.Option) *client.Client {
	if len(options) == 0 {
		options = []client.Option{client.WithStored(r.stored)}
	}
	if roots := ownRoots(); roots != nil {
		options = append(options, client.WithRoots(roots))
	}
	return client.New(address, options...)
}

// stored returns the token that this person's hubs share.
func (r *remote) stored(ctx context.Context) (secret.Text, error) {
	keys, err := r.keys()
	if err != nil {
		return secret.Text{}, err
	}
	return keys.Token(ctx)
}

func ownKeys(log *slog.Logger) (*access.Keys, error) {
	dir, err := statedir.Path()
	if err != nil {
		return nil, err
	}
	store, err := secretStore(dir, log)
	if err != nil {
		return nil, err
	}
	return access.OpenKeys(dir, store, log), nil
}

// ownRoots is what the system trusts, with the certificate that the hubs on this machine made; nil if they made none.
func ownRoots() *x509.CertPool {
	dir, err := statedir.Path()
	if err != nil {
		return nil
	}
	own, err := os.ReadFile(access.SelfMadeFile(dir))
	if err != nil {
		return nil
	}
	roots, err := x509.SystemCertPool()
	if err != nil || !roots.AppendCertsFromPEM(own) {
		return nil
	}
	return roots
}

// answering is reaching for a command that can print JSON.
func (r *remote) answering(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().BoolVar(&r.json, "json", false, "print JSON, for programs")
	return r.reaching(cmd)
}

// exactly, atLeast and between are cobra's checks of the number of arguments, as the person's mistakes.
func exactly(n int) cobra.PositionalArgs    { return mistaken(cobra.ExactArgs(n)) }
func atLeast(n int) cobra.PositionalArgs    { return mistaken(cobra.MinimumNArgs(n)) }
func between(a, b int) cobra.PositionalArgs { return mistaken(cobra.RangeArgs(a, b)) }

func mistaken(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return misuse(cmd, err)
		}
		return nil
	}
}

// misuse is a mistake in the arguments of a command, told with how it is used.
func misuse(cmd *cobra.Command, err error) error {
	return argumentError{fmt.Errorf("%w; use it as %s (see %s --help)", err, cmd.UseLine(), cmd.CommandPath())}
}

// advice says what to do about an error of the hub that does not say it itself.
func advice(err error) string {
	var refused *client.Error
	if errors.As(err, &refused) && (refused.Code == "SERVER_NOT_FOUND" || refused.Message == "Server not found") {
		return `; "mcp-hub list" shows those that there are`
	}
	return ""
}

// onThisMachine reports whether an address is one of this machine's loopback addresses, or a Unix socket.
func onThisMachine(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	if u.Scheme == "unix" {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return strings.EqualFold(u.Hostname(), "localhost") || ip != nil && ip.IsLoopback()
}

// unlessStopped is the error of what runs until it is stopped, which then is none.
func unlessStopped(cmd *cobra.Command, err error) error {
	if errors.Is(err, context.Canceled) && cmd.Context().Err() != nil {
		err = nil
	}
	return err
}

// completer completes arguments with what the running hub has; without a hub there is nothing to choose from.
type completer = func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective)

// asking makes a completer of a question to the hub.
func (r *remote) asking(ask func(ctx context.Context, c *client.Client, args []string) []string) completer {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(cmd.Context(), time.Second)
		defer cancel()
		return ask(ctx, r.client(), args), cobra.ShellCompDirectiveNoFileComp
	}
}

// servers completes up to limit arguments with names of servers.
func (r *remote) servers(limit int) completer {
	return r.asking(func(ctx context.Context, c *client.Client, args []string) []string {
		if len(args) >= limit {
			return nil
		}
		list, _ := c.List(ctx)
		var names []string
		for _, s := range list {
			if !s.Builtin && !slices.Contains(args, s.Name) {
				names = append(names, cobra.CompletionWithDesc(s.Name, word(s)))
			}
		}
		return names
	})
}

// offers completes the first argument with names of servers, and the second with what the server offers.
func (r *remote) offers(list func(client.Capabilities) []json.RawMessage) completer {
	first := r.servers(1)
	second := r.asking(func(ctx context.Context, c *client.Client, args []string) []string {
		server, _ := c.Info(ctx, args[0])
		var names []string
		for _, raw := range list(server.Capabilities) {
			var d definition
			_ = json.Unmarshal(raw, &d) // what is odd is shown as far as it goes
			names = append(names, cobra.CompletionWithDesc(d.key(), d.summary()))
		}
		return names
	})
	return func(cmd *cobra.Command, args []string, given string) ([]string, cobra.ShellCompDirective) {
		switch len(args) {
		case 0:
			return first(cmd, args, given)
		case 1:
			return second(cmd, args, given)
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}

// definition is what tools, resources and prompts have in common.
type definition struct{ URI, Name, Description string }

// key is what the thing is asked for by.
func (d definition) key() string {
	if d.URI != "" {
		return d.URI
	}
	return d.Name
}

// summary is the first line of the description.
func (d definition) summary() string { return firstLine(strings.TrimSpace(d.Description)) }

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
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

// printValue is printJSON of a value.
func printValue(w io.Writer, value any) error {
	var b bytes.Buffer
	if err := printLine(&b, value); err != nil {
		return err
	}
	return printJSON(w, bytes.TrimSpace(b.Bytes()))
}

// printLine writes a value as one line of JSON.
func printLine(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false) // it is no HTML, and servers' texts shall stay as they are
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("print JSON: %w", err)
	}
	return nil
}
