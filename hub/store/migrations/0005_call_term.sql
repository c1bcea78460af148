-- The words of the index of calls, so that a search finds those that begin in some way: see terms.
CREATE VIRTUAL TABLE call_term USING fts5vocab(call_words, instance);
