-- The index of words learns longer beginnings of words, and the bands of the orders (see bands.go). It does not hold the
-- texts that it was made of, so the sources are read again.
DROP TRIGGER market_item_gone;
DROP TABLE market_words;
DELETE FROM market_item;
DELETE FROM market_source;

CREATE VIRTUAL TABLE market_words USING fts5 (
    title, id, tags, author, description, facets,
    content = '', prefix = '2 3 4 5 6 7 8 9 10', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);
CREATE TRIGGER market_item_gone AFTER DELETE ON market_item BEGIN
    DELETE FROM market_words WHERE rowid = old.rowid;
END;

-- The bands that some item is or was in.
CREATE TABLE market_band (
    name TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
