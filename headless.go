//go:build !desktop

package main

import (
	"context"
	"log/slog"

	"github.com/spf13/cobra"

	"mcphub/hub"
)

// withWindow says whether this program has a window.
const withWindow = false

// flavour is the headless one: there is only the hub.
type flavour struct{}

func (flavour) flags(*cobra.Command) {}

func (flavour) prepare(context.Context, *cobra.Command, *slog.Logger) bool { return false }

func (flavour) run(context.Context, *remote, hub.Options, func(context.Context, hub.Desktop) (*hub.Hub, error)) error {
	return nil
}

func (*remote) roles() []*cobra.Command { return nil }
