package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"mcphub/hub/client"
	"mcphub/hub/config"
)

// errInvalid says that a configuration file that was checked is wrong.
var errInvalid = errors.New("the configuration is not valid")

func configCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Check configuration files", Args: exactly(0), RunE: func(cmd *cobra.Command, _ []string) error {
		return cmd.Help()
	}}
	asJSON := false
	validate := &cobra.Command{
		Use: "validate FILE...", Short: "Say what is wrong in configuration files", Args: atLeast(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			problems := []config.Diagnostic{}
			for _, file := range args {
				text, err := os.ReadFile(file)
				if err != nil {
					return fmt.Errorf("%w: %w", errInvalid, err)
				}
				problems = append(problems, config.Validate(text, file)...)
			}
			return report(cmd.OutOrStdout(), problems, asJSON)
		},
	}
	validate.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.AddCommand(validate)
	return cmd
}

// report prints what is wrong. Warnings alone are no failure.
func report(w io.Writer, problems []config.Diagnostic, asJSON bool) error {
	wrong := 0
	for _, d := range problems {
		if d.Severity == config.Error {
			wrong++
		}
		if asJSON {
			continue
		}
		more := ""
		if d.Action != "" {
			more = "; " + d.Action
		}
		if _, err := fmt.Fprintf(w, "%s:%d:%d: %s: %s%s\n", d.File, d.Line, d.Column, d.Severity, d.Message, more); err != nil {
			return err
		}
	}
	if asJSON {
		text, err := json.Marshal(problems)
		if err := errors.Join(err, printJSON(w, text)); err != nil {
			return err
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%w: %d found", errInvalid, wrong)
	}
	return nil
}

// enable takes "disabled" out of the file that the server stands in, which the hub follows, and starts the server. The
// hub has no route for that, so it works only on the hub's own machine.
func enable(c *client.Client, ctx context.Context, server string) (client.Server, error) {
	s, err := c.Info(ctx, server)
	if err != nil {
		return s, err
	}
	if !onThisMachine(c.URL()) {
		return s, fmt.Errorf("%s stands in %s on another machine: take \"disabled\" out there", server, s.ConfigSource)
	}
	dir, err := os.Getwd()
	if err != nil {
		return s, err
	}
	store, err := config.Open(ctx, config.Options{Paths: []string{s.ConfigSource}, Dir: dir, Env: os.Environ(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return s, err
	}
	if err := store.SetDisabled(ctx, server, false); err != nil {
		return s, fmt.Errorf("enable %s in %s: %w", server, s.ConfigSource, err)
	}
	return c.Start(ctx, server)
}

// onThisMachine reports whether an address is one of this machine's loopback addresses.
func onThisMachine(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return strings.EqualFold(u.Hostname(), "localhost") || ip != nil && ip.IsLoopback()
}
