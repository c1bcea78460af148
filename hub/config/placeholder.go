package config

import (
	"regexp"
	"strings"
)

const (
	opening    = "${"
	envPrefix  = "env:"
	maxNesting = 64 // placeholders within placeholders; deeper ones are plain text
)

// commandHead begins a command, which may say how long its output is kept: "cmd:" or "cmd ttl=8h:".
var commandHead = regexp.MustCompile(`^cmd(?:[ \t]+ttl=([^\s:${}]*)[ \t]*)?:`)

// part is one piece of a text: plain text, or a placeholder.
type part struct {
	text        string // plain text
	placeholder *placeholder
}

// placeholder is ${…}, its content again in parts.
type placeholder struct {
	raw   string // the content as written
	head  string // of a command, see commandHead; empty for all else
	parts []part // of the content; of a command without the head
}

func (p *placeholder) command() bool { return p.head != "" }

// parseTemplate splits a text into plain parts and placeholders. A ${ that is never closed is plain text.
func parseTemplate(text string) []part {
	// The } that closes a command is found by the quotes and braces of the shell. Where these do not balance, the first
	// } that is left closes it, and the shell will have something to say.
	if parts, closed := splitTemplate(text, true); closed {
		return parts
	}
	parts, _ := splitTemplate(text, false)
	return parts
}

// frame is a placeholder that is not closed yet.
type frame struct {
	start int // of its content
	head  string
	parts []part
	plain int         // start of the plain text after the last part
	shell *shellState // of a command, when the shell's quotes count
}

// splitTemplate reads the text once. It reports whether every command was closed.
func splitTemplate(text string, quotes bool) (parts []part, closed bool) {
	closed = true
	stack := []*frame{{}}
	flush := func(f *frame, end int) {
		if f.plain < end {
			f.parts = append(f.parts, part{text: text[f.plain:end]})
		}
	}
	for i := 0; i < len(text); {
		top := stack[len(stack)-1]
		switch {
		case strings.HasPrefix(text[i:], opening) && len(stack) <= maxNesting:
			flush(top, i)
			i += len(opening)
			f := &frame{start: i, plain: i}
			if f.head = commandHead.FindString(text[i:]); f.head != "" {
				i += len(f.head)
				f.plain = i
				if quotes {
					f.shell = &shellState{}
				}
			}
			stack = append(stack, f)
		case text[i] == '}' && len(stack) > 1 && (top.shell == nil || top.shell.balanced()):
			flush(top, i)
			stack = stack[:len(stack)-1]
			outer := stack[len(stack)-1]
			content := text[top.start:i]
			outer.parts = append(outer.parts, part{placeholder: &placeholder{
				raw: content, head: top.head, parts: top.parts,
			}})
			i++
			outer.plain = i
			if outer.shell != nil {
				outer.shell.word()
			}
		default:
			if top.shell != nil {
				top.shell.next(text[i])
			}
			i++
		}
	}
	// What is still open is plain text; what was closed inside of it stays.
	for len(stack) > 1 {
		top := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		outer := stack[len(stack)-1]
		flush(top, len(text))
		written := opening + top.head
		if top.head != "" {
			closed = false
		}
		outer.parts = append(append(outer.parts, part{text: written}), top.parts...)
		outer.plain = len(text)
	}
	flush(stack[0], len(text))
	return stack[0].parts, closed
}
