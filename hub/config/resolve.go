package config

import "context"

type (
	spec   struct{}
	values struct{}
)

// Resolve replaces the placeholders.
func (s *Server) Resolve(ctx context.Context) (*Resolved, error) { return &Resolved{}, ctx.Err() }
