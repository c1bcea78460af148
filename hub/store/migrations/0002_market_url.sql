-- Where a source is read from: what is cached of another address is not of this source.
ALTER TABLE market_source ADD COLUMN url TEXT NOT NULL DEFAULT '';
