-- What the store itself needs.

CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- Work that is due now or later. A row lives until the work is done; work given up stays, with dead_at, for the operator.
CREATE TABLE jobs (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    key TEXT,                           -- at most one living job per kind and key
    payload TEXT NOT NULL,              -- JSON; identifiers only, no personal data
    run_at BIGINT NOT NULL,             -- when it is due; while leased: when the lease ends
    again_at BIGINT,                    -- it was enqueued again while leased: due at this time once more
    attempts BIGINT NOT NULL,
    lease_token TEXT,
    leased_by TEXT,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    dead_at BIGINT
);
CREATE INDEX jobs_due ON jobs (run_at) WHERE dead_at IS NULL;
CREATE UNIQUE INDEX jobs_living_key ON jobs (kind, key) WHERE dead_at IS NULL;
