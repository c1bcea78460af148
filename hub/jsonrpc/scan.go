package jsonrpc

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/bits"
	"strconv"
	"unicode/utf8"
)

// MaxDepth is how deep arrays and objects may nest.
const MaxDepth = 1000

// Valid checks that b is exactly one JSON value (RFC 8259) that nests no deeper than MaxDepth. Bytes above 0x7f in
// strings are taken as they are.
func Valid(b []byte) error {
	i, err := value(b, skipSpace(b, 0), 0)
	if err != nil {
		return err
	}
	if i = skipSpace(b, i); i != len(b) {
		return syntax(i, "text after the value")
	}
	return nil
}

func syntax(at int, what string) error {
	return fmt.Errorf("%w: %s at byte %d", ErrSyntax, what, at)
}

// value checks the value that starts at b[i] and returns the index just after it.
func value(b []byte, i, depth int) (int, error) {
	if i >= len(b) {
		return i, syntax(i, "unexpected end")
	}
	switch c := b[i]; c {
	case '"':
		return text(b, i)
	case '{', '[':
		return nested(b, i, depth+1)
	case 't':
		return literal(b, i, "true")
	case 'f':
		return literal(b, i, "false")
	case 'n':
		return literal(b, i, "null")
	default:
		return number(b, i)
	}
}

func nested(b []byte, i, depth int) (int, error) {
	if depth > MaxDepth {
		return i, syntax(i, "nested too deep")
	}
	object, end := b[i] == '{', b[i]+2 // '{' and '}', '[' and ']' stand two apart
	if i = skipSpace(b, i+1); i < len(b) && b[i] == end {
		return i + 1, nil
	}
	for {
		var err error
		if object {
			if i >= len(b) || b[i] != '"' {
				return i, syntax(i, "expected a key")
			}
			if i, err = text(b, i); err != nil {
				return i, err
			}
			if i = skipSpace(b, i); i >= len(b) || b[i] != ':' {
				return i, syntax(i, "expected a colon")
			}
			i = skipSpace(b, i+1)
		}
		if i, err = value(b, i, depth); err != nil {
			return i, err
		}
		i = skipSpace(b, i)
		switch {
		case i >= len(b):
			return i, syntax(i, "unexpected end")
		case b[i] == end:
			return i + 1, nil
		case b[i] != ',':
			return i, syntax(i, "expected a comma")
		}
		i = skipSpace(b, i+1)
	}
}

func literal(b []byte, i int, word string) (int, error) {
	if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
		return i, syntax(i, "unexpected character")
	}
	return i + len(word), nil
}

func number(b []byte, i int) (int, error) {
	start := i
	if b[i] == '-' {
		i++
	}
	digits := func() bool {
		from := i
		for i < len(b) && b[i] >= '0' && b[i] <= '9' {
			i++
		}
		return i > from
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if !digits() {
		return start, syntax(start, "unexpected character")
	}
	if i < len(b) && b[i] == '.' {
		i++
		if !digits() {
			return i, syntax(i, "expected a digit")
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			return i, syntax(i, "expected a digit")
		}
	}
	return i, nil
}

// text checks the string whose opening quote is b[i] and returns the index just after its closing quote.
func text(b []byte, i int) (int, error) {
	for i++; ; {
		i = plain(b, i)
		if i >= len(b) {
			return i, syntax(i, "unexpected end of string")
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1, nil
		case c != '\\':
			return i, syntax(i, "control character in string")
		}
		if i+1 >= len(b) {
			return i, syntax(i, "unexpected end of string")
		}
		switch b[i+1] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			i += 2
		case 'u':
			if i+6 > len(b) || !hex(b[i+2]) || !hex(b[i+3]) || !hex(b[i+4]) || !hex(b[i+5]) {
				return i, syntax(i, "bad \\u escape")
			}
			i += 6
		default:
			return i, syntax(i, "bad escape")
		}
	}
}

func hex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// plain returns the index of the first quote, backslash or control character at or after i, or len(b). It looks at
// eight bytes at a time: each term below has its high bit set in a byte that is the one sought, and in no byte before
// the first such one.
func plain(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		quote := w ^ '"'*ones
		slash := w ^ '\\'*ones
		hit := ((quote-ones)&^quote | (slash-ones)&^slash | (w-' '*ones)&^w) & highs
		if hit != 0 {
			return i + bits.TrailingZeros64(hit)/8
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c == '"' || c == '\\' || c < ' ' {
			return i
		}
	}
	return i
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// skipText returns the index just after the string whose opening quote is b[i], in valid text.
func skipText(b []byte, i int) int {
	for i = plain(b, i+1); b[i] != '"'; i = plain(b, i+2) { // an escape is never shorter than two bytes
	}
	return i + 1
}

// skipValue returns the index just after the value that starts at b[i], in valid text.
func skipValue(b []byte, i int) int {
	switch b[i] {
	case '"':
		return skipText(b, i)
	case '{', '[':
		for depth := 0; ; {
			switch b[i] {
			case '"':
				i = skipText(b, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
	}
	for i < len(b) && b[i] != ',' && b[i] != '}' && b[i] != ']' && b[i] > ' ' {
		i++
	}
	return i
}

// Iter walks the members of an object or the elements of an array, in the order of the text.
type Iter struct {
	Key   Span // with its quotes; absent in an array
	Value Span
	b     []byte
	i     int
	end   byte
}

// Members starts a walk over the object or array at s in b, which must be valid text; over anything else it ends at
// once.
func Members(b []byte, s Span) Iter {
	it := Iter{b: b}
	if !s.Present() {
		return it
	}
	if i := skipSpace(b, s.Start); b[i] == '{' || b[i] == '[' {
		it.i, it.end = skipSpace(b, i+1), b[i]+2
	}
	return it
}

// Next moves to the next member and reports whether there is one.
func (it *Iter) Next() bool {
	if it.end == 0 || it.b[it.i] == it.end {
		return false
	}
	if it.b[it.i] == ',' {
		it.i = skipSpace(it.b, it.i+1)
	}
	if it.end == '}' {
		e := skipText(it.b, it.i)
		it.Key = Span{it.i, e}
		it.i = skipSpace(it.b, skipSpace(it.b, e)+1)
	}
	e := skipValue(it.b, it.i)
	it.Value = Span{it.i, e}
	it.i = skipSpace(it.b, e)
	return true
}

// KeyIs reports whether the member's key, unescaped, is key.
func (it *Iter) KeyIs(key string) bool {
	k := it.b[it.Key.Start+1 : it.Key.End-1]
	return string(k) == key || len(k) > len(key) && bytes.IndexByte(k, '\\') >= 0 && String(it.Key.In(it.b)) == key
}

// Pick finds the values of keys in the object at obj in b, which must be valid text, and sets dst[i] to the span of
// keys[i]'s value (absent if the object has no such member). It returns ErrDuplicate if one of them is there twice.
func Pick(b []byte, obj Span, dst []Span, keys []string) error {
	clear(dst)
	for it := Members(b, obj); it.Next(); {
		if !it.Key.Present() {
			return nil
		}
		for i, key := range keys {
			if !it.KeyIs(key) {
				continue
			}
			if dst[i].Present() {
				return fmt.Errorf("%w: %q", ErrDuplicate, key)
			}
			dst[i] = it.Value
			break
		}
	}
	return nil
}

// Get follows keys through nested objects from s in b, which must be valid text, and returns the span of the value
// there; it is absent if any step is not an object or has no such member. Of duplicates the last counts.
func Get(b []byte, s Span, keys ...string) Span {
	for _, key := range keys {
		found := Span{}
		if s.Present() && b[skipSpace(b, s.Start)] == '{' {
			for it := Members(b, s); it.Next(); {
				if it.KeyIs(key) {
					found = it.Value
				}
			}
		}
		s = found
	}
	return s
}

// Type returns the first byte of the value b, which tells its type ('{', '[', '"', 't', 'f', 'n', '-' or a digit), or
// 0 if b is blank.
func Type(b []byte) byte {
	if i := skipSpace(b, 0); i < len(b) {
		return b[i]
	}
	return 0
}

// String returns what the JSON string raw says, or "" if raw is no valid string.
func String(raw []byte) string {
	if len(raw) < 2 || raw[0] != '"' {
		return ""
	}
	if body := raw[1 : len(raw)-1]; plain(body, 0) == len(body) {
		return string(body)
	}
	var s string
	_ = json.Unmarshal(raw, &s)
	return s
}

// Int returns the integer that raw stands for, and false if raw is not an integer of 64 bits.
func Int(raw []byte) (int64, bool) {
	n, err := strconv.ParseInt(string(raw), 10, 64)
	return n, err == nil
}

// AppendString appends s as a JSON string. Text that is not valid UTF-8 is repaired with U+FFFD.
func AppendString(dst []byte, s string) []byte {
	if utf8.ValidString(s) && plain([]byte(s), 0) == len(s) {
		return append(append(append(dst, '"'), s...), '"')
	}
	q, err := json.Marshal(s)
	if err != nil { // json.Marshal cannot fail on a string
		panic(err)
	}
	return append(dst, q...)
}

// Flatten replaces the line breaks of valid JSON text by spaces, in place, and returns it: in valid text they stand
// only between values. A text on one line is what the stdio transport needs.
func Flatten(b []byte) []byte {
	for i, c := range b {
		if c == '\n' || c == '\r' {
			b[i] = ' '
		}
	}
	return b
}
