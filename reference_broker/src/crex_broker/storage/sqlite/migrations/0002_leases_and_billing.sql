-- Deliveries, events of agents, usage and invoices: everything of leases and of billing.
-- Times are milliseconds since 1970-01-01T00:00:00Z. States are named as in the contract without their prefix.

-- When the present state of a lease times out: of PROVISIONING, by when the provider must have reported.
ALTER TABLE leases ADD COLUMN deadline_ms INTEGER;
CREATE INDEX leases_to_end ON leases (end_ms)
    WHERE state IN ('SCHEDULED', 'DELAYED', 'PROVISIONING', 'ACTIVE', 'RECONCILING');
CREATE INDEX leases_to_report ON leases (deadline_ms) WHERE state = 'PROVISIONING';
CREATE INDEX leases_of_provider_by_state ON leases (provider, state) WHERE state != 'RELEASED';
CREATE INDEX commands_by_lease ON commands (lease, epoch) WHERE lease IS NOT NULL;

-- Every access grant that stood, by epoch; the lease names the one that stands.
CREATE TABLE access_grants (
    lease TEXT NOT NULL REFERENCES leases (name),
    epoch INTEGER NOT NULL,
    sha256 TEXT NOT NULL REFERENCES documents (sha256),
    create_ms INTEGER NOT NULL,
    PRIMARY KEY (lease, epoch)
) STRICT, WITHOUT ROWID;

-- Events of agents that counted, so that each counts once.
CREATE TABLE agent_events (
    provider TEXT NOT NULL,
    event_id TEXT NOT NULL,
    body_hash BLOB NOT NULL,
    lease TEXT NOT NULL,
    create_ms INTEGER NOT NULL,
    PRIMARY KEY (provider, event_id)
) STRICT, WITHOUT ROWID;

-- What providers run and the broker does not know. A note, nothing more: nobody acts on it by itself.
CREATE TABLE quarantine (
    provider TEXT NOT NULL,
    lease TEXT NOT NULL,
    first_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    PRIMARY KEY (provider, lease)
) STRICT, WITHOUT ROWID;

-- Orders of which a lease was released and which may therefore be fulfilled; the timer looks and takes them out.
CREATE TABLE orders_closing (
    order_name TEXT PRIMARY KEY REFERENCES orders (name)
) STRICT, WITHOUT ROWID;

-- Where the chain of a lease's batches stands: all that is needed to judge the next one.
CREATE TABLE usage_chains (
    lease TEXT PRIMARY KEY REFERENCES leases (name),
    last_id TEXT NOT NULL,
    last_revision INTEGER NOT NULL,
    last_sha256 TEXT NOT NULL,
    start_ms INTEGER NOT NULL,       -- the period of the last batch
    end_ms INTEGER NOT NULL,
    final INTEGER NOT NULL,          -- whether that period's final batch came
    meters TEXT NOT NULL,            -- JSON: next sequence number by meter
    first_meters TEXT NOT NULL,      -- JSON: first sequence number in that period by meter
    events TEXT NOT NULL             -- JSON list of [kind, milliseconds]
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_periods (
    lease TEXT NOT NULL REFERENCES leases (name),
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL,
    state TEXT NOT NULL,
    version INTEGER NOT NULL,
    batch_count INTEGER NOT NULL,
    record_count INTEGER NOT NULL,
    last_batch_sha256 TEXT NOT NULL,
    first_meters TEXT NOT NULL,      -- JSON: first sequence number in the period by meter
    grace_ms INTEGER NOT NULL,
    due_ms INTEGER NOT NULL,         -- the end of the period or of use, whichever is first, and the grace
    create_ms INTEGER NOT NULL,
    update_ms INTEGER NOT NULL,
    last_event TEXT NOT NULL,
    last_actor TEXT NOT NULL,
    last_reason TEXT NOT NULL,
    last_ms INTEGER NOT NULL,
    PRIMARY KEY (lease, start_ms)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_periods_to_close ON usage_periods (due_ms) WHERE state = 'OPEN';

-- Batches in chain order. `records` is a serialised crex.v1.BatchWithRecords without its envelope: the exact bytes
-- of each record, in the order of the batch's tree.
CREATE TABLE usage_batches (
    seq INTEGER PRIMARY KEY,
    lease TEXT NOT NULL REFERENCES leases (name),
    period_start_ms INTEGER NOT NULL,
    sha256 TEXT NOT NULL UNIQUE REFERENCES documents (sha256),
    record_count INTEGER NOT NULL,
    first_ms INTEGER,                -- earliest start and latest end of its records; NULL: it has none
    last_ms INTEGER,
    bytes INTEGER NOT NULL,          -- of the envelope and the records together
    records BLOB NOT NULL,
    create_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX usage_batches_by_lease ON usage_batches (lease, seq);

CREATE TABLE invoices (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    sha256 TEXT NOT NULL UNIQUE REFERENCES documents (sha256),
    lease TEXT NOT NULL REFERENCES leases (name),
    period_start_ms INTEGER NOT NULL,
    period_end_ms INTEGER NOT NULL,
    seller TEXT NOT NULL,
    buyer TEXT NOT NULL,
    currency TEXT NOT NULL,
    total TEXT NOT NULL,             -- amount in the currency's exponent
    rating_digest TEXT NOT NULL,
    state TEXT NOT NULL,
    version INTEGER NOT NULL,
    acceptance_sha256 TEXT NOT NULL DEFAULT '',
    payment_reference TEXT NOT NULL DEFAULT '',
    deadline_ms INTEGER NOT NULL,    -- when it counts as accepted
    create_ms INTEGER NOT NULL,
    update_ms INTEGER NOT NULL,
    last_event TEXT NOT NULL,
    last_actor TEXT NOT NULL,
    last_reason TEXT NOT NULL,
    last_ms INTEGER NOT NULL,
    UNIQUE (lease, period_start_ms)
) STRICT;
CREATE INDEX invoices_by_seller ON invoices (seller, seq);
CREATE INDEX invoices_by_buyer ON invoices (buyer, seq);
CREATE INDEX invoices_to_accept ON invoices (deadline_ms) WHERE state = 'ISSUED';

-- Lines as exact bytes, in the order of the invoice's tree.
CREATE TABLE invoice_lines (
    invoice_seq INTEGER NOT NULL REFERENCES invoices (seq),
    number INTEGER NOT NULL,         -- from 1
    body BLOB NOT NULL,
    PRIMARY KEY (invoice_seq, number)
) STRICT;
