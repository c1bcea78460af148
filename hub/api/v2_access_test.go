package api_test

import (
	"net/http"
	"strings"
	"testing"

	"mcphub/hub"
	"mcphub/hub/hubtest"
)

// TestV2Access: a hub says whom it asks for a token.
func TestV2Access(t *testing.T) {
	for want, change := range map[string]func(*hub.Options){
		"strangers": func(*hub.Options) {},
		"others":    func(o *hub.Options) { o.NoToken = true },
		"everybody": func(o *hub.Options) { o.RequireToken = true },
	} {
		h := hubtest.Start(t, hubtest.Config("{}"), change)
		var header []string
		if token := h.OwnToken().Reveal(); token != "" {
			header = []string{"Authorization", "Bearer " + token}
		}
		status, _, text := ask(t, h, http.MethodGet, "access", "", header...)
		if status != http.StatusOK || !strings.Contains(text, `"token":"`+want+`"`) {
			t.Errorf("%s: %d %s", want, status, text)
		}
	}
}
