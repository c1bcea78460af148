package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"mcphub/hub/client"
)

// startPatience is how long a hub that was started in the background may take until it answers.
const startPatience = 20 * time.Second

func (r *remote) stdio() *cobra.Command {
	server := ""
	cmd := r.reaching(&cobra.Command{
		Use: "stdio", Short: "Be an MCP server on stdin and stdout, for clients that only speak stdio", Args: exactly(0),
		Long: `Be an MCP server on stdin and stdout that passes everything on to the running hub, for clients that only speak stdio.
If no hub runs on this machine, one is started in the background with the default configuration file; it stays when the
client has gone.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
			c := r.client()
			_, err := c.Health(cmd.Context())
			if errors.Is(err, client.ErrUnreachable) && onThisMachine(c.URL()) {
				err = startHub(cmd.Context(), c, cmd.ErrOrStderr())
			}
			if err != nil {
				return err
			}
			err = client.NewBridge(c, server, log).Run(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout())
			return unlessStopped(cmd, err)
		},
	})
	cmd.Flags().StringVar(&server, "server", "", "offer only this `name`'s tools, under their own names")
	_ = cmd.RegisterFlagCompletionFunc("server", r.servers(1)) // the flag is there
	return cmd
}

// startHub starts this program as a hub of its own, which outlives this process, and waits until it answers.
func startHub(ctx context.Context, c *client.Client, stderr io.Writer) error {
	u, err := url.Parse(c.URL())
	if err != nil {
		return badArgument("--hub: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("start a hub: %w", err)
	}
	logFile, err := openLog()
	if err != nil {
		return fmt.Errorf("start a hub: %w", err)
	}
	defer logFile.Close()
	args, place := []string{"--port", cmp.Or(u.Port(), "80")}, "port "+cmp.Or(u.Port(), "80")
	if u.Scheme == "unix" {
		args, place = []string{"--port", "0", "--socket", u.Path}, u.Path
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), self, args...)
	cmd.Stdout, cmd.Stderr = logFile, logFile
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start a hub: %w", err)
	}
	_, _ = fmt.Fprintf(stderr, "mcp-hub: no hub answered, so one was started on %s (pid %d). It goes on when this ends; its log is %s\n", place, cmd.Process.Pid, logFile.Name())
	go func() { _ = cmd.Wait() }() // another bridge may have started one at the same time: then this one ends, and that one answers
	limit, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		_, err := c.Health(limit)
		if err == nil {
			return nil
		}
		select {
		case <-limit.Done():
			return fmt.Errorf("the hub that was started does not answer, see %s: %w", logFile.Name(), client.ErrUnreachable)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// openLog opens the log of hubs that are started in the background, emptied.
func openLog() (*os.File, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	dir = filepath.Join(dir, "mcphub")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(filepath.Join(dir, "hub.log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
}
