-- What comes after an invoice: notes, payments, disputes, and closes of periods.
-- Times are milliseconds since 1970-01-01T00:00:00Z. Amounts are texts in the currency's exponent; an empty one is
-- of an invoice that was issued before this migration and stands for what its comment says.

ALTER TABLE invoices ADD COLUMN owed TEXT NOT NULL DEFAULT '';          -- with all notes; empty: its total
ALTER TABLE invoices ADD COLUMN withheld TEXT NOT NULL DEFAULT '';      -- by disputes; empty: nothing
ALTER TABLE invoices ADD COLUMN paid TEXT NOT NULL DEFAULT '';          -- empty: nothing
ALTER TABLE invoices ADD COLUMN owed_digest TEXT NOT NULL DEFAULT '';   -- of what is owed; empty: its rating_digest
ALTER TABLE invoices ADD COLUMN note_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE invoices ADD COLUMN open_disputes INTEGER NOT NULL DEFAULT 0;
-- How disputes ended since it was last ISSUED: resolved or credited; empty: none did, or they were withdrawn.
ALTER TABLE invoices ADD COLUMN outcome TEXT NOT NULL DEFAULT '';
ALTER TABLE invoices ADD COLUMN acceptance_ms INTEGER NOT NULL DEFAULT 0;  -- time to answer
ALTER TABLE invoices ADD COLUMN covered INTEGER NOT NULL DEFAULT 0;     -- whether all that is owed is paid
UPDATE invoices SET acceptance_ms = max(deadline_ms - create_ms, 0);
UPDATE invoices SET paid = total, covered = 1 WHERE state = 'SETTLED';
CREATE INDEX invoices_covered ON invoices (covered)
    WHERE covered = 1 AND state IN ('ACCEPTED', 'DEEMED_ACCEPTED', 'CREDITED');

CREATE TABLE payments (
    seq INTEGER PRIMARY KEY,
    invoice TEXT NOT NULL REFERENCES invoices (id),
    seller TEXT NOT NULL,
    buyer TEXT NOT NULL,
    reference TEXT NOT NULL,         -- one payment each, between seller and buyer
    currency TEXT NOT NULL,
    amount TEXT NOT NULL,
    time_ms INTEGER NOT NULL,        -- when it was paid, as the seller says
    create_ms INTEGER NOT NULL
) STRICT;
INSERT INTO payments (invoice, seller, buyer, reference, currency, amount, time_ms, create_ms)
SELECT id, seller, buyer,
    -- Until now two invoices could have the same reference; a statement counts a reference once.
    CASE WHEN EXISTS (
        SELECT 1 FROM invoices AS other WHERE other.seller = invoices.seller AND other.buyer = invoices.buyer
        AND other.payment_reference = invoices.payment_reference AND other.seq < invoices.seq
    ) THEN payment_reference || ' / ' || id ELSE payment_reference END,
    currency, total, last_ms, last_ms
FROM invoices WHERE state = 'SETTLED' ORDER BY seq;
CREATE INDEX payments_by_invoice ON payments (invoice);
CREATE INDEX payments_by_reference ON payments (seller, buyer, reference);

CREATE TABLE notes (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    revision INTEGER NOT NULL,
    sha256 TEXT NOT NULL UNIQUE REFERENCES documents (sha256),
    type TEXT NOT NULL,              -- credit-note or debit-note
    invoice TEXT NOT NULL REFERENCES invoices (id),
    number INTEGER NOT NULL,         -- its place among the notes on the invoice, from 1
    reason TEXT NOT NULL,
    currency TEXT NOT NULL,
    total TEXT NOT NULL,
    create_ms INTEGER NOT NULL,
    UNIQUE (invoice, number)
) STRICT;

-- Lines as exact bytes, in the order of the note's tree.
CREATE TABLE note_lines (
    note_seq INTEGER NOT NULL REFERENCES notes (seq),
    number INTEGER NOT NULL,         -- from 1
    body BLOB NOT NULL,
    PRIMARY KEY (note_seq, number)
) STRICT;

CREATE TABLE disputes (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    version INTEGER NOT NULL,
    sha256 TEXT NOT NULL UNIQUE REFERENCES documents (sha256),
    invoice TEXT NOT NULL REFERENCES invoices (id),
    seller TEXT NOT NULL,
    buyer TEXT NOT NULL,
    arbiter TEXT NOT NULL,
    escalated INTEGER NOT NULL,      -- whether it is or was before the arbiter
    currency TEXT NOT NULL,
    disputed TEXT NOT NULL,
    answer_by_ms INTEGER NOT NULL,
    settled_id TEXT NOT NULL,        -- the answer or the ruling that a note is to settle; empty: not resolved
    settled_revision INTEGER NOT NULL,
    settled_sha256 TEXT NOT NULL,
    create_ms INTEGER NOT NULL,
    update_ms INTEGER NOT NULL,
    last_event TEXT NOT NULL,
    last_actor TEXT NOT NULL,
    last_reason TEXT NOT NULL,
    last_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX disputes_by_invoice ON disputes (invoice, seq);
CREATE INDEX disputes_by_seller ON disputes (seller, seq);
CREATE INDEX disputes_by_buyer ON disputes (buyer, seq);
CREATE INDEX disputes_by_arbiter ON disputes (arbiter, seq) WHERE escalated = 1;
CREATE INDEX disputes_to_escalate ON disputes (answer_by_ms) WHERE state = 'OPEN';

-- Answers, replies and rulings, in the order in which they came.
CREATE TABLE dispute_papers (
    dispute TEXT NOT NULL REFERENCES disputes (id),
    number INTEGER NOT NULL,         -- from 1
    sha256 TEXT NOT NULL REFERENCES documents (sha256),
    PRIMARY KEY (dispute, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE period_closes (
    seq INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE REFERENCES documents (sha256),
    seller TEXT NOT NULL,
    buyer TEXT NOT NULL,
    account TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL,
    UNIQUE (seller, buyer, account, start_ms)
) STRICT;
