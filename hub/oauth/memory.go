package oauth

import (
	"context"
	"maps"
	"slices"
	"sync"

	"mcphub/hub/secret"
)

// Memory is a secret store that forgets everything when the hub stops. Its zero value is ready for use.
type Memory struct {
	mu   sync.Mutex
	held map[string]secret.Text
}

// Get implements secret.Store.
func (m *Memory) Get(_ context.Context, name string) (secret.Text, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	text, ok := m.held[name]
	if !ok {
		return text, secret.ErrNotFound
	}
	return text, nil
}

// Set implements secret.Store.
func (m *Memory) Set(_ context.Context, name string, value secret.Text) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held == nil {
		m.held = map[string]secret.Text{}
	}
	m.held[name] = value
	return nil
}

// Delete implements secret.Store.
func (m *Memory) Delete(_ context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.held[name]; !ok {
		return secret.ErrNotFound
	}
	delete(m.held, name)
	return nil
}

// List implements secret.Store.
func (m *Memory) List(context.Context) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.held)), nil
}
