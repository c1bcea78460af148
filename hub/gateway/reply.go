package gateway

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"mcphub/hub/jsonrpc"
	"mcphub/hub/record"
	"mcphub/hub/sse"
)

// stuckLimit is how long a client may leave its connection full, or its message unfinished, before it is cut off. Only
// tests change it, before they start.
var stuckLimit = 30 * time.Second

// responder is where the answer to one request goes: frames first, in order, and then exactly one response.
type responder interface {
	// frame sends a message of the server's that belongs to the request. It reports whether the client can be sent any.
	frame(text []byte) bool
	// finish sends the response: text with the edits made, or none if text is nil. Status is the HTTP status, where
	// there is one.
	finish(status int, text []byte, edits ...jsonrpc.Edit)
	// parts sends the response made of parts in a row.
	parts(parts ...[]byte)
}

// httpReply answers a POST: as JSON, or as an event stream from the first frame on.
type httpReply struct {
	w        http.ResponseWriter
	noStream bool // the client takes no event stream
	started  bool
}

func newHTTPReply(w http.ResponseWriter, r *http.Request) *httpReply {
	accept := r.Header.Get("Accept")
	stream := accept == "" || strings.Contains(accept, "text/event-stream") || strings.Contains(accept, "*/*")
	return &httpReply{w: w, noStream: !stream}
}

func (h *httpReply) frame(text []byte) bool {
	if h.noStream {
		return false
	}
	if !h.started {
		h.started = true
		startStream(h.w)
	}
	return writeEvent(h.w, text) == nil // if not, net/http ends the request's context
}

func (h *httpReply) finish(status int, text []byte, edits ...jsonrpc.Edit) {
	if h.started {
		if text != nil { // nil: nobody waits for it
			_ = writeEvent(h.w, jsonrpc.Splice(make([]byte, 0, len(text)+64), text, edits...))
		}
		return
	}
	size := len(text)
	for _, e := range edits {
		size += len(e.With) - (e.End - e.Start)
	}
	h.head(status, size)
	at := 0
	for _, e := range edits { // piece by piece, so that a large result is not copied
		_, _ = h.w.Write(text[at:e.Start])
		_, _ = h.w.Write(e.With)
		at = e.End
	}
	_, _ = h.w.Write(text[at:])
}

func (h *httpReply) parts(parts ...[]byte) {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	h.head(http.StatusOK, size)
	for _, p := range parts {
		_, _ = h.w.Write(p)
	}
}

func (h *httpReply) head(status, size int) {
	header := h.w.Header()
	header["Content-Type"] = jsonType
	header["Content-Length"] = []string{strconv.Itoa(size)}
	if size > 64<<10 { // more than the buffers of a connection take at once
		_ = http.NewResponseController(h.w).SetWriteDeadline(time.Now().Add(stuckLimit)) // net/http lifts it after the response
	}
	if status != http.StatusOK {
		h.w.WriteHeader(status)
	}
}

var jsonType = []string{"application/json"}

func startStream(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache, no-transform")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
}

// writeEvent writes one message to an event stream, within stuckLimit.
func writeEvent(w http.ResponseWriter, text []byte) error {
	return writeRaw(w, sse.AppendEvent(make([]byte, 0, len(text)+32), "message", text))
}

func writeRaw(w http.ResponseWriter, text []byte) error {
	c := http.NewResponseController(w)
	_ = c.SetWriteDeadline(time.Now().Add(stuckLimit))
	defer func() { _ = c.SetWriteDeadline(time.Time{}) }()
	if _, err := w.Write(text); err != nil {
		return err
	}
	return c.Flush()
}

// fault answers a request with an error of the hub's own.
func fault(q *request, f *jsonrpc.Fault) {
	if r := &q.record; r.Outcome == "" {
		r.Outcome, r.Err = record.ProtocolError, f.Message
	}
	q.out.finish(q.status(f.Code), jsonrpc.AppendError(nil, q.id(), f))
}
