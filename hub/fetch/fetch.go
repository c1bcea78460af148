// Package fetch owns how the hub reads from strangers on the network: proxies, time limits, redirects, and how long an answer
// may be. Nothing that tells about this person or machine is sent.
//
// It must not know what the answers are.
package fetch

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

// StatusError is an answer that is not what was asked for.
type StatusError struct{ Code int }

func (e *StatusError) Error() string {
	return fmt.Sprintf("the server answers %d %s", e.Code, http.StatusText(e.Code))
}

// NewClient returns the client for all requests to strangers. It honours HTTPS_PROXY, HTTP_PROXY and NO_PROXY.
func NewClient() *http.Client {
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

// Open asks for a URL and returns its answer with a status of 200, or 304 where the ETag still holds. Reading fails with
// ErrTooLarge after limit bytes, counted after decompression, and when the context ends.
func Open(ctx context.Context, client *http.Client, address, etag string, limit int64) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("the address is not a URL")
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
		return nil, fmt.Errorf("read from %s: %w", r.URL.Host, &StatusError{answer.StatusCode})
	}
	answer.Body = Limit(answer.Body, limit)
	return answer, nil
}

// Get is [Open] for an answer that is kept in memory, which may take a minute. It returns nil where the ETag still holds.
func Get(ctx context.Context, client *http.Client, address, etag string, limit int64) (body []byte, newTag string, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	answer, err := Open(ctx, client, address, etag, limit)
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

// Limit returns a body that fails with ErrTooLarge after that many bytes.
func Limit(body io.ReadCloser, bytes int64) io.ReadCloser { return &limited{body, bytes} }

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
