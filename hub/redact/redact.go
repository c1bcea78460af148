// Package redact owns finding secrets in JSON that is about to be kept or shown, and putting dots in their place.
//
// It must not know where the JSON comes from, nor who sees it.
package redact

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"mcphub/hub/secret"
)

// mask is what stands in the place of a value.
const mask = `"` + secret.Mask + `"`

// JSON replaces the values of members whose names are secret. It looks into texts that are JSON themselves, as many results
// hold them. Text may be cut off anywhere, and what is no JSON comes back as it is, as does text in which nothing is secret.
func (n *Names) JSON(text []byte) (out []byte, redacted bool) {
	s := scanner{text: text, names: n}
	s.value()
	if s.out == nil {
		return text, false
	}
	return append(s.out, text[s.copied:]...), true
}

// maxDepth is how deep texts that are JSON are looked into, and values are nested in each.
const maxDepth = 200

// scanner goes through JSON once. It stops where the text ends or is not JSON.
type scanner struct {
	text   []byte
	at     int
	depth  int
	names  *Names
	out    []byte // the text up to copied with its secrets replaced; nil as long as there was none
	copied int
}

// value goes over a value. It reports whether the text goes on after it.
func (s *scanner) value() bool {
	switch s.space() {
	case '{', '[':
		return s.nested()
	case '"':
		start := s.at
		whole := s.skipText()
		s.within(s.text[start:s.at], start, whole)
		return whole
	case 0, '}', ']', ',', ':':
		return false
	}
	s.skipWord()
	return true
}

func (s *scanner) nested() bool {
	object := s.text[s.at] == '{'
	s.at++
	if s.depth++; s.depth > maxDepth {
		s.replace(s.at, len(s.text)) // nobody nests so deep who means well
		return false
	}
	defer func() { s.depth-- }()
	for {
		switch c := s.space(); {
		case c == '}' || c == ']':
			s.at++
			return true
		case c == ',':
			s.at++
		case object && c == '"':
			start := s.at
			if !s.skipText() {
				return false
			}
			name := s.text[start:s.at]
			if s.space() != ':' {
				return false
			}
			s.at++
			if c := s.space(); c != 0 && c != 'n' && c != 't' && c != 'f' && s.names.secret(name) {
				start = s.at
				whole := s.skip()
				s.replace(start, s.at)
				if !whole {
					return false
				}
			} else if !s.value() {
				return false
			}
		case object:
			return false
		case !s.value():
			return false
		}
	}
}

// within looks into a string that holds JSON. If it is not whole its end is that of the text.
func (s *scanner) within(quoted []byte, start int, whole bool) {
	first := quoted[:min(len(quoted), 50)]
	if len(quoted) < 2 || bytes.IndexByte(first, '{') < 0 && bytes.IndexByte(first, '[') < 0 || s.depth > maxDepth/2 {
		return
	}
	inner := unquote(quoted)
	for cut := len(quoted); !whole && inner == "" && cut > max(1, len(quoted)-12); cut-- { // it may end within an escape
		inner = unquote(append(bytes.Clone(quoted[:cut]), '"'))
	}
	in := scanner{text: []byte(inner), depth: s.depth + maxDepth/4, names: s.names}
	if c := in.space(); c != '{' && c != '[' {
		return
	}
	in.value()
	if in.out == nil {
		return
	}
	again, err := json.Marshal(string(append(in.out, inner[in.copied:]...)))
	if err != nil {
		return
	}
	if !whole {
		again = again[:len(again)-1]
	}
	s.replaceWith(start, s.at, again)
}

func (s *scanner) replace(from, to int) { s.replaceWith(from, to, []byte(mask)) }

func (s *scanner) replaceWith(from, to int, with []byte) {
	if s.out == nil {
		s.out = make([]byte, 0, len(s.text))
	}
	s.out = append(append(s.out, s.text[s.copied:from]...), with...)
	s.copied = to
}

// skip goes over a value without looking at it.
func (s *scanner) skip() bool {
	for depth := 0; ; {
		switch c := s.space(); c {
		case 0:
			return false
		case '"':
			if !s.skipText() {
				return false
			}
		case '{', '[':
			depth++
			s.at++
		case '}', ']':
			depth--
			s.at++
		case ',', ':':
			s.at++
		default:
			s.skipWord()
		}
		if depth <= 0 {
			return true
		}
	}
}

// space goes over white space and returns what comes then, 0 at the end.
func (s *scanner) space() byte {
	for ; s.at < len(s.text); s.at++ {
		if c := s.text[s.at]; c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return c
		}
	}
	return 0
}

// skipText goes over a string. It reports whether it has an end.
func (s *scanner) skipText() bool {
	quote := s.at
	for s.at++; s.at < len(s.text); {
		if quote < s.at {
			next := bytes.IndexByte(s.text[s.at:], '"')
			if next < 0 {
				break
			}
			quote = s.at + next
		}
		escape := bytes.IndexByte(s.text[s.at:quote], '\\')
		if escape < 0 {
			s.at = quote + 1
			return true
		}
		s.at += escape + len(`\"`)
	}
	s.at = len(s.text)
	return false
}

// skipWord goes over a number, true, false, null, or what is no JSON.
func (s *scanner) skipWord() {
	for ; s.at < len(s.text) && !bytes.ContainsRune([]byte(" \n\t\r,:]}[{\""), rune(s.text[s.at])); s.at++ {
	}
}

func unquote(quoted []byte) string {
	if len(quoted) >= 2 && !bytes.ContainsFunc(quoted, func(r rune) bool { return r == '\\' || r < ' ' || r >= utf8.RuneSelf }) {
		return string(quoted[1 : len(quoted)-1])
	}
	var text string
	_ = json.Unmarshal(quoted, &text) // what cannot be read is no name and holds nothing
	return text
}
