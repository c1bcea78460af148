-- The sources of the marketplace and what is known of the last attempts to read them. Times are Unix milliseconds.
CREATE TABLE market_source (
    name       TEXT PRIMARY KEY,
    mark       TEXT NOT NULL,    -- what the source wants to be told next time: an ETag, a time
    fetched_at INTEGER NOT NULL, -- last success; 0: never
    full_at    INTEGER NOT NULL, -- last success that brought everything; 0: never
    tried_at   INTEGER NOT NULL,
    failures   INTEGER NOT NULL, -- attempts since the last success
    error      TEXT NOT NULL
) STRICT;

-- The rowid holds the weight, so that items come in the order of their weight wherever no other is asked for; see itemRow.
CREATE TABLE market_item (
    rowid   INTEGER PRIMARY KEY,
    source  TEXT NOT NULL,
    id      TEXT NOT NULL,
    title   TEXT NOT NULL COLLATE NOCASE,
    stars   INTEGER NOT NULL,
    updated INTEGER NOT NULL, -- Unix seconds
    seen    INTEGER NOT NULL, -- the pass that brought it last
    UNIQUE (source, id)
) STRICT;
CREATE INDEX market_item_title ON market_item (title);
CREATE INDEX market_item_stars ON market_item (stars DESC);
CREATE INDEX market_item_updated ON market_item (updated DESC);

-- Bodies stand apart: they are long, and most of what is read of items is not the body.
CREATE TABLE market_body (
    rowid INTEGER PRIMARY KEY REFERENCES market_item ON DELETE CASCADE,
    body  BLOB NOT NULL
) STRICT;

CREATE TABLE market_category (
    category TEXT NOT NULL,
    item     INTEGER NOT NULL REFERENCES market_item ON DELETE CASCADE,
    PRIMARY KEY (category, item)
) STRICT, WITHOUT ROWID;
CREATE INDEX market_category_item ON market_category (item);

-- Which items offer a package, such as "npm:left-pad".
CREATE TABLE market_package (
    package TEXT NOT NULL,
    item    INTEGER NOT NULL REFERENCES market_item ON DELETE CASCADE,
    PRIMARY KEY (package, item)
) STRICT, WITHOUT ROWID;
CREATE INDEX market_package_item ON market_package (item);

-- The words of an item; the texts themselves are only in its body. Source, category and tags are words of their own kind,
-- see facet: one index answers the whole query.
CREATE VIRTUAL TABLE market_words USING fts5 (
    title, id, tags, author, description, facets,
    content = '', prefix = '2 3', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);
CREATE TRIGGER market_item_gone AFTER DELETE ON market_item BEGIN
    DELETE FROM market_words WHERE rowid = old.rowid;
END;

CREATE TABLE market_readme (
    url        TEXT PRIMARY KEY,
    text       TEXT NOT NULL, -- empty: there is none
    etag       TEXT NOT NULL,
    fetched_at INTEGER NOT NULL
) STRICT;
