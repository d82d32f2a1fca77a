-- The record as a chain. An event is appended without a link; a moment later the one who links gives it its number and link,
-- once. Nothing else of an event ever changes.
ALTER TABLE audit_events ADD COLUMN place BIGINT NOT NULL DEFAULT 0;
ALTER TABLE audit_events ADD COLUMN outcome TEXT;
ALTER TABLE audit_events ADD COLUMN seq BIGINT;
ALTER TABLE audit_events ADD COLUMN link BYTEA;
CREATE UNIQUE INDEX audit_events_seq ON audit_events (seq) WHERE seq IS NOT NULL;
CREATE INDEX audit_events_waiting ON audit_events (at, place) WHERE seq IS NULL;

-- The end of the chain, and the lock of whoever links.
CREATE TABLE audit_chain (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    seq BIGINT NOT NULL,
    link BYTEA
);
INSERT INTO audit_chain (id, seq) VALUES (1, 0);

-- The signed roots, one a day; what they say is in what is signed.
CREATE TABLE audit_roots (
    last_seq BIGINT PRIMARY KEY,
    day TEXT NOT NULL UNIQUE,
    jws TEXT NOT NULL
);

-- Nodes of a root's tree, each over 256 links, so that a proof does not read the whole day.
CREATE TABLE audit_blocks (
    last_seq BIGINT NOT NULL REFERENCES audit_roots (last_seq),
    block BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (last_seq, block)
);

-- Keys that sign what others check: the seed is sealed, the public half is made from it when it is needed.
CREATE TABLE signing_keys (
    id TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,
    seed BYTEA NOT NULL,
    made_at BIGINT NOT NULL,
    retired_at BIGINT
);
CREATE UNIQUE INDEX signing_keys_current ON signing_keys (purpose) WHERE retired_at IS NULL;
