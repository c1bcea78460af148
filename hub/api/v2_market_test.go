package api_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mcphub/hub/hubtest"
	"mcphub/hub/store"
	"mcphub/hub/upstream"
)

const keyed = `,"environmentVariables":[{"name":"API_KEY","isSecret":true,"isRequired":true},{"name":"LEVEL","choices":["low","high"]}]`

func file(t *testing.T, h *hubtest.Hub) string {
	t.Helper()
	text, err := os.ReadFile(h.File)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestV2Marketplace(t *testing.T) {
	dir := t.TempDir()
	db, err := store.Open(t.Context(), filepath.Join(dir, "hub.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	readme := store.MarketReadme{Text: "# Hi <script>alert('x')</script>", FetchedAt: time.Now()}
	if err := db.MarketSetReadme(t.Context(), "https://raw.githubusercontent.com/a/b/HEAD", readme); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	official := hubtest.NewRegistry(t, hubtest.NPM("io.a/one", "1.0.0", keyed), hubtest.NPM("io.a/two", "2.0.0", ""),
		`"name":"io.a/three","description":"far away","version":"1","remotes":[{"type":"sse","url":"https://three.example/sse"},{"type":"streamable-http","url":"https://three.example/mcp"}]`)
	community := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"servers":[{"id":"four","name":"Four","description":"tagged","author":"me","url":"https://gitlab.invalid/f","category":"web","tags":["x","y"],"stars":7,"featured":true,"lastCommit":200,
			"installations":[{"name":"run","config":"{\"command\":\"four\"}"}]}]}`)
	}))
	defer community.Close()
	h := hubtest.StartIn(t, dir, hubtest.Config(hubtest.Sources(official.Source("ours"), `{"name":"community","url":"`+community.URL+`/r.json?key=hunter2"}`),
		"mine", `"command":"npx","args":["-y","io.a-two@1.9.0"],"disabled":true`, "far", `"url":"https://three.example/mcp","disabled":true`))

	var page struct {
		Items []struct {
			ID, Source       string
			Kinds, Installed []string
			Tags             []string
		}
		Total   int
		Sources []struct {
			Name, URL, Error string
			Items            int
			FetchedAt        *time.Time
		}
	}
	for query, want := range map[string]string{
		"":                        "four io.a/one io.a/three io.a/two; 4",
		"?q=away":                 "io.a/three; 1",
		"?source=community":       "four; 1",
		"?category=web":           "four; 1",
		"?tag=x&tag=y":            "four; 1",
		"?tag=x&tag=z":            "; 0",
		"?sort=name":              "four io.a/one io.a/three io.a/two; 4",
		"?sort=newest":            "io.a/three io.a/two io.a/one four; 4",
		"?sort=stars&limit=1":     "four; 4",
		"?sort=newest&offset=3":   "four; 4",
		"?sort=name&offset=9":     "; 4",
		"?q=zzz&source=community": "; 0",
	} {
		page.Items = nil
		if err := json.Unmarshal([]byte(wants(t, h, "GET", "marketplace"+query, "", 200)), &page); err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, i := range page.Items {
			ids = append(ids, i.ID)
		}
		if query == "" {
			ids = []string{ids[0], "io.a/one", "io.a/three", "io.a/two"} // these weigh the same
		}
		if got := fmt.Sprintf("%s; %d", strings.Join(ids, " "), page.Total); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	for _, query := range []string{"?limit=0", "?limit=201", "?offset=-1", "?sort=size"} {
		wants(t, h, "GET", "marketplace"+query, "", 422, "code", `"VALIDATION_ERROR"`)
	}
	text := wants(t, h, "GET", "marketplace?sort=name", "", 200)
	if err := json.Unmarshal([]byte(text), &page); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"community [command] []", "ours [npm] []", "ours [remote] [far]", "ours [npm] [mine]"} {
		if got := fmt.Sprint(page.Items[i].Source, " ", page.Items[i].Kinds, " ", page.Items[i].Installed); got != want {
			t.Errorf("%s: %s, want %s", page.Items[i].ID, got, want)
		}
	}
	if s := page.Sources; len(s) != 2 || s[0].Name != "ours" || s[0].Items != 3 || s[1].URL != community.URL+"/r.json" || s[1].FetchedAt == nil || strings.Contains(text, "hunter2") {
		t.Errorf("sources %+v in %s", s, text)
	}
	if text := wants(t, h, "GET", "config/effective", "", 200); strings.Contains(text, "hunter2") || !strings.Contains(text, "r.json?") {
		t.Errorf("the configuration is shown with a secret: %s", text)
	}
	wants(t, h, "GET", "marketplace/categories", "", 200, "categories", `[{"name":"web","items":1}]`)

	text = wants(t, h, "GET", "marketplace/item?id=io.a/one", "", 200, "source", `"ours"`, "readmeStale", "false", "kinds", `["npm"]`)
	var item struct {
		Readme   string
		ReadAt   *time.Time
		Installs []struct {
			Kind, Package, Version string
			Parameters             []struct {
				Key              string
				Required, Secret bool
				Choices          []string
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &item); err != nil {
		t.Fatal(err)
	}
	if item.Readme != readme.Text || item.ReadAt == nil || fmt.Sprint(item.Installs) != "[{npm io.a-one 1.0.0 [{API_KEY true true []} {LEVEL false false [low high]}]}]" {
		t.Errorf("%+v", item)
	}
	wants(t, h, "GET", "marketplace/item?id=io.a/one&readme=false", "", 200, "readme", `""`, "readAt", "", "id", `"io.a/one"`)
	wants(t, h, "GET", "marketplace/item?id=four", "", 200, "readme", `""`, "readAt", "")
	wants(t, h, "GET", "marketplace/item?id=io.a/one&source=community", "", 404, "code", `"ITEM_NOT_FOUND"`)
	wants(t, h, "GET", "marketplace/item", "", 422, "code", `"VALIDATION_ERROR"`)

	// One source fails: its items stay, and its state says why.
	official.Fail()
	text = wants(t, h, "POST", "marketplace/refresh", "", 200)
	if err := json.Unmarshal([]byte(text), &page); err != nil || !strings.Contains(page.Sources[0].Error, "503") || page.Sources[0].Items != 3 || page.Sources[1].Error != "" {
		t.Errorf("%v: %s", err, text)
	}

	// Another configuration: what is not read any more is gone.
	h.Rewrite(hubtest.Config(hubtest.Sources(`{"name":"community","url":"` + community.URL + `/r.json?key=hunter2"}`)))
	hubtest.Eventually(t, "only one source is left", func() bool {
		_, _, text := ask(t, h, "GET", "marketplace", "")
		return hubtest.Get(text, "total") == "1"
	})
}

func TestV2MarketplaceNeedsAFolder(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}", "a", `"command":"x","disabled":true`))
	for _, route := range [][3]string{
		{"GET", "marketplace"},
		{"GET", "marketplace/categories"},
		{"GET", "marketplace/item?id=a"},
		{"POST", "marketplace/refresh"},
		{"GET", "marketplace/updates"},
		{"POST", "marketplace/plan", `{"id":"a"}`},
		{"POST", "marketplace/install", `{"id":"a"}`},
		{"POST", "servers/a/update"},
	} {
		wants(t, h, route[0], route[1], route[2], 503, "code", `"MARKETPLACE_UNAVAILABLE"`)
	}
}

func TestV2Install(t *testing.T) {
	hubtest.Programs(t, hubtest.Script{Tools: tools("echo")}, "npx")
	r := hubtest.NewRegistry(t, hubtest.NPM("io.a/one", "1.0.0", keyed), hubtest.NPM("io.a/loose", "latest", ""),
		`"name":"io.a/far","version":"1","remotes":[{"type":"streamable-http","url":"https://{tenant}.example/mcp","variables":{"tenant":{"isRequired":true}}}]`,
		`"name":"io.a/evil","version":"1","packages":[{"registryType":"npm","identifier":"evil","version":"1","transport":{"type":"stdio"},"environmentVariables":[{"name":"A","value":"${cmd: touch evil}"}]}]`,
		hubtest.NPM("io.a/sly", "1.0.0", `,"environmentVariables":[{"name":"A","default":"${cmd: touch evil}","choices":["${env:HOME}"]}],"packageArguments":[{"type":"positional","valueHint":"$HOME"}]`))
	text := "{\n  // mine\n  \"hub\": " + hubtest.Sources(r.Source("ours")) + ",\n  \"mcpServers\": {\n    // the first\n    \"old\": {\"command\": \"x\", \"disabled\": true}, // stays\n  },\n}\n"
	h := hubtest.StartIn(t, t.TempDir(), text)

	plan := wants(t, h, "POST", "marketplace/plan", `{"id":"io.a/one"}`, 200, "source", `"ours"`, "name", `"one"`, "taken", "false", "file", `"`+h.File+`"`,
		"missing", `["API_KEY"]`, "invalid", "[]", "unknown", "[]", "unpinned", "false", "install.kind", `"npm"`,
		"entry", `{"command":"npx","args":["-y","io.a-one@1.0.0"],"env":{"API_KEY":"${API_KEY}"}}`)
	var needs struct {
		Prerequisites []struct {
			Program, Path, Hint string
			Found               bool
		}
	}
	if err := json.Unmarshal([]byte(plan), &needs); err != nil || len(needs.Prerequisites) != 1 || !needs.Prerequisites[0].Found || filepath.Base(needs.Prerequisites[0].Path) != "npx" || needs.Prerequisites[0].Hint == "" {
		t.Errorf("%v: %s", err, plan)
	}
	const values = `{"id":"io.a/one","name":"My one","values":{"API_KEY":"hunter2","LEVEL":"low"}`
	plan = wants(t, h, "POST", "marketplace/plan", values+`}`, 200, "missing", "[]", "name", `"My one"`,
		"entry", `{"command":"npx","args":["-y","io.a-one@1.0.0"],"env":{"API_KEY":"${secret:My-one-API_KEY}","LEVEL":"low"}}`, "secrets", `[{"key":"API_KEY","name":"My-one-API_KEY"}]`, "problem", "")
	wants(t, h, "POST", "marketplace/plan", values+`,"plainSecrets":true}`, 200, "secrets", "[]",
		"entry", `{"command":"npx","args":["-y","io.a-one@1.0.0"],"env":{"API_KEY":"••••","LEVEL":"low"}}`)
	if strings.Contains(plan, "hunter2") || file(t, h) != text {
		t.Errorf("plan %s\nfile %s", plan, file(t, h))
	}
	wants(t, h, "POST", "marketplace/plan", `{"id":"io.a/loose","name":"old"}`, 200, "unpinned", "true", "taken", "true", "install.version", "")
	wants(t, h, "POST", "marketplace/plan", `{"id":"io.a/far","values":{"tenant":"eu"}}`, 200, "entry", `{"type":"streamable-http","url":"https://eu.example/mcp"}`, "prerequisites", "[]")
	wants(t, h, "POST", "marketplace/plan", `{"id":"io.a/sly"}`, 200, "entry", `{"command":"npx","args":["-y","io.a-sly@1.0.0"]}`)
	wants(t, h, "GET", "marketplace/item?id=io.a/evil", "", 200, "installs", "[]")

	for _, c := range []struct {
		body   string
		status int
		code   string
	}{
		{`{"id":"none"}`, 404, "ITEM_NOT_FOUND"},
		{`{"id":"io.a/one","source":"other"}`, 404, "ITEM_NOT_FOUND"},
		{`{"id":"io.a/evil"}`, 422, "INSTALL_NOT_FOUND"},
		{`{"id":"io.a/one","install":1}`, 422, "INSTALL_NOT_FOUND"},
		{`{"id":"io.a/one","install":-1}`, 422, "VALIDATION_ERROR"},
		{`{"id":""}`, 422, "VALIDATION_ERROR"},
		{`{"id":"io.a/one","values":{"API_KEY":7}}`, 422, "VALIDATION_ERROR"},
		{values + `,"file":"/elsewhere"}`, 422, "UNKNOWN_FILE"},
	} {
		for _, route := range []string{"marketplace/plan", "marketplace/install"} {
			if text := wants(t, h, "POST", route, c.body, c.status, "code", `"`+c.code+`"`); strings.Contains(text, "hunter2") {
				t.Errorf("an error repeats a value: %s", text)
			}
		}
	}
	refused := wants(t, h, "POST", "marketplace/install", `{"id":"io.a/one","values":{"LEVEL":"hunter2","OTHER":"hunter2"}}`, 422, "code", `"INVALID_VALUES"`,
		"data.missing", `["API_KEY"]`, "data.invalid", `["LEVEL"]`, "data.unknown", `["OTHER"]`)
	if strings.Contains(refused, "hunter2") {
		t.Errorf("an error repeats a value: %s", refused)
	}
	if file(t, h) != text {
		t.Errorf("the file was changed: %s", file(t, h))
	}

	status, header, answer := ask(t, h, "POST", "marketplace/install", values+`}`)
	if status != 201 || header.Get("Location") != "/api/v2/servers/My%20one" || hubtest.Get(answer, "name") != `"My one"` || strings.Contains(answer, "hunter2") {
		t.Errorf("%d %v %s", status, header, answer)
	}
	h.Ready("My one")
	wants(t, h, "GET", "servers/My%20one", "", 200, "lists.tools", "1")
	wants(t, h, "POST", "marketplace/install", values+`}`, 409, "code", `"SERVER_EXISTS"`)
	wants(t, h, "POST", "marketplace/install", `{"id":"io.a/loose","name":"hub"}`, 409, "code", `"SERVER_EXISTS"`)
	got := file(t, h)
	for _, part := range []string{"// mine", "// the first", "// stays", `"API_KEY": "${secret:My-one-API_KEY}"`, `"io.a-one@1.0.0"`} {
		if !strings.Contains(got, part) {
			t.Errorf("%s is not in %s", part, got)
		}
	}
	if text := wants(t, h, "GET", "marketplace?q=one", "", 200); !strings.Contains(text, `"installed":["My one"]`) {
		t.Errorf("not shown as installed: %s", text)
	}

	// A newer version comes out: one word of the file changes.
	wants(t, h, "GET", "marketplace/updates", "", 200, "updates", "[]")
	wants(t, h, "POST", "servers/My%20one/update", "", 409, "code", `"NO_UPDATE"`)
	wants(t, h, "POST", "servers/none/update", "", 404, "code", `"SERVER_NOT_FOUND"`)
	wants(t, h, "POST", "servers/hub/update", "", 409, "code", `"BUILTIN_SERVER"`)
	r.Publish(hubtest.NPM("io.a/one", "1.1.0", keyed))
	wants(t, h, "POST", "marketplace/refresh", "", 200)
	wants(t, h, "GET", "marketplace/updates", "", 200, "updates",
		`[{"server":"My one","item":"io.a/one","source":"ours","kind":"npm","package":"io.a-one","current":"1.0.0","latest":"1.1.0"}]`)
	wants(t, h, "POST", "servers/My%20one/update", "", 200, "name", `"My one"`)
	if now := file(t, h); now != strings.Replace(got, "io.a-one@1.0.0", "io.a-one@1.1.0", 1) {
		t.Errorf("the file is %s\nand was %s", now, got)
	}
	hubtest.Eventually(t, "it runs again", func() bool { return is(h, "My one", upstream.Ready) })
	wants(t, h, "DELETE", "servers/My%20one?secrets=true", "", 200, "removedSecrets", `["My-one-API_KEY"]`, "remainingSecrets", "[]")
	if strings.Contains(file(t, h), "My one") || !strings.Contains(file(t, h), "// stays") {
		t.Errorf("after it was removed: %s", file(t, h))
	}
}

// TestV2Bundle: a bundle is unpacked when it is planned, run when it is installed, and goes with the last that uses it.
func TestV2Bundle(t *testing.T) {
	hubtest.Programs(t, hubtest.Script{}, "node")
	var content bytes.Buffer
	w := zip.NewWriter(&content)
	for name, text := range map[string]string{
		"manifest.json": `{"server":{"type":"node","entry_point":"index.js","mcp_config":{"command":"node","args":["${__dirname}/index.js"],"env":{"TOKEN":"${user_config.token}"}}},
			"user_config":{"token":{"type":"string","title":"Token","sensitive":true,"required":true}}}`,
		"index.js": "// never read",
	} {
		part, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(part, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	files := httptest.NewTLSServer(http.NotFoundHandler())
	defer files.Close()
	sum := sha256.Sum256(content.Bytes())
	hash := hex.EncodeToString(sum[:])
	r := hubtest.NewRegistry(t, fmt.Sprintf(`"name":"io.a/bundle","version":"1","packages":[{"registryType":"mcpb","identifier":"%s/b.mcpb","version":"1","fileSha256":"%s","transport":{"type":"stdio"}}]`, files.URL, hash))
	dir := t.TempDir()
	h := hubtest.StartIn(t, dir, hubtest.Config(hubtest.Sources(r.Source("ours"))))
	wants(t, h, "GET", "marketplace/item?id=io.a/bundle", "", 200, "kinds", `["mcpb"]`)
	wants(t, h, "POST", "marketplace/plan", `{"id":"io.a/bundle"}`, 502, "code", `"DOWNLOAD_FAILED"`) // nobody vouches for the server

	folder := filepath.Join(dir, "bundles", hash)
	unpack(t, content.Bytes(), folder)
	wants(t, h, "POST", "marketplace/plan", `{"id":"io.a/bundle"}`, 200, "missing", `["token"]`, "install.kind", `"mcpb"`, "install.parameters.0.secret", "")
	for _, name := range []string{"b1", "b2"} {
		wants(t, h, "POST", "marketplace/install", `{"id":"io.a/bundle","name":"`+name+`","values":{"token":"t"}}`, 201)
		h.Ready(name)
	}
	wants(t, h, "DELETE", "servers/b1", "", 200, "remainingSecrets", `["b1-token"]`)
	if _, err := os.Stat(folder); err != nil {
		t.Errorf("the bundle is gone although it is in use: %v", err)
	}
	other := hubtest.StartIn(t, dir, hubtest.Config("{}", "same", `"command":"node","cwd":"`+folder+`","disabled":true`))
	wants(t, h, "DELETE", "servers/b2", "", 200)
	if _, err := os.Stat(folder); err != nil {
		t.Errorf("the bundle is gone although another hub has it configured: %v", err)
	}
	wants(t, other, "DELETE", "servers/same", "", 200)
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("the bundle is still there: %v", err)
	}
}

// unpack does what the hub does with a bundle that it could download.
func unpack(t *testing.T, content []byte, dir string) {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err == nil {
		err = os.CopyFS(dir, archive)
	}
	if err != nil {
		t.Fatal(err)
	}
}
