package e2e

import (
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"mcphub/test/rig"
)

// TestStdio has the SDK's stdio client start the bridge, and restarts the hub under it. It is not parallel with others, so
// that its two halves always run at the same time.
func TestStdio(t *testing.T) {
	hub := rig.StartHub(t, map[string]rig.Server{"everything": everything(t)})
	base, err := url.Parse(hub.Base)
	if err != nil {
		t.Fatal(err)
	}
	ready, done := filepath.Join(t.TempDir(), "ready"), make(chan struct{})
	t.Run("client", func(t *testing.T) {
		t.Parallel()
		defer close(done)
		steps := rig.Client(t, "stdio.mjs", rig.HubBinary(t), hub.Base, ready)
		for step, want := range map[string]string{"before": "Echo: one", "after": "Echo: two"} {
			if got := rig.Get[toolResult](t, steps, step).Content; len(got) != 1 || got[0].Text != want {
				t.Errorf("%s the restart: %v, want %s", step, got, want)
			}
		}
	})
	t.Run("restart", func(t *testing.T) {
		t.Parallel()
		rig.Eventually(t, 30*time.Second, "the client is ready", func() error {
			_, err := os.Stat(ready)
			return err
		})
		hub.Signal(t, syscall.SIGTERM)
		hub.Wait(t, 10*time.Second)
		rig.StartProcess(t, rig.HubBinary(t), "--port", base.Port(), "--config", hub.Config)
		<-done // the hub ends with this test
	})
}
