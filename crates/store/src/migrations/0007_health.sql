-- How items are: one row each that is or was polled, tested or found failing. No row: polling is off, nothing is known.
CREATE TABLE item_health (
    item TEXT NOT NULL PRIMARY KEY REFERENCES items (id),
    polled BIGINT NOT NULL,             -- 1: asked from time to time
    failing_since BIGINT,
    failures BIGINT NOT NULL,           -- in a row
    fault TEXT,                         -- JSON: the last of them
    told BIGINT NOT NULL,               -- 1: the owner was told of this spell
    held BIGINT NOT NULL,               -- 1: somebody suspended it as failing
    by_rule TEXT NOT NULL,              -- what the rule did in this spell
    polls TEXT NOT NULL,                -- JSON: the last polls, oldest first
    probe TEXT                          -- JSON: the last connection test
);
CREATE INDEX item_health_failing ON item_health (failing_since, item) WHERE failing_since IS NOT NULL;
CREATE INDEX item_health_polled ON item_health (item) WHERE polled = 1;

-- Access tokens of connection tests, under which a DP asks about the fictional person. Each lives for one call.
CREATE TABLE probe_grants (
    token TEXT NOT NULL PRIMARY KEY,    -- look-up value
    resource_id TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX probe_grants_expires_at ON probe_grants (expires_at);
