package api

import (
	"context"
	"net/http"
	"net/url"

	"github.com/danielgtaylor/huma/v2"
)

// maxAddress is how long an address that is to be opened may be, in bytes.
const maxAddress = 8 << 10

type pageToOpen struct {
	Body struct {
		URL string `json:"url" format:"uri" maxLength:"8192" doc:"http or https"`
	}
}

func (a *v2) openRoutes(api huma.API) {
	op := operation(http.MethodPost, "open-url", "open-url", "Show a page in the browser of the person at the hub's machine", 409, 422)
	op.Description = "For pages that are themselves not shown in a browser, such as those in the hub's own window."
	huma.Register(api, op, a.openURL)
}

// openURL opens nothing but web pages: other schemes would start programs. The address is written anew, so that what opens
// it reads it as it was read here.
func (a *v2) openURL(_ context.Context, in *pageToOpen) (*struct{}, error) {
	u, err := url.Parse(in.Body.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || len(u.String()) > maxAddress {
		return nil, &failure{status: http.StatusUnprocessableEntity, code: "NO_PAGE", text: "Only addresses of web pages can be opened, which begin with http:// or https:// and hold no password"}
	}
	if a.OpenURL == nil || !a.OpenURL(u.String()) {
		return nil, &failure{status: http.StatusConflict, code: "NO_BROWSER", text: "The hub can open no browser where it runs: open the address yourself"}
	}
	return nil, nil //nolint:nilnil // there is nothing to answer with
}
