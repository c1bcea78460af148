package config

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
)

// get returns the value of a key of an object, the last one if there are several, or nil.
func (n *node) get(key string) *node {
	if m := n.member(key); m != nil {
		return m.value
	}
	return nil
}

func (n *node) member(key string) *member {
	if n == nil {
		return nil
	}
	for i := range slices.Backward(n.members) {
		if n.members[i].key == key {
			return &n.members[i]
		}
	}
	return nil
}

// fill sets each *node field of the struct that keys points to, to the value of the key in its tag.
func (n *node) fill(keys any) {
	fields := reflect.ValueOf(keys).Elem()
	for i := range fields.NumField() {
		if value := n.get(fields.Type().Field(i).Tag.Get("key")); value != nil {
			fields.Field(i).Set(reflect.ValueOf(value))
		}
	}
}

// is reports whether the value is there and of the kind.
func (n *node) is(k kind) bool { return n != nil && n.kind == k }

// truthy reports whether JavaScript takes the value for true.
func (n *node) truthy() bool {
	switch {
	case n == nil || n.kind == kindNull:
		return false
	case n.kind == kindBool:
		return n.text == "true"
	case n.kind == kindString:
		return n.text != ""
	case n.kind == kindNumber:
		f, err := json.Number(strictNumber(n.text)).Float64()
		return err != nil || f != 0
	}
	return true
}

// scalar returns the text of a string, and the JSON of anything else.
func (n *node) scalar() string {
	if n.kind == kindString {
		return n.text
	}
	return string(n.strict())
}

// strings returns the strings of an array, without the items that are none.
func (n *node) strings() []string {
	if n == nil {
		return nil
	}
	var list []string
	for _, item := range n.items {
		if item.kind == kindString {
			list = append(list, item.text)
		}
	}
	return list
}

// strict returns the value as strict, compact JSON: keys in order, of duplicates the last value in the first place.
func (n *node) strict() []byte { return n.appendStrict(nil, false) }

// canonical is strict with the keys sorted, so that equal values give equal bytes.
func (n *node) canonical() []byte { return n.appendStrict(nil, true) }

func (n *node) appendStrict(b []byte, sorted bool) []byte {
	switch n.kind {
	case kindString:
		return appendString(b, n.text)
	case kindNumber:
		return append(b, strictNumber(n.text)...)
	case kindArray:
		b = append(b, '[')
		for i, item := range n.items {
			if i > 0 {
				b = append(b, ',')
			}
			b = item.appendStrict(b, sorted)
		}
		return append(b, ']')
	case kindObject:
		keys, values := n.entries()
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
	if n.kind == kindBool {
		return append(b, n.text...)
	}
	return append(b, "null"...)
}

// entries returns the keys of an object without duplicates in order of first appearance, and their last values.
func (n *node) entries() (keys []string, values map[string]*node) {
	values = make(map[string]*node, len(n.members))
	for _, m := range n.members {
		if _, seen := values[m.key]; !seen {
			keys = append(keys, m.key)
		}
		values[m.key] = m.value
	}
	return keys, values
}

func appendString(b []byte, s string) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(s) // a string cannot fail
	return append(b, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...)
}
