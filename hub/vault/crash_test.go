package vault

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"mcphub/hub/secret"
)

const (
	roleEnv = "VAULT_TEST_ROLE"
	dirEnv  = "VAULT_TEST_DIR"
	fromEnv = "VAULT_TEST_FROM"
)

// TestMain is also the other processes: one that sets secrets and one that moves them, until they are killed.
func TestMain(m *testing.M) {
	dir := os.Getenv(dirEnv)
	from, _ := strconv.Atoi(os.Getenv(fromEnv))
	ctx := context.Background()
	var err error
	switch os.Getenv(roleEnv) {
	case "":
		os.Exit(m.Run())
	case "set":
		for n := from; err == nil; n++ {
			if err = again(dir, "").Set(ctx, "s"+strconv.Itoa(n%names), secret.New(strconv.Itoa(n))); err == nil {
				fmt.Println(n) // kept
			}
		}
	case "fill":
		s := again(dir, "")
		for n := from; n < from+fill && err == nil; n++ {
			err = s.Set(ctx, "s"+strconv.Itoa(n), secret.New(strconv.Itoa(n)))
		}
		if err == nil {
			os.Exit(0)
		}
	case "move":
		for to := InFile; err == nil; {
			fmt.Println("moving")
			err = twoFiles(dir).Migrate(ctx, to, nil)
			if to == InFile {
				to = InKeyring
			} else {
				to = InFile
			}
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// names is how many secrets the first process sets, one after the other; fill is how many each of two sets.
const (
	names = 7
	fill  = 60
)

// other starts this binary in a role. It is killed when its test ends.
func other(t *testing.T, role, dir string, from int) (*exec.Cmd, io.Reader) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), roleEnv+"="+role, dirEnv+"="+dir, fromEnv+"="+strconv.Itoa(from))
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	return cmd, out
}

// TestKilledWriter kills a process that does nothing but set secrets, at any moment. What it said to be kept is kept.
func TestKilledWriter(t *testing.T) {
	t.Parallel()
	f := file(t, "")
	kept := map[int]int{} // of each name the newest number that was said to be kept
	next := 0
	for round := range 200 {
		cmd, out := other(t, "set", f.dir, next)
		lines, said := bufio.NewScanner(out), 0
		enough := rand.N(6)
		for said < enough+1 && lines.Scan() {
			n, err := strconv.Atoi(lines.Text())
			must(t, err)
			kept[n%names], next, said = n, n+1, said+1
		}
		time.Sleep(rand.N(2 * time.Millisecond))
		must(t, cmd.Process.Kill())
		for lines.Scan() { // what it said before it died
			if n, err := strconv.Atoi(lines.Text()); err == nil {
				kept[n%names], next = n, n+1
			}
		}
		_ = cmd.Wait()
		if said == 0 {
			t.Fatalf("round %d: the process set nothing", round)
		}
		s := again(f.dir, "")
		for i, n := range kept {
			value, err := s.Get(t.Context(), "s"+strconv.Itoa(i))
			got, _ := strconv.Atoi(value.Reveal())
			if err != nil || got < n || got%names != i { // a newer one may have been kept before it could be said
				t.Fatalf("round %d: s%d is %q, %v; %d was kept", round, i, value.Reveal(), err, n)
			}
		}
		next += names // what was under way may be there, and shall not be taken for the next one
	}
	must(t, f.Set(t.Context(), "s0", secret.New("last")))
	for name := range files(t, f.dir) {
		if strings.HasSuffix(name, ".new") {
			t.Errorf("%s is left", name)
		}
	}
}

// TestTwoWriters has two processes make and fill one store.
func TestTwoWriters(t *testing.T) {
	t.Parallel()
	f := file(t, "")
	one, _ := other(t, "fill", f.dir, 0)
	two, _ := other(t, "fill", f.dir, fill)
	must(t, one.Wait())
	must(t, two.Wait())
	for n := range 2 * fill {
		get(t, f, "s"+strconv.Itoa(n), strconv.Itoa(n))
	}
}

// twoFiles is a store whose keyring is a second file.
func twoFiles(dir string) *Store {
	return New(Options{
		Dir: dir, Keyring: again(filepath.Join(dir, "ring"), ""), File: again(dir, ""), Log: slog.New(slog.DiscardHandler),
	})
}

// TestKilledMove kills a process that does nothing but move secrets to and fro.
func TestKilledMove(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, os.Chmod(dir, 0o700))
	s := twoFiles(dir)
	for n := range 5 {
		must(t, s.Set(t.Context(), "s"+strconv.Itoa(n), secret.New(strconv.Itoa(n))))
	}
	in := map[string]int{}
	for range 60 {
		cmd, out := other(t, "move", dir, 0)
		lines := bufio.NewScanner(out)
		for range 1 + rand.N(3) { // how long a move takes depends on the machine
			lines.Scan()
		}
		time.Sleep(rand.N(20 * time.Millisecond))
		must(t, cmd.Process.Kill())
		_ = cmd.Wait()
		for n := range 5 {
			get(t, twoFiles(dir), "s"+strconv.Itoa(n), strconv.Itoa(n))
		}
		in[twoFiles(dir).Status(t.Context()).Backend]++
	}
	if in[InFile] == 0 || in[InKeyring] == 0 {
		t.Errorf("the secrets were always in the same place: %v", in)
	}
	must(t, s.Migrate(t.Context(), InFile, nil))
	must(t, s.Migrate(t.Context(), InKeyring, nil))
	if got := files(t, dir+"/ring"); len(got) != 2 { // the secrets and the key
		t.Errorf("%d files", len(got))
	}
	if exists, err := s.options.File.Exists(); exists || err != nil {
		t.Errorf("copies are left: %v", err)
	}
}
