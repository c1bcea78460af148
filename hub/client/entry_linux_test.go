package client_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"mcphub/hub/client"
	"mcphub/hub/hubtest"
	"mcphub/hub/secret"
)

// squatter listens on a free port, says which, and asks everybody for a token. It ends when it got one, or with its input.
func squatter() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		os.Exit(1)
	}
	fmt.Println(l.Addr())
	go func() {
		_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if token := r.Header.Get("Authorization"); token != "" {
				fmt.Println(token)
				os.Exit(0)
			}
			w.WriteHeader(http.StatusUnauthorized)
		}))
	}()
	_, _ = os.Stdin.Read(make([]byte, 1))
	os.Exit(0)
}

// TestSquatter: another user who has taken the hub's port asks for the token that this one keeps.
func TestSquatter(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be somebody else")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.Open(self)
	if err != nil {
		t.Fatal(err)
	}
	defer binary.Close()
	for _, x := range []struct {
		user  uint32
		given bool
	}{{65534, false}, {0, true}} {
		cmd := exec.CommandContext(t.Context(), "/proc/self/fd/3") // for the other user may not enter the binary's folder
		cmd.ExtraFiles, cmd.Dir, cmd.Env = []*os.File{binary}, "/", append(os.Environ(), squatterEnv+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: x.user, Gid: x.user}}
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(out)
		address, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		c := client.New(strings.TrimSpace(address), client.WithStored(func(context.Context) (secret.Text, error) {
			return secret.New("of-the-person"), nil
		}))
		ctx, cancel := context.WithTimeout(t.Context(), hubtest.Patience)
		_, err = c.Health(ctx)
		cancel()
		if err == nil {
			t.Error("a hub that is none")
		}
		_ = in.Close()
		got, _ := lines.ReadString('\n')
		_ = cmd.Wait()
		c.Close()
		if (got != "") != x.given {
			t.Errorf("user %d got %q", x.user, got)
		}
	}
}
