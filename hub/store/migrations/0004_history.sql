-- Calls of clients to servers. The id is the time in Unix microseconds, moved on where it is taken: so that calls come in the
-- order of their time everywhere, and a time is a bound of ids. Durations are in microseconds, sizes in bytes.
CREATE TABLE call (
    id           INTEGER PRIMARY KEY,
    client       TEXT NOT NULL,
    version      TEXT NOT NULL, -- the client's
    session      TEXT NOT NULL,
    era          TEXT NOT NULL,
    via          TEXT NOT NULL,
    server       TEXT NOT NULL,
    kind         TEXT NOT NULL,
    name         TEXT NOT NULL,
    outcome      TEXT NOT NULL,
    error        TEXT NOT NULL,
    took         INTEGER NOT NULL,
    in_server    INTEGER NOT NULL,
    request_size INTEGER NOT NULL,
    result_size  INTEGER NOT NULL
) STRICT;

-- What was kept of arguments and results, apart: they are long, and lists do not show them. State has the bits 1 for
-- truncated and 2 for redacted.
CREATE TABLE call_body (
    id           INTEGER PRIMARY KEY,
    args         TEXT,
    args_state   INTEGER NOT NULL,
    result       TEXT,
    result_state INTEGER NOT NULL
) STRICT;

-- The words of a call, and its facets as words that no text holds: see callFacet. One index answers the whole query.
CREATE VIRTUAL TABLE call_words USING fts5 (
    words, content = '', contentless_delete = 1, detail = none, tokenize = 'unicode61 remove_diacritics 2'
);

-- What came of calls, summed up over spans of time of several lengths: see steps. Durations is a histogram.
CREATE TABLE call_sum (
    step      INTEGER NOT NULL, -- length of the span in seconds
    start     INTEGER NOT NULL, -- of the span, Unix seconds, a multiple of step
    server    TEXT NOT NULL,
    kind      TEXT NOT NULL,
    name      TEXT NOT NULL,
    calls     INTEGER NOT NULL,
    failed    INTEGER NOT NULL,
    durations BLOB NOT NULL,
    PRIMARY KEY (step, start, server, kind, name)
) STRICT, WITHOUT ROWID;

-- What happened to servers and to the hub. The id is the time, as that of a call.
CREATE TABLE happening (
    id     INTEGER PRIMARY KEY,
    kind   TEXT NOT NULL,
    server TEXT NOT NULL, -- empty for the hub
    level  TEXT NOT NULL, -- the server's health after it; empty if it is not about that
    text   TEXT NOT NULL
) STRICT;
CREATE INDEX happening_server ON happening (server);
CREATE INDEX happening_kind ON happening (kind);
