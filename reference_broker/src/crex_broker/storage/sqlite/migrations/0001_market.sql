-- Parties, documents, offers, pools, orders, leases, commands: everything of the market.
-- Times are milliseconds since 1970-01-01T00:00:00Z. States are named as in the contract without their prefix.
-- `version` grows by one with every transition; an object's etag is made of it.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT;

-- Who is enrolled, and as what.
CREATE TABLE parties (
    authority TEXT PRIMARY KEY,
    roles TEXT NOT NULL,             -- JSON list of tokens, sorted
    trust_sha256 TEXT NOT NULL,
    trust_revision INTEGER NOT NULL,
    live_holds INTEGER NOT NULL DEFAULT 0 CHECK (live_holds >= 0),
    create_ms INTEGER NOT NULL,
    update_ms INTEGER NOT NULL
) STRICT;

-- Every signed document as it came, immutable. Public where it has neither provider nor consumer; a private one is
-- shown to these two only.
CREATE TABLE documents (
    seq INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,              -- token of the document type
    id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    issuer TEXT NOT NULL,
    provider TEXT,
    consumer TEXT,
    envelope BLOB NOT NULL,          -- crex.v1.Envelope, serialised
    create_ms INTEGER NOT NULL,
    UNIQUE (id, revision)
) STRICT;

-- What published documents cite: an exact document, or the newest of a name.
CREATE TABLE cites (
    document TEXT NOT NULL REFERENCES documents (sha256),
    field TEXT NOT NULL,
    type TEXT NOT NULL,
    id TEXT NOT NULL,
    sha256 TEXT NOT NULL,            -- empty: the newest
    PRIMARY KEY (document, field)
) STRICT, WITHOUT ROWID;
CREATE INDEX cites_by_id ON cites (id);

CREATE TABLE offers (
    id TEXT PRIMARY KEY,
    provider TEXT NOT NULL,
    state TEXT NOT NULL,
    version INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    sha256 TEXT NOT NULL REFERENCES documents (sha256),
    pool TEXT REFERENCES pools (name),
    create_ms INTEGER NOT NULL,
    update_ms INTEGER NOT NULL,
    expire_ms INTEGER NOT NULL,
    last_event TEXT NOT NULL,
    last_actor TEXT NOT NULL,
    last_reason TEXT NOT NULL,
    last_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX offers_by_provider ON offers (provider, id);
CREATE INDEX offers_to_expire ON offers (expire_ms) WHERE state IN ('PUBLISHED', 'PAUSED');

-- `gen` is the lock and the numbering of everything that happens to a pool: who changes claims or windows first
-- raises it, several pools in the order of their names. `claimed` is the sum of all claims, for the check that
-- needs no look at them.
CREATE TABLE pools (
    name TEXT PRIMARY KEY,
    provider TEXT NOT NULL,
    revision INTEGER NOT NULL,
    sha256 TEXT NOT NULL REFERENCES documents (sha256),
    unit TEXT NOT NULL,              -- name of the class that one unit is
    gen INTEGER NOT NULL,
    claimed INTEGER NOT NULL DEFAULT 0 CHECK (claimed >= 0)
) STRICT;

CREATE TABLE pool_draws (
    pool TEXT NOT NULL REFERENCES pools (name),
    base_pool TEXT NOT NULL REFERENCES pools (name),
    units_per_unit INTEGER NOT NULL CHECK (units_per_unit > 0),
    PRIMARY KEY (pool, base_pool)
) STRICT, WITHOUT ROWID;

CREATE TABLE allotments (
    pool TEXT PRIMARY KEY REFERENCES pools (name),
    id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    sha256 TEXT NOT NULL REFERENCES documents (sha256),
    update_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE allotment_windows (
    pool TEXT NOT NULL REFERENCES allotments (pool),
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL CHECK (end_ms > start_ms),
    quantity INTEGER NOT NULL CHECK (quantity >= 0),
    PRIMARY KEY (pool, start_ms)
) STRICT, WITHOUT ROWID;

-- Units that are taken, of the pool itself and of each base pool. A row is deleted only when the hold ends
-- uncommitted, the provider rejects, or the lease is released; while it stands after its end_ms it takes its units
-- at every later instant.
CREATE TABLE claims (
    pool TEXT NOT NULL,
    lease TEXT NOT NULL,
    order_name TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL CHECK (end_ms > start_ms),
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (pool, lease)
) STRICT, WITHOUT ROWID;
CREATE INDEX claims_by_order ON claims (order_name);

-- Names ascend with time, so new rows lie beside each other in every index, and a list by name is one by age.
CREATE TABLE orders (
    name TEXT PRIMARY KEY,
    consumer TEXT NOT NULL,
    provider TEXT NOT NULL,
    state TEXT NOT NULL,
    version INTEGER NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL,
    hold_receipt_sha256 TEXT NOT NULL,
    order_document_sha256 TEXT NOT NULL DEFAULT '',
    order_confirmation_sha256 TEXT NOT NULL DEFAULT '',
    lines TEXT NOT NULL,             -- JSON list of {offer, offer_sha256, offer_revision, quantity, lease, pool}
    create_ms INTEGER NOT NULL,
    update_ms INTEGER NOT NULL,
    expire_ms INTEGER NOT NULL,
    last_event TEXT NOT NULL,
    last_actor TEXT NOT NULL,
    last_reason TEXT NOT NULL,
    last_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX orders_by_consumer ON orders (consumer, name);
CREATE INDEX orders_by_provider ON orders (provider, name);
CREATE INDEX orders_to_time_out ON orders (state, expire_ms);

CREATE TABLE leases (
    seq INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    order_name TEXT NOT NULL REFERENCES orders (name),
    consumer TEXT NOT NULL,
    provider TEXT NOT NULL,
    offer TEXT NOT NULL,
    offer_sha256 TEXT NOT NULL REFERENCES documents (sha256),
    pool TEXT NOT NULL REFERENCES pools (name),
    quantity INTEGER NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL,
    state TEXT NOT NULL,
    version INTEGER NOT NULL,
    activated_ms INTEGER,
    terminated_ms INTEGER,
    ended_ms INTEGER,
    command_epoch INTEGER NOT NULL DEFAULT 0,
    access_epoch INTEGER NOT NULL DEFAULT 0,
    access_grant_sha256 TEXT NOT NULL DEFAULT '',
    release_receipt_sha256 TEXT NOT NULL DEFAULT '',
    create_ms INTEGER NOT NULL,
    update_ms INTEGER NOT NULL,
    last_event TEXT NOT NULL,
    last_actor TEXT NOT NULL,
    last_reason TEXT NOT NULL,
    last_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX leases_by_consumer ON leases (consumer, seq);
CREATE INDEX leases_by_provider ON leases (provider, seq);
CREATE INDEX leases_by_order ON leases (order_name);
CREATE INDEX leases_to_move ON leases (state, start_ms, end_ms);

-- What a provider has been told to do. Written in the transaction that decides it, sent afterwards, and sent again
-- until it is answered.
CREATE TABLE commands (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    provider TEXT NOT NULL,
    kind TEXT NOT NULL,              -- confirm, provision, release
    order_name TEXT NOT NULL REFERENCES orders (name),
    lease TEXT,                      -- of provision and release
    pool TEXT,                       -- of provision and release
    epoch INTEGER NOT NULL,          -- confirm: 1; else the lease's command_epoch
    deadline_ms INTEGER NOT NULL,
    create_ms INTEGER NOT NULL,
    answered_ms INTEGER              -- NULL: open
) STRICT;
CREATE INDEX commands_open ON commands (provider, seq) WHERE answered_ms IS NULL;
CREATE INDEX commands_by_order ON commands (order_name, kind);

-- Results by which a repeated request is answered (IDEMPOTENCY-*). Only what was committed is here.
CREATE TABLE requests (
    party TEXT NOT NULL,
    method TEXT NOT NULL,
    request_id TEXT NOT NULL,
    body_hash BLOB NOT NULL,
    outcome TEXT NOT NULL,           -- JSON of the port's outcome
    create_ms INTEGER NOT NULL,
    PRIMARY KEY (party, method, request_id)
) STRICT;

-- Every step of every object, in the order of its commit; of a pool's objects also by the pool's generation.
CREATE TABLE transitions (
    seq INTEGER PRIMARY KEY,
    object TEXT NOT NULL,            -- offer, order, lease, usage, invoice
    name TEXT NOT NULL,
    event TEXT NOT NULL,
    from_state TEXT NOT NULL,        -- empty: did not exist
    to_state TEXT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    provider TEXT NOT NULL,
    consumer TEXT NOT NULL,          -- empty: none
    pool TEXT,
    pool_gen INTEGER,
    time_ms INTEGER NOT NULL
) STRICT;
