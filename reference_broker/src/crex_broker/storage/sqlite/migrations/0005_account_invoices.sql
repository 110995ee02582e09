-- Invoices of several leases of an account: which leases and periods an invoice bills, and what it comes to by order.

-- Leases that are billed together, of which `lease` is the first; 0: `lease` alone.
ALTER TABLE invoices ADD COLUMN lease_count INTEGER NOT NULL DEFAULT 0;

-- A period of a lease is billed once.
CREATE TABLE invoice_leases (
    lease TEXT NOT NULL REFERENCES leases (name),
    period_start_ms INTEGER NOT NULL,
    invoice TEXT NOT NULL REFERENCES invoices (id),
    PRIMARY KEY (lease, period_start_ms)
) STRICT, WITHOUT ROWID;
INSERT INTO invoice_leases (lease, period_start_ms, invoice) SELECT lease, period_start_ms, id FROM invoices;

-- What of an invoice and its notes counts against the spend limit of an order.
CREATE TABLE invoice_orders (
    order_name TEXT NOT NULL REFERENCES orders (name),
    invoice TEXT NOT NULL REFERENCES invoices (id),
    owed TEXT NOT NULL,
    PRIMARY KEY (order_name, invoice)
) STRICT, WITHOUT ROWID;
INSERT INTO invoice_orders (order_name, invoice, owed)
    SELECT leases.order_name, invoices.id, CASE invoices.owed WHEN '' THEN invoices.total ELSE invoices.owed END
    FROM invoices JOIN leases ON leases.name = invoices.lease;
