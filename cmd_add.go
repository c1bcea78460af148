package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"mcphub/hub/client"
	"mcphub/hub/config"
)

const addLong = `Add a server to the configuration file, comments and layout of which stay, and wait until it has started.

A local server is a command, a remote one an address. Write -- before a command with options of its own. Values may hold
placeholders, such as '${TOKEN}', in single quotes. What seems to be a secret goes into the secret store, and a placeholder
into the file.`

const addExamples = `  mcp-hub add files -- npx -y @modelcontextprotocol/server-filesystem ~/notes
  mcp-hub add db --env DB_PASSWORD='${cmd: pass show db}' -- uvx mcp-server-postgres
  mcp-hub add issues https://mcp.example.com/mcp --header 'Authorization: Bearer ${ISSUES_TOKEN}'
  mcp-hub add files --json-config '{"command": "npx", "args": ["-y", "some-server"]}'
  mcp-hub add --json-config - < copied.json    # {"mcpServers": {…}}, with all its servers`

// newEntry is what the flags of add say of a server's entry.
type newEntry struct {
	Command     string            `json:"command,omitempty"`
	Args        []string          `json:"args,omitempty"`
	URL         string            `json:"url,omitempty"`
	Env         map[string]string `json:"env,omitempty"`
	Headers     map[string]string `json:"headers,omitempty"`
	Cwd         string            `json:"cwd,omitempty"`
	Description string            `json:"description,omitempty"`
	Disabled    bool              `json:"disabled,omitempty"`
}

func (r *remote) add() *cobra.Command {
	var (
		entry        newEntry
		env, headers []string
		transport    string
		file, whole  string
		plain        bool
	)
	cmd := r.answering(&cobra.Command{
		Use: "add NAME {[--] COMMAND [ARGS...] | URL}", Short: "Add a server to the configuration", Long: addLong, Example: addExamples,
		DisableFlagsInUseLine: true,
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveDefault
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var servers []config.Entry
			var err error
			if cmd.Flags().Changed("json-config") {
				servers, err = pasted(cmd, args, whole)
			} else {
				servers, err = entry.named(cmd, args, r.url, transport, env, headers)
			}
			if err != nil {
				return err
			}
			return r.create(cmd, servers, file, plain)
		},
	})
	f := cmd.Flags()
	f.StringArrayVarP(&env, "env", "e", nil, "`NAME=VALUE` for its environment; may be given several times")
	f.StringArrayVarP(&headers, "header", "H", nil, "`NAME=VALUE` or 'NAME: VALUE' for requests to its address; may be given several times")
	f.StringVarP(&transport, "transport", "t", "", "stdio for a command, http or sse for an address (default: an address begins with http:// or https://)")
	f.StringVar(&entry.Cwd, "cwd", "", "`folder` to start it in")
	f.StringVar(&entry.Description, "description", "", "`text` that says what it is for")
	f.BoolVar(&entry.Disabled, "disabled", false, "add it switched off")
	f.StringVar(&whole, "json-config", "", "its whole entry as `JSON`, or - to read that from stdin; without NAME a configuration with any number of servers")
	r.fileFlag(cmd, &file)
	f.BoolVar(&plain, "plain-secrets", false, "write what seems to be a secret into the file as it is, not into the secret store")
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return misuse(cmd, fmt.Errorf("%w (-- must stand before a command that has options of its own)", err))
	})
	return cmd
}

// named is the entry that arguments and flags say.
func (e newEntry) named(cmd *cobra.Command, args []string, hub, transport string, env, headers []string) ([]config.Entry, error) {
	if len(args) < 2 {
		return nil, misuse(cmd, errors.New("it takes a name, and a command or an address"))
	}
	var err error
	if e.Env, err = assignments("--env", env, "="); err != nil {
		return nil, err
	}
	if e.Headers, err = assignments("--header", headers, "=:"); err != nil {
		return nil, err
	}
	isURL := false
	switch transport {
	case "":
		isURL = strings.HasPrefix(args[1], "http://") || strings.HasPrefix(args[1], "https://")
	case "http", "sse":
		isURL = true
	case "stdio":
	default:
		return nil, badArgument("--transport must be stdio, http or sse, not %q", transport)
	}
	switch {
	case !isURL && e.Headers != nil:
		return nil, badArgument("--header is for servers with an address, and %q is none", args[1])
	case isURL && e.Cwd != "":
		return nil, badArgument("--cwd is for servers with a command, and %q is an address", args[1])
	case isURL && len(args) > 2:
		return nil, badArgument("nothing can follow the address of a server, as %q does", args[2])
	case isURL:
		e.URL = args[1]
	default:
		e.Command, e.Args = args[1], args[2:]
	}
	// The person means a folder below their own, not below the hub's.
	if e.Cwd != "" && !strings.Contains(e.Cwd, "${") && onThisMachine(client.New(hub).URL()) {
		if e.Cwd, err = filepath.Abs(e.Cwd); err != nil {
			return nil, err
		}
	}
	var text bytes.Buffer
	if err := printLine(&text, e); err != nil {
		return nil, err
	}
	return []config.Entry{{Name: args[0], Value: text.Bytes()}}, nil
}

// assignments reads names and values with one of the separators between them; nil if there are none.
func assignments(flag string, given []string, separators string) (map[string]string, error) {
	var out map[string]string
	for _, text := range given {
		i := strings.IndexAny(text, separators)
		if i <= 0 {
			return nil, badArgument("%s takes NAME=VALUE", flag) // which may hold a secret
		}
		if out == nil {
			out = map[string]string{}
		}
		value := text[i+1:]
		if text[i] == ':' {
			value = strings.TrimSpace(value)
		}
		out[text[:i]] = value
	}
	return out, nil
}

// pasted is the entries that stand in a text, or on stdin.
func pasted(cmd *cobra.Command, args []string, text string) ([]config.Entry, error) {
	for _, other := range []string{"env", "header", "transport", "cwd", "description", "disabled"} {
		if cmd.Flags().Changed(other) {
			return nil, badArgument("--%s and --json-config exclude each other: write it into the JSON", other)
		}
	}
	if len(args) > 1 {
		return nil, misuse(cmd, errors.New("nothing can follow the name if there is --json-config"))
	}
	if text == "-" {
		stdin, err := io.ReadAll(cmd.InOrStdin())
		if err != nil {
			return nil, fmt.Errorf("read stdin: %w", err)
		}
		text = string(stdin)
	}
	name := ""
	if len(args) > 0 {
		name = args[0]
	}
	servers, err := config.ParseEntries([]byte(text), name)
	if err != nil {
		return nil, badArgument("--json-config: %w", err)
	}
	return servers, nil
}

// create adds servers, waits for them and tells how they are.
func (r *remote) create(cmd *cobra.Command, servers []config.Entry, file string, plain bool) error {
	c, ctx, out := r.client(), cmd.Context(), cmd.OutOrStdout()
	var errs []error
	var added []client.ManagedServer
	for _, entry := range servers {
		s, err := c.Create(ctx, entry.Name, entry.Value, file, plain)
		if err != nil {
			if errs = append(errs, err); errors.Is(err, client.ErrUnreachable) {
				break
			}
			continue
		}
		added = append(added, s)
		note := ""
		if s.State == client.StateStarting {
			note = ", waiting for it to start"
		}
		if !r.json {
			_, _ = fmt.Fprintf(out, "%s: added to %s%s\n", s.Name, s.Config.File, note)
			for _, kept := range s.Kept {
				_, _ = fmt.Fprintf(out, "  %s is secret: it is kept as %s, and stands in the file as ${secret:%s}\n", kept.Key, kept.Name, kept.Name)
			}
		}
	}
	raw := []json.RawMessage{}
	for _, s := range added {
		s, err := outcome(ctx, c, s)
		if err != nil {
			errs = append(errs, err)
		} else if !r.json {
			errs = append(errs, printState(out, s))
		}
		raw = append(raw, s.Raw)
	}
	if r.json {
		errs = append(errs, printValue(out, raw))
	}
	return errors.Join(errs...)
}

// settled waits for a server that was just written into the configuration, and tells how it is.
func (r *remote) settled(cmd *cobra.Command, c *client.Client, s client.ManagedServer) error {
	s, err := outcome(cmd.Context(), c, s)
	switch {
	case r.json:
		err = errors.Join(err, printJSON(cmd.OutOrStdout(), s.Raw))
	case err == nil:
		err = printState(cmd.OutOrStdout(), s)
	}
	return err
}

// outcome waits for a server that was just written into the configuration. That it does not start is an error.
func outcome(ctx context.Context, c *client.Client, s client.ManagedServer) (client.ManagedServer, error) {
	s, err := c.Settled(ctx, s)
	if ctx.Err() != nil {
		err = fmt.Errorf("%s is still starting: \"mcp-hub list\" shows how it goes on", s.Name)
	}
	if err != nil {
		return s, err
	}
	if err := failure(s); err != nil {
		return s, fmt.Errorf("%w%s\n  Its entry stays in %s, line %d, until you mend it there or say \"mcp-hub remove %s\"",
			err, lastWords(ctx, c, s.Name), s.Config.File, s.Config.Line, s.Name)
	}
	return s, nil
}

// lastWords is what a server wrote last, which mostly says why it failed.
func lastWords(ctx context.Context, c *client.Client, server string) string {
	log, _ := c.Log(ctx, server, 10)
	text := ""
	for _, l := range log {
		if !strings.HasPrefix(l.Text, "hub: ") { // which has been told as the reason
			text += "\n    " + l.Text
		}
	}
	if text != "" {
		text = "\n  It wrote:" + text
	}
	return text
}
