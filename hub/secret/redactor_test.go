package secret

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestRedactor(t *testing.T) {
	var none *Redactor
	none.Know("a", New("hunter2"))
	if got := none.Mask("hunter2"); got != "hunter2" || none.Cut("hunter2", 3) != "hun" {
		t.Errorf("nil masks: %s", got)
	}
	r := NewRedactor()
	if got := r.Mask("hunter2"); got != "hunter2" || r.Cut("hunter2", 3) != "hun" {
		t.Errorf("masks what it does not know: %s", got)
	}
	r.Know("a", New("hunter2"), New("short"), New(""), New("hunter2"), New("hunter2-and-more"))
	r.Know("b", New(`a"b<c&d e/f`+"\té"), New("-----BEGIN KEY-----\nMIIabcdefgh\n-----END KEY-----\n"), New("  padded  "))
	for text, want := range map[string]string{
		"nothing here":                      "nothing here",
		"xhunter2x hunter2":                 "x••••x ••••",
		"hunter2-and-more":                  "••••",
		"short":                             "short",
		`a"b<c&d e/f` + "\té":               "••••",
		`{"x":"a\"b<c&d e/f\té"}`:           `{"x":"••••"}`,
		`{"x":"a\"b\u003cc\u0026d e/f\té"}`: `{"x":"••••"}`,
		"?q=a%22b%3Cc%26d+e%2Ff%09%C3%A9":   "?q=••••",
		"line MIIabcdefgh":                  "line ••••",
		"x padded x":                        "x •••• x",
	} {
		if got := r.Mask(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	for size := range 60 {
		for text, want := range map[string]string{
			"0123456789" + strings.Repeat("hunter2, ", 20): "0123456789" + strings.Repeat("••••, ", 20), "0123456789hunter2": "0123456789••••",
			"plain": "plain", "0123456789hunter2 and then": "0123456789•••• and then",
		} {
			got := r.Cut(text, size)
			if len(got) > size || !strings.HasPrefix(want, got) {
				t.Errorf("%q is cut at %d to %q", text, size, got)
			}
		}
	}
	if got := r.Cut(strings.Repeat("x", 10_000), 100); got != strings.Repeat("x", 100) {
		t.Errorf("cut to %q", got)
	}
	r.Know("a", New("another one"))
	if got := r.Mask("another one, hunter2"); got != "••••, ••••" {
		t.Errorf("after learning more: %s", got)
	}
	for n := range maxKnown {
		r.Know("a", New(fmt.Sprintf("number %d", n)))
	}
	if got := r.Mask("hunter2 number 0"); got != "hunter2 ••••" {
		t.Errorf("it does not forget: %s", got)
	}
	r.Know("a", New("number 0"))
	for n := range maxKnown - 1 {
		r.Know("a", New(fmt.Sprintf("letter %d", n)))
	}
	if got := r.Mask("number 0, number 1"); got != "••••, number 1" {
		t.Errorf("it forgets what it was told a moment ago: %s", got)
	}
}

func TestRedactingLog(t *testing.T) {
	r := NewRedactor()
	const value = "a\"b c\nd\\e"
	r.Know("a", New(value))
	var b bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(r.Writer(&b), nil), slog.NewJSONHandler(r.Writer(&b), nil)} {
		slog.New(h).Info("x "+value, "err", fmt.Errorf("bad: %s", value), "any", []string{value})
	}
	for _, part := range []string{`a"b c`, `a\"b c`, `d\e`, `d\\e`} {
		if strings.Contains(b.String(), part) {
			t.Errorf("the log shows %s: %s", part, b.String())
		}
	}
	if strings.Count(b.String(), Mask) < 6 {
		t.Errorf("the log: %s", b.String())
	}
}

func BenchmarkMask(b *testing.B) {
	r := NewRedactor()
	for n := range 200 {
		r.Know("a", New(fmt.Sprintf("secret-%d-%x", n, n*7919)))
	}
	line := strings.Repeat("a line of a log as servers write it, ", 10)
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		r.Mask(line)
	}
}
