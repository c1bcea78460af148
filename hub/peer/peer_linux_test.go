package peer

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// nobody is a user who is not this one.
const nobody = 65534

func TestForeign(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be somebody else")
	}
	as := func(cmd *exec.Cmd) {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		// The binary lies in a folder that only root can enter, so the child gets it as a file that is open.
		self, err := os.Open(cmd.Path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = self.Close() })
		cmd.ExtraFiles, cmd.Path, cmd.Dir = []*os.File{self}, "/proc/self/fd/3", "/"
	}
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		if got := Of(other(t, listen(t, "tcp", address), as)); got != Foreign {
			t.Errorf("%s: %v", address, got)
		}
	}
	socket := filepath.Join(t.TempDir(), "s")
	l := listen(t, "unix", socket)
	for _, path := range []string{socket, filepath.Dir(socket), filepath.Dir(filepath.Dir(socket))} {
		if err := os.Chmod(path, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if got := Of(other(t, l, as)); got != Foreign {
		t.Errorf("unix: %v", got)
	}
}

// TestOrphan: a socket whose process is gone seems to be root's, which must not help anybody against a hub of root.
func TestOrphan(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_ = c.Close()
	if got := Of(s); got != Foreign {
		t.Errorf("%v", got)
	}
}
