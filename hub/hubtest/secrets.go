package hubtest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"mcphub/hub/secret"
)

// Secrets returns a store that keeps secrets in memory, for as long as somebody has it.
func Secrets() secret.Store { return &secrets{kept: map[string]secret.Text{}} }

type secrets struct {
	mu   sync.Mutex
	kept map[string]secret.Text
}

func (s *secrets) Get(_ context.Context, name string) (secret.Text, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if value, ok := s.kept[name]; ok {
		return value, nil
	}
	return secret.Text{}, fmt.Errorf("%s: %w", name, secret.ErrNotFound)
}

func (s *secrets) Set(_ context.Context, name string, value secret.Text) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept[name] = value
	return nil
}

func (s *secrets) Delete(ctx context.Context, name string) error {
	if _, err := s.Get(ctx, name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.kept, name)
	return nil
}

func (s *secrets) List(context.Context) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.kept)), nil
}
