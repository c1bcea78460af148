package api

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"

	"mcphub/hub/jsonrpc"
)

type raw = json.RawMessage

// field is a member that the body of a request must have, as a text that is not empty.
type field struct{ name, missing string }

var (
	serverField = field{"server_name", "Missing server name"}
	toolField   = field{"tool", "Missing tool name"}
	uriField    = field{"uri", "Missing resource URI"}
	promptField = field{"prompt", "Missing prompt name"}
	urlField    = field{"url", "Missing URL parameter"}
)

// body is the JSON object in a request; empty if there is none.
type body []byte

// read reads the body of a request, which must have the required fields. Only what calls itself JSON is read: a form of
// a foreign web page cannot do that without asking first.
func read(r *http.Request, required ...field) (body, error) {
	var b body
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && kind == "application/json" {
		if b, err = io.ReadAll(r.Body); err != nil {
			return nil, fmt.Errorf("read the body: %w", err)
		}
		switch jsonrpc.Type(b) {
		case 0:
			b = nil
		case '{', '[': // an array is an object without any of the fields
			if err := jsonrpc.Valid(b); err != nil {
				return nil, invalid(fmt.Sprintf("The body is %v", err), nil)
			}
		default:
			return nil, invalid("The body must be a JSON object", nil)
		}
	}
	for _, f := range required {
		if b.text(f.name) == "" {
			return nil, invalid(f.missing, object{"field": f.name})
		}
	}
	return b, nil
}

// get returns the raw value at a path, nil if there is none.
func (b body) get(keys ...string) []byte { return jsonrpc.Get(b, jsonrpc.All(b), keys...).In(b) }

// text returns the text at a path, empty if there is none.
func (b body) text(keys ...string) string { return jsonrpc.String(b.get(keys...)) }
