package config

import (
	"maps"
	"slices"
	"strings"

	"mcphub/hub/secret"
)

// note remembers what a placeholder stood for if that may be a secret: one that was kept as such, the answer to a prompt,
// what a command printed, and a variable whose name says so.
func (r *resolution) note(p *placeholder, text string) {
	var l secret.Likelihood
	switch written := p.raw; {
	case p.secretPrefix() != "":
		r.secrets[text] = true
		return
	case p.command(), strings.HasPrefix(written, "input:"):
		l = secret.Password
	default:
		l = secret.Judge(strings.TrimPrefix(written, envPrefix))
	}
	if fits(l, text, true) {
		r.secrets[text] = true
	}
}

// exposed returns all that a server is told and nobody else should read.
func (r *resolution) exposed(resolved *Resolved) []secret.Text {
	s := sleuth{caution: true}
	add := func(text string, spans []span) {
		for _, at := range spans {
			r.secrets[text[at.start:at.end]] = true
		}
	}
	for name, value := range r.values.global {
		if strings.HasPrefix(name, "input:") && fits(secret.Password, value, true) {
			r.secrets[value] = true
		}
		add(value, s.inValue(name, value))
	}
	for _, f := range r.spec.env {
		value := resolved.Env[r.values.existing(resolved.Env, f.name)].Reveal()
		add(value, s.inValue(f.name, value))
	}
	before := ""
	for _, arg := range resolved.Args {
		text := arg.Reveal()
		add(text, s.inArgument(before, text))
		before = text
	}
	add(resolved.URL.Reveal(), s.inAddress(resolved.URL.Reveal(), true))
	for name, value := range resolved.Headers {
		add(value.Reveal(), s.inValue(name, value.Reveal()))
	}
	for _, text := range []secret.Text{resolved.OAuth.ClientSecret, resolved.OAuth.PrivateKey} {
		r.secrets[text.Reveal()] = true
	}
	var list []secret.Text
	for _, text := range slices.Sorted(maps.Keys(r.secrets)) {
		list = append(list, secret.New(text))
	}
	return list
}
