package jsonrpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestScan(t *testing.T) {
	for _, c := range []struct {
		text string
		kind Kind
		err  error
	}{
		{`{"jsonrpc":"2.0","id":1,"method":"ping"}`, Request, nil},
		{` { "method" : "ping" , "id" : "a" , "jsonrpc" : "2.0" , "params" : { } } `, Request, nil},
		{`{"jsonrpc":"2.0","id":9007199254740993,"method":"x","params":null}`, Request, nil},
		{`{"jsonrpc":"2.0","method":"notifications/x","params":{"a":[1,2]}}`, Notification, nil},
		{`{"jsonrpc":"2.0","id":1,"result":{}}`, Response, nil},
		{`{"jsonrpc":"2.0","id":1,"result":null}`, Response, nil},
		{`{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"m"}}`, Response, nil},
		{`{"jsonrpc":"2.0","id":1,"m\u0065thod":"ping"}`, Request, nil},
		{`{"jsonrpc":"2.0","id":null,"method":"ping"}`, 0, ErrEnvelope},
		{`{"jsonrpc":"2.0","id":true,"method":"ping"}`, 0, ErrEnvelope},
		{`{"jsonrpc":"2.0","id":{},"method":"ping"}`, 0, ErrEnvelope},
		{`{"jsonrpc":"1.0","id":1,"method":"ping"}`, 0, ErrEnvelope},
		{`{"id":1,"method":"ping"}`, 0, ErrEnvelope},
		{`{"jsonrpc":"2.0","id":1}`, 0, ErrEnvelope},
		{`{"jsonrpc":"2.0","id":1,"result":1,"error":{}}`, 0, ErrEnvelope},
		{`{"jsonrpc":"2.0","id":1,"error":"no"}`, 0, ErrEnvelope},
		{`{"jsonrpc":"2.0","id":1,"method":"x","result":1}`, 0, ErrEnvelope},
		{`{"jsonrpc":"2.0","id":1,"method":3}`, 0, ErrEnvelope},
		{`{"jsonrpc":"2.0","id":1,"method":"x","params":[1]}`, 0, ErrEnvelope},
		{`{"jsonrpc":"2.0","id":1,"id":2,"method":"x"}`, 0, ErrDuplicate},
		{`{"jsonrpc":"2.0","id":1,"\u0069d":2,"method":"x"}`, 0, ErrDuplicate},
		{`[]`, 0, ErrEnvelope},
		{`{"jsonrpc":"2.0","id":1,"method":"x"} x`, 0, ErrSyntax},
		{`{"jsonrpc":"2.0","id":1,"method":"x"`, 0, ErrSyntax},
		{``, 0, ErrSyntax},
		{strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1), 0, ErrSyntax},
	} {
		m, err := Scan([]byte(c.text))
		if c.err == nil && (err != nil || m.Kind != c.kind) || !errors.Is(err, c.err) {
			t.Errorf("%s: kind %d, error %v; want %d, %v", c.text, m.Kind, err, c.kind, c.err)
		}
	}
}

func TestSpansNameTheExactText(t *testing.T) {
	m, err := Scan([]byte(`{"jsonrpc":"2.0", "x":{"id":7}, "id": "q\"1" ,"method":"tools\/call","params":{"name":"e\u0063ho","n":12345678901234567890,"_meta":{"progressToken":1.0}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ got, want string }{
		{string(m.ID.In(m.Raw)), `"q\"1"`},
		{m.Name(), "tools/call"},
		{string(Get(m.Raw, m.Params, "name").In(m.Raw)), `"e\u0063ho"`},
		{String(Get(m.Raw, m.Params, "name").In(m.Raw)), "echo"},
		{string(Get(m.Raw, m.Params, "n").In(m.Raw)), "12345678901234567890"},
		{string(Get(m.Raw, m.Params, "_meta", "progressToken").In(m.Raw)), "1.0"},
		{string(Get(m.Raw, m.Params, "name", "x").In(m.Raw)), ""},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}

func TestBatch(t *testing.T) {
	for text, want := range map[string]string{
		` [ {"a":[1]} , 2,"x" ] `: `{"a":[1]}|2|"x"`, `[]`: ``, `{}`: `none`, ``: `none`,
		`[`: `none`, `["a`: `none`, `[1,]`: `none`, `[INFO] started`: `none`, strings.Repeat("[", 5000): `none`,
	} {
		got := "none"
		if batch, ok := Batch([]byte(text)); ok {
			got = string(bytes.Join(batch, []byte("|")))
		}
		if got != want {
			t.Errorf("%.20s: %s, want %s", text, got, want)
		}
	}
}

func TestSplice(t *testing.T) {
	src := []byte(`{"a":1,"b":{},"c":{ "d":2}}`)
	b, c := Get(src, All(src), "b"), Get(src, All(src), "c")
	got := Splice(nil, src, Edit{Get(src, All(src), "a"), []byte(`"x"`)}, Prepend(src, b, `"n":1`), Prepend(src, c, `"m":2`))
	if want := `{"a":"x","b":{"n":1},"c":{"m":2, "d":2}}`; string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestFault(t *testing.T) {
	text := AppendError(nil, []byte(`"i"`), &Fault{Code: -32602, Message: `no "x" <b>`, Data: []byte(`{"n":9007199254740993}`)})
	m, err := Scan(text)
	if err != nil {
		t.Fatal(err)
	}
	if f := m.Fault(); f.Code != -32602 || f.Message != `no "x" <b>` || string(f.Data) != `{"n":9007199254740993}` {
		t.Errorf("read back %+v from %s", f, text)
	}
	if ok, _ := Scan(AppendResult(nil, []byte("1"), []byte("{}"))); ok.Fault() != nil {
		t.Error("a result has a fault")
	}
}

func TestStringsRoundTrip(t *testing.T) {
	for _, s := range []string{"", "plain", "quote\"back\\slash", "new\nline", "\x00\x1f", "ünïcode 🙂", "<&>", strings.Repeat("x", 100) + "\t"} {
		if got := String(AppendString(nil, s)); got != s {
			t.Errorf("%q came back as %q", s, got)
		}
	}
}

func TestFlatten(t *testing.T) {
	got := Flatten([]byte("{\n\t\"a\":\r\n \"b\\n\"}"))
	if bytes.ContainsAny(got, "\r\n") || !json.Valid(got) || !strings.Contains(string(got), `b\n`) {
		t.Errorf("got %q", got)
	}
}

// TestPlain puts each byte value at each place of a word, since plain looks at eight bytes at a time.
func TestPlain(t *testing.T) {
	for at := range 20 {
		for c := range 256 {
			b := bytes.Repeat([]byte{0x80}, 20)
			b[at] = byte(c)
			want := len(b)
			if c == '"' || c == '\\' || c < ' ' {
				want = at
			}
			if got := plain(b, 0); got != want {
				t.Fatalf("byte %#x at %d: got %d, want %d", c, at, got, want)
			}
		}
	}
}

func FuzzScan(f *testing.F) {
	for _, s := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":[1,-0.5e+3,"\u00e9",null,true,{"b":{}}]}}`,
		`{"jsonrpc":"2.0","id":1,"result":{}}`, `[{"a":1},2]`, `"\ud800"`, `{"a":01}`, "\"\x80\"", `[1,]`, `{"a":1,}`, `-`, `1e`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, want := Valid(b) == nil, json.Valid(b); got != want && bytes.Count(b, []byte("["))+bytes.Count(b, []byte("{")) <= MaxDepth {
			t.Fatalf("valid: %v, encoding/json says %v: %q", got, want, b)
		}
		m, err := Scan(b)
		if err != nil {
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(b, &want); err != nil {
			t.Fatal(err)
		}
		for key, span := range map[string]Span{"id": m.ID, "method": m.Method, "result": m.Result, "error": m.Error} {
			if span.Present() && !bytes.Equal(span.In(b), want[key]) {
				t.Fatalf("%s: %q, want %q", key, span.In(b), want[key])
			}
		}
		if m.ID.Present() {
			again, err := Scan(Splice(nil, b, Edit{m.ID, []byte("42")}))
			if err != nil || string(again.ID.In(again.Raw)) != "42" {
				t.Fatalf("spliced id: %v %q", err, again.Raw)
			}
		}
		if flat := Flatten(bytes.Clone(b)); !json.Valid(flat) || bytes.ContainsAny(flat, "\r\n") {
			t.Fatalf("flattened %q", flat)
		}
	})
}

func BenchmarkScan(b *testing.B) {
	for _, size := range []int{100, 10_000, 200_000} {
		text := fmt.Appendf(nil, `{"jsonrpc":"2.0","id":17,"method":"tools/call","params":{"name":"s0__echo","arguments":{"text":"%s"}}}`,
			strings.Repeat("lorem ipsum ", size/12+1)[:size])
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			dst := make([]byte, 0, len(text)+64)
			for b.Loop() {
				m, err := Scan(text)
				if err != nil {
					b.Fatal(err)
				}
				name := Get(text, m.Params, "name")
				dst = Splice(dst[:0], text, Edit{m.ID, []byte("4711")}, Edit{name, []byte(`"echo"`)})
			}
		})
	}
}
