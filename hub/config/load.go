package config

import "context"

func (s *Store) load(ctx context.Context) (*Snapshot, error) {
	return &Snapshot{Hub: DefaultSettings()}, ctx.Err()
}
