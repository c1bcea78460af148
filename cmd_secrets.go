package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mcphub/hub/client"
	"mcphub/hub/secret"
	"mcphub/hub/vault"
)

// errNothingDone is what it means that a person does not answer.
var errNothingDone = errors.New("nothing was changed")

// keeper is where the commands find the secrets: at a running hub, or, if there is none, where the hubs keep them.
type keeper interface {
	Secrets(ctx context.Context) (client.Secrets, error)
	SetSecret(ctx context.Context, name, value string) (client.SecretUse, error)
	DeleteSecret(ctx context.Context, name string) error
	SecretsBackend(ctx context.Context) (client.Backend, error)
	MigrateSecrets(ctx context.Context, to string, passphrase *string) (client.Backend, error)
	Findings(ctx context.Context) ([]client.Finding, error)
	MoveSecret(ctx context.Context, f client.Finding, apply bool) (client.Moved, error)
}

func (r *remote) secrets() *cobra.Command {
	cmd := &cobra.Command{Use: "secrets", Short: "Keep passwords, tokens and keys for servers", Args: exactly(0), RunE: func(cmd *cobra.Command, _ []string) error {
		return cmd.Help()
	}}
	cmd.AddCommand(r.listSecrets(), r.setSecret(), r.deleteSecret(), r.refreshSecrets(), r.scanSecrets(), r.secretsBackend(), r.migrateSecrets(), r.unlockSecrets())
	return cmd
}

// keeping does something with the secrets of the running hub, or without a hub on those of this machine.
func (r *remote) keeping(cmd *cobra.Command, do func(keeper) error) error {
	c := r.client()
	if err := r.private(); err != nil {
		return err
	}
	err := do(c)
	if !errors.Is(err, client.ErrUnreachable) || !onThisMachine(c.URL()) {
		return err
	}
	local, err := openLocal(cmd.Context(), newDialog(cmd, errNothingDone))
	if err != nil {
		return err
	}
	return do(local)
}

// private refuses to send secrets where others could read them on the way.
func (r *remote) private() error {
	if address := r.client().URL(); !onThisMachine(address) && !strings.HasPrefix(address, "https://") {
		return badArgument("secrets go to a hub on this machine, or to one at an https:// address, not to %s", address)
	}
	return nil
}

func (r *remote) listSecrets() *cobra.Command {
	return r.answering(&cobra.Command{
		Use: "list", Short: "List the secrets, and those that servers wait for", Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return r.keeping(cmd, func(k keeper) error {
				list, err := k.Secrets(cmd.Context())
				if err != nil {
					return err
				}
				if r.json {
					return printValue(cmd.OutOrStdout(), list)
				}
				return table(cmd.OutOrStdout(), func(w io.Writer) {
					_, _ = fmt.Fprintln(w, "NAME\tSTATE\tUSED BY")
					for _, s := range list.Secrets {
						_, _ = fmt.Fprintf(w, "%s\tset\t%s\n", s.Name, strings.Join(s.Servers, ", "))
					}
					for _, s := range list.Missing {
						_, _ = fmt.Fprintf(w, "%s\tmissing\t%s\n", s.Name, strings.Join(s.Servers, ", "))
					}
				})
			})
		},
	})
}

// secretNames completes the first argument with names of secrets.
func (r *remote) secretNames() completer {
	return r.asking(func(ctx context.Context, c *client.Client, args []string) []string {
		if len(args) > 0 {
			return nil
		}
		list, _ := c.Secrets(ctx)
		var names []string
		for _, s := range slices.Concat(list.Missing, list.Secrets) {
			names = append(names, s.Name)
		}
		return names
	})
}

func (r *remote) setSecret() *cobra.Command {
	return r.answering(&cobra.Command{
		Use: "set NAME", Short: "Keep a secret, for ${secret:NAME} in the configuration",
		Long: `Keep a secret, for ${secret:NAME} in the configuration.

Its value is asked for on a terminal without showing it, or else read from standard input to the end: others on this
machine can see a command's arguments, and shells remember them. Servers that wait for the secret start.`,
		Args: exactly(1), ValidArgsFunction: r.secretNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := secret.CheckGiven(args[0]); err != nil {
				return badArgument("%w", err)
			}
			if err := r.private(); err != nil {
				return err
			}
			value, err := newDialog(cmd, errNothingDone).whole(cmd.Context(), "Value of "+args[0]+":")
			if err != nil {
				return err
			}
			return r.keeping(cmd, func(k keeper) error {
				use, err := k.SetSecret(cmd.Context(), args[0], value)
				if err != nil {
					return err
				}
				if r.json {
					return printValue(cmd.OutOrStdout(), use)
				}
				text := use.Name + " is set"
				if len(use.Servers) > 0 {
					text += ", used by " + strings.Join(use.Servers, ", ")
				}
				if b, err := k.SecretsBackend(cmd.Context()); err == nil {
					text += "; kept in " + b.Where
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), text)
				return err
			})
		},
	})
}

func (r *remote) deleteSecret() *cobra.Command {
	return r.reaching(&cobra.Command{
		Use: "delete NAME", Short: "Remove a secret", Args: exactly(1), ValidArgsFunction: r.secretNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.keeping(cmd, func(k keeper) error { return k.DeleteSecret(cmd.Context(), args[0]) })
		},
	})
}

func (r *remote) refreshSecrets() *cobra.Command {
	return r.answering(&cobra.Command{
		Use: "refresh [SERVER]", Short: "Run the commands of ${cmd: …} again, and restart the servers that use them", Args: between(0, 1), ValidArgsFunction: r.servers(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			servers, err := r.client().RefreshSecrets(cmd.Context(), strings.Join(args, ""))
			if err != nil {
				return err
			}
			if r.json {
				return printValue(cmd.OutOrStdout(), servers)
			}
			text := "no server uses the output of a command"
			if len(servers) > 0 {
				text = "commands are run again for " + strings.Join(servers, ", ")
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), text)
			return err
		},
	})
}

func (r *remote) scanSecrets() *cobra.Command {
	var move, yes bool
	cmd := &cobra.Command{
		Use: "scan", Short: "Find secrets in plain text in the configuration files", Args: exactly(0),
		Long: `Find secrets in plain text in the configuration files, by their names and their looks.

With --move they are put where the other secrets are, and ${secret:NAME} in their place. The rest of the files stays as
it is. Without a running hub it looks into the files that a hub started in this folder would read.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if r.json && move {
				return badArgument("--json and --move do not go together: scan with --json, and move afterwards")
			}
			return r.keeping(cmd, func(k keeper) error {
				found, err := k.Findings(cmd.Context())
				if err != nil {
					return err
				}
				if r.json {
					return printValue(cmd.OutOrStdout(), found)
				}
				if err := printFindings(cmd.OutOrStdout(), found); err != nil || !move || len(found) == 0 {
					return err
				}
				return moveSecrets(cmd, k, found, yes)
			})
		},
	}
	cmd.Flags().BoolVar(&move, "move", false, "move them, after asking")
	cmd.Flags().BoolVar(&yes, "yes", false, "with --move: without asking")
	return r.answering(cmd)
}

func printFindings(w io.Writer, found []client.Finding) error {
	if len(found) == 0 {
		_, err := fmt.Fprintln(w, "no secrets in plain text")
		return err
	}
	return table(w, func(w io.Writer) {
		_, _ = fmt.Fprintln(w, "SERVER\tVALUE\tNAME\tBECAUSE\tWHERE")
		for _, f := range found {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s:%d\n", f.Server, strings.Join(f.Path, "."), f.Name, f.Why, f.From.File, f.From.Line)
		}
	})
}

// moveSecrets moves what was found into the store, after it has shown how the files will read and has asked.
func moveSecrets(cmd *cobra.Command, k keeper, found []client.Finding, yes bool) error {
	if err := preview(cmd, k, found); err != nil {
		return err
	}
	if !yes {
		if err := newDialog(cmd, errNothingDone).confirm(cmd.Context(), "Move them"); err != nil {
			return err
		}
	}
	for _, f := range found {
		if _, err := k.MoveSecret(cmd.Context(), f, true); err != nil {
			return fmt.Errorf("move %s of %s: %w", strings.Join(f.Path, "."), f.Server, err)
		}
	}
	b, err := k.SecretsBackend(cmd.Context())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d moved into %s\n", len(found), b.Where)
	return err
}

// preview shows how values will read.
func preview(cmd *cobra.Command, k keeper, found []client.Finding) error {
	w := cmd.OutOrStdout()
	_, _ = fmt.Fprintln(w)
	for _, f := range found {
		m, err := k.MoveSecret(cmd.Context(), f, false)
		if err != nil {
			return fmt.Errorf("%s of %s: %w", strings.Join(f.Path, "."), f.Server, err)
		}
		_, _ = fmt.Fprintf(w, "%s %s becomes %s\n", f.Server, strings.Join(f.Path, "."), m.After)
	}
	return nil
}

func (r *remote) secretsBackend() *cobra.Command {
	return r.answering(&cobra.Command{
		Use: "backend", Short: "Show what holds the secrets", Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return r.keeping(cmd, func(k keeper) error {
				b, err := k.SecretsBackend(cmd.Context())
				if err != nil {
					return err
				}
				return r.printBackend(cmd, b)
			})
		},
	})
}

func (r *remote) printBackend(cmd *cobra.Command, b client.Backend) error {
	if r.json {
		return printValue(cmd.OutOrStdout(), b)
	}
	return table(cmd.OutOrStdout(), func(w io.Writer) {
		for _, line := range [][2]string{{"backend", b.Backend}, {"where", b.Where}, {"because", b.Why}, {"state", b.State}, {"problem", b.Problem}, {"to do", b.Action}} {
			if line[1] != "" {
				_, _ = fmt.Fprintf(w, "%s\t%s\n", line[0], line[1])
			}
		}
	})
}

func (r *remote) migrateSecrets() *cobra.Command {
	var sealed, open bool
	cmd := &cobra.Command{
		Use: "migrate keyring|file", Short: "Move all secrets into the keyring, or into the encrypted file", Args: exactly(1),
		Long: `Move all secrets into the keyring, or into the encrypted file.

The file's key lies in a file beside it, or is sealed with a passphrase: with --passphrase one is asked for. Then a hub
needs it at each start, by "mcp-hub secrets unlock" or in its environment, MCP_HUB_PASSPHRASE. To "migrate file" what is in
the file changes how its key is kept.`,
		ValidArgs: []string{vault.InKeyring, vault.InFile},
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] != vault.InKeyring && args[0] != vault.InFile {
				return badArgument("there is no backend %q: choose keyring or file", args[0])
			}
			if sealed && open {
				return badArgument("choose one of --passphrase and --no-passphrase")
			}
			if err := r.private(); err != nil {
				return err
			}
			var passphrase *string
			if open {
				passphrase = new(string)
			}
			if sealed {
				text, err := newDialog(cmd, errNothingDone).newPassphrase(cmd.Context())
				if err != nil {
					return err
				}
				passphrase = &text
			}
			return r.keeping(cmd, func(k keeper) error {
				b, err := k.MigrateSecrets(cmd.Context(), args[0], passphrase)
				if err != nil {
					return err
				}
				return r.printBackend(cmd, b)
			})
		},
	}
	cmd.Flags().BoolVar(&sealed, "passphrase", false, "seal the key of the file with a passphrase, which is asked for")
	cmd.Flags().BoolVar(&open, "no-passphrase", false, "keep the key of the file as it is, readable for you alone")
	return r.answering(cmd)
}

func (r *remote) unlockSecrets() *cobra.Command {
	return r.answering(&cobra.Command{
		Use: "unlock", Short: "Give the running hub the passphrase of the encrypted file", Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := r.private(); err != nil {
				return err
			}
			passphrase, err := newDialog(cmd, errNothingDone).whole(cmd.Context(), "Passphrase:")
			if err != nil {
				return err
			}
			b, err := r.client().UnlockSecrets(cmd.Context(), passphrase)
			if err != nil {
				return err
			}
			return r.printBackend(cmd, b)
		},
	})
}
