-- The keys that content is sealed under, wrapped under the master key, which is not here.
CREATE TABLE data_keys (
    id TEXT NOT NULL PRIMARY KEY,       -- follows from the key and tells nothing about it
    purpose TEXT NOT NULL,              -- data: seals content; index: makes look-up values, there is one
    master TEXT NOT NULL,               -- the id of the master key that it is wrapped under
    wrapped BYTEA NOT NULL,
    made_at BIGINT NOT NULL,
    seals_from BIGINT,                  -- since when new content is sealed under it; none: not yet
    replaced_at BIGINT,                 -- since when another seals in its place
    cleared_at BIGINT                   -- when nothing in the database was under it any more
);
CREATE UNIQUE INDEX data_keys_sealing ON data_keys (purpose) WHERE seals_from IS NOT NULL AND replaced_at IS NULL;

-- Nodes that run, and how far each follows what is done to the keys.
CREATE TABLE key_nodes (
    node TEXT NOT NULL PRIMARY KEY,
    epoch BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
