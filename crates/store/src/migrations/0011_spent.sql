-- Things that count once and were used, by name, until they could not be used any more anyway.
CREATE TABLE spent (
    name TEXT PRIMARY KEY,
    until BIGINT NOT NULL
);
CREATE INDEX spent_until ON spent (until);
