package config

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mcphub/hub/json5"
	"mcphub/hub/secret"
)

// ErrNoFinding says that there is no secret in plain text where one was to be moved from.
var ErrNoFinding = errors.New("there is nothing in plain text that seems to be a secret")

// Finding is a value in a configuration file that seems to be a secret in plain text. It does not hold the value.
type Finding struct {
	Server string
	Path   []string // of the value below the server's entry, as in "env", "TOKEN" or "args", "2"
	Key    string   // what it belongs to: a variable, a header, a flag, a parameter of the address
	Name   string   // proposed for the secret
	Why    string   // it seems to be a secret
	From   Position

	value secret.Text
	at    span
}

// Findings returns the secrets in plain text of all servers, sorted by server, in the order of the files. Files that cannot
// be read have none.
func (s *Store) Findings() []Finding {
	var all []Finding
	docs := map[string]*json5.Document{}
	for _, server := range s.Current().Servers {
		doc, read := docs[server.Source]
		if !read {
			if text, _, err := s.Read(server.Source); err == nil {
				doc, _ = json5.Parse(text)
			}
			docs[server.Source] = doc
		}
		if doc == nil {
			continue
		}
		if e, found := find(doc, server.Name); found {
			e.file = &source{path: server.Source, doc: doc}
			all = append(all, e.findings()...)
		}
	}
	propose(all)
	return all
}

// value is a text in a server's entry that may hold secrets.
type value struct {
	path  []string
	key   string // the name of a variable or header
	node  *json5.Node
	spans []span
}

// values returns the texts in which the hub looks for secrets, with what it finds.
func (e *entry) values() (list []value) {
	s := sleuth{}
	object := func(n *json5.Node, path ...string) {
		if !n.Is(json5.Object) {
			return
		}
		keys, values := n.Entries()
		for _, key := range keys {
			list = append(list, value{slices.Concat(path, []string{key}), key, values[key], s.inValue(key, values[key].Text)})
		}
	}
	array := func(n *json5.Node, path ...string) {
		if !n.Is(json5.Array) {
			return
		}
		before := ""
		for i, item := range n.Items {
			list = append(list, value{slices.Concat(path, []string{strconv.Itoa(i)}), "", item, s.inArgument(before, item.Text)})
			before = item.Text
		}
	}
	object(e.value.Get("env"), "env")
	array(e.value.Get("args"), "args")
	if command := e.value.Get("command"); e.zed && command.Is(json5.Object) {
		object(command.Get("env"), "command", "env")
		array(command.Get("args"), "command", "args")
	}
	object(e.value.Get("headers"), "headers")
	object(e.value.Get("oauth"), "oauth")
	for _, key := range []string{"url", "serverUrl"} {
		if n := e.value.Get(key); n.Is(json5.String) {
			list = append(list, value{[]string{key}, "", n, s.inAddress(n.Text, true)})
		}
	}
	return list
}

func (e *entry) findings() (list []Finding) {
	for _, v := range e.values() {
		if !v.node.Is(json5.String) || strings.HasPrefix(v.node.Text, "$") && !strings.Contains(v.node.Text, opening) {
			continue
		}
		for _, at := range v.spans {
			text := v.node.Text[at.start:at.end]
			if strings.Contains(text, opening) || inPlaceholder(v.node.Text, at) {
				continue
			}
			key := cmp.Or(v.key, at.name, "token")
			list = append(list, Finding{
				Server: e.name, Path: v.path, Key: key, Why: at.why, From: e.file.position(v.node.Start), value: secret.New(text), at: at,
			})
		}
	}
	return list
}

// inPlaceholder reports whether a part of a text belongs to a placeholder, such as an argument of a command.
func inPlaceholder(text string, at span) bool {
	start := 0
	for _, p := range parseTemplate(text) {
		if p.placeholder == nil {
			start += len(p.text)
			continue
		}
		end := start + len(opening) + len(p.placeholder.raw) + 1
		if at.start < end && at.end > start {
			return true
		}
		start = end
	}
	return false
}

// propose gives each finding a name: that of a variable, or else one made of the server and the key. One value gets one
// name, and two values get two.
func propose(all []Finding) {
	taken := map[string]secret.Text{}
	for i := range all {
		f := &all[i]
		name := f.Key
		if n := len(f.Path); n < 2 || f.Path[n-2] != "env" {
			name = f.Server + "-" + strings.ToLower(f.Key)
		}
		free := func(name string) bool {
			holder, used := taken[name]
			return !used || holder.Equal(f.value)
		}
		if f.Name = given(name); !free(f.Name) {
			f.Name = SecretName(f.Server, f.Key, free)
		}
		taken[f.Name] = f.value
	}
}

// SecretName proposes a name for a secret of a server, of what it belongs to there: the first that is free.
func SecretName(server, key string, free func(name string) bool) string {
	longer := given(server + "-" + key)
	name := longer
	for n := 2; !free(name); n++ {
		name = longer + "-" + strconv.Itoa(n)
	}
	return name
}

// TakeSecrets returns the entry of a server, a JSON object, with what take says in the place of each text in it that seems
// to be a secret in plain text. Take is told what that belongs to. An entry without one comes back as it is.
func TakeSecrets(server string, raw json.RawMessage, take func(key string, value secret.Text) string) (json.RawMessage, error) {
	doc, err := json5.Parse(raw)
	if err != nil || doc.Root() == nil {
		return nil, fmt.Errorf("the entry of server %q is no JSON: %w", server, cmp.Or(err, errNoValue))
	}
	e := entry{name: server, zed: true, file: &source{doc: doc}, value: doc.Root()}
	all := e.findings()
	if len(all) == 0 {
		return raw, nil
	}
	instead := make([]string, len(all))
	for i, f := range all {
		instead[i] = take(f.Key, f.value)
	}
	for i, f := range slices.Backward(all) { // so that what stands before it in the same text stays where it is
		text := doc.Get(f.Path...).Text
		replaced := &json5.Node{Kind: json5.String, Text: text[:f.at.start] + instead[i] + text[f.at.end:]}
		if err := doc.Set(replaced.Strict(), f.Path...); err != nil {
			return nil, fmt.Errorf("the entry of server %q: %w", server, err)
		}
	}
	return doc.Text(), nil
}

// given makes a name one that a person could give.
func given(name string) string {
	name = strings.Map(func(r rune) rune {
		if secret.CheckGiven("x"+string(r)) != nil {
			return '-'
		}
		return r
	}, name)
	return cmp.Or(strings.Trim(name[:min(len(name), 100)], "-"), "secret")
}

// Moved says how a value reads when its secret has been moved out of it.
type Moved struct {
	Finding
	After string // the value with a placeholder; other secrets in it are masked
}

// MoveSecret puts a placeholder in the place of a secret in plain text, in the file, where the rest stays as it is. Before
// that, keep must put the secret where the placeholder finds it; after it, the placeholder takes the secret's place in the
// earlier texts of the files too. Without keep it only tells what it would do. The name may be empty for the proposed one,
// and so may the key, for the first finding at the path. It fails with [ErrNoFinding], [ErrUnknownServer], and as
// [Store.Modify] does.
func (s *Store) MoveSecret(ctx context.Context, server string, path []string, key, name string, keep func(ctx context.Context, name string, value secret.Text) error) (moved Moved, err error) {
	if name != "" {
		if err := secret.CheckGiven(name); err != nil {
			return Moved{}, err
		}
	}
	if _, ok := s.Current().Server(server); !ok {
		return Moved{}, fmt.Errorf("%q: %w", server, ErrUnknownServer)
	}
	matches := func(f Finding) bool {
		return f.Server == server && slices.Equal(f.Path, path) && (key == "" || f.Key == key)
	}
	all := s.Findings()
	i := slices.IndexFunc(all, matches)
	if i < 0 {
		return Moved{}, fmt.Errorf("%s of server %q: %w", strings.Join(path, "."), server, ErrNoFinding)
	}
	moved.Finding = all[i]
	if name != "" {
		moved.Name = name
	}
	err = s.modifyServer(ctx, server, func(doc *json5.Document, e entry) error {
		e.file = &source{path: moved.From.Path, doc: doc}
		now := e.findings()
		i := slices.IndexFunc(now, func(f Finding) bool { return matches(f) && f.value.Equal(moved.value) })
		if i < 0 {
			return fmt.Errorf("%s of server %q: %w any more", strings.Join(path, "."), server, ErrNoFinding)
		}
		full := slices.Concat(e.path, path)
		text := doc.Get(full...).Text
		moved.After = shown(text, now, now[i], moved.Name)
		if keep == nil {
			return nil
		}
		if err := keep(ctx, moved.Name, now[i].value); err != nil {
			return err
		}
		at := now[i].at
		replaced := &json5.Node{Kind: json5.String, Text: text[:at.start] + Placeholder(moved.Name) + text[at.end:]}
		return doc.Set(replaced.Strict(), full...)
	})
	if err == nil && keep != nil {
		err = s.forget(ctx, moved.value, Placeholder(moved.Name))
	}
	return moved, err
}

// Placeholder is what stands for a secret in the configuration.
func Placeholder(name string) string { return opening + secretPrefixes[0] + name + "}" }

// shown returns a text with a placeholder in the place of one finding, and masks in that of the others in it.
func shown(text string, all []Finding, moved Finding, name string) string {
	same := slices.DeleteFunc(slices.Clone(all), func(f Finding) bool { return !slices.Equal(f.Path, moved.Path) })
	slices.SortFunc(same, func(a, b Finding) int { return b.at.start - a.at.start })
	for _, f := range same {
		by := secret.Mask
		if f.at == moved.at {
			by = Placeholder(name)
		}
		text = text[:f.at.start] + by + text[f.at.end:]
	}
	return text
}
