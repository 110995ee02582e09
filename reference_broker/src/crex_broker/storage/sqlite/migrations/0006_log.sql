-- The log: what this broker accepted, in the order in which it did, and what it showed of it.

-- One leaf each, from 0 without gaps; never changed, never deleted. A receipt is computed from its row.
CREATE TABLE log_entries (
    idx INTEGER PRIMARY KEY,
    leaf BLOB NOT NULL CHECK (length(leaf) = 32),
    salt BLOB CHECK (length(salt) = 32),   -- NULL: a public record
    kind TEXT NOT NULL,              -- document, step, read
    type TEXT NOT NULL,              -- token of the document type; order-step; supervisor-read
    record BLOB NOT NULL,            -- SHA-256 of the record: of a document's PAE, of a step's bytes
    document TEXT REFERENCES documents (sha256),
    step BLOB,                       -- exact bytes of a step or of the record of a read
    object TEXT NOT NULL,            -- the order of which it is, or states, a step; empty: none
    issuer TEXT NOT NULL,            -- who issued the document, who caused the step, who read
    provider TEXT,
    consumer TEXT,
    countries TEXT NOT NULL,         -- codes, ascending, separated by spaces
    create_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX log_by_record ON log_entries (record);
CREATE INDEX log_by_object ON log_entries (object, idx) WHERE object != '';

-- The records of each country, for its supervisors.
CREATE TABLE log_countries (
    country TEXT NOT NULL,
    idx INTEGER NOT NULL REFERENCES log_entries (idx),
    PRIMARY KEY (country, idx)
) STRICT, WITHOUT ROWID;

-- Countries that a document concerns, as its entry has them; what cites it is of them too.
ALTER TABLE documents ADD COLUMN countries TEXT NOT NULL DEFAULT '';

-- The entries that a request put into the log: [log_from, log_to).
ALTER TABLE requests ADD COLUMN log_from INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN log_to INTEGER NOT NULL DEFAULT 0;

-- Countries whose records a party may read as auditor.
ALTER TABLE parties ADD COLUMN jurisdictions TEXT NOT NULL DEFAULT '[]';

-- Checkpoints that were signed; written before anybody is shown one.
CREATE TABLE log_checkpoints (
    size INTEGER PRIMARY KEY,
    root BLOB NOT NULL CHECK (length(root) = 32),
    note TEXT NOT NULL,              -- signed by the log alone
    cosigned INTEGER NOT NULL DEFAULT 0,   -- witnesses that co-signed it
    create_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX log_checkpoints_cosigned ON log_checkpoints (cosigned, size) WHERE cosigned > 0;

CREATE TABLE log_cosignatures (
    size INTEGER NOT NULL REFERENCES log_checkpoints (size),
    witness TEXT NOT NULL,           -- name of its key
    line TEXT NOT NULL,              -- its signature line
    create_ms INTEGER NOT NULL,
    PRIMARY KEY (size, witness)
) STRICT, WITHOUT ROWID;

-- The streams whose documents are kept here: the digest at each place (STREAM-GAP-1).
CREATE TABLE streams (
    issuer TEXT NOT NULL,
    stream TEXT NOT NULL,
    sequence INTEGER NOT NULL CHECK (sequence > 0),
    sha256 TEXT NOT NULL REFERENCES documents (sha256),
    PRIMARY KEY (issuer, stream, sequence)
) STRICT, WITHOUT ROWID;

-- What supervisors read, and why.
CREATE TABLE supervisor_reads (
    idx INTEGER PRIMARY KEY REFERENCES log_entries (idx),
    auditor TEXT NOT NULL,
    asked TEXT NOT NULL,             -- JSON: jurisdictions, start, types, interval, unseal
    purpose TEXT NOT NULL,
    first INTEGER,                   -- positions of the first and the last record shown; NULL: none
    last INTEGER,
    count INTEGER NOT NULL,
    unsealed INTEGER NOT NULL CHECK (unsealed IN (0, 1)),
    create_ms INTEGER NOT NULL
) STRICT;
