package json5

import (
	"bytes"
	"fmt"
	"math/big"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of what a hostile file can ask for: stack, and the time to write a hexadecimal number in decimal.
const (
	maxDepth     = 512
	maxHexDigits = 256
)

// SyntaxError says where a text is no JSON5. It never quotes more than one character of the text.
type SyntaxError struct {
	Offset int    // in bytes
	Line   int    // from 1
	Column int    // from 1, in characters
	Msg    string // what is wrong
}

// Error returns the message without the place.
func (e *SyntaxError) Error() string { return e.Msg }

// Parse parses a whole text. A text of nothing but white space and comments is a document without a root, to which
// [Document.Set] can give one. The error is a [*SyntaxError]. The text must not be changed afterwards.
func Parse(text []byte) (doc *Document, err error) {
	p := &parser{text: text}
	defer func() {
		switch failure := recover().(type) {
		case nil:
		case *SyntaxError:
			failure.Line, failure.Column = position(text, failure.Offset)
			doc, err = nil, failure
		default:
			panic(failure)
		}
	}()
	if len(text) >= 2 && (text[0] == 0xFF && text[1] == 0xFE || text[0] == 0xFE && text[1] == 0xFF) {
		p.fail("the file is UTF-16; save it as UTF-8")
	}
	p.space()
	if p.at == len(text) {
		return &Document{text: text, comments: p.comments}, nil
	}
	root := p.value(0)
	p.space()
	if p.at < len(text) {
		p.unexpected()
	}
	return &Document{text: text, root: root, comments: p.comments}, nil
}

func position(text []byte, offset int) (line, column int) {
	before := strings.TrimPrefix(string(text[:min(offset, len(text))]), "\ufeff")
	line = 1 + strings.Count(before, "\n")
	return line, 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
}

// parser fails by panicking with a *SyntaxError, which Parse returns: a recursive descent without an error path in
// every line.
type parser struct {
	text     []byte
	at       int
	comments []span // seen so far
}

func (p *parser) fail(format string, args ...any) {
	panic(&SyntaxError{Offset: p.at, Msg: fmt.Sprintf(format, args...)})
}

func (p *parser) unexpected() {
	if p.at >= len(p.text) {
		p.fail("unexpected end of the file; something that was opened is not closed")
	}
	r, _ := utf8.DecodeRune(p.text[p.at:])
	p.fail("unexpected character %q", r)
}

func (p *parser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *parser) rest() string { return string(p.text[p.at:min(p.at+16, len(p.text))]) }

// space skips white space and comments.
func (p *parser) space() {
	for p.at < len(p.text) {
		r, size := utf8.DecodeRune(p.text[p.at:])
		switch {
		case r == '/':
			start := p.at
			p.comment()
			p.comments = append(p.comments, span{start, p.at})
		case r == ' ' || r >= '\t' && r <= '\r' || r == 0xFEFF || r == 0x2028 || r == 0x2029 || unicode.Is(unicode.Zs, r):
			p.at += size
		default:
			return
		}
	}
}

func (p *parser) comment() {
	switch rest := p.text[p.at:]; {
	case bytes.HasPrefix(rest, []byte("//")):
		end := bytes.IndexAny(rest, "\n\r\u2028\u2029")
		if end < 0 {
			end = len(rest)
		}
		p.at += end
	case bytes.HasPrefix(rest, []byte("/*")):
		end := bytes.Index(rest[2:], []byte("*/"))
		if end < 0 {
			p.fail("the comment is not closed")
		}
		p.at += 2 + end + 2
	default:
		p.unexpected()
	}
}

func (p *parser) value(depth int) *Node {
	if depth > maxDepth {
		p.fail("nested deeper than %d levels", maxDepth)
	}
	n := &Node{Start: p.at}
	switch c := p.peek(); {
	case c == '{':
		p.object(n, depth)
	case c == '[':
		p.array(n, depth)
	case c == '"' || c == '\'':
		n.Kind, n.Text = String, p.quoted()
	case c == '+' || c == '-' || c == '.' || c >= '0' && c <= '9' || c == 'I' || c == 'N':
		n.Kind, n.Text = Number, p.number()
	default:
		p.literal(n)
	}
	n.End = p.at
	return n
}

func (p *parser) literal(n *Node) {
	for _, word := range []string{"null", "true", "false"} {
		if !strings.HasPrefix(p.rest(), word) {
			continue
		}
		if r, _ := utf8.DecodeRune(p.text[p.at+len(word):]); identifierPart(r) {
			break
		}
		n.Text = word
		if n.Kind = Bool; word == "null" {
			n.Kind = Null
		}
		p.at += len(word)
		return
	}
	p.unexpected()
}

func (p *parser) object(n *Node, depth int) {
	n.Kind = Object
	p.at++
	for p.space(); p.peek() != '}'; p.space() {
		m := Member{KeyStart: p.at}
		if c := p.peek(); c == '"' || c == '\'' {
			m.Key = p.quoted()
		} else {
			m.Key = p.identifier()
		}
		m.KeyEnd = p.at
		p.space()
		if p.peek() != ':' {
			p.unexpected()
		}
		p.at++
		p.space()
		m.Value = p.value(depth + 1)
		n.Members = append(n.Members, m)
		p.space()
		if !p.separator('}') {
			break
		}
	}
	p.at++
}

func (p *parser) array(n *Node, depth int) {
	n.Kind = Array
	p.at++
	for p.space(); p.peek() != ']'; p.space() {
		n.Items = append(n.Items, p.value(depth+1))
		p.space()
		if !p.separator(']') {
			break
		}
	}
	p.at++
}

// separator steps over a comma, or stays before the closing bracket and returns false.
func (p *parser) separator(closing byte) bool {
	switch p.peek() {
	case ',':
		p.at++
		return true
	case closing:
		return false
	}
	p.unexpected()
	return false
}

func (p *parser) identifier() string {
	var b strings.Builder
	for p.at < len(p.text) {
		r, size := utf8.DecodeRune(p.text[p.at:])
		if r == '\\' {
			start := p.at
			if p.at++; p.peek() != 'u' {
				p.unexpected()
			}
			p.at++
			r, size = rune(p.hex(4)), 0
			if !identifierPart(r) || b.Len() == 0 && !identifierStart(r) {
				p.at = start
				p.fail("the escape is no character of a key; put the key in quotes")
			}
		}
		if b.Len() == 0 && !identifierStart(r) || !identifierPart(r) {
			break
		}
		b.WriteRune(r)
		p.at += size
	}
	if b.Len() == 0 {
		p.unexpected()
	}
	return b.String()
}

func identifierStart(r rune) bool {
	return r == '$' || r == '_' || unicode.IsLetter(r) || unicode.Is(unicode.Nl, r)
}

func identifierPart(r rune) bool {
	return identifierStart(r) || unicode.In(r, unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc) || r == 0x200C || r == 0x200D
}

// quoted decodes a string. What is no valid Unicode in it becomes U+FFFD.
func (p *parser) quoted() string {
	quote := p.peek()
	p.at++
	var b strings.Builder
	for {
		if p.at >= len(p.text) {
			p.fail("unexpected end of the file; a string is not closed")
		}
		r, size := utf8.DecodeRune(p.text[p.at:])
		switch {
		case r == rune(quote):
			p.at++
			return b.String()
		case r == '\n' || r == '\r':
			p.fail("the string is not closed at the end of the line")
		case r == '\\':
			p.at++
			p.escape(&b)
		default:
			b.WriteRune(r)
			p.at += size
		}
	}
}

var simpleEscapes = map[rune]rune{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

// escape decodes what follows a backslash.
func (p *parser) escape(b *strings.Builder) {
	if p.at >= len(p.text) {
		p.unexpected()
	}
	r, size := utf8.DecodeRune(p.text[p.at:])
	if r >= '1' && r <= '9' {
		p.unexpected()
	}
	p.at += size
	switch r {
	case '\n', 0x2028, 0x2029: // a line that goes on
	case '\r':
		if p.peek() == '\n' {
			p.at++
		}
	case '0':
		if c := p.peek(); c >= '0' && c <= '9' {
			p.unexpected()
		}
		b.WriteByte(0)
	case 'x':
		b.WriteRune(rune(p.hex(2)))
	case 'u':
		b.WriteRune(p.surrogates())
	default:
		if plain, ok := simpleEscapes[r]; ok {
			r = plain
		}
		b.WriteRune(r)
	}
}

// surrogates decodes the digits of \u, and of the \u after it if both make one character.
func (p *parser) surrogates() rune {
	high := rune(p.hex(4))
	if high < 0xD800 || high > 0xDBFF || !strings.HasPrefix(p.rest(), `\u`) {
		return high // WriteRune replaces a lone half
	}
	back := p.at
	p.at += 2
	low := rune(p.hex(4))
	if low < 0xDC00 || low > 0xDFFF {
		p.at = back
		return high
	}
	return 0x10000 + (high-0xD800)<<10 + (low - 0xDC00)
}

func (p *parser) hex(digits int) int {
	n := 0
	for range digits {
		c := p.peek()
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 + int(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			n = n<<4 + int(c|0x20-'a') + 10
		default:
			p.unexpected()
		}
		p.at++
	}
	return n
}

// number returns the number as it stands.
func (p *parser) number() string {
	start := p.at
	if c := p.peek(); c == '+' || c == '-' {
		p.at++
	}
	switch rest := p.rest(); {
	case strings.HasPrefix(rest, "Infinity"):
		p.at += len("Infinity")
	case strings.HasPrefix(rest, "NaN"):
		p.at += len("NaN")
	case strings.HasPrefix(rest, "0x"), strings.HasPrefix(rest, "0X"):
		p.at += 2
		digits := p.at
		p.hex(1)
		for isHex(p.peek()) {
			p.at++
		}
		if p.at-digits > maxHexDigits {
			p.fail("a hexadecimal number must not have more than %d digits", maxHexDigits)
		}
	default:
		p.decimal()
	}
	if r, _ := utf8.DecodeRune(p.text[p.at:]); identifierPart(r) {
		p.unexpected()
	}
	return string(p.text[start:p.at])
}

func (p *parser) decimal() {
	leadingZero := p.peek() == '0'
	whole := p.digits()
	if leadingZero && whole > 1 {
		p.at -= whole - 1
		p.fail("a number must not begin with 0")
	}
	fraction := 0
	if p.peek() == '.' {
		p.at++
		fraction = p.digits()
	}
	if whole+fraction == 0 {
		p.unexpected()
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.at++
		if c := p.peek(); c == '+' || c == '-' {
			p.at++
		}
		if p.digits() == 0 {
			p.unexpected()
		}
	}
}

func (p *parser) digits() int {
	start := p.at
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		p.at++
	}
	return p.at - start
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

// strictNumber returns a JSON5 number as strict JSON without changing its digits where it can; NaN and the infinities have
// no number in JSON and become null.
func strictNumber(text string) string {
	negative := strings.HasPrefix(text, "-")
	text = strings.TrimLeft(text, "+-")
	if strings.HasPrefix(text, "I") || strings.HasPrefix(text, "N") {
		return "null"
	}
	if strings.HasPrefix(text, "0x") || strings.HasPrefix(text, "0X") {
		n, _ := new(big.Int).SetString(text[2:], 16)
		text = n.String()
	} else {
		if strings.HasPrefix(text, ".") {
			text = "0" + text
		}
		if dot := strings.IndexByte(text, '.'); dot >= 0 && (dot+1 == len(text) || text[dot+1]|0x20 == 'e') {
			text = text[:dot] + text[dot+1:]
		}
	}
	if negative {
		return "-" + text
	}
	return text
}
