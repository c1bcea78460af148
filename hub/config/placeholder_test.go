package config

import (
	"strings"
	"testing"
)

// outline writes parts with [ ] for placeholders and < > for commands.
func outline(parts []part) string {
	var b strings.Builder
	for _, p := range parts {
		switch {
		case p.placeholder == nil:
			b.WriteString(p.text)
		case p.placeholder.command():
			b.WriteString("<" + outline(p.placeholder.parts) + ">")
		default:
			b.WriteString("[" + outline(p.placeholder.parts) + "]")
		}
	}
	return b.String()
}

func TestParseTemplate(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", ""},
		{"plain } text", "plain } text"},
		{"${A}", "[A]"},
		{"a${A}b${B}c", "a[A]b[B]c"},
		{"${}", "[]"},
		{"${${A}_${B}}", "[[A]_[B]]"},
		{"${A", "${A"},
		{"${ ${A}", "${ [A]"},
		{"${A ${B} ${C", "${A [B] ${C"},
		{"$${A}$", "$[A]$"},
		{"{a${A}}", "{a[A]}"},
		{"${cmd: echo hi}", "< echo hi>"},
		{"${cmd:awk '{print $2}'}!", "<awk '{print $2}'>!"},
		{`${cmd:echo "}" '}' \} }`, `<echo "}" '}' \} >`},
		{"${cmd:f() { x; }; { y; }}z", "<f() { x; }; { y; }>z"},
		{`${cmd:echo "$(echo '}')"}`, `<echo "$(echo '}')">`},
		{"${cmd:echo `echo }`}x", "<echo `echo }`>x"},
		{"${cmd:echo '${A}' \"${B}\" ${C}}", "<echo '[A]' \"[B]\" [C]>"},
		{"${cmd:echo ${cmd:echo '}'}}x", "<echo <echo '}'>>x"},
		{"${cmd:echo don't}x", "<echo don't>x"},
		{"${cmd:echo it\\'s}x", "<echo it\\'s>x"},
		{"${cmd:echo a#'b'}x", "<echo a#'b'>x"},
		{"${cmd:echo", "${cmd:echo"},
		{"${cmd:echo ${A}", "${cmd:echo [A]"},
		{"${cmd}", "[cmd]"},
		{"${cmd ttl=8h: echo '}'}x", "< echo '}'>x"},
		{"${cmd\tttl=none :echo ${A}}", "<echo [A]>"},
		{"${cmd ttl=: echo}", "< echo>"},
		{"${cmd ttl=8h", "${cmd ttl=8h"},
		{"${cmd ttl=8h: echo ${A}", "${cmd ttl=8h: echo [A]"},
		{"${cmd ttl=8h}", "[cmd ttl=8h]"},
		{"${cmd ttl=${A}: echo}", "[cmd ttl=[A]: echo]"},
		{"${cmdttl=8h: echo}", "[cmdttl=8h: echo]"},
		{"${ cmd:x}", "[ cmd:x]"},
		{"${${A}cmd:x}", "[[A]cmd:x]"},
	}
	for _, test := range tests {
		if got := outline(parseTemplate(test.text)); got != test.want {
			t.Errorf("%q is read as %q, want %q", test.text, got, test.want)
		}
	}
}

func FuzzParseTemplate(f *testing.F) {
	for _, seed := range []string{"a${A}b", "${cmd: awk '{print $2}' ${X}}", "${${${A}}", "${cmd:echo don't}", "${cmd ttl=1h: '}' ${A}}", strings.Repeat("${", 100) + "}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got := written(parseTemplate(text), 0, t); got != text {
			t.Fatalf("%q is read as %q", text, got)
		}
	})
}

// written puts the text back together.
func written(parts []part, depth int, t *testing.T) string {
	if depth > maxNesting {
		t.Fatal("nested too deep")
	}
	var b strings.Builder
	for _, p := range parts {
		if p.placeholder == nil {
			b.WriteString(p.text)
			continue
		}
		inner := written(p.placeholder.parts, depth+1, t)
		inner = p.placeholder.head + inner
		if inner != p.placeholder.raw {
			t.Fatalf("content %q is kept as %q", inner, p.placeholder.raw)
		}
		b.WriteString(opening + inner + "}")
	}
	return b.String()
}

func TestHostileTemplatesAreReadInTime(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("${", 500_000), strings.Repeat("${cmd:'", 100_000), strings.Repeat("${a", 100_000) + strings.Repeat("}", 100_000),
		strings.Repeat("${cmd ttl=", 100_000), strings.Repeat("${cmd  ", 100_000), "${cmd" + strings.Repeat(" ", 1_000_000),
	} {
		if got := written(parseTemplate(text), 0, t); got != text {
			t.Errorf("%.20q… is not kept", text)
		}
	}
}
