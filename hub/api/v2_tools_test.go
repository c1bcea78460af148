package api_test

import (
	"strings"
	"testing"

	"mcphub/hub/hubtest"
)

// TestV2Tools: one answer names the tools of all servers, whatever servers write into their definitions.
func TestV2Tools(t *testing.T) {
	long := strings.Repeat("ä", 1000)
	one := hubtest.Script{Tools: []string{
		`{"name":"a","title":"Does\na","description":"First.\n\tSecond.","inputSchema":{"type":"object"}}`,
		`{"name":"b","annotations":{"title":"Bee"},"description":"` + long + `"}`,
		`{"name":"c","title":7,"description":{},"annotations":[]}`,
	}}
	two := hubtest.Script{Tools: []string{hubtest.Tool("x")}}
	h := hubtest.Start(t, hubtest.Config(`{"builtin":false}`, "two", hubtest.Stdio(t, two), "one", hubtest.Stdio(t, one)+`,"disabled_tools":["a"]`)).Ready("one", "two")
	wants(t, h, "GET", "tools", "", 200, "tools", `[{"server":"one","name":"a","title":"Does a","description":"First. Second.","offered":false},`+
		`{"server":"one","name":"b","title":"Bee","description":"`+long[:160]+`…","offered":true},`+
		`{"server":"one","name":"c","offered":true},{"server":"two","name":"x","offered":true}]`)
}
