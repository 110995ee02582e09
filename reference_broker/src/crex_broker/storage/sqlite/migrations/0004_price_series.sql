-- Price series: which revision states values for which time. Every revision stays, for a bill pins several.
-- Times are milliseconds since 1970-01-01T00:00:00Z.

CREATE TABLE price_series (
    sha256 TEXT PRIMARY KEY REFERENCES documents (sha256),
    id TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL CHECK (end_ms > start_ms)
) STRICT, WITHOUT ROWID;
CREATE INDEX price_series_by_time ON price_series (id, start_ms, end_ms);
