package client_test

import (
	"errors"
	"strings"
	"testing"

	"mcphub/hub/client"
	"mcphub/hub/hubtest"
)

func TestMarket(t *testing.T) {
	hubtest.Programs(t, fixture, "npx")
	r := hubtest.NewRegistry(t, hubtest.NPM("io.a/one", "1.0.0", `,"environmentVariables":[{"name":"KEY","isSecret":true,"isRequired":true}]`), hubtest.NPM("io.a/two", "1.0.0", ""))
	h := hubtest.StartIn(t, t.TempDir(), hubtest.Config(hubtest.Sources(r.Source("ours"))))
	c, ctx := client.New(h.URL), t.Context()
	t.Cleanup(c.Close)

	page, err := c.SearchMarket(ctx, client.MarketQuery{Words: "one", Source: "ours", Sort: "name", Limit: 5})
	if err != nil || page.Total != 1 || len(page.Items) != 1 || page.Items[0].ID != "io.a/one" || page.Items[0].Updated.IsZero() || page.Sources[0].Items != 2 || page.Raw == nil {
		t.Errorf("search: %+v, %v", page, err)
	}
	for _, q := range []client.MarketQuery{{Tags: []string{"x", "y"}}, {Category: "x"}, {Offset: 2}} {
		if page, err := c.SearchMarket(ctx, q); err != nil || len(page.Items) != 0 {
			t.Errorf("%+v: %+v, %v", q, page, err)
		}
	}
	if list, err := c.MarketCategories(ctx); err != nil || len(list) != 0 {
		t.Errorf("categories: %+v, %v", list, err)
	}
	item, err := c.MarketItem(ctx, "ours", "io.a/one", false)
	if err != nil || item.Name != "one" || len(item.Installs) != 1 || !item.Installs[0].Parameters[0].Secret || item.Installs[0].Version != "1.0.0" {
		t.Errorf("item: %+v, %v", item, err)
	}
	var refused *client.Error
	if _, err := c.MarketItem(ctx, "", "none", false); !errors.As(err, &refused) || refused.Code != "ITEM_NOT_FOUND" {
		t.Errorf("unknown item: %v", err)
	}

	q := client.InstallRequest{ID: "io.a/one"}
	plan, err := c.PlanInstall(ctx, q)
	if err != nil || plan.Name != "one" || len(plan.Missing) != 1 || !plan.Prerequisites[0].Found || plan.File != h.File {
		t.Errorf("plan: %+v, %v", plan, err)
	}
	if _, err := c.Install(ctx, q); !errors.As(err, &refused) || refused.Code != "INVALID_VALUES" || !strings.Contains(string(refused.Data), "KEY") {
		t.Errorf("install without a value: %v", err)
	}
	q.Name, q.Values = "a b", map[string]string{"KEY": "x"}
	if s, err := c.Install(ctx, q); err != nil || s.Name != "a b" || s.State == "" {
		t.Errorf("install: %+v, %v", s, err)
	}
	h.Ready("a b")
	if s, err := c.Get(ctx, "a b"); err != nil || s.State != "ready" || s.Lists.Tools != 2 || s.Health.Summary == "" {
		t.Errorf("server: %+v, %v", s, err)
	}
	r.Publish(hubtest.NPM("io.a/one", "2.0.0", ""))
	if states, err := c.RefreshMarket(ctx); err != nil || len(states) != 1 || states[0].Name != "ours" || states[0].FetchedAt.IsZero() {
		t.Errorf("refresh: %+v, %v", states, err)
	}
	if updates, raw, err := c.Updates(ctx); err != nil || len(updates) != 1 || updates[0].Server != "a b" || updates[0].Latest != "2.0.0" || raw == nil {
		t.Errorf("updates: %+v, %v", updates, err)
	}
	if s, err := c.Update(ctx, "a b"); err != nil || s.Name != "a b" {
		t.Errorf("update: %+v, %v", s, err)
	}
}
