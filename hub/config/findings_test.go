package config

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mcphub/hub/secret"
)

// found returns what Findings says of one server's entry: path, key, name, and the value, which only the test sees.
func found(t *testing.T, entry string) []string {
	t.Helper()
	var list []string
	for _, f := range configure(t, "srv: {"+entry+"}", Options{}).Findings() {
		list = append(list, strings.Join(f.Path, ".")+" "+f.Key+" "+f.Name+" "+f.value.Reveal())
	}
	return list
}

const (
	github = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
	openai = "sk-proj-Zx81kQ0pLmN4vB7tRsW2yHcD"
	jwt    = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
)

// TestSecretsInPlainText looks at entries as people have them.
func TestSecretsInPlainText(t *testing.T) {
	for entry, want := range map[string][]string{
		`command: "npx", env: {GITHUB_PERSONAL_ACCESS_TOKEN: "` + github + `"}`: {"env.GITHUB_PERSONAL_ACCESS_TOKEN GITHUB_PERSONAL_ACCESS_TOKEN GITHUB_PERSONAL_ACCESS_TOKEN " + github},
		`command: "npx", env: {OPENAI_API_KEY: "` + openai + `"}`:               {"env.OPENAI_API_KEY OPENAI_API_KEY OPENAI_API_KEY " + openai},
		`command: "npx", env: {braveApiKey: "BSAq81ndkWpZ0aaQ"}`:                {"env.braveApiKey braveApiKey braveApiKey BSAq81ndkWpZ0aaQ"},
		`command: "npx", env: {DB_PASSWORD: "hunter2"}`:                         {"env.DB_PASSWORD DB_PASSWORD DB_PASSWORD hunter2"},
		`command: "npx", env: {SLACK_BOT_TOKEN: "xoxb-123456789012-abcdefghij", SLACK_TEAM_ID: "T01234567"}`: {
			"env.SLACK_BOT_TOKEN SLACK_BOT_TOKEN SLACK_BOT_TOKEN xoxb-123456789012-abcdefghij",
		},
		`command: "npx", env: {AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7ABCDEFG", AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG/bPxRfiCY123456789"}`: {
			"env.AWS_SECRET_ACCESS_KEY AWS_SECRET_ACCESS_KEY AWS_SECRET_ACCESS_KEY wJalrXUtnFEMI/K7MDENG/bPxRfiCY123456789",
		},
		`command: "npx", env: {DATABASE_URL: "postgres://me:s3cr3t@db:5432/app?sslmode=require"}`: {"env.DATABASE_URL DATABASE_URL DATABASE_URL s3cr3t"},
		`command: "npx", env: {PG: "host=db user=me password=s3cr3tpw"}`:                          {"env.PG PG PG s3cr3tpw"},
		`command: "npx", env: {FIGMA: "figd_9sKqW1zXcV3bN5mL7pQ2rT"}`:                             {"env.FIGMA FIGMA FIGMA figd_9sKqW1zXcV3bN5mL7pQ2rT"},
		`command: "npx", env: {SESSION: "q8Zt3LmW0xKp5VrY7sNc2BdF"}`:                              {"env.SESSION SESSION SESSION q8Zt3LmW0xKp5VrY7sNc2BdF"},
		`command: "npx", env: {SSH: "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END"}`:        {"env.SSH SSH SSH -----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END"},
		`command: "npx", env: {SLACK_WEBHOOK_URL: "https://hooks.slack.com/services/T0/B0/a1B2c3D4e5F6g7H8i9J0k1L2"}`: {
			"env.SLACK_WEBHOOK_URL SLACK_WEBHOOK_URL SLACK_WEBHOOK_URL a1B2c3D4e5F6g7H8i9J0k1L2",
		},
		`command: "npx", args: ["-y", "server", "--api-key", "abc123def456"]`:                                                                             {"args.3 api-key srv-api-key abc123def456"},
		`command: "npx", args: ["--access-token=abc123def456"]`:                                                                                           {"args.0 access-token srv-access-token abc123def456"},
		`command: "docker", args: ["run", "-e", "API_TOKEN=abc123def456", "-e", "OTHER", "image"]`:                                                        {"args.2 API_TOKEN srv-api_token abc123def456"},
		`command: "npx", args: ["mcp-remote", "https://x.example/sse", "--header", "Authorization: Bearer abc123def456"]`:                                 {"args.3 Authorization srv-authorization abc123def456"},
		`command: "npx", args: ["server-postgres", "postgresql://u:pa%40ss@localhost/db"]`:                                                                {"args.1 password srv-password pa%40ss"},
		`command: "npx", args: ["` + github + `"]`:                                                                                                        {"args.0 token srv-token " + github},
		`url: "https://x.example/mcp", headers: {Authorization: "Bearer ` + jwt + `", "X-Trace": "on"}`:                                                   {"headers.Authorization Authorization srv-authorization " + jwt},
		`url: "https://x.example/mcp", headers: {"X-API-Key": "0123456789abcdef"}`:                                                                        {"headers.X-API-Key X-API-Key srv-x-api-key 0123456789abcdef"},
		`url: "https://x.example/mcp", headers: {Cookie: "session=abcdefgh"}`:                                                                             {"headers.Cookie Cookie srv-cookie session=abcdefgh"},
		`url: "https://x.example/mcp", oauth: {clientId: "q8Zt3LmW0xKp5VrY7sNc2BdF", clientSecret: "abc123def456", scopes: ["read"], redirectPort: 4000}`: {"oauth.clientSecret clientSecret srv-clientsecret abc123def456"},
		`url: "https://x.example/mcp?profile=a&api_key=0123abcd4567"`:                                                                                     {"url api_key srv-api_key 0123abcd4567"},
		`url: "https://u:word@x.example/mcp?key=0123abcd4567"`:                                                                                            {"url password srv-password word", "url key srv-key 0123abcd4567"},
		`serverUrl: "https://mcp.zapier.example/s/NjY5ZmQ3YTktZGVmMi00YzA4LTk1/mcp"`:                                                                      {"serverUrl path srv-path NjY5ZmQ3YTktZGVmMi00YzA4LTk1"},
		// Partly placeholders.
		`command: "c", env: {URL: "postgres://me:s3cr3t@${HOST}/app"}`: {"env.URL URL URL s3cr3t"},

		// None of these is a secret.
		`command: "npx", args: ["-y", "@modelcontextprotocol/server-filesystem@2025.8.21", "${userHome}/Documents", "/Users/Someone/Desktop"]`:                                                             nil,
		`command: "uvx", args: ["--from", "git+https://github.com/oraios/serena@0a1b2c3d4e5f60718293a4b5c6d7e8f901234567", "serena"]`:                                                                      nil,
		`command: "docker", args: ["run", "-i", "--rm", "-e", "GITHUB_PERSONAL_ACCESS_TOKEN", "ghcr.io/github/github-mcp-server@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]`: nil,
		`command: "c", env: {API_KEY: "${API_KEY}", TOKEN: "${secret:TOKEN}", PASSWORD: "${cmd: op read op://vault/item/password}", AUTH_TOKEN: ""}`:                                                       nil,
		`command: "c", env: {API_KEY: "YOUR_API_KEY_HERE", API_TOKEN: "<your token>", SECRET: "xxxxxxxxxxxx", PASSWORD: "changeme", GITHUB_TOKEN: "ghp_your_token_here_0000000000000000000"}`:              nil,
		`command: "c", env: {TOKEN_FILE: "/run/secrets/token-123456", SSH_AUTH_SOCK: "/tmp/agent.1234", KEY_PATH: "~/.ssh/id_ed25519", GOOGLE_APPLICATION_CREDENTIALS: "/home/me/key-123.json"}`:           nil,
		`command: "c", env: {MAX_TOKENS: "128000", TOKEN_LIMIT: "4096000000", TOKENIZERS_PARALLELISM: "false", USE_API_KEY: "true", PASSWORD_STORE_DIR: "/x/y/password-store"}`:                            nil,
		`command: "c", env: {CLIENT_ID: "q8Zt3LmW0xKp5VrY7sNc2BdF", SPREADSHEET_ID: "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms", NOTION_DATABASE: "a8aec43384f447ed84390e8e42c2e089"}`:                  nil,
		`command: "c", env: {PUBLIC_KEY: "ssh-ed25519-AAAAC3NzaC1lZDI1NTE5AAAAI", PRIMARY_KEY: "customer_id", SORT_KEY: "created_at_timestamp", KEYBOARD: "us-intl-2000000000000"}`:                        nil,
		`command: "c", env: {UUID: "6ba7b810-9dad-11d1-80b4-00c04fd430c8", COMMIT: "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567", NODE_OPTIONS: "--max-old-space-size=4096"}`:                                 nil,
		`command: "c", env: {API_BASE: "https://api.example.com/v1/projects/q8Zt3LmW0xKp5VrY7sNc2BdF", TOKEN_URL: "https://login.example.com/oauth/token", DB: "postgres://me@db/app"}`:                    nil,
		`command: "c", env: {SECRET_NAME: "prod/database/main1", SECRET_PROVIDER: "vault-2-east", TOKEN_TYPE: "bearer-jwt-1", PASSWORD_POLICY_FILE: "policy-1.json", TOKEN_REFRESH: "enabled"}`:            nil,
		`command: "c", env: {LANG: "en_US.UTF-8", TZ: "Europe/Berlin", LOG: "debug,http=info", MODEL: "claude-sonnet-4-5-20250929", IMAGE: "Node20AlpineLinuxImage"}`:                                      nil,
		`command: "c", args: ["--header", "Authorization: Bearer ${TOKEN}", "--header", "Accept: application/json", "--token-limit", "4096000000", "--key-file", "/etc/key1"]`:                             nil,
		`command: "c", args: ["$TOKEN", "--password", "$PASSWORD", "--api-key", "--verbose"]`:                                                                                                              nil,
		`url: "https://mcp.example.com/v1/workspaces/my-workspace-2024/mcp?profile=default&format=json"`:                                                                                                   nil,
		`url: "https://x.example/mcp", headers: {"Content-Type": "application/json", "X-Request-Id": "q8Zt3LmW0xKp5VrY7sNc2BdF", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64)"}`:                         nil,
	} {
		if got := found(t, entry); !slices.Equal(got, want) {
			t.Errorf("%s:\n got %q\nwant %q", entry, got, want)
		}
	}
}

func TestFindingsInOtherShapes(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{
		"zed.json":  `{"context_servers": {"z": {"command": {"path": "c", "args": ["--token", "abc123def456"], "env": {"API_KEY": "zzz123zzz456"}}}}}`,
		"list.json": `[{"name": "l", "command": "c", "env": {"API_KEY": "abc123def456", "B": "x"}}]`,
		"more.json": `{"mcpServers": {"m": {"command": "c", "env": {"API_KEY": "abc123def456"}}, "n": {"command": "c", "env": {"API_KEY": "another123456"}}}}`,
	})
	store, err := open(t, Options{Dir: dir, Paths: []string{"zed.json", "list.json", "more.json"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range store.Findings() {
		got = append(got, fmt.Sprintf("%s %s %s %s:%d", f.Server, strings.Join(f.Path, "."), f.Name, f.From.Path, f.From.Line))
	}
	want := []string{
		"l env.API_KEY API_KEY list.json:1", "m env.API_KEY API_KEY more.json:1", "n env.API_KEY n-API_KEY more.json:1",
		"z command.env.API_KEY z-API_KEY zed.json:1", "z command.args.1 z-token zed.json:1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	kept := secrets(t)
	for _, path := range [][]string{{"command", "env", "API_KEY"}, {"command", "args", "1"}} {
		if _, err := store.MoveSecret(t.Context(), "z", path, "", "", kept.Set); err != nil {
			t.Error(err)
		}
	}
	if text := content(t, filepath.Join(dir, "zed.json")); text != `{"context_servers": {"z": {"command": {"path": "c", "args": ["--token", "${secret:z-token}"], "env": {"API_KEY": "${secret:z-API_KEY}"}}}}}` {
		t.Errorf("the file holds %s", text)
	}
}

// TestProposedNames: whatever things are called, two values never get the same name, and each name can be given.
func TestProposedNames(t *testing.T) {
	long := strings.Repeat("x", 300)
	var entries []string
	for i, name := range []string{"é", "日本", long, long + "2", "a b", "-"} {
		entries = append(entries, fmt.Sprintf("%q: {command: 'c', env: {API_KEY: 'value%d23456'}, args: ['--%s_token', 'other%d23456', '%s%d']}", name, i, long, i, github, i))
	}
	seen := map[string]secret.Text{}
	for _, f := range configure(t, strings.Join(entries, ","), Options{}).Findings() {
		if other, taken := seen[f.Name]; taken && !other.Equal(f.value) || secret.CheckGiven(f.Name) != nil {
			t.Errorf("%s is called %q", f.Server, f.Name)
		}
		seen[f.Name] = f.value
	}
	if len(seen) != 3*len(entries) {
		t.Errorf("%d findings", len(seen))
	}
}

func TestMoveSecret(t *testing.T) {
	kept := secrets(t)
	store := configure(t, `
		// the one
		s: {
			url: "https://u:word1@x.example/mcp?api_key=0123abcd4567&b=1", // both
			headers: {
				"Authorization": "Bearer abc123def456", // a token
				"X-Password": "a\"b&c<12345",
			},
		},`, Options{Secrets: kept, Versions: filepath.Join(t.TempDir(), "versions")})
	file := filepath.Join(store.options.Dir, "a.json")
	before := content(t, file)

	plan, err := store.MoveSecret(t.Context(), "s", []string{"url"}, "api_key", "", nil)
	if err != nil || plan.Name != "s-api_key" || plan.After != "https://u:"+secret.Mask+"@x.example/mcp?api_key=${secret:s-api_key}&b=1" {
		t.Errorf("planned %+v, %v", plan, err)
	}
	if content(t, file) != before {
		t.Error("a plan changes the file")
	}
	refuse := errors.New("no")
	if _, err := store.MoveSecret(t.Context(), "s", []string{"url"}, "", "", func(context.Context, string, secret.Text) error { return refuse }); !errors.Is(err, refuse) || content(t, file) != before {
		t.Errorf("what is not kept is moved: %v", err)
	}
	for _, m := range []struct{ path, key, name string }{{"url", "api_key", ""}, {"url", "", "pw"}, {"headers.Authorization", "", "tok"}, {"headers.X-Password", "", "odd"}} {
		if _, err := store.MoveSecret(t.Context(), "s", strings.Split(m.path, "."), m.key, m.name, kept.Set); err != nil {
			t.Fatal(err)
		}
	}
	want := strings.NewReplacer("word1", "${secret:pw}", "0123abcd4567", "${secret:s-api_key}", "abc123def456", "${secret:tok}", `a\"b&c<12345`, "${secret:odd}").Replace(before)
	if got := content(t, file); got != want {
		t.Errorf("the file holds %s, want %s", got, want)
	}
	r, err := server(t, store, "s").Resolve(t.Context())
	if err != nil || r.URL.Reveal() != "https://u:word1@x.example/mcp?api_key=0123abcd4567&b=1" || r.Headers["Authorization"].Reveal() != "Bearer abc123def456" {
		t.Errorf("resolved %v, %v", r, err)
	}
	if left := store.Findings(); len(left) > 0 {
		t.Errorf("left: %+v", left)
	}
	texts := earlier(t, store)
	for _, text := range texts {
		for _, plain := range []string{"word1", "0123abcd4567", "abc123def456", "b&c<12345"} {
			if strings.Contains(text, plain) {
				t.Errorf("an earlier version still has %s: %s", plain, text)
			}
		}
	}
	if !slices.Contains(texts, want) {
		t.Errorf("the earlier versions are %s", texts)
	}
	for _, m := range []struct {
		server, path, name string
		want               error
	}{{"s", "url", "", ErrNoFinding}, {"s", "env.NONE", "", ErrNoFinding}, {"none", "url", "", ErrUnknownServer}, {"s", "url", "a/b", nil}} {
		_, err := store.MoveSecret(t.Context(), m.server, strings.Split(m.path, "."), "", m.name, kept.Set)
		if err == nil || m.want != nil && !errors.Is(err, m.want) {
			t.Errorf("%+v: %v", m, err)
		}
	}
}

// TestExposed: what a server is told in secret is known, whichever way it comes.
func TestExposed(t *testing.T) {
	needsShell(t)
	const canary = "canary-%s-1"
	of := func(name string) string { return fmt.Sprintf(canary, name) }
	store := configure(t, `s: {command: "c", args: ["${cmd: echo `+of("cmd")+`}", "--token", "`+of("arg")+`", "$LEGACY_TOKEN", "${secret:kept}", "plain argument"],
			env: {API_TOKEN: "`+of("env")+`", X: "${MY_SECRET}", Y: "${input:pin}", PASSWORD: null, Z: "${cmd: echo ${cmd: echo `+of("inner")+`}x}", PORT: "8080", HOME_DIR: "/home/me"}},
		r: {url: "https://me:`+of("userinfo")+`@h.example/p?token=`+of("query")+`", headers: {Authorization: "Bearer `+of("header")+`", Accept: "application/json"},
			oauth: {clientId: "public-client-1", clientSecret: "`+of("client")+`"}}`, Options{
		Secrets: secrets(t, "kept", of("kept")),
		Env:     append(os.Environ(), "LEGACY_TOKEN="+of("legacy"), "MY_SECRET="+of("variable"), "PASSWORD="+of("outer")),
		Global:  map[string]string{"input:pin": of("input"), "GLOBAL_TOKEN": of("global"), "EDITOR": "nvim-nightly"},
	})
	for name, want := range map[string][]string{
		"s": {"cmd", "arg", "legacy", "kept", "env", "variable", "input", "outer", "inner", "global"}, "r": {"userinfo", "query", "header", "input", "global", "client"},
	} {
		r, err := server(t, store, name).Resolve(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, text := range r.Exposed {
			got = append(got, text.Reveal())
		}
		for _, w := range want {
			if !slices.Contains(got, of(w)) {
				t.Errorf("%s: %s is not known to be secret: %q", name, of(w), got)
			}
		}
		for _, plain := range []string{"8080", "/home/me", "application/json", "plain argument", "nvim-nightly", "public-client-1"} {
			if slices.Contains(got, plain) {
				t.Errorf("%s: %s is taken for a secret", name, plain)
			}
		}
	}
}

func FuzzFindSecrets(f *testing.F) {
	for _, seed := range []string{"--api-key=" + openai, "https://u:p@h/x?token=abc123def456#f", "Authorization: Bearer " + jwt, "password = x; pwd=abcd", "Bearer  "} {
		f.Add("TOKEN", seed)
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		for _, s := range []sleuth{{}, {caution: true}} {
			for what, spans := range map[string][]span{"value": s.inValue(name, text), "argument": s.inArgument("--"+name, text), "address": s.inAddress(text, true)} {
				for _, at := range spans {
					if at.start < 0 || at.start >= at.end || at.end > len(text) {
						t.Errorf("in the %s %q of %q: %+v", what, text, name, at)
					}
				}
			}
		}
	})
}
