package hubtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"mcphub/hub/jsonrpc"
)

// Script says what a fixture server is and how it answers. All JSON in it goes out byte for byte.
//
// A tools/call of a name in Answers is answered so. Other tools, listed or not, do what their name says, and the method
// [Act] with the same params does it too:
//
//	params    answers with its own params as structuredContent
//	headers   answers with the HTTP headers of the call as structuredContent
//	progress  sends arguments.n progress notifications, each with the message arguments.tag and a padding of
//	          arguments.size bytes, if the call has a token
//	wait      goes on until it is cancelled or released
//	release   lets all that wait answer
//	ask       sends the request arguments.method with arguments.params, and answers with the response as
//	          structuredContent
//	say       sends arguments.text as it is, during the call or, if arguments.outside, outside of it
//	set       makes arguments.items the answer to the method arguments.list, and sends list_changed if arguments.tell
//	status    answers with what happened, a [Status]
//	pid       answers with the process id as structuredContent
//	die       ends the process
type Script struct {
	Name         string
	Modern       bool   // speaks revision 2026-07-28 only; otherwise 2025-11-25 only
	Capabilities string // raw object; empty for all that the script can do
	Instructions string

	Tools, Resources, Templates, Prompts []string // definitions, raw objects
	// Answers are responses without "jsonrpc" and "id", as in `"result":{}`, by the name or URI asked for, or else by
	// the method.
	Answers map[string]string
}

// Act is a method of fixture servers, which the hub passes on since it does not know it.
const Act = "fixture/act"

// Status is what the tool status of a fixture server tells.
type Status struct {
	Waiting   []string // arguments.tag of the calls of wait that go on
	Cancelled []string // arguments.tag of the calls of wait that were cancelled
	Heard     []string // what else came: notifications, requests and responses, raw
}

// Tool returns the definition of a tool of that name without parameters.
func Tool(name string) string {
	return `{"name":` + quote(name) + `,"inputSchema":{"type":"object"}}`
}

func quote(s string) string { return string(jsonrpc.AppendString(nil, s)) }

const everything = `{"tools":{"listChanged":true},"resources":{"listChanged":true,"subscribe":true},"prompts":{"listChanged":true},"completions":{},"logging":{}}`

// actor plays a script for one hub.
type actor struct {
	script Script

	mu       sync.Mutex
	lists    map[string][]string // by method
	calls    map[string]context.CancelFunc
	asked    map[string]chan []byte // its own requests, by raw id
	lastAsk  int
	status   Status
	released chan struct{}
	say      func(text string) // sends outside of calls
	listenID []byte            // of the hub's subscriptions/listen, raw
}

func newActor(s Script) *actor {
	if s.Capabilities == "" {
		s.Capabilities = everything
	}
	return &actor{
		script: s, calls: map[string]context.CancelFunc{}, asked: map[string]chan []byte{}, released: make(chan struct{}),
		say: func(string) {},
		lists: map[string][]string{
			"tools/list": s.Tools, "resources/list": s.Resources, "resources/templates/list": s.Templates, "prompts/list": s.Prompts,
		},
	}
}

// cue is one message that the actor takes, and where what belongs to it goes.
type cue struct {
	jsonrpc.Message
	header http.Header // nil on stdio
	send   func(text string)
}

func (q *cue) get(keys ...string) []byte { return jsonrpc.Get(q.Raw, q.Params, keys...).In(q.Raw) }

func (q *cue) argument(key string) []byte { return q.get("arguments", key) }

// take takes one message, and returns when it is dealt with.
func (a *actor) take(ctx context.Context, q *cue) {
	switch q.Kind {
	case jsonrpc.Response:
		a.mu.Lock()
		answered := a.asked[string(q.ID.In(q.Raw))]
		if answered == nil {
			a.status.Heard = append(a.status.Heard, string(q.Raw))
		}
		a.mu.Unlock()
		if answered != nil {
			answered <- q.Raw
		}
	case jsonrpc.Notification:
		a.mu.Lock()
		a.status.Heard = append(a.status.Heard, string(q.Raw))
		cancel := a.calls[string(q.get("requestId"))]
		a.mu.Unlock()
		if q.Name() == "notifications/cancelled" && cancel != nil {
			cancel()
		}
	case jsonrpc.Request:
		id := string(q.ID.In(q.Raw))
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		a.mu.Lock()
		a.calls[id] = cancel
		a.mu.Unlock()
		answer := a.answer(ctx, q)
		a.mu.Lock()
		delete(a.calls, id)
		a.mu.Unlock()
		if ctx.Err() == nil {
			q.send(`{"jsonrpc":"2.0","id":` + id + `,` + answer + `}`)
		}
	}
}

// cancelAll ends the calls of a session that ends.
func (a *actor) cancelAll() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, cancel := range a.calls {
		cancel()
	}
}

// result is a result of these members, in the script's era.
func (a *actor) result(members string) string {
	if a.script.Modern {
		members = strings.TrimSuffix(`"resultType":"complete",`+members, ",")
	}
	return `"result":{` + members + `}`
}

func failure(code int, message string) string {
	return fmt.Sprintf(`"error":{"code":%d,"message":%s}`, code, quote(message))
}

// answer is the response to a request, without its id.
func (a *actor) answer(ctx context.Context, q *cue) string {
	method := q.Name()
	for _, key := range []string{"name", "uri"} {
		if given, ok := a.script.Answers[jsonrpc.String(q.get(key))]; ok && slices.Contains([]string{"tools/call", "prompts/get", "resources/read"}, method) {
			return given
		}
	}
	if given, ok := a.script.Answers[method]; ok {
		return given
	}
	info := `{"name":` + quote(a.script.Name) + `,"version":"1.0.0","x":9007199254740993}`
	more := `,"instructions":` + quote(a.script.Instructions)
	switch {
	case method == "server/discover" && a.script.Modern:
		return a.result(`"supportedVersions":["2026-07-28"],"capabilities":` + a.script.Capabilities + more + `,"ttlMs":0,"cacheScope":"private","_meta":{"io.modelcontextprotocol/serverInfo":` + info + `}`)
	case method == "initialize" && !a.script.Modern:
		return a.result(`"protocolVersion":"2025-11-25","capabilities":` + a.script.Capabilities + more + `,"serverInfo":` + info)
	case method == "subscriptions/listen" && a.script.Modern:
		return a.listen(ctx, q)
	case method == "tools/call", method == Act:
		return a.act(ctx, q)
	case method == "prompts/get":
		return a.result(`"messages":[],"params":` + string(q.Params.In(q.Raw)))
	case method == "resources/read" && a.script.Modern:
		return failure(jsonrpc.CodeInvalidParams, "no such resource")
	case method == "resources/read":
		return failure(-32002, "no such resource")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if items, ok := a.lists[method]; ok {
		key := map[string]string{"tools/list": "tools", "resources/list": "resources", "resources/templates/list": "resourceTemplates", "prompts/list": "prompts"}[method]
		return a.result(`"` + key + `":[` + strings.Join(items, ",") + `]`)
	}
	a.status.Heard = append(a.status.Heard, string(q.Raw))
	switch method {
	case "completion/complete":
		return a.result(`"completion":{"values":[]},"params":` + string(q.Params.In(q.Raw)))
	case "resources/subscribe", "resources/unsubscribe", "logging/setLevel", "ping":
		if !a.script.Modern {
			return a.result("")
		}
	}
	return failure(jsonrpc.CodeMethodNotFound, "no such method")
}

// listen serves the hub's subscriptions/listen until it ends.
func (a *actor) listen(ctx context.Context, q *cue) string {
	id := slices.Clone(q.ID.In(q.Raw))
	a.mu.Lock()
	a.listenID, a.say = id, q.send
	a.mu.Unlock()
	q.send(`{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":` + string(id) + `},"notifications":` + string(q.get("notifications")) + `}}`)
	<-ctx.Done()
	return a.result("")
}

// act is what a tool does that the script gives no answer for.
func (a *actor) act(ctx context.Context, q *cue) string {
	structured := func(raw string) string { return a.result(`"content":[],"structuredContent":` + raw) }
	switch name := jsonrpc.String(q.get("name")); name {
	case "params":
		return structured(string(q.Params.In(q.Raw)))
	case "headers":
		text, _ := json.Marshal(q.header)
		return structured(string(text))
	case "progress":
		a.progress(ctx, q)
		return structured(`{"tag":` + quote(jsonrpc.String(q.argument("tag"))) + `}`)
	case "wait":
		return a.wait(ctx, q, structured)
	case "release":
		a.mu.Lock()
		close(a.released)
		a.released = make(chan struct{})
		a.mu.Unlock()
		return structured("{}")
	case "ask":
		return a.ask(ctx, q, structured)
	case "say":
		say := q.send
		if string(q.argument("outside")) == "true" {
			a.mu.Lock()
			say = a.say
			a.mu.Unlock()
		}
		say(jsonrpc.String(q.argument("text")))
		return structured("{}")
	case "set":
		a.set(q)
		return structured("{}")
	case "status":
		a.mu.Lock()
		text, _ := json.Marshal(a.status)
		a.mu.Unlock()
		return structured(string(text))
	case "pid":
		return structured(strconv.Itoa(os.Getpid()))
	case "die":
		os.Exit(3)
	}
	return failure(jsonrpc.CodeInvalidParams, "no such tool")
}

func (a *actor) progress(ctx context.Context, q *cue) {
	token := q.get("_meta", "progressToken")
	n, _ := jsonrpc.Int(q.argument("n"))
	size, _ := jsonrpc.Int(q.argument("size"))
	padding := strings.Repeat("x", int(size))
	for i := int64(1); i <= n && token != nil && ctx.Err() == nil; i++ {
		q.send(fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%s,"progress":%d,"message":%s,"padding":"%s"}}`,
			token, i, quote(jsonrpc.String(q.argument("tag"))), padding))
	}
}

func (a *actor) wait(ctx context.Context, q *cue, structured func(string) string) string {
	tag := jsonrpc.String(q.argument("tag"))
	a.mu.Lock()
	a.status.Waiting = append(a.status.Waiting, tag)
	released := a.released
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		i := slices.Index(a.status.Waiting, tag)
		a.status.Waiting = slices.Delete(a.status.Waiting, i, i+1)
		if ctx.Err() != nil {
			a.status.Cancelled = append(a.status.Cancelled, tag)
		}
	}()
	select {
	case <-ctx.Done():
	case <-released:
	}
	return structured(`{"tag":` + quote(tag) + `}`)
}

func (a *actor) ask(ctx context.Context, q *cue, structured func(string) string) string {
	answered := make(chan []byte, 1)
	a.mu.Lock()
	a.lastAsk++
	id := fmt.Sprintf(`"ask-%d"`, a.lastAsk)
	a.asked[id] = answered
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		delete(a.asked, id)
		a.mu.Unlock()
	}()
	params := ""
	if p := q.argument("params"); p != nil {
		params = `,"params":` + string(p)
	}
	q.send(`{"jsonrpc":"2.0","id":` + id + `,"method":` + string(q.argument("method")) + params + `}`)
	select {
	case <-ctx.Done():
		return ""
	case text := <-answered:
		return structured(string(text))
	}
}

func (a *actor) set(q *cue) {
	method := jsonrpc.String(q.argument("list"))
	items := []string{}
	arguments := jsonrpc.Get(q.Raw, q.Params, "arguments", "items")
	for it := jsonrpc.Members(q.Raw, arguments); it.Next(); {
		items = append(items, string(it.Value.In(q.Raw)))
	}
	a.mu.Lock()
	a.lists[method] = items
	say, id := a.say, a.listenID
	a.mu.Unlock()
	if string(q.argument("tell")) != "true" {
		return
	}
	params := ""
	if id != nil {
		params = `,"params":{"_meta":{"io.modelcontextprotocol/subscriptionId":` + string(id) + `}}`
	}
	kind, _, _ := strings.Cut(method, "/")
	say(`{"jsonrpc":"2.0","method":"notifications/` + kind + `/list_changed"` + params + `}`)
}
