package api

import (
	"errors"
	"fmt"
	"net/http"

	"mcphub/hub/jsonrpc"
)

// object is a JSON object whose members may be in any order.
type object map[string]any

// failure is an error as the clients of the routes get it.
type failure struct {
	status int
	code   any // a word, or the number of a JSON-RPC error
	text   string
	data   object // nil for an empty one: clients want an object
}

// Error returns the text.
func (f *failure) Error() string { return f.text }

// refuse answers with an error, in the one shape that errors of all routes have.
func refuse(w http.ResponseWriter, err error) {
	var f *failure
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &f):
	case errors.As(err, &tooLarge):
		f = &failure{status: http.StatusRequestEntityTooLarge, code: "PAYLOAD_TOO_LARGE", text: fmt.Sprintf("The body is longer than %d bytes", tooLarge.Limit)}
	default:
		f = &failure{status: http.StatusInternalServerError, code: "INTERNAL_ERROR", text: err.Error()}
	}
	answer(w, f.status, f.body())
}

// invalid says that a request cannot be understood.
func invalid(text string, data object) error {
	return &failure{status: http.StatusBadRequest, code: "VALIDATION_ERROR", text: text, data: data}
}

// failed says that what was asked for went wrong.
func failed(code, text string, data object) error {
	return &failure{status: http.StatusInternalServerError, code: code, text: text, data: data}
}

// noServer says that there is no such server; data names it.
func noServer(data object) error { return failed("SERVER_ERROR", "Server not found", data) }

// faulty is a JSON-RPC error that ended a call. Its number is the code, and its own data stands in data.
func faulty(f *jsonrpc.Fault, data object) error {
	original := object{"code": f.Code, "name": "McpError"}
	if f.Data != nil {
		original["data"] = raw(f.Data)
	}
	data["originalError"] = original
	return &failure{
		status: http.StatusInternalServerError, code: f.Code,
		text: fmt.Sprintf("MCP error %d: %s", f.Code, f.Message), data: data,
	}
}
