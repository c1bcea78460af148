-- What calls of one client to one server have in common stands apart, and what was kept of arguments and results comes to the
-- call: one short row is written for each.
CREATE TABLE call_origin (
    id      INTEGER PRIMARY KEY,
    client  TEXT NOT NULL,
    version TEXT NOT NULL, -- the client's
    token   TEXT NOT NULL, -- the name of the one that let the client in; empty for those that need none of their own
    session TEXT NOT NULL,
    era     TEXT NOT NULL,
    via     TEXT NOT NULL,
    server  TEXT NOT NULL,
    kind    TEXT NOT NULL,
    last    INTEGER NOT NULL, -- the id of the newest call
    UNIQUE (client, version, token, session, era, via, server, kind)
) STRICT;
INSERT INTO call_origin (client, version, token, session, era, via, server, kind, last)
    SELECT client, version, token, session, era, via, server, kind, max(id) FROM call GROUP BY client, version, token, session, era, via, server, kind;

-- State has the bits 1 for truncated and 2 for redacted.
CREATE TABLE call_whole (
    id           INTEGER PRIMARY KEY,
    origin       INTEGER NOT NULL, -- in call_origin
    name         TEXT NOT NULL,
    outcome      TEXT NOT NULL,
    error        TEXT NOT NULL,
    took         INTEGER NOT NULL,
    in_server    INTEGER NOT NULL,
    request_size INTEGER NOT NULL,
    result_size  INTEGER NOT NULL,
    args         TEXT,
    args_state   INTEGER NOT NULL,
    result       TEXT,
    result_state INTEGER NOT NULL
) STRICT;
INSERT INTO call_whole
    SELECT call.id, call_origin.id, name, outcome, error, took, in_server, request_size, result_size, args, ifnull(args_state, 0), result, ifnull(result_state, 0)
    FROM call CROSS JOIN call_origin USING (client, version, token, session, era, via, server, kind) LEFT JOIN call_body ON call_body.id = call.id
    ORDER BY call.id;
DROP TABLE call;
DROP TABLE call_body;
ALTER TABLE call_whole RENAME TO call;

-- The index of words knows calls by blocks: its rowid is the id of the newest call of one. Content says which calls of a
-- block have which words, see words.go; a block of one call has none.
CREATE TABLE call_block (
    last    INTEGER PRIMARY KEY,
    content BLOB NOT NULL
) STRICT;
