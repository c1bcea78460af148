package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

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
	cmd.AddCommand(r.configShow(), r.configFiles(), r.configValidate())
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
