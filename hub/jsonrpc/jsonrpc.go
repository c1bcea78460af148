// Package jsonrpc owns JSON-RPC 2.0 envelopes as spans over bytes: it checks a message once, says where its parts
// stand, and splices new text into it, so that everything else in the message passes byte for byte.
//
// It must not know any method, any MCP word, or what the values mean.
package jsonrpc

import (
	"bytes"
	"errors"
	"fmt"
)

// Errors of Scan. A syntax error wraps ErrSyntax and names the byte offset.
var (
	ErrSyntax    = errors.New("not valid JSON")
	ErrEnvelope  = errors.New("not a JSON-RPC 2.0 message")
	ErrDuplicate = errors.New("member given twice")
)

// Codes of JSON-RPC 2.0, section 5.1.
const (
	CodeParseError     = -32700
	CodeInvalidRequest = -32600
	CodeMethodNotFound = -32601
	CodeInvalidParams  = -32602
	CodeInternalError  = -32603
)

// Span is a part of a text, from Start up to but without End. The zero Span is an absent part.
type Span struct{ Start, End int }

// Present reports whether the part is there.
func (s Span) Present() bool { return s.End > s.Start }

// In returns the bytes of the part in b, or nil if it is absent.
func (s Span) In(b []byte) []byte {
	if !s.Present() {
		return nil
	}
	return b[s.Start:s.End:s.End]
}

// All is the span of the whole of b.
func All(b []byte) Span { return Span{0, len(b)} }

// Kind says what a message is.
type Kind uint8

// The kinds of message of JSON-RPC 2.0, sections 4 and 5.
const (
	Request Kind = iota + 1
	Notification
	Response
)

// Message is one JSON-RPC message: its text and where its parts stand. Params, Result and Error are absent where the
// message has none. A Message never changes; Splice makes a new text.
type Message struct {
	Raw    []byte
	Kind   Kind
	ID     Span
	Method Span
	Params Span
	Result Span
	Error  Span
}

// Name returns the method's name, unescaped; it is empty for a response.
func (m *Message) Name() string {
	if !m.Method.Present() {
		return ""
	}
	return String(m.Method.In(m.Raw))
}

var envelope = []string{"jsonrpc", "id", "method", "params", "result", "error"}

// Scan checks that b is one valid JSON-RPC 2.0 message (the whole text, nested values included) and finds its parts.
// The ids of requests must be strings or numbers (MCP forbids null); a response to an unreadable request may have a
// null id. Batches are refused: see Batch.
func Scan(b []byte) (Message, error) {
	m := Message{Raw: b}
	if err := Valid(b); err != nil {
		return m, err
	}
	if Type(b) != '{' {
		return m, fmt.Errorf("%w: not an object", ErrEnvelope)
	}
	var f [6]Span
	if err := Pick(b, All(b), f[:], envelope); err != nil {
		return m, fmt.Errorf("%w: %w", ErrEnvelope, err)
	}
	version := f[0]
	m.ID, m.Method, m.Params, m.Result, m.Error = f[1], f[2], f[3], f[4], f[5]
	if string(version.In(b)) != `"2.0"` {
		return m, fmt.Errorf(`%w: "jsonrpc" must be "2.0"`, ErrEnvelope)
	}
	if m.Params.Present() && b[m.Params.Start] != '{' {
		if string(m.Params.In(b)) != "null" {
			return m, fmt.Errorf("%w: params must be an object", ErrEnvelope)
		}
		m.Params = Span{}
	}
	id := byte(0)
	if m.ID.Present() {
		id = b[m.ID.Start]
	}
	switch isID := id == '"' || id == '-' || id >= '0' && id <= '9'; {
	case m.Method.Present():
		if b[m.Method.Start] != '"' {
			return m, fmt.Errorf("%w: method must be a string", ErrEnvelope)
		}
		if m.Result.Present() || m.Error.Present() {
			return m, fmt.Errorf("%w: a method and a result in one message", ErrEnvelope)
		}
		m.Kind = Notification
		if id != 0 {
			m.Kind = Request
			if !isID {
				return m, fmt.Errorf("%w: id must be a string or a number", ErrEnvelope)
			}
		}
	case m.Result.Present() == m.Error.Present():
		return m, fmt.Errorf("%w: neither a request nor a response", ErrEnvelope)
	case !isID && id != 'n':
		return m, fmt.Errorf("%w: id must be a string or a number", ErrEnvelope)
	case m.Error.Present() && b[m.Error.Start] != '{':
		return m, fmt.Errorf("%w: error must be an object", ErrEnvelope)
	default:
		m.Kind = Response
	}
	return m, nil
}

// Batch returns the messages of a JSON-RPC batch (section 6), and false if b is not a valid JSON array.
func Batch(b []byte) ([][]byte, bool) {
	if Type(b) != '[' || Valid(b) != nil {
		return nil, false
	}
	var out [][]byte
	for it := Members(b, All(b)); it.Next(); {
		out = append(out, it.Value.In(b))
	}
	return out, true
}

// Edit replaces a part of a text; an empty part at Start == End inserts.
type Edit struct {
	Span
	With []byte
}

// Splice appends src with the edits made to dst and returns it. The edits stand in ascending order and do not overlap.
func Splice(dst, src []byte, edits ...Edit) []byte {
	at := 0
	for _, e := range edits {
		dst = append(append(dst, src[at:e.Start]...), e.With...)
		at = e.End
	}
	return append(dst, src[at:]...)
}

// Prepend is the edit that adds members at the front of the object at obj in b. The members are given as text
// without the surrounding braces and without a trailing comma.
func Prepend(b []byte, obj Span, members string) Edit {
	at := obj.Start + bytes.IndexByte(b[obj.Start:obj.End], '{') + 1
	if i := skipSpace(b, at); b[i] != '}' {
		members += ","
	}
	return Edit{Span{at, at}, []byte(members)}
}

// Fault is the readable part of a JSON-RPC error object.
type Fault struct {
	Code    int
	Message string
	Data    []byte // raw JSON, nil if there is none
}

// Error makes a Fault an error: its message, then its code.
func (f *Fault) Error() string { return fmt.Sprintf("%s (%d)", f.Message, f.Code) }

// Fault reads the error object of a response, or returns nil if the message has none.
func (m *Message) Fault() *Fault {
	if !m.Error.Present() {
		return nil
	}
	var f [3]Span
	_ = Pick(m.Raw, m.Error, f[:], []string{"code", "message", "data"})
	code, _ := Int(f[0].In(m.Raw))
	return &Fault{Code: int(code), Message: String(f[1].In(m.Raw)), Data: f[2].In(m.Raw)}
}

// AppendError appends a whole error response. A nil id is written as null, empty data is left out.
func AppendError(dst, id []byte, f *Fault) []byte {
	if id == nil {
		id = []byte("null")
	}
	dst = append(append(dst, `{"jsonrpc":"2.0","id":`...), id...)
	dst = fmt.Appendf(dst, `,"error":{"code":%d,"message":`, f.Code)
	dst = AppendString(dst, f.Message)
	if len(f.Data) > 0 {
		dst = append(append(dst, `,"data":`...), f.Data...)
	}
	return append(dst, "}}"...)
}

// AppendResult appends a whole result response.
func AppendResult(dst, id, result []byte) []byte {
	dst = append(append(dst, `{"jsonrpc":"2.0","id":`...), id...)
	dst = append(append(dst, `,"result":`...), result...)
	return append(dst, '}')
}

// AppendRequest appends a whole request, or a notification if id is nil. Nil params are left out.
func AppendRequest(dst, id []byte, method string, params []byte) []byte {
	dst = append(dst, `{"jsonrpc":"2.0",`...)
	if id != nil {
		dst = append(append(append(dst, `"id":`...), id...), ',')
	}
	dst = AppendString(append(dst, `"method":`...), method)
	if params != nil {
		dst = append(append(dst, `,"params":`...), params...)
	}
	return append(dst, '}')
}
