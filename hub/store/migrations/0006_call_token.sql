-- The name of the token that let the client in; empty for those that need none of their own.
ALTER TABLE call ADD COLUMN token TEXT NOT NULL DEFAULT '';
