package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mcphub/hub/client"
)

var errToolFailed = errors.New("the tool says that it failed")

func (r *remote) tools() *cobra.Command {
	return r.answering(&cobra.Command{
		Use: "tools [SERVER]", Short: "List the tools, of all servers or of one", Args: between(0, 1), ValidArgsFunction: r.servers(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c := r.client()
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
				return printValue(cmd.OutOrStdout(), raw)
			}
			return table(cmd.OutOrStdout(), func(w io.Writer) {
				_, _ = fmt.Fprintln(w, "SERVER\tTOOL\tDESCRIPTION")
				for _, s := range servers {
					for _, raw := range s.Capabilities.Tools {
						var tool definition
						_ = json.Unmarshal(raw, &tool) // what is odd is shown as far as it goes
						_, _ = fmt.Fprintf(w, "%s\t%s\t%s\n", s.Name, tool.Name, tool.summary())
					}
				}
			})
		},
	})
}

func (r *remote) call() *cobra.Command {
	var timeout time.Duration
	cmd := r.answering(&cobra.Command{
		Use: "call SERVER TOOL [JSON | KEY=VALUE...]", Short: "Call a tool",
		Example: "  mcp-hub call files read_file path=notes.md\n  mcp-hub call files read_file '{\"path\": \"notes.md\"}'",
		Args:    atLeast(2), ValidArgsFunction: r.offers(func(c client.Capabilities) []json.RawMessage { return c.Tools }),
		RunE: func(cmd *cobra.Command, args []string) error {
			c := r.client()
			arguments, err := toolArguments(cmd.Context(), c, args)
			if err != nil {
				return err
			}
			result, err := c.CallTool(cmd.Context(), client.Call{Server: args[0], Name: args[1], Arguments: arguments, Timeout: timeout})
			if err != nil {
				return err
			}
			if err := r.print(cmd, result, printContent); err != nil {
				return err
			}
			var failed struct{ IsError bool }
			if json.Unmarshal(result, &failed) == nil && failed.IsError {
				return errToolFailed
			}
			return nil
		},
	})
	cmd.Flags().DurationVar(&timeout, "timeout", time.Minute, "how long to wait for the answer")
	return cmd
}

func (r *remote) read() *cobra.Command {
	return r.answering(&cobra.Command{
		Use: "read SERVER URI", Short: "Print a resource", Args: exactly(2),
		ValidArgsFunction: r.offers(func(c client.Capabilities) []json.RawMessage { return c.Resources }),
		RunE: func(cmd *cobra.Command, args []string) error {
			result, err := r.client().ReadResource(cmd.Context(), client.Call{Server: args[0], Name: args[1]})
			if err != nil {
				return err
			}
			return r.print(cmd, result, printResource)
		},
	})
}

func (r *remote) prompt() *cobra.Command {
	return r.answering(&cobra.Command{
		Use: "prompt SERVER NAME [KEY=VALUE...]", Short: "Print a prompt", Args: atLeast(2),
		ValidArgsFunction: r.offers(func(c client.Capabilities) []json.RawMessage { return c.Prompts }),
		RunE: func(cmd *cobra.Command, args []string) error {
			arguments, err := pairs(args[2:], func(_, value string) any { return value }) // a prompt's are all strings
			if err != nil {
				return err
			}
			result, err := r.client().GetPrompt(cmd.Context(), client.Call{Server: args[0], Name: args[1], Arguments: arguments})
			if err != nil {
				return err
			}
			return r.print(cmd, result, printMessages)
		},
	})
}

// print prints a result, for a person or as it is.
func (r *remote) print(cmd *cobra.Command, result json.RawMessage, readable func(io.Writer, json.RawMessage) error) error {
	if r.json {
		return printJSON(cmd.OutOrStdout(), result)
	}
	return readable(cmd.OutOrStdout(), result)
}

// toolArguments reads the arguments of a tool: one JSON object, or pairs. A pair's value is what the tool's schema asks
// for: text if that says so, or else JSON if it is any, or else text.
func toolArguments(ctx context.Context, c *client.Client, args []string) (json.RawMessage, error) {
	given := args[2:]
	if len(given) == 1 && strings.HasPrefix(strings.TrimSpace(given[0]), "{") {
		if !json.Valid([]byte(given[0])) {
			return nil, badArgument("the tool's arguments are not valid JSON")
		}
		return json.RawMessage(given[0]), nil
	}
	if len(given) == 0 {
		return nil, nil
	}
	server, err := c.Info(ctx, args[0])
	if err != nil {
		return nil, err
	}
	var tool struct {
		Name        string
		InputSchema struct{ Properties map[string]struct{ Type any } }
	}
	for _, def := range server.Capabilities.Tools {
		if json.Unmarshal(def, &tool) == nil && tool.Name == args[1] {
			break
		}
		tool.InputSchema.Properties = nil
	}
	return pairs(given, func(key, value string) any {
		if tool.InputSchema.Properties[key].Type != "string" && json.Valid([]byte(value)) {
			return json.RawMessage(value)
		}
		return value
	})
}

// pairs makes an object of KEY=VALUE; nil if there are none.
func pairs(args []string, value func(key, text string) any) (json.RawMessage, error) {
	if len(args) == 0 {
		return nil, nil
	}
	object := map[string]any{}
	for _, a := range args {
		key, text, ok := strings.Cut(a, "=")
		if !ok || key == "" {
			return nil, badArgument("%q is not KEY=VALUE", a)
		}
		object[key] = value(key, text)
	}
	return json.Marshal(object)
}

// content is one block of a result's content (specification, "Tool Result").
type content struct {
	Type, Text, MimeType, Data, URI string
	Resource                        contents
}

// contents is what a resource holds.
type contents struct {
	URI, MimeType string
	Text          *string
	Blob          string
}

// text is a block as a person can read it.
func (c content) text() string {
	switch {
	case c.Type == "text":
		return c.Text
	case c.Type == "resource" && c.Resource.Text != nil:
		return *c.Resource.Text
	case c.Type == "resource":
		return fmt.Sprintf("[%s, %s]", c.Resource.URI, c.Resource.MimeType)
	case c.Type == "resource_link":
		return "[" + c.URI + "]"
	}
	return fmt.Sprintf("[%s, %s, %d bytes]", c.Type, c.MimeType, base64.StdEncoding.DecodedLen(len(c.Data)))
}

func printContent(w io.Writer, result json.RawMessage) error {
	var r struct {
		Content           []content
		StructuredContent json.RawMessage
	}
	if err := json.Unmarshal(result, &r); err != nil || len(r.Content) == 0 && r.StructuredContent == nil {
		return printJSON(w, result)
	}
	if len(r.Content) == 0 {
		return printJSON(w, r.StructuredContent)
	}
	for _, c := range r.Content {
		if _, err := fmt.Fprintln(w, strings.TrimSuffix(c.text(), "\n")); err != nil {
			return err
		}
	}
	return nil
}

// printResource writes what the resource holds and nothing else, so that it can go into a file.
func printResource(w io.Writer, result json.RawMessage) error {
	var r struct{ Contents []contents }
	if err := json.Unmarshal(result, &r); err != nil || r.Contents == nil {
		return printJSON(w, result)
	}
	for _, c := range r.Contents {
		src := base64.NewDecoder(base64.StdEncoding, strings.NewReader(c.Blob))
		if c.Text != nil {
			src = strings.NewReader(*c.Text)
		}
		if _, err := io.Copy(w, src); err != nil {
			return fmt.Errorf("print %s: %w", c.URI, err)
		}
	}
	return nil
}

func printMessages(w io.Writer, result json.RawMessage) error {
	var r struct {
		Messages []struct {
			Role    string
			Content content
		}
	}
	if err := json.Unmarshal(result, &r); err != nil {
		return printJSON(w, result)
	}
	for _, m := range r.Messages {
		if _, err := fmt.Fprintf(w, "%s:\n%s\n", m.Role, strings.TrimSuffix(m.Content.text(), "\n")); err != nil {
			return err
		}
	}
	return nil
}
