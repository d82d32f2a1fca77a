-- Visits of clerks at a counter, by the keyed index of the browser's secret. Short-lived; the code is kept as a keyed hash.
CREATE TABLE counter_visits (
    id TEXT PRIMARY KEY,
    transaction_id TEXT NOT NULL REFERENCES transactions (id),
    service TEXT NOT NULL,
    address TEXT NOT NULL,
    number TEXT NOT NULL,               -- keyed index of the number that was typed
    stage TEXT NOT NULL,                -- asked, open, took
    code TEXT,
    code_until BIGINT,
    code_left BIGINT,
    began_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX counter_visits_transaction ON counter_visits (transaction_id);
CREATE INDEX counter_visits_began ON counter_visits (began_at);

-- Who goes to a counter in a citizen's place (代辦). Both are known by keyed index; names are sealed. The delegate may be
-- nobody whom the platform knows.
CREATE TABLE delegations (
    id TEXT PRIMARY KEY,
    transaction_id TEXT NOT NULL REFERENCES transactions (id),
    citizen TEXT NOT NULL,
    delegate TEXT NOT NULL,
    state TEXT NOT NULL,                -- asked, agreed, declined, ended
    asked_at BIGINT NOT NULL,
    decided_at BIGINT,
    ends_at BIGINT NOT NULL,            -- with the download, at the latest
    private BYTEA NOT NULL              -- sealed: the two names
);
CREATE UNIQUE INDEX delegations_one ON delegations (transaction_id) WHERE state IN ('asked', 'agreed');
CREATE INDEX delegations_delegate ON delegations (delegate, asked_at);
CREATE INDEX delegations_transaction ON delegations (transaction_id, asked_at);
CREATE INDEX delegations_citizen ON delegations (citizen, asked_at);
