package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"mcphub/hub/config"
)

// The library makes the errors of requests that do not fit their description with this function; it has no other way to
// be told of the shape that errors have here.
func init() {
	huma.NewError = func(status int, text string, causes ...error) huma.StatusError {
		f := &failure{status: status, code: word(status), text: text}
		var problems []object
		for _, cause := range causes {
			if d, ok := errors.AsType[*huma.ErrorDetail](cause); ok { // its Value is left out: it may be a secret
				problems = append(problems, object{"location": d.Location, "message": d.Message})
				f.text += "; " + d.Location + ": " + d.Message
			} else if cause != nil {
				problems = append(problems, object{"message": cause.Error()})
			}
		}
		if problems != nil {
			f.data = object{"errors": problems}
		}
		return f
	}
}

// word is the code of an error that has none but its status.
func word(status int) string {
	if status == http.StatusUnprocessableEntity || status == http.StatusBadRequest {
		return "VALIDATION_ERROR"
	}
	return strings.ToUpper(strings.ReplaceAll(http.StatusText(status), " ", "_"))
}

// errorBody is the shape of all errors.
type errorBody struct {
	Error     string `json:"error" doc:"What is wrong and what to do, for people"`
	Code      any    `json:"code" doc:"A word for programs; of a call's JSON-RPC error its number"`
	Data      object `json:"data" doc:"More about it, depending on the code"`
	Timestamp string `json:"timestamp" format:"date-time"`
}

// GetStatus returns the HTTP status.
func (f *failure) GetStatus() int { return f.status }

func (f *failure) body() errorBody {
	b := errorBody{f.text, f.code, f.data, now()}
	if b.Data == nil {
		b.Data = object{}
	}
	return b
}

// MarshalJSON returns the error as clients get it.
func (f *failure) MarshalJSON() ([]byte, error) { return json.Marshal(f.body()) }

// Schema describes the error as clients get it.
func (*failure) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[errorBody](), true, "")
}

// unknownServer says that no server has the name in the path.
func unknownServer(name string) error {
	return &failure{status: http.StatusNotFound, code: "SERVER_NOT_FOUND", text: "There is no server " + quoted(name), data: object{"server": name}}
}

func quoted(name string) string {
	text, _ := json.Marshal(name) // a string can be encoded
	return string(text)
}

// editFailure is what an error of the configuration means to a client that wanted to change it.
func editFailure(err error) error {
	var (
		entry *config.Diagnostic
		file  *config.FileError
		f     = &failure{text: err.Error()}
	)
	switch {
	case errors.As(err, &entry):
		f.status, f.code, f.data = http.StatusUnprocessableEntity, "INVALID_SERVER", object{"diagnostic": entry}
	case errors.As(err, &file):
		f.status, f.code = http.StatusConflict, "CONFIG_BROKEN"
		f.data = object{"file": file.Path, "line": file.Line, "column": file.Column}
	case errors.Is(err, config.ErrUnknownServer):
		f.status, f.code = http.StatusNotFound, "SERVER_NOT_FOUND"
	case errors.Is(err, config.ErrUnknownVersion):
		f.status, f.code = http.StatusNotFound, "VERSION_NOT_FOUND"
	case errors.Is(err, config.ErrUnknownFile):
		f.status, f.code = http.StatusUnprocessableEntity, "UNKNOWN_FILE"
	case errors.Is(err, config.ErrConflict):
		f.status, f.code = http.StatusConflict, "CONFIG_CHANGED"
	default:
		f.status, f.code = http.StatusInternalServerError, "CONFIG_ERROR"
	}
	return f
}
