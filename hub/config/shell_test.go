//go:build unix

package config

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// shellValues are values that would do harm, or come out changed, if a shell saw them as anything but data. Run as a
// command, or as part of one, some of them make the file canary.
var shellValues = []string{
	"plain", "", "two  words", " ends ", "*", "~", "-n", "#x", "!", `\`, `a\`, "}", "${A}", "$A", "a=b", "2", "eval",
	"; touch canary", "| touch canary", "&& touch canary", "> canary", "& touch canary &", "a\ntouch canary\n",
	"$(touch canary)", "`touch canary`", "'; touch canary; '", `"; touch canary; "`, `'"$(touch canary)"'`, `\"; touch canary; \"`,
	"'$(touch canary)'", "a[$(touch canary)]", "a[`touch canary`]", ") ; touch canary ; (", ";; esac; touch canary; case x in x) ",
	"\\`touch canary\\`", "\n}\ntouch canary\n{\n", "{ touch canary; }", "}; touch canary; {", "*/; touch canary",
	"EOF\ntouch canary\n", `"; system("touch canary"); "`, `"}BEGIN{system("touch canary")}{"`, "e touch canary", "p;e touch canary",
	"__import__('os').system('touch canary')", "x;touch${IFS}canary", "MCP_HUB_VALUE_1", "${MCP_HUB_VALUE_1}", "%s",
}

// Each ? is the value.
var (
	// The value comes out of these as it is.
	exactTexts = []string{
		`printf %s ?`,
		`printf %s "?"`,
		`printf %s '?'`,
		`printf %s ""?""`,
		`printf %s ''?`,
		`printf %s "$(:)?"`,
		`(printf %s ?)`,
		`{ printf %s ?; }`,
		`if true; then printf %s ?; fi`,
		`case a in a) printf %s ?;; esac`,
		`X=?; printf %s "$X"`,
		`X="?" && printf %s "$X"`,
		`printf %s \?`,
		"# it's \"not\" a quote\nprintf %s ?",
		"true a#b'c'; printf %s ?",
		`: "it's"; printf %s ?`,
		`: 'say "'; printf %s ?`,
		`: \' \"; printf %s ?`,
		`: "\""; printf %s ?`,
		`: $(: ')' "\")" ); printf %s ?`,
		"for v in ?; do printf %s \"$v\"; done",
		"f() { printf %s \"$1\"; }; f ?",
	}
	// Here it only must not do harm; sed and its like are refused where they must be.
	otherTexts = []string{
		"printf %s `printf %s ?`", "printf %s \"`printf %s ?`\"", "printf %s \"`printf %s \"?\"`\"", "printf %s `printf %s '?'`",
		`printf %s "$(printf %s ?)"`, `printf %s "$(printf %s "?")"`, `printf %s "$(printf %s '?')"`, `printf %s $'?'`, `printf %s $"?"`,
		`? x`, `?`, `"?"`, `'?'`, `? | cat`, `A=1 ? x`, `printf %s "unclosed ?`, `printf %s 'unclosed ?`, `# ?`, `echo ?> out`,
		`echo "# ?"`, `echo { ? }`, `echo $(?)`, `printf ?`, `[ ? = x ]`, `test -n ?`, `cat < ?`, `printf %s ? ?`, `echo ?'?'"?"`,
		// These parse words again.
		`sh -c 'echo ?'`, `sh -c "echo ?"`, `sh -c ?`, `sh -c "$(echo ?)"`, `bash -c 'echo "?"'`, `/bin/sh -c '?'`, `eval echo ?`, `eval "?"`,
		`env sh -c 'echo ?'`, `echo ? | sh`, `echo "?" | /bin/sh`, `sudo -n sh -c ?`, `xargs -I{} sh -c ? </dev/null`,
		"cat <<EOF\n?\nEOF", "cat <<'EOF'\n?\nEOF", "cat <<-\"EOF\"\n\t?\n\tEOF", "sh <<EOF\necho ?\nEOF", "cat <<< ?",
		`echo $((?))`, `echo $(( ? + 1 ))`, `echo "$((?))"`, `((?))`, `[[ ? -eq 1 ]]`, `[[ 1 -eq ? ]]`, `echo $[?]`, `let ?`, `let "x=?"`,
		`declare "?"`, `typeset -i x=?`, `unset ?`, `read ? </dev/null`, `export ?`, `true; read "?" </dev/null`, `trap ? EXIT`, `alias x=?; x`,
		`awk 'BEGIN{print "?"}'`, `awk "BEGIN{print ?}"`, `awk -v 'x=?' 'BEGIN{print x}'`, `echo x | sed 's/x/?/'`, `echo x | sed ?`,
		`python3 -c 'print("?")'`, `python3 -c "?"`, `perl -e 'print "?"'`, `node -e '?'`,
	}
)

func pieces(template, value string) []shellPiece {
	var list []shellPiece
	for i, literal := range strings.Split(template, "?") {
		if i > 0 {
			list = append(list, shellPiece{text: value, value: true})
		}
		list = append(list, shellPiece{text: literal})
	}
	return list
}

// shells returns the shells of this machine; /bin/sh may be any of them elsewhere.
func shells(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{"sh": {"/bin/sh"}}
	if testing.Short() {
		return found
	}
	standard, _ := filepath.EvalSymlinks("/bin/sh")
	for name, argv := range map[string][]string{
		"bash": {"bash", "--posix"}, "dash": {"dash"}, "zsh": {"zsh"}, "ksh": {"ksh"}, "busybox": {"busybox", "sh"},
	} {
		full, err := exec.LookPath(argv[0])
		if target, _ := filepath.EvalSymlinks(full); err == nil && target != standard {
			found[name] = append([]string{full}, argv[1:]...)
		}
	}
	return found
}

func TestValuesAreDataToTheShell(t *testing.T) {
	for name, argv := range shells(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := func(template, value string) (string, error) {
				s, err := newScript(pieces(template, value), false)
				if err != nil {
					return "", err
				}
				dir := t.TempDir()
				cmd := exec.CommandContext(t.Context(), argv[0], append(argv[1:], "-c", s.text)...)
				cmd.Dir, cmd.Env = dir, append(os.Environ(), s.env...)
				output, err := cmd.Output()
				if _, found := os.Stat(filepath.Join(dir, "canary")); found == nil {
					t.Errorf("%q ran the value %q: %q", template, value, s.text)
				}
				return string(output), err
			}
			for _, value := range shellValues {
				for _, template := range exactTexts {
					got, err := run(template, value)
					if err != nil || got != value {
						t.Errorf("%q with %q printed %q, %v", template, value, got, err)
					}
				}
			}
		})
	}
}

func TestValuesDoNoHarmAnywhere(t *testing.T) {
	for name, argv := range shells(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			canary := filepath.Join(dir, "canary")
			for _, value := range shellValues {
				if !strings.Contains(value, "canary") {
					continue
				}
				for _, template := range otherTexts {
					s, err := newScript(pieces(template, value), false)
					if err != nil {
						continue // refused
					}
					if strings.Contains(s.text, value) {
						t.Errorf("%q has the value %q in its text", s.text, value)
					}
					cmd := exec.CommandContext(t.Context(), argv[0], append(argv[1:], "-c", s.text)...)
					cmd.Dir, cmd.Env = dir, append(os.Environ(), s.env...)
					_ = cmd.Run() // most of these are nonsense
					if os.Remove(canary) == nil {
						t.Errorf("%q ran the value %q: %q", template, value, s.text)
					}
				}
			}
		})
	}
}

func TestTextsThatParseAgain(t *testing.T) {
	tests := []struct {
		template string
		refused  bool // for a value that is not harmless
	}{
		{`op read "op://?/item/field"`, false},
		{`pass show ?`, false},
		{`gh auth token --user ?`, false},
		{`security find-generic-password -s '?' -w`, false},
		{`curl -H "Authorization: Bearer ?" https://example.com/source/let?`, false},
		{`aws ssm get-parameter --name ? | jq -r .x`, false},
		{`cat /etc/ssh-keys/?`, false},
		{`git push ?`, false},
		{`sh -c 'echo ?'`, true},
		{`/usr/bin/env bash -c 'echo ?'`, true},
		{`echo ? | /bin/sh`, true},
		{`true; read ?`, true},
		{`ssh host cat ?`, true},
		{`echo "$(( ? ))"`, true},
		{"cat <<X\n?\nX", true},
		{`python3.12 -c 'print("?")'`, true},
		{`gawk '{print "?"}'`, true},
	}
	for _, test := range tests {
		if _, err := newScript(pieces(test.template, "two words"), false); (err != nil) != test.refused {
			t.Errorf("%s: error = %v, refused should be %v", test.template, err, test.refused)
		}
		if s, err := newScript(pieces(test.template, "Plain-1.2_x"), false); err != nil {
			t.Errorf("%s refuses a harmless value: %v", test.template, err)
		} else if spliced := strings.Contains(s.text, "Plain-1.2_x"); spliced != test.refused {
			t.Errorf("%s became %q", test.template, s.text)
		}
	}
	if _, err := newScript(pieces(`? -c 'echo ?'`, "/bin/bash"), false); err != nil {
		t.Errorf("a shell as harmless value is refused: %v", err)
	}
	if _, err := newScript([]shellPiece{{"bash", true}, {" -c 'echo ", false}, {"a b", true}, {"'", false}}, false); !errors.Is(err, errUnsafe) {
		t.Errorf("a shell that a value names is not noticed: %v", err)
	}
}

func TestWindowsShellGetsOnlyHarmlessValues(t *testing.T) {
	for value, want := range map[string]bool{
		"plain": true, `C:\Users\me\a-b.txt`: true, "%PATH%": false, "a b": false, "a&calc": false, `"`: false, "^": false, "!x!": false,
		"a\nb": false, "": false,
	} {
		s, err := newScript(pieces(`type "?"`, value), true)
		if (err == nil) != want {
			t.Errorf("%q: error = %v, let through should be %v", value, err, want)
		}
		if err == nil && (s.text != `type "`+value+`"` || len(s.env) > 0) {
			t.Errorf("%q became %q", value, s.text)
		}
	}
}

// The value of this marker must be reachable only through the environment.
func FuzzShellText(f *testing.F) {
	for _, template := range append(append([]string{}, exactTexts...), otherTexts...) {
		f.Add(template)
	}
	const marker = "\x01marker $(x)\x01"
	f.Fuzz(func(t *testing.T, template string) {
		s, err := newScript(pieces(template, marker), false)
		if err == nil && strings.Contains(s.text, "marker $(x)") && !strings.Contains(template, "marker $(x)") {
			t.Errorf("%q has the value in its text", s.text)
		}
	})
}
