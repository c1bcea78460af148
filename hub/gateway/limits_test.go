package gateway_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"mcphub/hub/hubtest"
)

func TestBodies(t *testing.T) {
	t.Parallel()
	h := start(t, hubtest.Stdio(t, hubtest.Script{Tools: []string{hubtest.Tool("params")}}))
	c := h.Legacy("/mcp", "{}")
	deep := func(n int) string {
		return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"s__params","arguments":` + strings.Repeat(`{"a":`, n) + `1` + strings.Repeat("}", n) + `}}`
	}
	ping := `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"`
	for _, x := range []struct {
		name, text string
		status     int
		code       string
	}{
		{"nothing", "", 400, "-32700"},
		{"half", `{"jsonrpc":"2.0","id":1`, 400, "-32700"},
		{"two", `{"jsonrpc":"2.0","id":1,"method":"ping"}{}`, 400, "-32700"},
		{"control character", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pi\nng\"}", 400, "-32700"},
		{"no envelope", `{"a":1}`, 400, "-32600"},
		{"id null", `{"jsonrpc":"2.0","id":null,"method":"ping"}`, 400, "-32600"},
		{"id twice", `{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}`, 400, "-32600"},
		{"deep", deep(900), 200, ""},
		{"too deep", deep(2000), 400, "-32700"},
		{"very deep", strings.Repeat("[", 5<<20), 400, "-32700"},
		{"line breaks", "{\r\n\t\"jsonrpc\":\"2.0\",\n\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"s__params\",\r\n\"arguments\":{}}\n}\n", 200, ""},
		{"just small enough", ping + strings.Repeat("x", 16<<20-len(ping)-3) + `"}}`, 200, ""},
		{"too large", ping + strings.Repeat("x", 16<<20-len(ping)-2) + `"}}`, 413, "-32600"},
	} {
		a := c.Send(x.text)
		if a.Status != x.status || a.Get("error", "code") != x.code || a.Get("jsonrpc") != `"2.0"` {
			t.Errorf("%s: %d %.300s, want %d %s", x.name, a.Status, a.Text(), x.status, x.code)
		}
	}
	for name, headers := range map[string][3]string{
		"form":           {"Content-Type", "application/x-www-form-urlencoded", "415"},
		"text":           {"Content-Type", "text/plain", "415"},
		"none":           {"Content-Type", "", "415"},
		"alike":          {"Content-Type", "application/jsonp", "415"},
		"charset":        {"Content-Type", "Application/JSON ; charset=utf-8", "200"},
		"foreign host":   {"Host", "evil.example", "403"},
		"foreign origin": {"Origin", "http://evil.example", "403"},
		"hidden origin":  {"Origin", "null", "403"},
		"another port":   {"Origin", "http://localhost:5173", "403"},
		"own origin":     {"Origin", h.URL, "401"},
	} {
		c := h.Legacy("/mcp", "{}")
		c.Header.Set(headers[0], headers[1])
		a := c.Send(`{"jsonrpc":"2.0","id":1,"method":"ping"}`)
		if fmt.Sprint(a.Status) != headers[2] {
			t.Errorf("%s: %d %s, want %s", name, a.Status, a.Text(), headers[2])
		}
		if a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: other origins are let read the answer", name)
		}
	}
}

// dial opens a connection to the hub by hand.
func dial(t *testing.T, h *hubtest.Hub, request string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestStuckClients: clients that read nothing, or send next to nothing, are cut off, and disturb nobody until then.
func TestStuckClients(t *testing.T) {
	t.Parallel()
	h := start(t, hubtest.Stdio(t, hubtest.Script{Tools: []string{hubtest.Tool("progress"), hubtest.Tool("big"), hubtest.Tool("params")}, Answers: map[string]string{
		"big": `"result":{"content":[{"type":"text","text":"` + strings.Repeat("x", 12<<20) + `"}]}`,
	}}))
	post := func(c *hubtest.Client, body string) net.Conn {
		return dial(t, h, fmt.Sprintf("POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nMcp-Session-Id: %s\r\nContent-Length: %d\r\n\r\n%s",
			c.Header.Get("Mcp-Session-Id"), len(body), body))
	}
	sender := h.Legacy("/mcp", "{}")
	stuck := map[string]net.Conn{
		"stream of a call": post(sender, sender.Message("1", "tools/call", `{"_meta":{"progressToken":1},"name":"s__progress","arguments":{"n":600,"size":20000,"tag":"x"}}`)),
		"large answer":     post(sender, sender.Message("2", "tools/call", `{"name":"s__big"}`)),
	}
	var work sync.WaitGroup
	for i := range 19 {
		work.Go(func() {
			c := h.Legacy("/mcp", "{}")
			for range 20 {
				a := c.Call("1", "tools/call", fmt.Sprintf(`{"_meta":{"progressToken":1},"name":"progress","arguments":{"n":5,"tag":"%d"}}`, i))
				if len(a.Messages) != 6 || a.Get("result", "structuredContent", "tag") != fmt.Sprintf(`"%d"`, i) {
					t.Errorf("client %d: %d messages, the last %.200s", i, len(a.Messages), a.Text())
				}
			}
		})
	}
	work.Wait()
	begun := time.Now()
	work.Go(func() { // one that sends its message in drops is told so, and cut off
		conn := dial(t, h, "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
		_ = conn.SetReadDeadline(begun.Add(stuckLimit + hubtest.Patience))
		if answer, err := io.ReadAll(conn); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") {
			t.Errorf("a slow sender: %q, %v", answer, err)
		}
	})
	for name, conn := range stuck {
		work.Go(func() { // one that reads when it is too late finds the connection closed
			time.Sleep(time.Until(begun.Add(2 * stuckLimit)))
			_ = conn.SetReadDeadline(time.Now().Add(hubtest.Patience))
			if n, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s: after %d bytes the connection is still open", name, n)
			}
		})
	}
	work.Wait()
}
