package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"mcphub/hub/client"
)

var errNotInstalled = errors.New("nothing was installed")

func (r *remote) install() *cobra.Command {
	var (
		q   client.InstallRequest
		use string
		yes bool
	)
	cmd := r.answering(&cobra.Command{
		Use: "install ID [KEY=VALUE...]", Short: "Install a server from the marketplace", Args: atLeast(1),
		Long: `Install a server from the marketplace: show what would be written into which configuration file, ask, write it, and wait
until the server runs. KEY=VALUE gives values for what the server needs to be told. KEY=- reads one from standard input, on
a terminal without showing it; secrets can be given only so, since others on this machine can see a command's arguments,
or as KEY='${env:NAME}', which takes a variable of the hub's environment each time the server starts. They go into the secret
store, and a placeholder into the file.`,
		Example: "  mcp-hub install io.github.github/github-mcp-server\n  mcp-hub install filesystem path=/home/me/notes --name notes --yes\n" +
			"  pass show key | mcp-hub install weather API_KEY=- --yes",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, d := r.client(), newDialog(cmd, errNotInstalled)
			item, err := c.MarketItem(cmd.Context(), q.Source, args[0], false)
			if err != nil {
				return err
			}
			q.ID, q.Source = item.ID, item.Source
			if q.Install, err = chosen(item, use); err != nil {
				return err
			}
			plan, err := c.PlanInstall(cmd.Context(), q)
			if err != nil {
				return err
			}
			if plan.Taken { // before anything is asked
				return fmt.Errorf("%w: there is a server %q already, choose another name with --name", errNotInstalled, plan.Name)
			}
			goesOn := yes || d.asks()
			shown := cmd.OutOrStdout()
			if r.json { // there stands only what comes of it
				shown = cmd.ErrOrStderr()
			}
			_, _ = fmt.Fprintf(shown, "%s, from %s: %s\n\n", item.Name, item.Source, cut(what(item.MarketItem), 200))
			if q.Values, err = d.values(cmd.Context(), args[1:], plan.Install.Parameters); err != nil {
				return err
			}
			if plan, err = c.PlanInstall(cmd.Context(), q); err != nil {
				return err
			}
			if r.json && !goesOn {
				err = printJSON(cmd.OutOrStdout(), plan.Raw)
			} else {
				err = printPlan(shown, item, plan, q)
			}
			if err != nil {
				return err
			}
			if err := obstacle(plan); err != nil {
				return err
			}
			if !yes {
				if err := d.confirm(cmd.Context(), "Install it"); err != nil {
					return err
				}
			}
			s, err := c.Install(cmd.Context(), q)
			if err != nil {
				return err
			}
			if !r.json {
				_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%s: installed, waiting for it to start\n", s.Name)
			}
			return r.settled(cmd, c, s)
		},
	})
	f := cmd.Flags()
	f.StringVar(&q.Source, "source", "", "only of this `source`, where several have such an id")
	f.StringVar(&use, "use", "", "which `way` to install it, of several: npm, pypi, oci, nuget, mcpb, remote, command, or its number")
	f.StringVar(&q.Name, "name", "", "`name` for the server (default: the end of its id)")
	f.StringVar(&q.File, "file", "", "configuration `file` of the hub to write into (default: the hub's first)")
	f.BoolVar(&q.Plain, "plain-secrets", false, "write secrets into the file as they are, not into the secret store")
	f.BoolVarP(&yes, "yes", "y", false, "install without asking")
	return cmd
}

// chosen returns which of an item's ways to install it is meant: by its number from 1, by its kind or name, or the first.
func chosen(item client.MarketDetails, use string) (int, error) {
	if len(item.Installs) == 0 {
		return 0, fmt.Errorf("%s has no way of installing it that the hub knows; see %s", item.ID, cmp.Or(item.URL, "its README"))
	}
	if use == "" {
		return 0, nil
	}
	if n, err := strconv.Atoi(use); err == nil && n >= 1 && n <= len(item.Installs) {
		return n - 1, nil
	}
	if i := slices.IndexFunc(item.Installs, func(in client.MarketInstall) bool { return in.Kind == use || strings.EqualFold(in.Name, use) }); i >= 0 {
		return i, nil
	}
	return 0, badArgument("%s cannot be installed with --use %s; it has %s", item.ID, use, strings.Join(ways(item), ", "))
}

// ways names an item's ways to install it, as --use takes them.
func ways(item client.MarketDetails) []string {
	var list []string
	for i, in := range item.Installs {
		list = append(list, fmt.Sprintf("%d (%s, %s)", i+1, in.Kind, in.Name))
	}
	return list
}

// obstacle is why what is planned cannot be installed.
func obstacle(plan client.InstallPlan) error {
	var wrong []string
	for _, key := range plan.Missing {
		p, _ := parameter(plan.Install.Parameters, key)
		how := key + "=VALUE, or " + key + "=- to have it read from standard input"
		if p.Secret {
			how = key + "=- and its value on standard input"
		}
		wrong = append(wrong, fmt.Sprintf("%s is missing: give %s", key, how))
	}
	for _, key := range plan.Invalid {
		p, _ := parameter(plan.Install.Parameters, key)
		wrong = append(wrong, fmt.Sprintf("%s must be %s", key, cmp.Or(strings.Join(p.Choices, " or "), "a "+p.Format)))
	}
	if plan.Problem != "" {
		wrong = append(wrong, plan.Problem)
	}
	if wrong == nil {
		return nil
	}
	return fmt.Errorf("%w. %s", errNotInstalled, strings.Join(wrong, "; "))
}

// printPlan shows what would be installed, and what there is to know before.
func printPlan(w io.Writer, item client.MarketDetails, plan client.InstallPlan, q client.InstallRequest) error {
	var entry bytes.Buffer
	if err := json.Indent(&entry, plan.Entry, "  ", "  "); err != nil {
		return fmt.Errorf("show the entry: %w", err)
	}
	_, _ = fmt.Fprintf(w, "This goes into %s as %q:\n\n  %s\n\n", plan.File, plan.Name, &entry)
	return table(w, func(w io.Writer) {
		line := func(label, format string, args ...any) { _, _ = fmt.Fprintf(w, label+"\t"+format+"\n", args...) }
		if item.Status == "deprecated" {
			line("warning", "it is deprecated. %s", oneLine(item.StatusMessage))
		}
		if plan.Unpinned {
			line("warning", "no version is named: what runs may change at any start")
		}
		for _, p := range plan.Prerequisites {
			if p.Found {
				line("needs", "%s, found at %s", p.Program, p.Path)
			} else {
				line("warning", "%s is not found: %s", p.Program, p.Hint)
			}
		}
		for _, s := range plan.Secrets {
			line("secret", "%s goes into %s as %s", s.Key, cmp.Or(plan.KeptIn, "the secret store"), s.Name)
		}
		if q.Plain && slices.ContainsFunc(plan.Install.Parameters, func(p client.MarketParameter) bool { return p.Secret && q.Values[p.Key] != "" }) {
			line("warning", "secrets are written into the file in plain text")
		}
		for _, p := range plan.Install.Parameters {
			if q.Values[p.Key] != "" {
				continue
			}
			label := "optional"
			if p.Required {
				label = "required"
			}
			line(label, "%s: %s", p.Key, about(p))
		}
		if len(item.Installs) > 1 {
			line("others", "--use %s", strings.Join(slices.Delete(ways(item), q.Install, q.Install+1), ", "))
		}
	})
}

// about tells what a parameter is for, in one line.
func about(p client.MarketParameter) string {
	text := oneLine(cmp.Or(p.Description, p.Name))
	for _, more := range [][2]string{
		{"one of ", strings.Join(p.Choices, ", ")}, {"without it ", p.Default}, {"such as ", p.Placeholder},
	} {
		if more[1] != "" {
			text += " (" + more[0] + more[1] + ")"
		}
	}
	if p.Secret {
		text += " (secret)"
	}
	return text
}

func parameter(list []client.MarketParameter, key string) (client.MarketParameter, bool) {
	i := slices.IndexFunc(list, func(p client.MarketParameter) bool { return p.Key == key })
	if i < 0 {
		return client.MarketParameter{}, false
	}
	return list[i], true
}

// values reads what stands behind the id on the command line, and on a terminal asks for what is missing.
func (d *dialog) values(ctx context.Context, args []string, parameters []client.MarketParameter) (map[string]string, error) {
	values := map[string]string{}
	add := func(p client.MarketParameter, value string) {
		if before := values[p.Key]; p.Multiple && before != "" {
			value = before + "\n" + value
		}
		values[p.Key] = value
	}
	for _, a := range args {
		key, value, ok := strings.Cut(a, "=") // an argument without = may be a secret, and is not repeated
		p, known := parameter(parameters, key)
		switch {
		case !ok:
			return nil, badArgument("what stands behind the id must be KEY=VALUE")
		case !known:
			var keys []string
			for _, p := range parameters {
				keys = append(keys, p.Key)
			}
			return nil, badArgument("it takes no %q, but %s", key, cmp.Or(strings.Join(keys, ", "), "nothing at all"))
		case value == "-":
			read, err := d.read(ctx, p.Key+":", p.Secret)
			if err != nil {
				return nil, err
			}
			value = read
		case p.Secret && !(strings.HasPrefix(value, "${") && strings.HasSuffix(value, "}")):
			return nil, badArgument("%s is secret, and others on this machine can see a command's arguments: write %s=- and give it on standard input", key, key)
		}
		add(p, value)
	}
	for _, p := range parameters {
		if !d.asks() || !p.Required || p.Default != "" || values[p.Key] != "" {
			continue
		}
		d.say("%s", about(p))
		for {
			value, err := d.read(ctx, p.Key+":", p.Secret)
			if err != nil {
				return nil, err
			}
			if value != "" {
				add(p, value)
			}
			if value == "" || !p.Multiple {
				break
			}
		}
	}
	return values, nil
}
