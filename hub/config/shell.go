package config

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
)

// A value inside of ${cmd: …} must reach the command as data, whatever it holds. It therefore never becomes part of the
// shell's text: it travels in an environment variable, and the text gets a reference in quotes. Telling which quotes the
// reference stands in is best effort; a mistake there garbles a word, but cannot turn a value into syntax, because a shell
// does not parse what a variable expands to.
//
// That leaves texts that hand words on to be parsed again, by eval, another shell or another language. There, in
// here-documents, in arithmetic and in the shell of Windows (whose expansion is parsed), values are spliced in as they
// are, and only harmless ones are let through.

var errUnsafe = errors.New("a value holds characters that the command would interpret")

const valueName = "MCP_HUB_VALUE_"

const (
	// These parse a word again wherever they stand.
	anywhere = `eval|sh|ash|bash|dash|zsh|ksh|mksh|csh|tcsh|fish|rsh|busybox|ssh|mosh|su|sudo|doas|xargs|parallel|` +
		`[a-z]*awk|sed|perl[0-9.]*|python[0-9.]*|ruby[0-9.]*|node|nodejs|deno|bun|php[0-9.]*|lua[a-z0-9.]*|` +
		`tclsh[0-9.]*|osascript|rscript|psql|mysql|mariadb|sqlite3?|powershell|pwsh|cmd|wscript|cscript`
	// These are ordinary words too, and count only where a command begins.
	asCommand = `trap|alias|let|declare|typeset|local|unset|read|export|readonly|source|\.|watch|script|expect|make|` +
		`m4|bc|dc|ed|ex|vim?|nvim|emacs|r|julia|guile`
)

var (
	harmless    = regexp.MustCompile(`^[A-Za-z0-9_./:@+,-]+$`)
	interpreter = regexp.MustCompile(`(?i)^(` + anywhere + `|` + asCommand + `)(\.exe)?$`)
	parsesWords = regexp.MustCompile(`(?i)(^|[^a-z0-9_-])(` + anywhere + `)(\.exe)?($|[^a-z0-9_-])` +
		"|(^|[;&|({`\n])[ \t]*(" + asCommand + `)[ \t\n]` +
		"|<<|\\(\\(|\\[\\[|\\$\\[")
)

// shellPiece is literal text of a command, or a value between two of them.
type shellPiece struct {
	text  string
	value bool
}

// script is what a shell is given: its text, and the environment variables ("K=V") that hold the values.
type script struct {
	text string
	env  []string
}

// newScript puts the pieces together. It fails with errUnsafe.
func newScript(pieces []shellPiece, windows bool) (script, error) {
	splice := windows || parsesAgain(pieces)
	var text []byte
	var env []string
	state := &shellState{}
	for _, piece := range pieces {
		switch {
		case !piece.value:
			text = append(text, piece.text...)
			for i := range len(piece.text) {
				state.next(piece.text[i])
			}
			continue
		case splice:
			value := piece.text
			if windows {
				value = strings.ReplaceAll(value, `\`, "/") // a path
			}
			if !harmless.MatchString(value) {
				return script{}, errUnsafe
			}
			text = append(text, piece.text...)
		default:
			name := valueName + strconv.Itoa(len(env)+1)
			env = append(env, name+"="+piece.text)
			if state.skip { // the backslash would escape the quote
				text = text[:len(text)-1]
			}
			text = append(text, state.quote("${"+name+"}")...)
		}
		state.word()
	}
	return script{text: string(text), env: env}, nil
}

// parsesAgain reports whether the command may parse its words a second time.
func parsesAgain(pieces []shellPiece) bool {
	var literal strings.Builder
	for _, piece := range pieces {
		if !piece.value {
			literal.WriteString(piece.text)
			continue
		}
		if interpreter.MatchString(piece.text[strings.LastIndexByte(piece.text, '/')+1:]) {
			return true
		}
		literal.WriteByte('x') // so that what stands around a value stays two words
	}
	return parsesWords.MatchString(literal.String())
}

// shellState follows the quotes, substitutions and braces of a POSIX shell's text byte by byte. The zero value is the
// beginning of a text.
type shellState struct {
	open []byte // what is open: ' " ` ( { #
	skip bool   // the next byte is escaped
	last byte   // the byte before, 0 at the beginning
}

func (s *shellState) top() byte {
	if len(s.open) == 0 {
		return 0
	}
	return s.open[len(s.open)-1]
}

func (s *shellState) push(c byte) { s.open = append(s.open, c) }
func (s *shellState) pop()        { s.open = s.open[:len(s.open)-1] }

// balanced reports whether nothing is open.
func (s *shellState) balanced() bool { return len(s.open) == 0 && !s.skip }

// word tells that a value stands here.
func (s *shellState) word() { s.skip, s.last = false, 'x' }

// next takes the next byte of the text.
func (s *shellState) next(c byte) {
	last := s.last
	s.last = c
	top := s.top()
	switch {
	case top == '\'':
		if c == '\'' {
			s.pop()
		}
		return
	case top == '#':
		if c == '\n' {
			s.pop()
		}
		return
	case s.skip:
		s.skip = false
		s.last = 'x'
		return
	case c == '\\':
		s.skip = true
		return
	case c == '`' && top == '`', c == '"' && top == '"', c == ')' && top == '(', c == '}' && top == '{':
		s.pop()
		return
	case c == '`', c == '"', c == '(' && (top != '"' || last == '$'):
		s.push(c)
		return
	}
	if top == '"' {
		return
	}
	switch {
	case c == '\'', c == '{':
		s.push(c)
	case c == '#' && (last == 0 || strings.IndexByte(" \t\n;&|(", last) >= 0):
		s.push(c)
	}
}

// quote returns a reference to a variable such that the shell, in this state, takes its value as one word or a part of it.
func (s *shellState) quote(reference string) string {
	switch s.top() {
	case '"':
		return reference
	case '\'':
		return `'"` + reference + `"'`
	}
	return `"` + reference + `"`
}
