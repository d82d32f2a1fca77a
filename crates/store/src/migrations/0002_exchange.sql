-- The registry: who offers and who asks. Bodies are JSON of the domain's types; secrets are sealed columns.
CREATE TABLE organisations (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE datasets (
    resource_id TEXT PRIMARY KEY,
    zone TEXT NOT NULL,
    organisation TEXT NOT NULL REFERENCES organisations (id),
    state TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    secret BYTEA NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE services (
    client_id TEXT PRIMARY KEY,
    zone TEXT NOT NULL,
    organisation TEXT NOT NULL REFERENCES organisations (id),
    state TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    secrets BYTEA NOT NULL,
    updated_at BIGINT NOT NULL
);

-- One row an exchange. What is personal or secret is in `private`, a sealed column that is emptied when the exchange is forgotten.
CREATE TABLE transactions (
    id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL,
    tx_id TEXT NOT NULL,
    zone TEXT NOT NULL,
    stage TEXT NOT NULL,
    ending TEXT,
    browser TEXT NOT NULL,
    entered_at BIGINT NOT NULL,
    idle_until BIGINT NOT NULL,
    authorised_at BIGINT,
    confirmed_at BIGINT,
    sealed_at BIGINT,
    taken_at BIGINT,
    ended_at BIGINT,
    expires_at BIGINT,
    verification TEXT,
    person TEXT,
    ticket TEXT,
    told TEXT,
    told_undeliverable TEXT,
    token_blob TEXT,
    token_len BIGINT,
    token_sha256 TEXT,
    private BYTEA NOT NULL
);
CREATE UNIQUE INDEX transactions_tx_id ON transactions (tx_id, client_id);
CREATE UNIQUE INDEX transactions_ticket ON transactions (ticket) WHERE ticket IS NOT NULL;
CREATE INDEX transactions_person ON transactions (person, entered_at) WHERE person IS NOT NULL;
CREATE INDEX transactions_token ON transactions (token_blob) WHERE token_blob IS NOT NULL;

-- One row a dataset of an exchange.
CREATE TABLE transaction_parts (
    transaction_id TEXT NOT NULL REFERENCES transactions (id),
    place BIGINT NOT NULL,
    resource_id TEXT NOT NULL,
    transaction_uid TEXT NOT NULL,
    state TEXT NOT NULL,
    received BIGINT,
    total BIGINT,
    until_at BIGINT,
    asked BIGINT NOT NULL,
    blob TEXT,
    failure TEXT,
    calls BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    first_call_at BIGINT,
    access TEXT,
    access_expires_at BIGINT,
    private BYTEA,
    PRIMARY KEY (transaction_id, place)
);
CREATE UNIQUE INDEX transaction_parts_access ON transaction_parts (access) WHERE access IS NOT NULL;
CREATE INDEX transaction_parts_blob ON transaction_parts (blob) WHERE blob IS NOT NULL;

-- A citizen on the way to an identity provider and back.
CREATE TABLE logins (
    state TEXT PRIMARY KEY,
    transaction_id TEXT NOT NULL REFERENCES transactions (id),
    method TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    private BYTEA NOT NULL
);
CREATE INDEX logins_expires_at ON logins (expires_at);
CREATE INDEX logins_transaction ON logins (transaction_id);

-- The record. Rows are only ever added.
CREATE TABLE audit_events (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    what TEXT NOT NULL,
    transaction_id TEXT,
    from_address TEXT,
    detail TEXT
);
CREATE INDEX audit_events_transaction ON audit_events (transaction_id, at) WHERE transaction_id IS NOT NULL;
CREATE INDEX audit_events_at ON audit_events (at);
