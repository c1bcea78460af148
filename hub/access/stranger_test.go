package access_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// strangerEnv makes the test binary another process: it makes the requests in it, and prints the status of each answer.
const strangerEnv = "ACCESS_TEST_STRANGER"

func stranger() {
	network, rest, _ := strings.Cut(os.Getenv(strangerEnv), " ")
	address, requests, _ := strings.Cut(rest, " ")
	for request := range strings.SplitSeq(requests, "|") {
		conn, err := net.Dial(network, address)
		if err != nil {
			fmt.Println(0, err)
			continue
		}
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		_, _ = conn.Write([]byte(request))
		line, err := bufio.NewReader(conn).ReadString('\n') // "HTTP/1.1 200 OK"
		if fields := strings.Fields(line); err == nil && len(fields) > 1 {
			fmt.Println(fields[1])
		} else {
			fmt.Println(0, err)
		}
		_ = conn.Close()
	}
	os.Exit(0)
}

// sayAs makes requests in another process, which change may give to another user, and returns the statuses.
func sayAs(t *testing.T, change func(*testing.T, *exec.Cmd), network, address string, requests ...string) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), strangerEnv+"="+network+" "+address+" "+strings.Join(requests, "|"))
	cmd.Stderr = t.Output()
	change(t, cmd)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}
