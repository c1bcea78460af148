package json5

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"plain", `{"a": [1, true, null, "x"], "b": {}}`, `{"a":[1,true,null,"x"],"b":{}}`},
		{"comments", "// a\n/* b */ [ /**/ 1, // c\r\n 2 /* d\n */ ] // end", `[1,2]`},
		{"trailing commas", `{a: [1,], }`, `{"a":[1]}`},
		{"unquoted keys", `{$a_1: 1, é: 2, \u0061b: 3, 'q"': 4, ⅷ: 5, true: 6, NaN: 7}`, `{"$a_1":1,"é":2,"ab":3,"q\"":4,"ⅷ":5,"true":6,"NaN":7}`},
		{"escapes", `'\b\f\n\r\t\v\0\x41\u00e9\'\"\\\/\a'`, `"\b\f\n\r\t\u000b\u0000Aé'\"\\/a"`},
		{"surrogates", `"\ud83d\ude00 \ud83d \ude00 \ud83d\u0041"`, `"😀 � � �A"`},
		{"continued lines", "'a\\\nb\\\r\nc\\\rd\\\u2028e'", `"abcde"`},
		{"separators in strings", "'a\u2028b'", `"a\u2028b"`},
		{"numbers keep their text", `[123456789012345678901234567890, 1.10, 1E400, -0, 0.5e-3]`, `[123456789012345678901234567890,1.10,1E400,-0,0.5e-3]`},
		{"numbers of JSON5", `[+1, .5, 5., 5.e3, -.5, 0x10, -0XfF, 0xFFFFFFFFFFFFFFFFFF]`, `[1,0.5,5,5e3,-0.5,16,-255,4722366482869645213695]`},
		{"numbers that JSON lacks", `[Infinity, -Infinity, +NaN]`, `[null,null,null]`},
		{"duplicates", `{a: 1, b: 2, a: 3}`, `{"a":3,"b":2}`},
		{"mark and odd spaces", "\ufeff\u00a0\u2003\v{\f}\u2029", `{}`},
		{"no html escapes", `"<a&b>"`, `"<a&b>"`},
		{"bytes that are no text", "'a\xffb'", `"a�b"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			doc, err := Parse([]byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if got := string(doc.root.Strict()); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		text         string
		line, column int
	}{
		{"{", 1, 2},
		{"{\"a\": é}", 1, 7},
		{"{\n  \"é\": \"ü\" x\n}", 2, 12},
		{"{a 1}", 1, 4},
		{"{a: 1 b: 2}", 1, 7},
		{"{,}", 1, 2},
		{"[,]", 1, 2},
		{"[1 2]", 1, 4},
		{"{} x", 1, 4},
		{"/* x", 1, 1},
		{"/", 1, 1},
		{"'a\nb'", 1, 3},
		{"'a", 1, 3},
		{`"\1"`, 1, 3},
		{`"\00"`, 1, 4},
		{`"\x4g"`, 1, 5},
		{`"\u12"`, 1, 6},
		{"012", 1, 2},
		{"0x", 1, 3},
		{"1e", 1, 3},
		{"+", 1, 2},
		{".", 1, 2},
		{"1a", 1, 2},
		{"nul", 1, 1},
		{"nullx", 1, 1},
		{"undefined", 1, 1},
		{`{\u0031a: 1}`, 1, 2},
		{`{\x: 1}`, 1, 3},
		{"{1a: 1}", 1, 2},
		{"0x" + strings.Repeat("f", 257), 1, 260},
		{"\xff\xfe{\x00}\x00", 1, 1},
		{strings.Repeat("[", 1_000_000), 1, maxDepth + 2},
		{strings.Repeat("{a:", 1_000_000), 1, 3*(maxDepth+1) + 1},
	}
	for _, test := range tests {
		name := test.text[:min(len(test.text), 20)]
		_, err := Parse([]byte(test.text))
		failure, ok := errors.AsType[*SyntaxError](err)
		if !ok {
			t.Errorf("%q: error = %v", name, err)
			continue
		}
		if failure.Line != test.line || failure.Column != test.column || failure.Error() == "" {
			t.Errorf("%q: %+v, want line %d, column %d", name, failure, test.line, test.column)
		}
	}
}

func TestNodesKnowWhereTheyStand(t *testing.T) {
	text := "\ufeff{ // c\n  é: 'v', /* x */ \"b\" : [ 1 , {} ] }"
	doc, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	span := func(start, end int) string { return text[start:end] }
	for i, want := range []struct{ key, value string }{{"é", "'v'"}, {`"b"`, "[ 1 , {} ]"}} {
		m := doc.root.Members[i]
		if span(m.KeyStart, m.KeyEnd) != want.key || span(m.Value.Start, m.Value.End) != want.value {
			t.Errorf("member %d is %q: %q", i, span(m.KeyStart, m.KeyEnd), span(m.Value.Start, m.Value.End))
		}
	}
	if line, column := doc.Position(doc.root.Start); line != 1 || column != 1 {
		t.Errorf("root at %d:%d", line, column)
	}
	if line, column := doc.Position(doc.root.Members[1].KeyStart); line != 2 || column != 19 {
		t.Errorf("b at %d:%d", line, column)
	}
	last := doc.root.Members[1].Value.Items
	if span(last[0].Start, last[0].End) != "1" || span(last[1].Start, last[1].End) != "{}" {
		t.Error("items are elsewhere")
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"a": [1, true, null, "x"], "b": {}}`, "// c\n{a: .5, 'b': 0x1F, c: [+Infinity,],}", `"\ud83d\ude00\x41"`, "{\\u0061: 1e5}", "[5., -0x0]",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		doc, err := Parse(text)
		if err != nil {
			if failure, ok := errors.AsType[*SyntaxError](err); !ok || failure.Offset < 0 || failure.Offset > len(text) {
				t.Fatalf("error without a place: %#v", err)
			}
			if json.Valid(text) && bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) < maxDepth {
				t.Fatalf("refuses valid JSON: %v", err)
			}
			return
		}
		if doc.root == nil {
			return
		}
		checkSpans(t, doc.root, 0, len(text))
		strict := doc.root.Strict()
		if !json.Valid(strict) {
			t.Fatalf("%q became %q", text, strict)
		}
		again, err := Parse(strict)
		if err != nil || !bytes.Equal(again.root.Strict(), strict) {
			t.Fatalf("%q reads back as another value: %v", strict, err)
		}
		if !bytes.Equal(again.root.Canonical(), doc.root.Canonical()) {
			t.Fatal("the same value has two canonical forms")
		}
	})
}

// checkSpans fails if a value stands outside of the one around it, or over its neighbour.
func checkSpans(t *testing.T, n *Node, from, to int) {
	t.Helper()
	if n.Start < from || n.End > to || n.Start >= n.End {
		t.Fatalf("span %d-%d is not in %d-%d", n.Start, n.End, from, to)
	}
	at := n.Start
	for _, item := range n.Items {
		checkSpans(t, item, at, n.End)
		at = item.End
	}
	for _, m := range n.Members {
		if m.KeyStart < at || m.KeyEnd <= m.KeyStart {
			t.Fatalf("key %q stands at %d-%d", m.Key, m.KeyStart, m.KeyEnd)
		}
		checkSpans(t, m.Value, m.KeyEnd, n.End)
		at = m.Value.End
	}
}
