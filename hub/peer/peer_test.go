package peer

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// dialEnv makes the test binary the other process: it connects to the address, says a byte, and stays until it is told to
// go.
const dialEnv = "PEER_TEST_DIAL"

func TestMain(m *testing.M) {
	if address := os.Getenv(dialEnv); address != "" {
		var network string
		if _, err := fmt.Sscanf(address, "%s %s", &network, &address); err != nil {
			os.Exit(1)
		}
		c, err := net.Dial(network, address)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		_, _ = c.Write([]byte("x"))
		_, _ = io.Copy(io.Discard, c)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// other starts the other process and returns the connection from it. Its user is this one's unless as says otherwise.
func other(t *testing.T, l net.Listener, as func(*exec.Cmd)) net.Conn {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), dialEnv+"="+l.Addr().Network()+" "+l.Addr().String())
	cmd.Stderr = t.Output()
	as(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Close()
		_ = cmd.Wait()
	})
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return c
}

func listen(t *testing.T, network, address string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Skipf("this machine has no %s: %v", address, err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func TestOf(t *testing.T) {
	tcp, unix := Unknown, Unknown
	switch runtime.GOOS {
	case "linux":
		tcp, unix = Own, Own
	case "darwin":
		unix = Own
	}
	for _, x := range []struct {
		network, address string
		want             Identity
	}{
		{"tcp", "127.0.0.1:0", tcp},
		{"tcp", "[::1]:0", tcp},
		{"unix", filepath.Join(t.TempDir(), "s"), unix},
	} {
		t.Run(x.network+" "+x.address, func(t *testing.T) {
			l := listen(t, x.network, x.address)
			if got := Of(other(t, l, func(*exec.Cmd) {})); got != x.want {
				t.Errorf("%v, want %v", got, x.want)
			}
		})
	}
	// Over a listener of both families the addresses are of the old one in the form of the new.
	if l, err := net.Listen("tcp", "[::]:0"); err == nil {
		defer l.Close()
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", l.Addr().(*net.TCPAddr).Port))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		s, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if got := Of(s); got != tcp {
			t.Errorf("mapped address: %v, want %v", got, tcp)
		}
		if got := Of(c); got != tcp {
			t.Errorf("the listening side: %v, want %v", got, tcp)
		}
	}
}

func BenchmarkOf(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	s, err := l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for b.Loop() {
		Of(s)
	}
}
