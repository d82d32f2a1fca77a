-- 前臺測試: exchanges that owners of items try in the test zone. The exchange itself is deleted at the end; what remains says how far
-- it came.
CREATE TABLE front_tests (
    id TEXT PRIMARY KEY,
    item TEXT NOT NULL REFERENCES items (id),
    account TEXT NOT NULL REFERENCES accounts (id),
    client_id TEXT NOT NULL,
    tx_id TEXT NOT NULL,
    resources TEXT NOT NULL,          -- JSON: the datasets asked for
    transaction_id TEXT,              -- once the citizen has entered
    began_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    ended_at BIGINT,
    steps TEXT                        -- JSON: how far it came, once it is over
);
CREATE UNIQUE INDEX front_tests_entry ON front_tests (tx_id, client_id);
CREATE INDEX front_tests_item ON front_tests (item, began_at);

-- 1: an exchange of a front test.
ALTER TABLE transactions ADD COLUMN front_test BIGINT NOT NULL DEFAULT 0;
