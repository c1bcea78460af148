package upstream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mcphub/hub/jsonrpc"
)

// Limits of one list: a server may never stop giving pages, or never answer.
const (
	maxPages    = 1000
	listTimeout = time.Minute
)

// Lists is what a server offers: each item as the server's own bytes, in the server's order.
type Lists struct {
	Tools, Resources, Templates, Prompts [][]byte
	Problems                             []string // lists that could not be read, in words for people

	errs [kinds]error // why each list could not be read
}

// kind is one of the lists.
type kind uint8

const (
	tools kind = iota
	resources
	templates
	prompts
	kinds
)

var listOf = [kinds]struct{ method, key, capability string }{
	tools:     {"tools/list", "tools", "tools"},
	resources: {"resources/list", "resources", "resources"},
	templates: {"resources/templates/list", "resourceTemplates", "resources"},
	prompts:   {"prompts/list", "prompts", "prompts"},
}

func (l *Lists) of(k kind) *[][]byte {
	return [kinds]*[][]byte{&l.Tools, &l.Resources, &l.Templates, &l.Prompts}[k]
}

// fetch reads the lists that want names, all pages of them, from a server that declares them, and takes the others
// from old. It fails only if the connection does.
func fetch(ctx context.Context, c Conn, version string, old *Lists, want func(kind) bool) (*Lists, error) {
	fresh := *old
	fresh.Problems = nil
	var work sync.WaitGroup
	for k := range kinds {
		switch {
		case !c.Hello().Has(listOf[k].capability):
			*fresh.of(k), fresh.errs[k] = nil, nil
		case want(k):
			work.Go(func() {
				ctx, cancel := context.WithTimeoutCause(ctx, listTimeout, fmt.Errorf("no answer within %v", listTimeout))
				defer cancel()
				var items [][]byte
				if items, fresh.errs[k] = pages(ctx, c, version, k); fresh.errs[k] == nil || items != nil {
					*fresh.of(k) = items
				}
			})
		}
	}
	work.Wait()
	for k, err := range fresh.errs {
		if errors.Is(err, ErrClosed) || ctx.Err() != nil {
			return nil, errors.Join(context.Cause(ctx), err)
		}
		var fault *jsonrpc.Fault
		if errors.As(err, &fault) && fault.Code == jsonrpc.CodeMethodNotFound && kind(k) == templates {
			continue // a server with resources need not have templates
		}
		if err != nil {
			fresh.Problems = append(fresh.Problems, err.Error())
		}
	}
	return &fresh, nil
}

// pages reads all pages of one list. If they have no end, it returns what they hold up to there with the error.
func pages(ctx context.Context, c Conn, version string, k kind) ([][]byte, error) {
	var (
		items  [][]byte
		cursor []byte // raw JSON string
		seen   = map[string]bool{}
		list   = listOf[k]
	)
	for range maxPages {
		params := []byte("{")
		if c.Hello().Modern {
			params = append(append(params, `"_meta":`...), OwnMeta(version)...)
		}
		if cursor != nil {
			if len(params) > 1 {
				params = append(params, ',')
			}
			params = append(append(params, `"cursor":`...), cursor...)
		}
		result, err := ask(ctx, c, &Request{Method: list.method, Params: append(params, '}')})
		if err != nil {
			return nil, err
		}
		array := jsonrpc.Get(result, jsonrpc.All(result), list.key)
		if jsonrpc.Type(array.In(result)) != '[' {
			return nil, fmt.Errorf("%s: the server's answer has no array %q", list.method, list.key)
		}
		for it := jsonrpc.Members(result, array); it.Next(); {
			items = append(items, it.Value.In(result))
		}
		next := jsonrpc.Get(result, jsonrpc.All(result), "nextCursor").In(result)
		if jsonrpc.Type(next) != '"' {
			return items, nil
		}
		if seen[string(next)] {
			return items, fmt.Errorf("%s: the server gives the same page again and again", list.method)
		}
		cursor, seen[string(next)] = next, true
	}
	return items, fmt.Errorf("%s: more than %d pages", list.method, maxPages)
}
