package hub

import (
	"context"

	"mcphub/hub/upstream"
)

// watched is a store of secrets that tells when another process has changed it.
type watched interface {
	Watch(ctx context.Context, changed func())
}

// awaitSecrets starts servers that wait for a secret when the secrets have changed, whoever changed them.
func (h *Hub) awaitSecrets(ctx context.Context) {
	store, ok := h.options.Secrets.(watched)
	if !ok {
		return
	}
	store.Watch(ctx, func() {
		for _, s := range h.set.List() {
			st := s.Status()
			looking := st.State == upstream.Starting && len(st.Config.Secrets()) > 0 // it may have looked too early
			if st.Secret != "" || looking {
				s.Retry()
			}
		}
	})
}
