package json5

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// errUnverified says that an edit, read back, was not what it should have been.
var errUnverified = errors.New("the edited text would not read back as intended; edit it by hand")

// maxMerged is how many elements an old and a new value may have together to be changed one by one: each change reads the
// text anew. What has more is replaced as a whole.
const maxMerged = 200

// splice replaces a range of bytes.
type splice struct {
	span
	text string
}

// Set gives the place at the path (see [Document.Get]) a value, which is JSON5 text itself. Objects that are missing on the
// way are created, a new key becomes the last of its object, and the token "-" appends to an array. What the place has
// already is touched only where it differs: objects are changed key by key and arrays item by item. The value is laid out
// like its neighbours; comments in it are not taken over. On an error the document is unchanged.
func (d *Document) Set(value []byte, path ...string) error {
	parsed, err := Parse(value)
	if err != nil {
		return fmt.Errorf("parse the value for %s: %w", pointer(path), err)
	}
	if parsed.root == nil || len(path) == 0 {
		return fmt.Errorf("set %s: neither the value nor the path may be empty", pointer(path))
	}
	next := *d
	if err := next.set(path, parsed.root); err != nil {
		return fmt.Errorf("set %s: %w", pointer(path), err)
	}
	*d = next
	return nil
}

// Delete removes the key or item at the path (see [Document.Get]), all duplicates of a key included. Comments around it
// stay. If nothing is there, nothing happens. On an error the document is unchanged.
func (d *Document) Delete(path ...string) error {
	if len(path) == 0 {
		return fmt.Errorf("delete %s: the path must not be empty", pointer(path))
	}
	next := *d
	if err := next.delete(path); err != nil {
		return fmt.Errorf("delete %s: %w", pointer(path), err)
	}
	*d = next
	return nil
}

// pointer writes a path as a JSON pointer in quotes.
func pointer(path []string) string {
	var b strings.Builder
	for _, token := range path {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(token))
	}
	return strconv.Quote(b.String())
}

func (d *Document) set(path []string, value *Node) error {
	depth := len(path)
	for depth > 0 && d.Get(path[:depth]...) == nil {
		depth--
	}
	if depth == len(path) {
		return d.merge(path, value)
	}
	for _, key := range slices.Backward(path[depth+1:]) {
		value = &Node{Kind: Object, Members: []Member{{Key: key, Value: value}}}
	}
	key := path[depth]
	parent := d.Get(path[:depth]...)
	switch {
	case parent == nil:
		return d.create(&Node{Kind: Object, Members: []Member{{Key: key, Value: value}}})
	case parent.Kind == Object:
		return d.insert(path[:depth], len(parent.Members), Member{Key: key, Value: value})
	case parent.Kind == Array && key == "-":
		return d.insert(path[:depth], len(parent.Items), Member{Value: value})
	case parent.Kind == Array:
		return fmt.Errorf("the array at %s has no item %q", pointer(path[:depth]), key)
	}
	return fmt.Errorf("what is at %s is no object", pointer(path[:depth]))
}

// merge changes the value at the path to another one, touching only what differs.
func (d *Document) merge(path []string, value *Node) error {
	old := d.Get(path...)
	switch {
	case same(old, value):
		return nil
	case old.Kind != value.Kind || len(old.elements())+len(value.elements()) > maxMerged:
		return d.replace(path, value)
	case old.Kind == Object:
		return d.mergeObject(path, old, value)
	case old.Kind == Array:
		return d.mergeArray(path, old.Items, value.Items)
	}
	return d.replace(path, value)
}

func (d *Document) replace(path []string, value *Node) error {
	old, last := d.Get(path...), len(path)-1
	parent := d.Get(path[:last]...)
	_, own := d.own(parent.elements()[parent.index(path[last])].start)
	place := span{old.Start, old.End}
	return d.apply(
		d.root.with(path, func(*Node) *Node { return value }),
		[]span{place},
		splice{place, d.style(old).format(value, d.indent(old.Start), own)},
	)
}

func (d *Document) mergeObject(path []string, old, value *Node) error {
	before, _ := old.Entries()
	keys, values := value.Entries()
	for _, key := range before {
		if values[key] == nil {
			if err := d.delete(join(path, key)); err != nil {
				return err
			}
		}
	}
	for _, key := range keys {
		if err := d.set(join(path, key), values[key]); err != nil {
			return err
		}
	}
	return nil
}

// mergeArray leaves the items alone that both arrays begin and end with.
func (d *Document) mergeArray(path []string, old, items []*Node) error {
	from := 0
	for from < min(len(old), len(items)) && same(old[from], items[from]) {
		from++
	}
	for len(old) > from && len(items) > from && same(old[len(old)-1], items[len(items)-1]) {
		old, items = old[:len(old)-1], items[:len(items)-1]
	}
	for i := from; i < max(len(old), len(items)); i++ {
		var err error
		switch {
		case i >= len(items):
			err = d.remove(path, len(items))
		case i >= len(old):
			err = d.insert(path, i, Member{Value: items[i]})
		default:
			err = d.merge(join(path, strconv.Itoa(i)), items[i])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func join(path []string, token string) []string { return append(slices.Clone(path), token) }

// create gives a document without a root one.
func (d *Document) create(root *Node) error {
	s := d.style(nil)
	text := s.format(root, "", true) + s.newline
	if before := bytes.TrimPrefix(d.text, []byte(mark)); len(before) > 0 && !bytes.HasSuffix(before, []byte("\n")) {
		text = s.newline + text
	}
	return d.apply(root, nil, splice{span{len(d.text), len(d.text)}, text})
}

// insert makes a member or item the one with the index in the container at the path.
func (d *Document) insert(path []string, index int, m Member) error {
	container := d.Get(path...)
	want := d.root.with(path, func(n *Node) *Node {
		changed := *n
		if n.Kind == Object {
			changed.Members = slices.Insert(slices.Clone(n.Members), index, m)
		} else {
			changed.Items = slices.Insert(slices.Clone(n.Items), index, m.Value)
		}
		return &changed
	})
	return d.apply(want, nil, d.insertion(container, index, m)...)
}

func (d *Document) insertion(container *Node, index int, m Member) []splice {
	s := d.style(container)
	element := func(indent string, tall bool) string {
		if container.Kind == Array {
			return s.format(m.Value, indent, tall)
		}
		return s.key(m.Key) + s.colon + s.format(m.Value, indent, tall)
	}
	elements := container.elements()
	if len(elements) == 0 {
		return d.firstInsertion(container, s, element)
	}
	if index == 0 {
		next := elements[0].start
		if indent, own := d.own(next); own {
			return []splice{{span{next, next}, element(indent, true) + "," + s.newline + indent}}
		}
		return []splice{{span{next, next}, element("", false) + "," + s.gap}}
	}
	previous := elements[index-1]
	_, own := d.own(previous.start)
	indent := d.indent(previous.start)
	comma, separated := d.comma(previous.end)
	at := previous.end
	if separated {
		at = comma + 1
	}
	after, ended := d.lineComments(at)
	switch {
	case own || ended: // on a line of its own, after what is said about the previous one
		if !own {
			indent += s.unit
		}
		if separated {
			return []splice{{span{after, after}, s.newline + indent + element(indent, true) + ","}}
		}
		return []splice{{span{at, at}, ","}, {span{after, after}, s.newline + indent + element(indent, true)}}
	case separated:
		return []splice{{span{at, at}, s.gap + element("", false) + ","}}
	}
	return []splice{{span{after, after}, "," + s.gap + element("", false)}}
}

// firstInsertion puts an element into a container that has none, after the comments in it.
func (d *Document) firstInsertion(container *Node, s *style, element func(indent string, tall bool) string) []splice {
	open, closing := container.Start+1, container.End-1
	base := d.indent(container.Start)
	indent, at := base+s.unit, open
	commented := false
	for _, c := range d.comments {
		if c.start >= open && c.end <= closing {
			at, commented = c.end, true
			if own, ok := d.own(c.start); ok {
				indent = own
			}
		}
	}
	tall := s.tall || bytes.ContainsAny(d.text[open:closing], "\r\n")
	switch {
	case tall:
		text := s.newline + indent + element(indent, true)
		if s.trailing {
			text += ","
		}
		if commented && bytes.ContainsAny(d.text[at:closing], "\r\n") {
			return []splice{{span{at, at}, text}}
		}
		return []splice{{span{at, closing}, text + s.newline + base}}
	case commented:
		return []splice{{span{at, at}, " " + element("", false)}}
	}
	pad := s.pad
	if container.Kind == Array {
		pad = ""
	}
	return []splice{{span{at, closing}, pad + element("", false) + pad}}
}

func (d *Document) delete(path []string) error {
	parentPath, token := path[:len(path)-1], path[len(path)-1]
	for {
		parent := d.Get(parentPath...)
		index := parent.index(token)
		if index < 0 {
			return nil
		}
		if err := d.remove(parentPath, index); err != nil || parent.Kind == Array {
			return err
		}
	}
}

// remove takes the element with the index out of the container at the path, with its comma and the white space that it
// leaves.
func (d *Document) remove(path []string, index int) error {
	container := d.Get(path...)
	want := d.root.with(path, func(n *Node) *Node {
		changed := *n
		if n.Kind == Object {
			changed.Members = slices.Delete(slices.Clone(n.Members), index, index+1)
		} else {
			changed.Items = slices.Delete(slices.Clone(n.Items), index, index+1)
		}
		return &changed
	})
	elements := container.elements()
	gone := elements[index]
	cut := gone
	var cuts []splice
	if comma, separated := d.comma(gone.end); separated {
		if len(bytes.TrimSpace(d.text[gone.end:comma])) == 0 {
			cut.end = comma + 1
		} else {
			cuts = append(cuts, splice{span: span{comma, comma + 1}})
		}
	} else if index > 0 {
		comma, _ := d.comma(elements[index-1].end)
		if len(bytes.Trim(d.text[comma+1:gone.start], " \t")) == 0 {
			cut.start = comma
		} else {
			cuts = append(cuts, splice{span: span{comma, comma + 1}})
		}
	}
	return d.apply(want, []span{gone}, append(cuts, splice{span: d.widen(cut)})...)
}

// apply replaces parts of the text, reads the result back, and takes it over only if its root is want and it has all
// comments but those in what was removed.
func (d *Document) apply(want *Node, removed []span, splices ...splice) error {
	slices.SortStableFunc(splices, func(a, b splice) int { return a.start - b.start })
	var text []byte
	at := 0
	for _, s := range splices {
		text = append(append(text, d.text[at:s.start]...), s.text...)
		at = s.end
	}
	text = append(text, d.text[at:]...)

	next, err := Parse(text)
	if err != nil {
		return fmt.Errorf("%w (%w)", errUnverified, err)
	}
	kept := slices.DeleteFunc(slices.Clone(d.comments), func(c span) bool { return c.within(removed) })
	if next.root == nil || !identical(next.root, want) || !slices.EqualFunc(kept, next.comments, func(a, b span) bool {
		return bytes.Equal(d.text[a.start:a.end], text[b.start:b.end])
	}) {
		return errUnverified
	}
	*d = *next
	return nil
}

// with returns the value with another one at the path, which exists.
func (n *Node) with(path []string, change func(*Node) *Node) *Node {
	if len(path) == 0 {
		return change(n)
	}
	changed, i := *n, n.index(path[0])
	if n.Kind == Array {
		changed.Items = slices.Clone(n.Items)
		changed.Items[i] = n.Items[i].with(path[1:], change)
	} else {
		changed.Members = slices.Clone(n.Members)
		changed.Members[i].Value = n.Members[i].Value.with(path[1:], change)
	}
	return &changed
}

// elements returns the spans of the members or items.
func (n *Node) elements() []span {
	var spans []span
	for _, m := range n.Members {
		spans = append(spans, span{m.KeyStart, m.Value.End})
	}
	for _, item := range n.Items {
		spans = append(spans, span{item.Start, item.End})
	}
	return spans
}
