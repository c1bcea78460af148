package store

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"mcphub/hub/record"
)

func TestFilesAreForTheUserOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new folder", "a#b?c%20.db")
	if runtime.GOOS == "windows" {
		path = filepath.Join(t.TempDir(), "new folder", "a#c%20.db")
	}
	db, err := Open(t.Context(), path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.MarketSetSource(t.Context(), MarketSource{Name: "a"}); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]os.FileMode{filepath.Dir(path): 0o700, path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600} {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != "windows" && info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, want %v", file, info.Mode().Perm(), want)
		}
	}
}

func TestDamagedFileIsMovedAside(t *testing.T) {
	sound := func(t *testing.T, path string) {
		db, err := Open(t.Context(), path, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 300 {
			if err := db.MarketPut(t.Context(), 1, []MarketItem{{Source: "a", ID: fmt.Sprint(i), Title: "t", Body: make([]byte, 1000)}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for name, damage := range map[string]func(t *testing.T, path string){
		"no database": func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(strings.Repeat("this is not a database ", 500)), 0o644); err != nil {
				t.Fatal(err)
			}
		},
		"torn after a crash": func(t *testing.T, path string) {
			sound(t, path)
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for i := 8192; i < len(content)-8192; i++ {
				content[i] ^= 0x5a
			}
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path+"-wal", nil, 0o600); err != nil { // what a killed process leaves
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "hub.db")
			damage(t, path)
			var log bytes.Buffer
			db, err := Open(t.Context(), path, slog.New(slog.NewTextHandler(&log, nil)))
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := db.MarketSetSource(t.Context(), MarketSource{Name: "a"}); err != nil {
				t.Error(err)
			}
			if kept, err := filepath.Glob(path + ".damaged-*"); err != nil || len(kept) != 1 {
				t.Errorf("kept %q, %v", kept, err)
			}
			if !strings.Contains(log.String(), "damaged") {
				t.Errorf("log %q", log.String())
			}
		})
	}
}

func TestNewerDatabaseIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub.db")
	db, err := Open(t.Context(), path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.write.ExecContext(t.Context(), "PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), path, slog.New(slog.DiscardHandler))
	if !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "update MCP Hub") || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
	}
	if left, err := filepath.Glob(path + ".damaged-*"); err != nil || len(left) > 0 {
		t.Errorf("moved aside: %q, %v", left, err)
	}
}

func TestTablesChangeAfterACopy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub.db")
	old, err := sql.Open("sqlite", dsn(path, "immediate"))
	if err != nil {
		t.Fatal(err)
	}
	first, err := migrations.ReadFile("migrations/0001_market.sql")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := old.ExecContext(t.Context(), string(first)+`; PRAGMA user_version = 1; INSERT INTO market_source VALUES ('kept', '', 0, 0, 0, 0, '')`); err != nil {
		t.Fatal(err)
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".version-0", nil, 0o600); err != nil { // a copy from before
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing to do
		db, err := Open(t.Context(), path, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.calls(t.Context(), CallQuery{Limit: 1}); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	copies, err := filepath.Glob(path + ".version-*")
	if err != nil || len(copies) != 1 || copies[0] != path+".version-1" {
		t.Fatalf("copies are %v, %v", copies, err)
	}
	back, err := sql.Open("sqlite", dsn(copies[0], "immediate"))
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	var version int
	var name string
	if err := back.QueryRowContext(t.Context(), `SELECT (SELECT user_version FROM pragma_user_version), name FROM market_source`).Scan(&version, &name); err != nil || version != 1 || name != "kept" {
		t.Errorf("the copy is at version %d and has %q, %v", version, name, err)
	}
}

// TestOldCalls: calls of a history from before tokens were recorded, and from before words were indexed by blocks, are found
// with all that was kept of them, beside newer ones.
func TestOldCalls(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub.db")
	old, err := sql.Open("sqlite", dsn(path, "immediate"))
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, name := range []string{"0001_market", "0002_market_url", "0003_bands", "0004_history"} {
		part, err := migrations.ReadFile("migrations/" + name + ".sql")
		if err != nil {
			t.Fatal(err)
		}
		text += string(part)
	}
	_, err = old.ExecContext(t.Context(), text+`; PRAGMA user_version = 4;
		INSERT INTO call VALUES (1740830400000000, 'cursor', '1', 'S', 'legacy', 'mcp', 'files', 'tool', 'read', 'ok', '', 3, 2, 1, 1),
			(1740830400000001, 'cursor', '1', 'S', 'legacy', 'mcp', 'files', 'tool', 'read', 'ok', '', 3, 2, 1, 1);
		INSERT INTO call_body VALUES (1740830400000001, '{"q":"café"}', 1, NULL, 0)`)
	for id, words := range map[int64]string{1740830400000000: "", 1740830400000001: `{"q":"café"}`} {
		facets := callFacets("files", "read", "cursor", "", record.Tool, record.OK, false)
		_, failed := old.ExecContext(t.Context(), `INSERT INTO call_words (rowid, words) VALUES (?, ?)`, id, strings.Join(append(facets, "files read cursor", words), " "))
		err = errors.Join(err, failed)
	}
	if err := errors.Join(err, old.Close()); err != nil {
		t.Fatal(err)
	}
	db, err := Open(t.Context(), path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	h := historyOf(db, everything)
	for i := range 3 {
		h.Record(aCall(0, func(c *record.Call) {
			c.Time, c.Args = time.UnixMicro(1740830400000000+int64(i)), []byte(`{"q":"cafe"}`)
		}))
	}
	h.flush(t)
	calls, err := db.calls(t.Context(), CallQuery{Limit: 10, Server: "files", Words: "CAFÉ", Bodies: true})
	if err != nil || len(calls) != 4 {
		t.Fatalf("%+v, %v", calls, err)
	}
	c := calls[3]
	if c.ID != 1740830400000001 || c.Client != "cursor" || c.Token != "" || c.Session != "S" || c.Name != "read" || c.Took != 3*time.Microsecond ||
		c.KeptArgs == nil || *c.KeptArgs != (Body{`{"q":"café"}`, true, false}) || c.KeptResult != nil {
		t.Errorf("%+v, %+v", c, c.KeptArgs)
	}
	if calls, err = db.calls(t.Context(), CallQuery{Limit: 10, Name: "read"}); err != nil || len(calls) != 2 || calls[1].KeptArgs != nil {
		t.Errorf("%+v, %v", calls, err)
	}
}

// TestManyOpenAtOnce opens one new file several times at once, as hubs that start together do, and writes and reads.
// TestOldDatabase: one whose words are indexed as they once were is emptied, so that its sources are read again.
func TestOldDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub.db")
	text, err := migrations.ReadFile("migrations/0001_market.sql")
	if err != nil {
		t.Fatal(err)
	}
	old, err := sql.Open("sqlite", dsn(path, "immediate"))
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		string(text), `INSERT INTO market_item VALUES (1, 'a', 'x', 'old', 0, 0, 1)`, `INSERT INTO market_body VALUES (1, x'01')`,
		`INSERT INTO market_words (rowid, title) VALUES (1, 'old')`, `INSERT INTO market_source VALUES ('a', 'mark', 1, 1, 1, 0, '')`, `PRAGMA user_version = 1`,
	} {
		if _, err := old.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(statement, err)
		}
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := Open(t.Context(), path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	sources, err := db.MarketSources(t.Context())
	found, searchErr := db.MarketSearch(t.Context(), MarketQuery{})
	if err != nil || searchErr != nil || len(sources) != 0 || found.Total != 0 {
		t.Errorf("sources %v, %v; %d items, %v", sources, err, found.Total, searchErr)
	}
	if err := db.MarketPut(t.Context(), 2, []MarketItem{{Source: "a", ID: "x", Title: "old", Body: []byte("old")}}); err != nil {
		t.Fatal(err)
	}
	if found, err := db.MarketSearch(t.Context(), MarketQuery{Words: "old"}); err != nil || found.Total != 1 {
		t.Errorf("%d items, %v", found.Total, err)
	}
}

func TestManyOpenAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub.db")
	var group sync.WaitGroup
	for n := range 4 {
		group.Go(func() {
			db, err := Open(t.Context(), path, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Error(err)
				return
			}
			defer db.Close()
			for i := range 20 {
				item := MarketItem{Source: fmt.Sprint("s", n), ID: fmt.Sprint(i), Title: "shared words", Body: []byte("x")}
				if err := db.MarketPut(t.Context(), 1, []MarketItem{item}); err != nil {
					t.Error(err)
				}
				if _, err := db.MarketSearch(t.Context(), MarketQuery{Words: "shared"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	db, err := Open(t.Context(), path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if found, err := db.MarketSearch(t.Context(), MarketQuery{Words: "shared"}); err != nil || found.Total != 80 {
		t.Errorf("%d items, %v", found.Total, err)
	}
}

func TestMarketSearch(t *testing.T) {
	db := openTest(t)
	if err := db.MarketPut(t.Context(), 1, []MarketItem{
		{Source: "a", ID: "alpha", Title: "Alpha", Description: "first server", Category: "dev", Tags: []string{"x", "y"}, Weight: 5, Stars: 7, Updated: time.Unix(200, 0), Body: []byte("alpha")},
		{Source: "a", ID: "beta", Title: "beta", Description: "second, like über", Category: "web", Tags: []string{"Y"}, Weight: 50, Stars: 3, Updated: time.Unix(100, 0), Body: []byte("beta")},
		{Source: "b", ID: "io.x/gamma", Title: "Gamma", Description: "mentions ALPHA", Category: "dev tools", Body: []byte("gamma"), Packages: []string{"npm:gamma"}},
		{Source: "b", ID: "alpha", Title: "Other", Description: "安装 facets s61", Weight: MaxMarketWeight + 5, Body: []byte("other")},
	}); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		q    MarketQuery
		want string
	}{
		"all, by weight":           {MarketQuery{}, "other beta alpha gamma"},
		"title before text":        {MarketQuery{Words: "alpha", Source: "a"}, "alpha"},
		"words rank":               {MarketQuery{Words: "ALPHA"}, "alpha other gamma"},
		"its very title":           {MarketQuery{Words: "other "}, "other"},
		"beginning":                {MarketQuery{Words: "ment"}, "gamma"},
		"accents":                  {MarketQuery{Words: "uber"}, "beta"},
		"other scripts":            {MarketQuery{Words: "安装"}, "other"},
		"all words":                {MarketQuery{Words: "first alpha"}, "alpha"},
		"part of an id":            {MarketQuery{Words: "io.x/gam"}, "gamma"},
		"one letter":               {MarketQuery{Words: "x", Source: "a"}, "alpha"},
		"nothing":                  {MarketQuery{Words: "zzz"}, ""},
		"signs only":               {MarketQuery{Words: `"*(`}, ""},
		"query language":           {MarketQuery{Words: `alpha" OR "beta`}, ""},
		"no word is a facet":       {MarketQuery{Words: "s61"}, "other"},
		"category":                 {MarketQuery{Category: "dev"}, "alpha"},
		"category of two words":    {MarketQuery{Category: "dev tools"}, "gamma"},
		"all tags":                 {MarketQuery{Tags: []string{"x", "y"}}, "alpha"},
		"tags in any case":         {MarketQuery{Tags: []string{"y"}}, "beta alpha"},
		"source":                   {MarketQuery{Source: "b"}, "other gamma"},
		"by title":                 {MarketQuery{Order: ByTitle}, "alpha beta gamma other"},
		"words by title":           {MarketQuery{Words: "alpha", Order: ByTitle}, "alpha gamma other"},
		"stars":                    {MarketQuery{Order: ByStars, Source: "a"}, "alpha beta"},
		"newest":                   {MarketQuery{Order: ByUpdated, Source: "a"}, "alpha beta"},
		"page":                     {MarketQuery{Offset: 1, Limit: 2}, "beta alpha"},
		"page behind the last one": {MarketQuery{Offset: 9, Limit: 2}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := db.MarketSearch(t.Context(), tt.q)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(bytes.Join(found.Bodies, []byte(" "))); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if n := len(found.Bodies); tt.q.Limit == 0 && found.Total != n || tt.q.Limit > 0 && found.Total != 4 || found.More {
				t.Errorf("total %d of %d, more %v", found.Total, n, found.More)
			}
		})
	}
	if bodies, err := db.MarketByPackage(t.Context(), "npm:gamma"); err != nil || len(bodies) != 1 || string(bodies[0]) != "gamma" {
		t.Errorf("by package: %q, %v", bodies, err)
	}
	if counts, err := db.MarketCategories(t.Context()); err != nil || fmt.Sprint(counts) != "map[dev:1 dev tools:1 web:1]" {
		t.Errorf("categories %v, %v", counts, err)
	}
}

func TestMarketItemsComeAndGo(t *testing.T) {
	db, ctx := openTest(t), t.Context()
	put := func(pass int64, items ...MarketItem) {
		t.Helper()
		if err := db.MarketPut(ctx, pass, items); err != nil {
			t.Fatal(err)
		}
	}
	words := func(words, want string) {
		t.Helper()
		found, err := db.MarketSearch(ctx, MarketQuery{Words: words})
		if got := string(bytes.Join(found.Bodies, []byte(" "))); err != nil || got != want {
			t.Errorf("%q finds %q, %v, want %q", words, got, err, want)
		}
	}
	put(1, MarketItem{Source: "a", ID: "1", Title: "old words", Category: "c", Body: []byte("1")}, MarketItem{Source: "a", ID: "2", Title: "stays", Body: []byte("2")},
		MarketItem{Source: "b", ID: "1", Title: "old other", Body: []byte("b1")})
	put(2, MarketItem{Source: "a", ID: "1", Title: "new words", Weight: 9, Body: []byte("1 again")})
	put(2, MarketItem{Source: "a", ID: "3", Title: "same", Body: []byte("3")})
	put(3, MarketItem{Source: "a", ID: "3", Title: "same", Body: []byte("3")}) // unchanged, and seen again
	words("old", "b1")
	words("new", "1 again")
	words("stays", "2")
	if err := db.MarketPrune(ctx, "a", 1); err != nil {
		t.Fatal(err)
	}
	words("stays", "2")
	if err := db.MarketPrune(ctx, "a", 2); err != nil {
		t.Fatal(err)
	}
	words("stays", "")
	words("same", "3")
	words("new", "1 again")
	if err := db.MarketPrune(ctx, "a", 3); err != nil {
		t.Fatal(err)
	}
	words("same", "3")
	words("new", "")
	put(4, MarketItem{Source: "a", ID: "1", Title: "new words", Body: []byte("1 again")})
	if err := db.MarketDelete(ctx, "a", []string{"1", "unknown"}); err != nil {
		t.Fatal(err)
	}
	words("new", "")
	if _, found, err := db.MarketBody(ctx, "a", "1"); found || err != nil {
		t.Errorf("deleted item: %v, %v", found, err)
	}
	if body, found, err := db.MarketBody(ctx, "b", "1"); !found || err != nil || string(body) != "b1" {
		t.Errorf("other item: %q, %v, %v", body, found, err)
	}

	tried := time.UnixMilli(1700000000123)
	want := MarketSource{Name: "b", URL: "https://b", Mark: "m", FetchedAt: tried, TriedAt: tried, Failures: 3, Error: "no way"}
	for _, s := range []MarketSource{{Name: "a", URL: "https://a"}, {Name: "b"}, want} {
		if err := db.MarketSetSource(ctx, s); err != nil {
			t.Fatal(err)
		}
	}
	want.Items = 1
	if got, err := db.MarketSources(ctx); err != nil || len(got) != 2 || got["b"] != want {
		t.Errorf("sources %+v, %v", got, err)
	}
	put(5, MarketItem{Source: "a", ID: "4", Title: "kept", Body: []byte("4")}, MarketItem{Source: "c", ID: "1", Title: "fresh", Body: []byte("c1")})
	keep := func(urls map[string]string, want int) {
		t.Helper()
		if err := db.MarketKeep(ctx, urls); err != nil {
			t.Fatal(err)
		}
		if got, err := db.MarketSources(ctx); err != nil || len(got) != want {
			t.Errorf("sources %+v, %v", got, err)
		}
	}
	keep(map[string]string{"a": "https://a", "c": "https://c"}, 1)
	words("other", "")
	words("kept", "4")
	words("fresh", "c1") // of a source of which nothing is known yet
	keep(map[string]string{"a": "https://elsewhere"}, 0)
	words("kept", "")
	words("fresh", "")
}

func TestMarketReadmes(t *testing.T) {
	db, ctx := openTest(t), t.Context()
	if _, found, err := db.MarketReadme(ctx, "u0"); found || err != nil {
		t.Fatalf("found %v, %v", found, err)
	}
	for i := range 510 {
		r := MarketReadme{Text: fmt.Sprint("text ", i), ETag: "e", FetchedAt: time.UnixMilli(int64(1000 + i))}
		if err := db.MarketSetReadme(ctx, fmt.Sprint("u", i), r); err != nil {
			t.Fatal(err)
		}
	}
	if _, found, err := db.MarketReadme(ctx, "u9"); found || err != nil {
		t.Errorf("the oldest: found %v, %v", found, err)
	}
	r, found, err := db.MarketReadme(ctx, "u10")
	if err != nil || !found || r.Text != "text 10" || r.ETag != "e" || !r.FetchedAt.Equal(time.UnixMilli(1010)) {
		t.Errorf("%+v, %v, %v", r, found, err)
	}
}

// TestMigrationNumbers: the version of a database is the number of its last migration, so no two may have the same.
func TestMigrationNumbers(t *testing.T) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		if want := fmt.Sprintf("migrations/%04d_", i+1); !strings.HasPrefix(name, want) {
			t.Errorf("%s does not begin with %s: give it the next free number", name, want)
		}
	}
}
