package catalog

import (
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/yosida95/uritemplate/v3"

	"mcphub/hub/config"
	"mcphub/hub/jsonrpc"
	"mcphub/hub/upstream"
)

// View is what one kind of client sees. It never changes.
type View struct {
	Server       string           // whose own view it is; empty for the view of all servers
	Only         *upstream.Server // the server of that name; nil for the view of all
	Capabilities []byte           // raw JSON object, for legacy clients
	Modern       []byte           // the same for modern clients
	Info         []byte           // the server's own serverInfo; nil where the hub speaks for itself
	Instructions string
	Made         time.Time // when it came about

	parts     []*part
	prefixes  map[string]string // by server, the hub's prefix; empty where names are the servers' own
	byName    [kinds]map[string]*Item
	order     [kinds][]string
	short     [kinds]map[string]*Item // names without prefix, where they are of one server only; nil where of several
	since     map[string]time.Time    // by name, since when a tool is there under it
	templates []matcher
	legacy    [kinds]pages
	modern    [kinds]pages
}

// Page is one page of a list.
type Page struct {
	Items []byte // raw JSON array
	Next  string // cursor of the next page; empty on the last one
}

type pages struct {
	pages []Page
	at    map[string]int // cursor -> index of its page
}

type matcher struct {
	item *Item
	uri  *regexp.Regexp
}

// ErrCursor says that a cursor is not, or no more, one of the list.
var ErrCursor = errors.New("the list has changed since the cursor was given out: start again without a cursor")

// List returns one page of a list as clients of an era see it.
func (v *View) List(k Kind, modern bool, cursor string) (Page, error) {
	p := &v.legacy[k]
	if modern {
		p = &v.modern[k]
	}
	if cursor == "" {
		return p.pages[0], nil
	}
	if i, ok := p.at[cursor]; ok {
		return p.pages[i], nil
	}
	return Page{}, ErrCursor
}

// Len returns how many items a list has for legacy clients, who see them all.
func (v *View) Len(k Kind) int { return len(v.byName[k]) }

// Each calls f with every item of a list under the hub's name of it, in the order of the list.
func (v *View) Each(k Kind, f func(name string, item *Item)) {
	for _, name := range v.order[k] {
		f(name, v.byName[k][name])
	}
}

// Item returns the tool, prompt, resource or template of a name: the hub's name of it, or the server's own name where
// only one server has it. It returns nil if there is none.
func (v *View) Item(k Kind, name string) *Item {
	if i := v.byName[k][name]; i != nil {
		return i
	}
	return v.short[k][name]
}

// Place is a server that may have a resource, and the URI under which it would.
type Place struct {
	Server *upstream.Server
	URI    string
}

// Places returns where a resource may be read, the likeliest first: the one server that listed it, or all that could know
// it if none did.
func (v *View) Places(uri string) []Place {
	if i := v.byName[Resources][uri]; i != nil {
		return []Place{{i.Server, i.Name}}
	}
	var places []Place
	seen := map[*upstream.Server]bool{}
	add := func(server *upstream.Server, uri string) {
		if !seen[server] {
			seen[server] = true
			places = append(places, Place{server, uri})
		}
	}
	for _, m := range v.templates {
		if m.uri.MatchString(uri) {
			add(m.item.Server, uri)
		}
	}
	for _, p := range v.parts {
		if rest, ok := strings.CutPrefix(uri, v.prefixes[p.server.Name()]+"+"); ok && v.Server == "" {
			add(p.server, rest)
		}
	}
	scheme, _, _ := strings.Cut(uri, ":")
	for _, sameScheme := range []bool{true, false} {
		for _, p := range v.parts {
			if p.hello != nil && p.hello.Has("resources") && p.hasScheme(scheme) == sameScheme {
				add(p.server, uri)
			}
		}
	}
	return places
}

func (p *part) hasScheme(scheme string) bool {
	for _, k := range []Kind{Resources, Templates} {
		for _, i := range p.items[k] {
			if s, _, _ := strings.Cut(i.Name, ":"); s == scheme {
				return true
			}
		}
	}
	return false
}

// Servers returns the servers of the view that are ready or on their way back, sorted by name.
func (v *View) Servers() []*upstream.Server {
	var out []*upstream.Server
	for _, p := range v.parts {
		if p.hello != nil {
			out = append(out, p.server)
		}
	}
	return out
}

// single makes the view of one server under its own names.
func single(settings config.Settings, p *part) *View {
	v := newView([]*part{p})
	v.Server, v.Only = p.server.Name(), p.server
	b := newBuilder(v, settings)
	for k := range kinds {
		for _, item := range p.items[k] {
			b.add(k, item.Name, item)
		}
	}
	b.finish()
	v.Capabilities, v.Modern = capabilitiesOf(p.hello)
	if p.hello != nil {
		v.Info, v.Instructions = p.hello.Info, cut(p.hello.Instructions, settings.InstructionsLimit)
	}
	return v
}

// aggregate makes the view of all servers.
func aggregate(settings config.Settings, parts []*part, log *slog.Logger) *View {
	v := newView(parts)
	var names []string
	for _, p := range parts {
		names = append(names, p.server.Name())
	}
	v.prefixes = prefixes(names)
	b := newBuilder(v, settings)
	for _, p := range parts {
		own := v.prefixes[p.server.Name()]
		for k := range kinds {
			for _, item := range p.items[k] {
				name := item.Name
				if k == Tools || k == Prompts {
					full := own + "__" + name
					name = shorten(full, settings.NameLimit)
					for n := 1; v.byName[k][name] != nil; n++ { // "a" and "b__c", "a__b" and "c"
						name = shorten(fmt.Sprintf("%s_%d", full, n), settings.NameLimit)
					}
				} else if v.byName[k][name] != nil { // of a server before this one
					name = own + "+" + name
				}
				if v.byName[k][name] != nil { // a server lists what would be another's name
					log.Warn("item of a server left out: its name is taken", "server", p.server.Name(), "name", name)
					continue
				}
				b.add(k, name, item)
			}
		}
	}
	b.finish()
	v.Capabilities, v.Modern = commonCapabilities(parts)
	v.Instructions = commonInstructions(parts, settings.InstructionsLimit)
	return v
}

func newView(parts []*part) *View {
	v := &View{parts: parts}
	for k := range kinds {
		v.byName[k], v.short[k] = map[string]*Item{}, map[string]*Item{}
	}
	return v
}

// builder fills a view.
type builder struct {
	*View
	settings config.Settings
	defs     [kinds][]definition
}

type definition struct {
	name   string
	raw    []byte
	hidden bool
}

func newBuilder(v *View, settings config.Settings) *builder {
	return &builder{View: v, settings: settings}
}

func (b *builder) add(k Kind, name string, item *Item) {
	b.byName[k][name] = item
	b.order[k] = append(b.order[k], name)
	if _, again := b.short[k][item.Name]; again {
		b.short[k][item.Name] = nil
	} else {
		b.short[k][item.Name] = item
	}
	b.defs[k] = append(b.defs[k], definition{name, item.renamed(name), item.hidden})
	if k == Templates {
		if t, err := uritemplate.New(item.Name); err == nil {
			b.templates = append(b.templates, matcher{item, t.Regexp()})
		}
	}
}

func (b *builder) finish() {
	for k := range kinds {
		b.modern[k] = paginate(b.defs[k], b.settings.PageSize, func(d definition) []byte {
			if d.hidden {
				return nil
			}
			return d.raw
		})
		b.legacy[k] = b.modern[k]
		if k == Tools {
			adapted := false
			legacy := paginate(b.defs[k], b.settings.PageSize, func(d definition) []byte {
				raw := forLegacy(d.raw)
				adapted = adapted || d.hidden || &raw[0] != &d.raw[0]
				return raw
			})
			if adapted { // else both eras share the same bytes
				b.legacy[k] = legacy
			}
		}
	}
}

// cursorPrefix begins every cursor.
const cursorPrefix = "after:"

// paginate makes the pages of a list. A cursor names the last item of the page before, so that it holds as long as
// that item does.
func paginate(defs []definition, size int, show func(definition) []byte) pages {
	p := pages{at: map[string]int{}}
	page, n := Page{Items: []byte("[")}, 0
	last := ""
	for _, d := range defs {
		raw := show(d)
		if raw == nil {
			continue
		}
		if n == size {
			page.Next = cursorPrefix + last
			page.Items = append(page.Items, ']')
			p.at[page.Next] = len(p.pages) + 1
			p.pages = append(p.pages, page)
			page, n = Page{Items: []byte("[")}, 0
		}
		if n++; n > 1 {
			page.Items = append(page.Items, ',')
		}
		page.Items = append(page.Items, raw...)
		last = d.name
	}
	page.Items = append(page.Items, ']')
	p.pages = append(p.pages, page)
	return p
}

// capabilitiesOf is what the hub carries of a server's own capabilities, for each era.
func capabilitiesOf(h *upstream.Hello) (legacy, modern []byte) {
	if h == nil { // never ready: promise what any server may turn out to have
		return capabilities(true, true, true, true, true, nil), capabilities(true, false, true, true, true, nil)
	}
	extensions := jsonrpc.Get(h.Capabilities, jsonrpc.All(h.Capabilities), "extensions").In(h.Capabilities)
	subscribe := !h.Modern && h.Has("resources", "subscribe")
	return capabilities(h.Has("resources"), subscribe, h.Has("prompts"), h.Has("completions"), h.Has("logging"), carried(extensions)),
		capabilities(h.Has("resources"), false, h.Has("prompts"), h.Has("completions"), h.Has("logging"), carried(extensions))
}

// commonCapabilities is what the hub declares for all servers together. Servers come and go, so the lists are always
// declared.
func commonCapabilities(parts []*part) (legacy, modern []byte) {
	subscribe := false
	var extensions []byte
	for _, p := range parts {
		if p.hello == nil {
			continue
		}
		subscribe = subscribe || !p.hello.Modern && p.hello.Has("resources", "subscribe")
		one := carried(jsonrpc.Get(p.hello.Capabilities, jsonrpc.All(p.hello.Capabilities), "extensions").In(p.hello.Capabilities))
		extensions = union(extensions, one)
	}
	return capabilities(true, subscribe, true, true, true, extensions), capabilities(true, false, true, true, true, extensions)
}

func capabilities(resources, subscribe, prompts, completions, logging bool, extensions []byte) []byte {
	b := []byte(`{"tools":{"listChanged":true}`)
	if resources && subscribe {
		b = append(b, `,"resources":{"listChanged":true,"subscribe":true}`...)
	} else if resources {
		b = append(b, `,"resources":{"listChanged":true}`...)
	}
	if prompts {
		b = append(b, `,"prompts":{"listChanged":true}`...)
	}
	if completions {
		b = append(b, `,"completions":{}`...)
	}
	if logging {
		b = append(b, `,"logging":{}`...)
	}
	if extensions != nil {
		b = append(append(b, `,"extensions":`...), extensions...)
	}
	return append(b, '}')
}

// carried returns a server's extensions without those that the hub does not carry (tasks: their ids are not routed).
func carried(extensions []byte) []byte {
	var out []byte
	for it := jsonrpc.Members(extensions, jsonrpc.All(extensions)); it.Next(); {
		if !it.KeyIs("io.modelcontextprotocol/tasks") {
			out = appendMember(out, it.Key.In(extensions), it.Value.In(extensions))
		}
	}
	return closeObject(out)
}

// union adds to the object a the members of b whose keys it has not.
func union(a, b []byte) []byte {
	var out []byte
	for it := jsonrpc.Members(a, jsonrpc.All(a)); it.Next(); {
		out = appendMember(out, it.Key.In(a), it.Value.In(a))
	}
	for it := jsonrpc.Members(b, jsonrpc.All(b)); it.Next(); {
		if !jsonrpc.Get(a, jsonrpc.All(a), jsonrpc.String(it.Key.In(b))).Present() {
			out = appendMember(out, it.Key.In(b), it.Value.In(b))
		}
	}
	return closeObject(out)
}

func appendMember(dst, key, value []byte) []byte {
	sep := byte(',')
	if dst == nil {
		sep = '{'
	}
	return append(append(append(append(dst, sep), key...), ':'), value...)
}

func closeObject(b []byte) []byte {
	if b == nil {
		return nil
	}
	return append(b, '}')
}

// commonInstructions puts the servers' instructions under headings.
func commonInstructions(parts []*part, limit int) string {
	var b strings.Builder
	for _, p := range parts {
		if p.hello == nil || strings.TrimSpace(p.hello.Instructions) == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\n\n")
		}
		fmt.Fprintf(&b, "## %s\n\n%s", p.server.Name(), strings.TrimSpace(p.hello.Instructions))
	}
	return cut(b.String(), limit)
}

// cut shortens a text to at most limit bytes, and says so in it.
func cut(text string, limit int) string {
	const mark = "\n\n[The rest was cut off by the hub.]"
	if len(text) <= limit {
		return text
	}
	if limit < len(mark) {
		return ""
	}
	return strings.ToValidUTF8(text[:limit-len(mark)], "") + mark
}
