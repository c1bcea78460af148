package api_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"mcphub/hub"
	"mcphub/hub/api"
	"mcphub/hub/hubtest"
)

// around is a desktop that a hub is part of.
type around struct {
	api.DesktopSettings
	err error
}

func (a *around) Settings() (api.DesktopSettings, error) { return a.DesktopSettings, a.err }

func (a *around) Change(c api.DesktopChange) error {
	if c.StartAtLogin != nil {
		a.StartAtLogin = *c.StartAtLogin
	}
	if n := c.Notifications; n != nil && n.Failed != nil {
		a.Notifications.Failed = *n.Failed
	}
	return a.err
}

// TestV2Desktop: a hub hands the settings of its desktop on, and says if it has none.
func TestV2Desktop(t *testing.T) {
	const path = "desktop"
	h := hubtest.Start(t, hubtest.Config("{}"))
	if status, _, text := ask(t, h, http.MethodGet, path, ""); status != http.StatusOK || strings.TrimSpace(text) != "{}" {
		t.Errorf("without a desktop: %d %s", status, text)
	}
	if status, _, text := ask(t, h, http.MethodPatch, path, `{"startAtLogin":true}`); status != http.StatusConflict || !strings.Contains(text, "NO_DESKTOP") {
		t.Errorf("without a desktop: %d %s", status, text)
	}
	d := &around{DesktopSettings: api.DesktopSettings{Where: "/somewhere"}}
	h = hubtest.Start(t, hubtest.Config("{}"), func(o *hub.Options) { o.Desktop = d })
	status, _, text := ask(t, h, http.MethodPatch, path, `{"startAtLogin":true,"notifications":{"failed":true}}`)
	const want = `{"desktop":{"startAtLogin":true,"where":"/somewhere","byService":false,"notifications":{"signInNeeded":false,"failed":true,"toolsChanged":false}}}`
	if status != http.StatusOK || strings.TrimSpace(text) != want {
		t.Errorf("changed: %d %s", status, text)
	}
	if status, _, text := ask(t, h, http.MethodPatch, path, `{"startAtLogin":"yes"}`); status != http.StatusUnprocessableEntity {
		t.Errorf("nonsense: %d %s", status, text)
	}
	d.err = errors.New("the disk is full")
	if status, _, text := ask(t, h, http.MethodPatch, path, `{}`); status != http.StatusInternalServerError || !strings.Contains(text, "the disk is full") {
		t.Errorf("failed: %d %s", status, text)
	}
}
