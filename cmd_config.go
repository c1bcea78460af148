package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"mcphub/hub/client"
	"mcphub/hub/config"
	"mcphub/hub/jsonrpc"
)

// errInvalid says that a configuration file that was checked is wrong.
var errInvalid = errors.New("the configuration is not valid")

func (r *remote) config() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Show and check the configuration", Args: exactly(0), RunE: func(cmd *cobra.Command, _ []string) error {
		return cmd.Help()
	}}
	cmd.AddCommand(r.configShow(), r.configFiles(), r.configHistory(), r.configRestore(), r.configValidate())
	return cmd
}

func (r *remote) configShow() *cobra.Command {
	return r.answering(&cobra.Command{
		Use: "show", Short: "Show what all configuration files of the hub together say, and where", Args: exactly(0),
		Long: `Show what all configuration files of the running hub together say, and where each value stands. Placeholders are shown as
they are written, and what may be a secret as dots.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, err := r.client().EffectiveConfig(cmd.Context())
			if err != nil {
				return err
			}
			if r.json {
				return printJSON(cmd.OutOrStdout(), e.Raw)
			}
			return printEffective(cmd.OutOrStdout(), e)
		},
	})
}

// printEffective writes the configuration as a file would hold it, with comments that say where it comes from.
func printEffective(w io.Writer, e client.Effective) error {
	var b bytes.Buffer
	write := func(indent string, list []client.Setting) error {
		for _, s := range list {
			fmt.Fprintf(&b, "%s// %s", indent, place(s.From))
			for _, hidden := range s.Hides {
				fmt.Fprintf(&b, ", in place of %s", place(hidden))
			}
			fmt.Fprintf(&b, "\n%s%s: ", indent, jsonrpc.AppendString(nil, s.Name))
			if err := json.Indent(&b, s.Value, indent, "  "); err != nil {
				return fmt.Errorf("print %s: %w", s.Name, err)
			}
			b.WriteString(",\n")
		}
		return nil
	}
	b.WriteString("{\n")
	err := write("  ", e.Settings)
	b.WriteString("  \"mcpServers\": {\n")
	err = errors.Join(err, write("    ", e.Servers))
	b.WriteString("  },\n}\n")
	if err != nil {
		return err
	}
	_, err = b.WriteTo(w)
	return err
}

func place(p client.Position) string { return fmt.Sprintf("%s:%d", p.File, p.Line) }

func (r *remote) configFiles() *cobra.Command {
	return r.answering(&cobra.Command{
		Use: "files", Short: "List the configuration files of the hub, and what is wrong in them", Args: exactly(0),
		Long: "List the configuration files of the running hub, and what is wrong in them. A server of a later file replaces that of an earlier one.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			files, err := r.client().ConfigFiles(cmd.Context())
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if r.json {
				return printJSON(out, files.Raw)
			}
			for _, f := range files.Files {
				note := ""
				if f.Missing {
					note = " (there is no such file yet)"
				}
				if _, err := fmt.Fprintln(out, f.Path+note); err != nil {
					return err
				}
			}
			for _, d := range files.Diagnostics {
				err := printProblem(out, config.Diagnostic{
					Severity: config.Severity(d.Severity), File: d.File, Line: d.Line, Column: d.Column, Message: d.Message, Action: d.Action,
				})
				if err != nil {
					return err
				}
			}
			return nil
		},
	})
}

func (r *remote) configHistory() *cobra.Command {
	var file string
	cmd := r.answering(&cobra.Command{
		Use: "history [ID]", Short: "List the earlier texts of a configuration file, or print one", Args: between(0, 1),
		Long: `List the earlier texts of a configuration file of the running hub, or print one: what every change by the hub replaced, and
what other programs replaced while the hub watched the file. What it prints may hold secrets.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			index, err := r.fileIndex(cmd.Context(), file)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if len(args) == 1 {
				text, err := r.client().ConfigVersion(cmd.Context(), index, args[0])
				if err == nil && r.json {
					return printValue(out, map[string]string{"id": args[0], "text": text})
				}
				if err == nil {
					_, err = io.WriteString(out, text)
				}
				return err
			}
			v, err := r.client().ConfigVersions(cmd.Context(), index)
			if err != nil {
				return err
			}
			if r.json {
				return printJSON(out, v.Raw)
			}
			t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			_, _ = fmt.Fprintln(t, "ID\tUNTIL\tBYTES\t")
			for _, v := range v.Versions {
				note := ""
				if v.Current {
					note = "as it is now"
				}
				_, _ = fmt.Fprintf(t, "%s\t%s\t%d\t%s\n", v.ID, v.Until.Local().Format(time.DateTime), v.Size, note)
			}
			return t.Flush()
		},
	})
	r.fileFlag(cmd, &file)
	return cmd
}

func (r *remote) configRestore() *cobra.Command {
	var file string
	cmd := r.answering(&cobra.Command{
		Use: "restore ID", Short: "Put an earlier text of a configuration file back, and apply it", Args: exactly(1),
		Long: `Put an earlier text of a configuration file of the running hub back, and apply it. "mcp-hub config history" lists them. The
text in whose place it comes is kept too, so this can be undone in the same way.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			index, err := r.fileIndex(cmd.Context(), file)
			if err != nil {
				return err
			}
			plan, err := r.client().RestoreConfig(cmd.Context(), index, args[0])
			if err != nil {
				return err
			}
			if r.json {
				return printValue(cmd.OutOrStdout(), plan)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "restored: "+plan.String())
			return err
		},
	})
	r.fileFlag(cmd, &file)
	return cmd
}

// fileFlag adds the flag that names a configuration file.
func (r *remote) fileFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "file", "", "configuration `file`, as \"mcp-hub config files\" names it (default: the first)")
	_ = cmd.RegisterFlagCompletionFunc("file", r.asking(func(ctx context.Context, c *client.Client, _ []string) []string {
		known, _ := c.ConfigFiles(ctx)
		var paths []string
		for _, f := range known.Files {
			paths = append(paths, f.Path)
		}
		return paths
	})) // the flag is there
}

// fileIndex finds a configuration file of the hub; without a name the first one.
func (r *remote) fileIndex(ctx context.Context, name string) (int, error) {
	if name == "" {
		return 0, nil
	}
	known, err := r.client().ConfigFiles(ctx)
	if err != nil {
		return 0, err
	}
	index := slices.IndexFunc(known.Files, func(f client.ConfigFile) bool { return f.Path == name })
	if index < 0 {
		return 0, badArgument("%s is no configuration file of the hub; \"mcp-hub config files\" lists them", name)
	}
	return index, nil
}

func (r *remote) configValidate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "validate FILE...", Short: "Say what is wrong in configuration files", Args: atLeast(1),
		Long: "Say what is wrong in configuration files. No hub need run.",
		RunE: func(cmd *cobra.Command, args []string) error {
			problems := []config.Diagnostic{}
			for _, file := range args {
				text, err := os.ReadFile(file)
				if err != nil {
					return fmt.Errorf("%w: %w", errInvalid, err)
				}
				problems = append(problems, config.Validate(text, file)...)
			}
			return r.report(cmd.OutOrStdout(), problems)
		},
	}
	cmd.Flags().BoolVar(&r.json, "json", false, "print JSON, for programs")
	return cmd
}

// report prints what is wrong. Warnings alone are no failure.
func (r *remote) report(w io.Writer, problems []config.Diagnostic) error {
	wrong := 0
	for _, d := range problems {
		if d.Severity == config.Error {
			wrong++
		}
		if !r.json {
			if err := printProblem(w, d); err != nil {
				return err
			}
		}
	}
	if r.json {
		if err := printValue(w, problems); err != nil {
			return err
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%w: %d found", errInvalid, wrong)
	}
	return nil
}

// printProblem writes a problem as compilers do, so that editors find the place.
func printProblem(w io.Writer, d config.Diagnostic) error {
	more := ""
	if d.Action != "" {
		more = "; " + d.Action
	}
	_, err := fmt.Fprintf(w, "%s:%d:%d: %s: %s%s\n", d.File, d.Line, d.Column, d.Severity, d.Message, more)
	return err
}
