package json5

import (
	"bytes"
	"encoding/json"
	"slices"
)

// Kind is the kind of a value.
type Kind uint8

// The kinds of values.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

// Node is one value of a document. It knows where it stands and must not be changed.
type Node struct {
	Kind       Kind
	Start, End int      // bytes of the text that it spans
	Text       string   // decoded string; null, boolean or number as it stands
	Items      []*Node  // of an array
	Members    []Member // of an object, in order, duplicates included
}

// Member is one key of an object and its value.
type Member struct {
	Key              string // decoded
	KeyStart, KeyEnd int    // bytes of the text that the key spans
	Value            *Node
}

// Get returns the value of a key of an object, the last one if there are several, or nil. A nil Node has no keys.
func (n *Node) Get(key string) *Node {
	if i := n.index(key); i >= 0 && n.Kind == Object {
		return n.Members[i].Value
	}
	return nil
}

// Is reports whether the value is there and of the kind.
func (n *Node) Is(k Kind) bool { return n != nil && n.Kind == k }

// Strict returns the value as strict, compact JSON: keys in order, of duplicates the last value in the first place.
// Numbers keep their digits; NaN and the infinities, which JSON lacks, become null.
func (n *Node) Strict() []byte { return n.appendStrict(nil, false) }

// Canonical is [Node.Strict] with the keys sorted, so that equal values give equal bytes.
func (n *Node) Canonical() []byte { return n.appendStrict(nil, true) }

func (n *Node) appendStrict(b []byte, sorted bool) []byte {
	switch n.Kind {
	case Bool:
		return append(b, n.Text...)
	case Number:
		return append(b, strictNumber(n.Text)...)
	case String:
		return appendString(b, n.Text)
	case Array:
		b = append(b, '[')
		for i, item := range n.Items {
			if i > 0 {
				b = append(b, ',')
			}
			b = item.appendStrict(b, sorted)
		}
		return append(b, ']')
	case Object:
		keys, values := n.Entries()
		if sorted {
			slices.Sort(keys)
		}
		b = append(b, '{')
		for i, key := range keys {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendString(b, key), ':')
			b = values[key].appendStrict(b, sorted)
		}
		return append(b, '}')
	}
	return append(b, "null"...)
}

// Entries returns the keys of an object without duplicates in order of first appearance, and their last values.
func (n *Node) Entries() (keys []string, values map[string]*Node) {
	values = make(map[string]*Node, len(n.Members))
	for _, m := range n.Members {
		if _, seen := values[m.Key]; !seen {
			keys = append(keys, m.Key)
		}
		values[m.Key] = m.Value
	}
	return keys, values
}

// same reports whether two values are equal; the order of keys and values hidden by duplicates make no difference.
func same(a, b *Node) bool {
	if a.Kind != b.Kind || len(a.Items) != len(b.Items) {
		return false
	}
	switch a.Kind {
	case Array:
		return slices.EqualFunc(a.Items, b.Items, same)
	case Object:
		keys, values := a.Entries()
		_, others := b.Entries()
		return len(values) == len(others) && !slices.ContainsFunc(keys, func(key string) bool {
			other, ok := others[key]
			return !ok || !same(values[key], other)
		})
	}
	return a.Text == b.Text
}

// identical is same with the order of keys and duplicates counting.
func identical(a, b *Node) bool {
	return a.Kind == b.Kind && (a.Kind >= Array || a.Text == b.Text) &&
		slices.EqualFunc(a.Items, b.Items, identical) &&
		slices.EqualFunc(a.Members, b.Members, func(a, b Member) bool { return a.Key == b.Key && identical(a.Value, b.Value) })
}

func appendString(b []byte, s string) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(s) // a string cannot fail
	return append(b, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...)
}
