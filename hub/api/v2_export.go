package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"mcphub/hub/store"
)

// exportPage is how many calls are read at a time: the answer is as long as the history, memory is not.
const exportPage = 500

type exportQuery struct {
	CallFilter
	Format string `query:"format" enum:"jsonl,har" default:"jsonl" doc:"One call on each line, as GET history/calls/{id} shows it; or one object in the manner of HTTP archives (HAR 1.2), for tools that read those"`
}

func (a *v2) exportRoute(api huma.API) {
	op := operation(http.MethodGet, "history/export", "export-calls", "All calls that match, as a file, newest first", 422, 503)
	text := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	op.Responses = map[string]*huma.Response{"200": {
		Description: "The file; if it ends in the middle of a line, the export failed",
		Content:     map[string]*huma.MediaType{"application/jsonl": text, "application/json": text},
	}}
	huma.Register(api, op, a.exportCalls)
}

func (a *v2) exportCalls(ctx context.Context, in *exportQuery) (*huma.StreamResponse, error) {
	h, err := a.history()
	if err != nil {
		return nil, err
	}
	q := in.query()
	q.Limit, q.Bodies = exportPage, true
	first, err := h.Calls(ctx, q)
	if err != nil {
		return nil, historyFailure(err)
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		media, name, write := "application/jsonl", "calls.jsonl", writeLines
		if in.Format == "har" {
			media, name, write = "application/json", "calls.har", a.writeArchive
		}
		c.SetHeader("Content-Type", media)
		c.SetHeader("Content-Disposition", `attachment; filename="mcp-hub-`+name+`"`)
		_ = write(c.BodyWriter(), func(take func(*store.Call) error) error { // if not, the client is gone or sees that the end is missing
			for list := first; len(list) > 0; {
				for i := range list {
					if err := take(&list[i]); err != nil {
						return err
					}
				}
				if q.Before = list[len(list)-1].ID; len(list) < exportPage {
					break
				}
				if list, err = h.Calls(ctx, q); err != nil {
					return err
				}
			}
			return nil
		})
	}}, nil
}

func writeLines(w io.Writer, each func(func(*store.Call) error) error) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return each(func(c *store.Call) error {
		return e.Encode(recordedDetail{recorded(c), (*recordedBody)(c.KeptArgs), (*recordedBody)(c.KeptResult)})
	})
}

// The parts of an HTTP archive (HAR 1.2) that readers of it insist on. What has no meaning here is -1 or empty, as the
// format asks.
type (
	archiveEntry struct {
		Started  time.Time       `json:"startedDateTime"`
		Time     float64         `json:"time"`
		Request  archiveRequest  `json:"request"`
		Response archiveResponse `json:"response"`
		Cache    struct{}        `json:"cache"`
		Timings  archiveTimings  `json:"timings"`
		Call     RecordedCall    `json:"_call"`
	}
	archiveRequest struct {
		Method      string       `json:"method"`
		URL         string       `json:"url"`
		HTTPVersion string       `json:"httpVersion"`
		Cookies     []struct{}   `json:"cookies"`
		Headers     []struct{}   `json:"headers"`
		QueryString []struct{}   `json:"queryString"`
		PostData    *archiveText `json:"postData,omitempty"`
		HeadersSize int          `json:"headersSize"`
		BodySize    int          `json:"bodySize"`
	}
	archiveResponse struct {
		Status      int         `json:"status"`
		StatusText  string      `json:"statusText"`
		HTTPVersion string      `json:"httpVersion"`
		Cookies     []struct{}  `json:"cookies"`
		Headers     []struct{}  `json:"headers"`
		Content     archiveText `json:"content"`
		RedirectURL string      `json:"redirectURL"`
		HeadersSize int         `json:"headersSize"`
		BodySize    int         `json:"bodySize"`
	}
	archiveText struct {
		Size int    `json:"size"`
		Type string `json:"mimeType"`
		Text string `json:"text"`
	}
	archiveTimings struct {
		Send    float64 `json:"send"`
		Wait    float64 `json:"wait"`
		Receive float64 `json:"receive"`
	}
)

func (a *v2) writeArchive(w io.Writer, each func(func(*store.Call) error) error) error {
	if _, err := fmt.Fprintf(w, `{"log":{"version":"1.2","creator":{"name":"MCP Hub","version":%q},"entries":[`, a.Version); err != nil {
		return err
	}
	comma := ""
	err := each(func(c *store.Call) error {
		text, err := json.Marshal(archived(c))
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%s\n%s", comma, text)
		comma = ","
		return err
	})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, "\n]}}\n")
	return err
}

// archived shows a call as if it were a request over HTTP: what was asked for is the address, the arguments are posted.
func archived(c *store.Call) archiveEntry {
	none := []struct{}{}
	e := archiveEntry{
		Started: c.Time, Time: ms(c.Took), Call: recorded(c), Timings: archiveTimings{Send: ms(c.Took - c.InServer), Wait: ms(c.InServer)},
		Request: archiveRequest{
			Method: "POST", URL: "mcp://" + c.Server + "/" + string(c.Kind) + "/" + c.Name, HTTPVersion: "MCP",
			Cookies: none, Headers: none, QueryString: none, HeadersSize: -1, BodySize: c.RequestSize,
		},
		Response: archiveResponse{
			Status: http.StatusOK, StatusText: string(c.Outcome), HTTPVersion: "MCP", Cookies: none, Headers: none,
			Content: archiveText{Size: c.ResultSize, Type: "application/json", Text: c.Err}, HeadersSize: -1, BodySize: c.ResultSize,
		},
	}
	if c.Outcome.Failed() {
		e.Response.Status = http.StatusInternalServerError
	}
	if c.KeptArgs != nil {
		e.Request.PostData = &archiveText{len(c.KeptArgs.Text), "application/json", c.KeptArgs.Text}
	}
	if c.KeptResult != nil {
		e.Response.Content.Text = c.KeptResult.Text
	}
	return e
}
