package gateway

import (
	"strings"
	"testing"
	"time"

	"mcphub/hub/catalog"
	"mcphub/hub/record"
	"mcphub/hub/upstream"
)

func TestSight(t *testing.T) {
	came := time.Now()
	before, after := taken{made: came.Add(-time.Second)}, taken{made: came.Add(time.Second)}
	server := func(state upstream.State, problems ...string) *upstream.Status {
		return &upstream.Status{State: state, Problems: problems, Health: upstream.Health{Summary: "So it is.", Action: "Do that."}}
	}
	ready := server(upstream.Ready)
	there := func(change func(*catalog.Standing)) catalog.Standing {
		st := catalog.Standing{Server: ready, Reach: true, Allowed: true, Listed: true, Name: "s__t", Since: came, Count: 7}
		change(&st)
		return st
	}
	unlisted := func(s *upstream.Status) catalog.Standing {
		return catalog.Standing{Server: s, Reach: true, Allowed: true}
	}
	same := func(*catalog.Standing) {}
	tests := map[string]struct {
		client Connected
		st     catalog.Standing
		took   taken
		page   bool
		want   Reason
		words  string // part of the summary
		action string // likewise
	}{
		"another endpoint":     {Connected{Server: "x"}, there(func(s *catalog.Standing) { s.Elsewhere, s.Name = true, "" }), after, true, OtherEndpoint, `"x"`, "address"},
		"token of others":      {Connected{Token: "ci"}, there(func(s *catalog.Standing) { s.Reach, s.Allowed = false, false }), after, true, TokenServer, `"ci"`, "token"},
		"its token first":      {Connected{Token: "ci"}, catalog.Standing{Server: server(upstream.Disabled)}, after, true, TokenServer, `"ci"`, "token"},
		"off":                  {Connected{}, unlisted(server(upstream.Disabled)), after, true, ServerOff, "switched off", "Switch it on"},
		"stopped":              {Connected{}, unlisted(server(upstream.Idle)), after, true, ServerOff, "stopped", "Start"},
		"starting":             {Connected{}, unlisted(server(upstream.Starting)), after, true, ServerDown, "So it is.", "Do that."},
		"to sign in":           {Connected{}, unlisted(server(upstream.Authorizing)), after, true, ServerDown, "So it is.", "Do that."},
		"failed":               {Connected{}, unlisted(server(upstream.Failed)), after, true, ServerDown, "So it is.", "Do that."},
		"not on the server":    {Connected{}, unlisted(ready), after, true, NotListed, `no tool "t"`, "upper and lower"},
		"list not read":        {Connected{}, unlisted(server(upstream.Ready, "tools/list failed")), after, true, NotListed, "So it is.", "Do that."},
		"malformed":            {Connected{}, there(func(s *catalog.Standing) { s.Fault, s.Name = "no schema", "" }), after, true, Malformed, "no schema", "maker"},
		"hidden":               {Connected{}, there(func(s *catalog.Standing) { s.Off, s.Name = true, "" }), after, true, ToolOff, "disabled_tools", "Offer"},
		"token of other tools": {Connected{Token: "ci"}, there(func(s *catalog.Standing) { s.Allowed, s.Name = false, "" }), after, true, TokenTool, `"ci"`, "this tool"},
		"token to read":        {Connected{Token: "ci"}, there(func(s *catalog.Standing) { s.Allowed, s.ReadOnly, s.Name = false, true, "" }), after, true, TokenTool, "change nothing", "reading"},
		"name taken":           {Connected{}, there(func(s *catalog.Standing) { s.Name = "" }), after, true, NameTaken, "the name", "another name"},
		"headers, modern":      {Connected{Era: record.Modern}, there(func(s *catalog.Standing) { s.Hidden = true }), after, true, WrongHeaders, "x-mcp-header", "maker"},
		"headers, legacy":      {Connected{Era: record.Legacy}, there(func(s *catalog.Standing) { s.Hidden = true }), after, true, SeenAsIs, "one of 7", "settings"},
		"never asked":          {Connected{}, there(same), taken{}, true, NotAsked, "not asked", "switched on"},
		"came later, told":     {Connected{Listening: true}, there(same), before, true, Outdated, "yet has not asked", "disconnect"},
		"came later, deaf":     {Connected{}, there(same), before, true, Outdated, "cannot tell", "disconnect"},
		"came later, modern":   {Connected{Era: record.Modern}, there(same), before, true, Outdated, "cannot tell", "restart"},
		"another page":         {Connected{}, there(same), after, false, OtherPage, "first pages of its 7", "pageSize"},
		"seen, but down":       {Connected{}, there(func(s *catalog.Standing) { s.Server = server(upstream.Retrying) }), after, true, SeenNotRunning, "Calls fail", "Do that."},
		"renamed":              {Connected{}, there(func(s *catalog.Standing) { s.Renamed = "too long" }), after, true, SeenRenamed, "not s__t: too long", "settings"},
		"seen":                 {Connected{}, there(same), after, true, SeenAsIs, "one of 7", "settings"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := sight(tt.client, tt.st, "s", "t", tt.took, tt.page)
			if got.Reason != tt.want || !strings.Contains(got.Summary, tt.words) || !strings.Contains(got.Action, tt.action) || got.Name != tt.st.Name {
				t.Errorf("%+v", got)
			}
			if seen := tt.want == SeenNotRunning || tt.want == SeenRenamed || tt.want == SeenAsIs; got.Seen != seen {
				t.Errorf("seen: %t", got.Seen)
			}
		})
	}
}
