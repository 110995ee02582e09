-- Attestations by what they are about, and offers that are to be judged again because what vouches for them changed.
-- Times are milliseconds since 1970-01-01T00:00:00Z.

-- The highest revision of each attestation, once for each subject: under its name, or where it has none under its
-- SHA-256.
CREATE TABLE attestations (
    subject TEXT NOT NULL,
    id TEXT NOT NULL,
    sha256 TEXT NOT NULL REFERENCES documents (sha256),
    predicate TEXT NOT NULL,
    end_ms INTEGER,                  -- end of its validity; NULL: none
    PRIMARY KEY (subject, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX attestations_by_id ON attestations (id);

-- `judge_ms`: from when on an offer must be judged again, NULL: not before it ends. `judge_mark` grows whenever that is
-- asked for, so that a judgement by what was known before does not pass for one by what is known now.
ALTER TABLE offers ADD COLUMN judge_ms INTEGER;
ALTER TABLE offers ADD COLUMN judge_mark INTEGER NOT NULL DEFAULT 0;
CREATE INDEX offers_to_judge ON offers (judge_ms)
    WHERE judge_ms IS NOT NULL AND state IN ('PUBLISHED', 'PAUSED');
UPDATE offers SET judge_ms = 0 WHERE state IN ('PUBLISHED', 'PAUSED');
