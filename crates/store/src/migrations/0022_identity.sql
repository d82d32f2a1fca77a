-- Citizens who prove who they are on the platform's own pages: from the way there until the proof is redeemed. Short-lived.
CREATE TABLE identity_attempts (
    id TEXT PRIMARY KEY,                -- keyed index of the ticket in the page's address
    browser TEXT,                       -- keyed index of the browser that opened the page first
    code TEXT UNIQUE,                   -- keyed index of the code that redeems the proof; none: nothing is proven yet
    expires_at BIGINT NOT NULL,
    edit BIGINT NOT NULL,               -- grows with every change
    private BYTEA NOT NULL              -- sealed: how far it is, whom it is about
);
CREATE INDEX identity_attempts_expires ON identity_attempts (expires_at);

-- Whose a card is, where its certificate does not say it whole: whoever used it first. Both are keyed indexes.
CREATE TABLE identity_cards (
    card TEXT PRIMARY KEY,
    citizen TEXT NOT NULL,
    first_at BIGINT NOT NULL
);
