package market

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// ErrTooLarge says that an answer was longer than it may be.
var ErrTooLarge = errors.New("the answer is too large")

// statusError is an answer that is not what was asked for.
type statusError struct{ code int }

func (e *statusError) Error() string {
	return fmt.Sprintf("the server answers %d %s", e.code, http.StatusText(e.code))
}

// newClient returns the client for all requests to strangers. It honours HTTPS_PROXY, HTTP_PROXY and NO_PROXY.
func newClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			ForceAttemptHTTP2:     true,
			TLSHandshakeTimeout:   10 * time.Second,
			ResponseHeaderTimeout: 30 * time.Second,
			IdleConnTimeout:       30 * time.Second,
			MaxIdleConnsPerHost:   2,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) >= 5 {
				return errors.New("too many redirects")
			}
			if via[0].URL.Scheme == "https" && r.URL.Scheme != "https" {
				return errors.New("redirect from https to " + r.URL.Scheme)
			}
			return nil
		},
	}
}

// get opens a URL and returns its answer with a status of 200, or 304 where the ETag still holds. Reading fails with
// ErrTooLarge after limit bytes, counted after decompression, and when the context ends.
func get(ctx context.Context, client *http.Client, address, etag string, limit int64) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("the address of the source is not a URL")
	}
	r.Header.Set("User-Agent", "mcp-hub")
	if etag != "" {
		r.Header.Set("If-None-Match", etag)
	}
	answer, err := client.Do(r)
	if err != nil {
		// The URL in the client's error may hold a key in its query.
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return nil, fmt.Errorf("reach %s: %w", r.URL.Host, err)
	}
	if answer.StatusCode != http.StatusOK && (answer.StatusCode != http.StatusNotModified || etag == "") {
		_ = answer.Body.Close()
		return nil, fmt.Errorf("read from %s: %w", r.URL.Host, &statusError{answer.StatusCode})
	}
	answer.Body = &limited{answer.Body, limit}
	return answer, nil
}

// fetch is get for an answer that is kept in memory. It returns nil where the ETag still holds.
func fetch(ctx context.Context, client *http.Client, address, etag string, limit int64) (body []byte, newTag string, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	answer, err := get(ctx, client, address, etag, limit)
	if err != nil {
		return nil, "", err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusNotModified {
		return nil, etag, nil
	}
	body, err = io.ReadAll(answer.Body)
	if err != nil {
		return nil, "", fmt.Errorf("read from %s: %w", answer.Request.URL.Host, err)
	}
	return body, answer.Header.Get("ETag"), nil
}

// limited is a body that is at most left bytes long.
type limited struct {
	io.ReadCloser
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.ReadCloser.Read(p)
	if int64(n) > l.left {
		return int(l.left), ErrTooLarge
	}
	l.left -= int64(n)
	return n, err
}
