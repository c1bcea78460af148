package config

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"mcphub/hub/json5"
)

// defaultWatch are the patterns of a dev mode that names none.
var defaultWatch = []string{"**/*.js", "**/*.ts", "**/*.json"}

// spec is what a server is started or reached with, placeholders unresolved.
type spec struct {
	file    *source
	command field
	args    []field
	env     []field
	cwd     field
	url     field
	headers []field
	oauth   oauthSpec
}

// each calls f with all placeholders of the server, those within others too.
func (s *spec) each(f func(*field, *placeholder)) {
	o := &s.oauth
	fields := slices.Concat(s.env, s.args, []field{s.command, s.cwd, s.url}, s.headers,
		[]field{o.clientID, o.clientSecret, o.privateKey, o.metadata, o.issuer})
	for i := range fields {
		at := &fields[i]
		var walk func([]part)
		walk = func(parts []part) {
			for _, p := range parts {
				if p.placeholder != nil {
					f(at, p.placeholder)
					walk(p.placeholder.parts)
				}
			}
		}
		if !at.literal && strings.Contains(at.text, opening) {
			walk(parseTemplate(at.text))
		}
	}
}

// field is one value that may hold placeholders.
type field struct {
	name    string // of the variable or header
	text    string
	literal bool // not a string in the file: nothing in it is replaced
	at      int  // offset in the file
}

// legacy reports whether an argument is a variable in the older way of writing, $NAME.
func (f field) legacy() bool {
	return !f.literal && strings.HasPrefix(f.text, "$") && !strings.Contains(f.text, opening)
}

// checker builds one server and collects what is wrong with it.
type checker struct {
	entry    *entry
	server   *Server
	problems []Diagnostic
}

// server builds the server of the entry. Its first error becomes its Err.
func (e *entry) server() (*Server, []Diagnostic) {
	keys := e.keys()
	s := &Server{
		Name:        e.name,
		DisplayName: e.name,
		Source:      e.file.path,
		File:        e.file.position(e.at),
		Raw:         e.value.Strict(),
		Disabled:    truthy(keys.Disabled),
		Protocol:    ProtocolAuto,
	}
	s.spec.file = e.file
	c := &checker{entry: e, server: s}
	c.texts(&keys)
	switch {
	case e.name == "":
		c.error(nil, "a server has no name", "give its entry a key that is not empty")
	case e.value.Kind != json5.Object:
		c.error(e.value, "the entry must be an object", "write {\"command\": …} or {\"url\": …}")
	case e.extension():
		c.error(nil, "the entry belongs to an extension of Zed, which alone knows how to start it", "add the server's own command")
	case keys.Command != nil && keys.URL != nil:
		c.error(keys.URL, "both command and url are set", "keep command for a local server, or url for a remote one")
	case keys.Command != nil:
		c.stdio(&keys)
	case keys.URL != nil:
		c.remote(&keys)
	default:
		c.error(nil, "neither command nor url is set", "add command for a local server, or url for a remote one")
	}
	s.Fingerprint = c.fingerprint(&keys)
	return s, c.problems
}

func (c *checker) report(severity Severity, at *json5.Node, message, action string) {
	offset := c.entry.at
	if at != nil {
		offset = at.Start
	}
	c.problems = append(c.problems, c.entry.file.diagnostic(severity, c.server.Name, offset, message, action))
}

func (c *checker) error(at *json5.Node, message, action string) {
	c.report(Error, at, message, action)
	if c.server.Err == nil {
		problem := c.problems[len(c.problems)-1]
		c.server.Err = &problem
	}
}

func (c *checker) warn(at *json5.Node, message, action string) {
	c.report(Warning, at, message, action)
}

// texts reads what describes the server. Nothing wrong in it stops the server.
func (c *checker) texts(keys *serverKeys) {
	s := c.server
	if keys.Name.Is(json5.String) && keys.Name.Text != "" {
		s.DisplayName = keys.Name.Text
	}
	if keys.Description.Is(json5.String) {
		s.Description = keys.Description.Text
	}
	if keys.Disabled != nil && keys.Disabled.Kind != json5.Bool {
		c.warn(keys.Disabled, "disabled is neither true nor false", "write true or false without quotes")
	}
	switch p := keys.Protocol; {
	case p == nil:
	case p.Is(json5.String) && (p.Text == string(ProtocolAuto) || p.Text == string(ProtocolLegacy) || p.Text == string(ProtocolModern)):
		s.Protocol = Protocol(p.Text)
	default:
		c.warn(p, `protocol is not "auto", "legacy" or "modern"; "auto" holds`, "choose one of them or remove it")
	}
	s.History = c.recording(keys.History)
	s.DisabledTools = texts(keys.DisabledTools)
	s.DisabledPrompts = texts(keys.DisabledPrompts)
	s.DisabledResources = texts(keys.DisabledResources)
	s.DisabledResourceTemplates = texts(keys.DisabledResourceTemplates)
}

func (c *checker) stdio(keys *serverKeys) {
	s := c.server
	s.Transport = Stdio
	if !keys.Command.Is(json5.String) || keys.Command.Text == "" {
		c.error(keys.Command, "command must be a text that is not empty", "name the program to start")
	} else {
		s.spec.command = newField("", keys.Command)
	}
	if keys.Args.Is(json5.Array) {
		for _, arg := range keys.Args.Items {
			field := newField("", arg)
			s.spec.args = append(s.spec.args, field)
			if field.legacy() {
				c.warn(arg, "an argument names a variable in the older way, $NAME", "write ${NAME}")
			}
		}
	} else if keys.Args != nil {
		c.warn(keys.Args, "args is no array and is ignored", `write ["one", "two"]`)
	}
	c.env(keys)
	if keys.Cwd.Is(json5.String) {
		s.spec.cwd = newField("", keys.Cwd)
	} else if keys.Cwd != nil {
		c.error(keys.Cwd, "cwd must be a text", "name the folder to start the server in")
	}
	if keys.Dev != nil {
		c.dev(keys.Dev)
	}
	if keys.OAuth != nil {
		c.warn(keys.OAuth, "oauth works only for servers with a url and is ignored", "remove it")
	}
}

func (c *checker) remote(keys *serverKeys) {
	s := c.server
	s.Transport = Remote
	if !keys.URL.Is(json5.String) || keys.URL.Text == "" {
		c.error(keys.URL, "url must be a text that is not empty", "write the address of the server")
	} else {
		s.spec.url = newField("", keys.URL)
		// With a placeholder in it, only its value can tell.
		if !strings.Contains(keys.URL.Text, opening) && !validURL(keys.URL.Text) {
			c.error(keys.URL, "url is no address of a server", urlAction)
		}
	}
	c.env(keys)
	if keys.Headers.Is(json5.Object) {
		s.spec.headers = fields(keys.Headers)
	} else if keys.Headers != nil {
		c.error(keys.Headers, "headers must be an object", `write {"Name": "value"}`)
	}
	c.oauth(keys.OAuth)
	if keys.Dev != nil {
		c.error(keys.Dev, "dev works only for servers with a command", "remove it")
	}
}

func (c *checker) env(keys *serverKeys) {
	if keys.Env.Is(json5.Object) {
		c.server.spec.env = fields(keys.Env)
	} else if keys.Env != nil {
		c.error(keys.Env, "env must be an object", `write {"NAME": "value"}`)
	}
}

const urlAction = "it must begin with http:// or https:// and name a host"

func validURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func newField(name string, n *json5.Node) field {
	return field{name: name, text: scalar(n), literal: n.Kind != json5.String, at: n.Start}
}

func fields(object *json5.Node) []field {
	var list []field
	keys, values := object.Entries()
	for _, name := range keys {
		list = append(list, newField(name, values[name]))
	}
	return list
}

// devKeys are the keys of a server's object "dev".
type devKeys struct {
	Enabled *json5.Node `key:"enabled"`
	Watch   *json5.Node `key:"watch"`
	Cwd     *json5.Node `key:"cwd"`
}

func (c *checker) dev(dev *json5.Node) {
	if dev.Kind != json5.Object {
		c.error(dev, "dev must be an object", `write {"cwd": "/absolute/folder"}`)
		return
	}
	var keys devKeys
	fill(dev, &keys)
	d := &Dev{Enabled: true, Watch: defaultWatch}
	c.server.Dev = d
	if keys.Cwd.Is(json5.String) && filepath.IsAbs(keys.Cwd.Text) {
		d.Cwd = keys.Cwd.Text
	} else {
		c.error(cmp.Or(keys.Cwd, dev), "dev.cwd must be an absolute path", "name the folder of the server's code")
	}
	if keys.Enabled.Is(json5.Bool) {
		d.Enabled = truthy(keys.Enabled)
	} else if keys.Enabled != nil {
		c.error(keys.Enabled, "dev.enabled must be true or false", "write true or false without quotes")
	}
	if keys.Watch == nil {
		return
	}
	d.Watch = nil
	valid := keys.Watch.Is(json5.Array)
	for _, item := range keys.Watch.Items {
		valid = valid && item.Kind == json5.String
		d.Watch = append(d.Watch, item.Text)
	}
	if !valid {
		c.error(keys.Watch, "dev.watch must be an array of texts", `write ["src/**/*.js"]`)
	}
}

// fingerprint hashes the keys whose change needs a new connection, in a form in which equal settings are equal: the order
// of keys, null and the default written out make no difference. "disabled" is not among them: an editor that switches a
// server on both writes the file and starts the server, which must not start twice.
func (c *checker) fingerprint(keys *serverKeys) string {
	s := c.server
	hash := sha256.New()
	write := func(key string, value []byte) {
		hash.Write([]byte(key + "\x00"))
		hash.Write(value)
		hash.Write([]byte{0})
	}
	for _, key := range []struct {
		name     string
		value    *json5.Node
		standard string
	}{
		{"command", keys.Command, ""},
		{"args", keys.Args, "[]"},
		{"env", keys.Env, "{}"},
		{"url", keys.URL, ""},
		{"headers", keys.Headers, "{}"},
		{"oauth", keys.OAuth, "{}"},
		{"dev", keys.Dev, ""},
		{"name", keys.Name, ""},
		{"cwd", keys.Cwd, ""},
	} {
		if key.value == nil {
			write(key.name, []byte(key.standard))
		} else {
			write(key.name, key.value.Canonical())
		}
	}
	write("protocol", []byte(s.Protocol))
	write("config_source", []byte(s.Source))
	return hex.EncodeToString(hash.Sum(nil))
}
