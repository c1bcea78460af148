package json5

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden texts of the edits anew; read the difference before committing it")

// edit does what a line of a golden text says: "set POINTER VALUE" or "delete POINTER".
func edit(d *Document, line string) error {
	what, rest, _ := strings.Cut(line, " ")
	where, value, _ := strings.Cut(rest, " ")
	path := strings.Split(where, "/")[1:]
	if what == "delete" {
		return d.Delete(path...)
	}
	return d.Set([]byte(value), path...)
}

// TestEdits makes the edits of each file in testdata: edits, a text before and the text after them.
func TestEdits(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden texts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			// A checkout may have changed the line endings; TestEditsKeepLineEndings is about them.
			golden := strings.ReplaceAll(string(content), "\r\n", "\n")
			edits, rest, _ := strings.Cut(golden, "-- before --\n")
			before, after, found := strings.Cut(rest, "-- after --\n")
			if !found {
				t.Fatal("the file has no text after the edits")
			}
			got := edited(t, before, edits)
			if *update {
				if err := os.WriteFile(file, []byte(edits+"-- before --\n"+before+"-- after --\n"+got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != after {
				t.Errorf("got\n%s\nwant\n%s", got, after)
			}
			if again := edited(t, got, edits); !strings.Contains(edits, "/-") && again != got {
				t.Errorf("the same edits once more give\n%s", again)
			}
		})
	}
}

func edited(t *testing.T, text, edits string) string {
	t.Helper()
	d, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(edits) {
		if err := edit(d, strings.TrimSuffix(line, "\n")); err != nil {
			t.Fatal(err)
		}
	}
	return string(d.Text())
}

func TestEditsKeepLineEndings(t *testing.T) {
	const edits = "set /s/b {\"c\":1}\ndelete /s/a\nset /t/u 2\n"
	tests := map[string]struct{ before, after string }{
		"CRLF": {
			"{\r\n\t\"s\": {\r\n\t\t\"a\": 1 // one\r\n\t}\r\n}\r\n",
			"{\r\n\t\"s\": {\r\n\t\t// one\r\n\t\t\"b\": {\r\n\t\t\t\"c\": 1\r\n\t\t}\r\n\t},\r\n\t\"t\": {\r\n\t\t\"u\": 2\r\n\t}\r\n}\r\n",
		},
		"CR": {
			"{\r  \"s\": {\r    \"a\": 1\r  }\r}",
			"{\r  \"s\": {\r    \"b\": {\r      \"c\": 1\r    }\r  },\r  \"t\": {\r    \"u\": 2\r  }\r}",
		},
		"mark and no newline at the end": {
			"\ufeff{\n \"s\": {\"a\": 1}}",
			"\ufeff{\n \"s\": {\"b\": {\"c\": 1}},\n \"t\": {\n  \"u\": 2\n }}",
		},
		"only a mark": {"\ufeff", "\ufeff{\n  \"s\": {\n    \"b\": {\n      \"c\": 1\n    }\n  },\n  \"t\": {\n    \"u\": 2\n  }\n}\n"},
		"a comment without a newline": {
			"// c", "// c\n{\n  \"s\": {\n    \"b\": {\n      \"c\": 1\n    }\n  },\n  \"t\": {\n    \"u\": 2\n  }\n}\n",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := edited(t, test.before, edits); got != test.after {
				t.Errorf("got  %q\nwant %q", got, test.after)
			}
		})
	}
}

func TestEditsThatAreRefused(t *testing.T) {
	const text = `{"a": 1, "b": [1], "n": null, "s": "x"} // c`
	tests := map[string]func(d *Document) error{
		"below a number":  func(d *Document) error { return d.Set([]byte("1"), "a", "b") },
		"below null":      func(d *Document) error { return d.Set([]byte("1"), "n", "b") },
		"below a string":  func(d *Document) error { return d.Set([]byte("1"), "s", "b", "c") },
		"beyond an array": func(d *Document) error { return d.Set([]byte("1"), "b", "1") },
		"no index":        func(d *Document) error { return d.Set([]byte("1"), "b", "+0") },
		"no value":        func(d *Document) error { return d.Set([]byte(" // nothing"), "a") },
		"broken value":    func(d *Document) error { return d.Set([]byte(`1, "x": 2`), "a") },
		"the root":        func(d *Document) error { return d.Set([]byte("1")) },
		"delete the root": func(d *Document) error { return d.Delete() },
		"too deep":        func(d *Document) error { return d.Set([]byte("1"), slices.Repeat([]string{"k"}, maxDepth+1)...) },
		"too deep, in steps": func(d *Document) error {
			return d.Set([]byte(strings.Repeat("[", maxDepth)+strings.Repeat("]", maxDepth)), "x", "y")
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			d, err := Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			root := d.Root()
			if err := change(d); err == nil {
				t.Error("not refused")
			}
			if string(d.Text()) != text || d.Root() != root {
				t.Errorf("the document is now %s", d.Text())
			}
		})
	}
}

// FuzzEdit makes one edit of any text and checks, without the means of the editor, that all else stayed.
func FuzzEdit(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txt")
	for i, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(content), "-- before --\n")
		before, _, _ := strings.Cut(rest, "-- after --\n")
		for place := range 4 {
			f.Add([]byte(before), uint(place+i), uint8(place), `{"k": [1, "it's", {}], "l": true}`)
			f.Add([]byte(before), uint(place), uint8(place+1), `"v"`)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, place uint, action uint8, value string) {
		d, err := Parse(bytes.Clone(text))
		parsed, valueErr := Parse([]byte(value))
		if err != nil || valueErr != nil || parsed.Root() == nil || len(text) > 10_000 || depth(d.Root())+depth(parsed.Root()) > maxDepth-3 {
			t.Skip()
		}
		paths := [][]string{}
		walk(d.Root(), nil, func(path []string, n *Node) {
			paths = append(paths, path)
			if n.Kind == Object {
				paths = append(paths, join(path, "new key"), append(slices.Clone(path), "new", "$key"))
			}
			if n.Kind == Array {
				paths = append(paths, join(path, "-"))
			}
		})
		if d.Root() == nil {
			paths = append(paths, []string{"k"})
		}
		path := paths[place%uint(len(paths))]
		if len(path) == 0 {
			t.Skip()
		}
		target := d.Get(path...)
		comments := outside(d, target, path, action%3 == 0)
		want := plain(t, d.Root())
		if action%3 == 0 {
			err = d.Delete(path...)
			want = without(want, path)
		} else {
			err = d.Set([]byte(value), path...)
			want = including(want, path, plain(t, parsed.Root()))
		}
		if err != nil {
			t.Fatalf("%q, path %q: %v", text, path, err)
		}
		again, err := Parse(d.Text())
		if err != nil {
			t.Fatalf("%q became %q: %v", text, d.Text(), err)
		}
		if got := plain(t, again.Root()); !reflect.DeepEqual(got, want) {
			t.Fatalf("%q, path %q: got %v, want %v", text, path, got, want)
		}
		for _, comment := range comments {
			i := bytes.Index(d.Text(), comment)
			if i < 0 {
				t.Fatalf("%q, path %q: the comment %q is lost in %q", text, path, comment, d.Text())
			}
		}
	})
}

func walk(n *Node, path []string, visit func(path []string, n *Node)) {
	if n == nil {
		return
	}
	visit(path, n)
	for i, item := range n.Items {
		walk(item, join(path, string(appendIndex(nil, i))), visit)
	}
	if n.Kind == Object {
		keys, values := n.Entries()
		for _, key := range keys {
			walk(values[key], join(path, key), visit)
		}
	}
}

func appendIndex(b []byte, i int) []byte {
	text, _ := json.Marshal(i)
	return append(b, text...)
}

func depth(n *Node) int {
	deepest := 0
	walk(n, nil, func(path []string, _ *Node) { deepest = max(deepest, len(path)) })
	return deepest
}

// outside returns the comments that an edit must keep: all but those in the target and, if it is deleted, in its
// duplicates and behind its key.
func outside(d *Document, target *Node, path []string, deleted bool) (comments [][]byte) {
	var gone []span
	if target != nil {
		gone = append(gone, span{target.Start, target.End})
	}
	if parent := d.Get(path[:len(path)-1]...); deleted && parent.Is(Object) {
		for _, m := range parent.Members {
			if m.Key == path[len(path)-1] {
				gone = append(gone, span{m.KeyStart, m.Value.End})
			}
		}
	}
	for _, c := range d.comments {
		if !c.within(gone) {
			comments = append(comments, d.text[c.start:c.end])
		}
	}
	return comments
}

// plain returns the value as encoding/json reads it.
func plain(t *testing.T, n *Node) (value any) {
	t.Helper()
	if n == nil {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(n.Strict()))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

// including returns the value with another one at the path.
func including(value any, path []string, other any) any {
	if len(path) == 0 {
		return other
	}
	switch v := value.(type) {
	case []any:
		if path[0] == "-" {
			return append(v, including(nil, path[1:], other))
		}
		var i int
		_ = json.Unmarshal([]byte(path[0]), &i)
		v[i] = including(v[i], path[1:], other)
		return v
	case map[string]any:
		v[path[0]] = including(v[path[0]], path[1:], other)
		return v
	}
	return map[string]any{path[0]: including(nil, path[1:], other)}
}

// without returns the value with nothing at the path.
func without(value any, path []string) any {
	switch v := value.(type) {
	case []any:
		var i int
		if json.Unmarshal([]byte(path[0]), &i) != nil {
			return v
		}
		if len(path) == 1 {
			return slices.Delete(v, i, i+1)
		}
		v[i] = without(v[i], path[1:])
	case map[string]any:
		if len(path) == 1 {
			delete(v, path[0])
		} else if inner, ok := v[path[0]]; ok {
			v[path[0]] = without(inner, path[1:])
		}
	}
	return value
}
