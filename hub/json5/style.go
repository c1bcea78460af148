package json5

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

const mark = "\ufeff" // of byte order, at the beginning of a file

// style is how a document is written, as far as new text has to follow it.
type style struct {
	newline  string
	unit     string // of indentation
	colon    string // between key and value
	gap      string // after a comma in a line
	pad      string // within the braces of an object in a line
	keyQuote string // around keys; empty for none where that is possible
	quote    string // around strings
	trailing bool   // a comma stands after the last element of a container of several lines
	tall     bool   // containers have a line for each element
	columns  bool   // arrays of scalars, too
}

// style looks at the whole document: what is found first holds. But for the keys and the last comma of a container, its own
// last element is the model.
func (d *Document) style(container *Node) *style {
	s := survey{Document: d}
	if d.root != nil {
		s.look(d.root)
	}
	newline := "\n"
	if i := bytes.IndexAny(d.text, "\r\n"); i >= 0 && d.text[i] == '\r' {
		if newline = "\r"; bytes.HasPrefix(d.text[i:], []byte("\r\n")) {
			newline = "\r\n"
		}
	}
	colon := or(s.colon, ": ")
	gap := " "
	if colon == ":" {
		gap = ""
	}
	found := &style{
		newline: newline, unit: or(s.unit, "  "), colon: colon, gap: or(s.gap, gap), pad: or(s.pad, ""),
		keyQuote: or(s.keyQuote, `"`), quote: or(s.quote, `"`), trailing: or(s.trailing, false), columns: or(s.columns, false),
		tall: d.root == nil || len(d.root.elements()) == 0 || bytes.ContainsAny(d.text[d.root.Start:d.root.End], "\r\n"),
	}
	if container == nil {
		return found
	}
	if elements := container.elements(); len(elements) > 0 {
		last := elements[len(elements)-1]
		_, found.trailing = d.comma(last.end)
		if container.Kind == Object {
			found.keyQuote = d.quoteAt(last.start)
		}
	}
	return found
}

// survey finds out what a style consists of. What it has not seen is nil.
type survey struct {
	*Document
	unit, colon, gap, pad, keyQuote, quote *string
	trailing, columns                      *bool
}

func or[T any](seen *T, standard T) T {
	if seen == nil {
		return standard
	}
	return *seen
}

func note[T any](seen **T, value T) {
	if *seen == nil {
		*seen = &value
	}
}

func (s *survey) look(n *Node) {
	if n.Kind == String {
		note(&s.quote, s.quoteAt(n.Start))
	}
	elements := n.elements()
	if len(elements) == 0 {
		return
	}
	first, last := elements[0], elements[len(elements)-1]
	indent, own := s.own(first.start)
	if own {
		if unit, deeper := strings.CutPrefix(indent, s.indent(n.Start)); deeper && unit != "" {
			note(&s.unit, unit)
		}
		_, trailing := s.comma(last.end)
		note(&s.trailing, trailing)
	} else {
		if n.Kind == Object {
			s.noteBlank(&s.pad, n.Start+1, first.start)
		}
		if len(elements) > 1 {
			if comma, found := s.comma(first.end); found {
				s.noteBlank(&s.gap, comma+1, elements[1].start)
			}
		}
	}
	if n.Kind == Array && !slices.ContainsFunc(n.Items, func(item *Node) bool { return item.Kind >= Array }) {
		note(&s.columns, own)
	}
	for _, m := range n.Members {
		note(&s.keyQuote, s.quoteAt(m.KeyStart))
		if between := string(s.text[m.KeyEnd:m.Value.Start]); strings.Trim(between, " ") == ":" {
			note(&s.colon, between)
		}
		s.look(m.Value)
	}
	for _, item := range n.Items {
		s.look(item)
	}
}

// noteBlank notes the text of a span if it is nothing but spaces.
func (s *survey) noteBlank(seen **string, start, end int) {
	if text := string(s.text[start:end]); strings.Trim(text, " ") == "" {
		note(seen, text)
	}
}

// quoteAt returns the quote that a key or string begins with, or nothing.
func (d *Document) quoteAt(at int) string {
	if c := d.text[at]; c == '"' || c == '\'' {
		return string(c)
	}
	return ""
}

// own returns the white space before an offset, and whether nothing else stands before it in its line.
func (d *Document) own(offset int) (indent string, own bool) {
	before := bytes.TrimRight(d.text[:offset], " \t")
	own = len(before) == 0 || bytes.HasSuffix(before, []byte("\n")) || bytes.HasSuffix(before, []byte("\r")) || string(before) == mark
	return string(d.text[len(before):offset]), own
}

// indent returns the white space that the line of an offset begins with.
func (d *Document) indent(offset int) string {
	line := d.text[1+bytes.LastIndexAny(d.text[:offset], "\r\n") : offset]
	line = bytes.TrimPrefix(line, []byte(mark))
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}

// comma finds the comma after an element that ends at the offset.
func (d *Document) comma(offset int) (at int, found bool) {
	p := &parser{text: d.text, at: offset}
	p.space()
	return p.at, p.peek() == ','
}

// lineComments returns the end of the comments that follow the offset in its line, and whether the line ends with the last
// one.
func (d *Document) lineComments(offset int) (end int, ended bool) {
	for _, c := range d.comments {
		if c.start < offset {
			continue
		}
		if len(bytes.Trim(d.text[offset:c.start], " \t")) > 0 {
			break
		}
		offset, ended = c.end, d.text[c.start+1] == '/'
	}
	return offset, ended
}

// widen adds to a span that will be cut out the white space that would be left over: all of the line, or that on one side.
func (d *Document) widen(s span) span {
	indent, own := d.own(s.start)
	end := s.end + len(d.text[s.end:]) - len(bytes.TrimLeft(d.text[s.end:], " \t"))
	rest := d.text[end:]
	ends := len(rest) == 0 || rest[0] == '\n' || rest[0] == '\r'
	switch {
	case own && ends:
		if bytes.HasPrefix(rest, []byte("\r\n")) {
			end++
		}
		return span{s.start - len(indent), min(end+1, len(d.text))}
	case ends:
		return span{len(bytes.TrimRight(d.text[:s.start], " \t")), s.end}
	case d.text[s.start] == ',':
		return s
	}
	return span{s.start, end}
}

var plainKey = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`)

func (s *style) key(key string) string {
	if s.keyQuote == "" && plainKey.MatchString(key) {
		return key
	}
	quote := s.keyQuote
	if quote == "" {
		quote = s.quote
	}
	return quoted(key, quote)
}

// quoted writes a string in the quotes if it needs no escapes in them, and else as JSON does.
func quoted(text, quote string) string {
	plain := appendString(nil, text)
	if quote == "'" && len(plain) == len(text)+2 && !strings.Contains(text, "'") {
		return "'" + text + "'"
	}
	return string(plain)
}

// format writes a value whose first line has the indentation.
func (s *style) format(n *Node, indent string, tall bool) string {
	var elements []string
	open, closing, pad := "[", "]", ""
	switch n.Kind {
	case String:
		return quoted(n.Text, s.quote)
	case Array:
		tall = tall && (s.columns || slices.ContainsFunc(n.Items, func(item *Node) bool { return item.Kind >= Array }))
		for _, item := range n.Items {
			elements = append(elements, s.format(item, indent+s.unit, tall))
		}
	case Object:
		open, closing, pad = "{", "}", s.pad
		for _, m := range n.Members {
			elements = append(elements, s.key(m.Key)+s.colon+s.format(m.Value, indent+s.unit, tall))
		}
	default:
		return n.Text
	}
	switch {
	case len(elements) == 0:
		return open + closing
	case !tall:
		return open + pad + strings.Join(elements, ","+s.gap) + pad + closing
	}
	text := open + s.newline + indent + s.unit + strings.Join(elements, ","+s.newline+indent+s.unit)
	if s.trailing {
		text += ","
	}
	return text + s.newline + indent + closing
}
