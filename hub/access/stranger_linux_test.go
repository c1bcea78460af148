package access_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"mcphub/hub"
	"mcphub/hub/hubtest"
)

// asNobody gives a process to a user who is not this one.
func asNobody(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	// The binary lies in a folder that only root can enter, so the child gets it as a file that is open.
	self, err := os.Open(cmd.Path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = self.Close() })
	cmd.ExtraFiles, cmd.Path, cmd.Dir = []*os.File{self}, "/proc/self/fd/3", "/"
}

// TestStranger: another user of this machine can reach the port, and gets nothing there without a token, not even with
// what a browser of the person's let slip.
func TestStranger(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be somebody else")
	}
	socket := filepath.Join(t.TempDir(), "hub.sock")
	h := hubtest.Start(t, hubtest.Config("{}"), func(o *hub.Options) { o.Socket = socket })
	lax := hubtest.Start(t, hubtest.Config("{}"), func(o *hub.Options) { o.NoToken = true })
	get := func(path string, headers ...string) string {
		return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + strings.Join(append(headers, "", ""), "\r\n")
	}
	requests := []string{
		get("/api/health"),
		get("/api/health", "Authorization: Bearer "+h.Token("stranger", "")),
		get("/api/health", session(t, h), "Sec-Fetch-Site: same-origin"),
		get("/", session(t, h)),
		get(codePath(t, h), browser...),
		get("/mcp", "Accept: text/event-stream"),
	}
	own := func(*testing.T, *exec.Cmd) {}
	if got := sayAs(t, own, "tcp", addressOf(h), requests...); !slices.Equal(got, []string{"200", "200", "200", "200", "303", "200"}) {
		t.Errorf("the person: %v", got)
	}
	requests[4] = get(codePath(t, h), browser...)
	if got := sayAs(t, asNobody, "tcp", addressOf(h), requests...); !slices.Equal(got, []string{"401", "200", "401", "401", "401", "401"}) {
		t.Errorf("a stranger: %v", got)
	}
	if got := sayAs(t, asNobody, "tcp", addressOf(lax), requests[0]); !slices.Equal(got, []string{"200"}) {
		t.Errorf("a stranger, where no token is needed: %v", got)
	}

	if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket: %v %v", info, err)
	}
	if got := sayAs(t, own, "unix", socket, requests[0]); !slices.Equal(got, []string{"200"}) {
		t.Errorf("the person, by the socket: %v", got)
	}
	// Somebody opened the way to the socket.
	for _, path := range []string{socket, filepath.Dir(socket), filepath.Dir(filepath.Dir(socket))} {
		if err := os.Chmod(path, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if got := sayAs(t, asNobody, "unix", socket, requests[:2]...); !slices.Equal(got, []string{"401", "200"}) {
		t.Errorf("a stranger, by the socket: %v", got)
	}
}
