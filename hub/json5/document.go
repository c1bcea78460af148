// Package json5 owns the text of JSON5 documents: it parses them into values that know where they stand, and edits them
// so that comments, order and layout survive. It must not know what the documents mean, nor where they are stored.
package json5

import (
	"slices"
	"strconv"
)

// Document is a parsed text. Edits replace its text and its nodes; nodes read before stay as they were.
type Document struct {
	text     []byte
	root     *Node
	comments []span
}

// span is a range of bytes of a text.
type span struct{ start, end int }

// Text returns the text as it is now. It must not be changed.
func (d *Document) Text() []byte { return d.text }

// Root returns the value of the document, or nil if there is none.
func (d *Document) Root() *Node { return d.root }

// Position returns line and column of a byte offset, both from 1, the column in characters.
func (d *Document) Position(offset int) (line, column int) { return position(d.text, offset) }

// Get returns the value at a path, or nil. The path is that of a JSON pointer (RFC 6901): keys of objects, of duplicates
// the last one, and indices of arrays in decimal. An empty path is the root.
func (d *Document) Get(path ...string) *Node {
	n := d.root
	for _, token := range path {
		i := n.index(token)
		switch {
		case i < 0:
			return nil
		case n.Kind == Array:
			n = n.Items[i]
		default:
			n = n.Members[i].Value
		}
	}
	return n
}

// index returns which member or item of the value a token of a path names, or -1.
func (n *Node) index(token string) int {
	switch {
	case n.Is(Array):
		if i, err := strconv.Atoi(token); err == nil && i < len(n.Items) && strconv.Itoa(i) == token {
			return i
		}
	case n.Is(Object):
		for i, m := range slices.Backward(n.Members) {
			if m.Key == token {
				return i
			}
		}
	}
	return -1
}

// within reports whether the span lies within one of the others.
func (s span) within(others []span) bool {
	return slices.ContainsFunc(others, func(o span) bool { return s.start >= o.start && s.end <= o.end })
}
