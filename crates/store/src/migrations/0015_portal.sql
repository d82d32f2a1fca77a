-- What a question is about; empty for news.
ALTER TABLE news ADD COLUMN topic TEXT NOT NULL DEFAULT '';

-- 我想要更多: what people write to the service desk. Who wrote, and what, is sealed.
CREATE TABLE contact_messages (
    id TEXT NOT NULL PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,        -- what the sender was told
    subject TEXT NOT NULL,
    state TEXT NOT NULL,                -- open, answered
    at BIGINT NOT NULL,
    answered_at BIGINT,
    answered_by TEXT,                   -- an account
    version BIGINT NOT NULL,
    private BYTEA NOT NULL
);
CREATE INDEX contact_messages_state ON contact_messages (state, at, id);
CREATE INDEX contact_messages_at ON contact_messages (at, id);
