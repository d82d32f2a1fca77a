-- Who may sign in to the back office. What is personal is in `private`, a sealed column.
CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    organisation TEXT REFERENCES organisations (id),
    state TEXT NOT NULL,
    locked_at BIGINT,
    mail TEXT NOT NULL,                 -- look-up value of the mail address
    gov_subject TEXT,                   -- look-up value of the subject at the identity provider
    password TEXT,                      -- argon2id, with its parameters and salt; none until one is set
    created_at BIGINT NOT NULL,
    signed_in_at BIGINT,
    updated_at BIGINT NOT NULL,
    private BYTEA NOT NULL
);
CREATE UNIQUE INDEX accounts_name ON accounts (name);
CREATE UNIQUE INDEX accounts_gov_subject ON accounts (gov_subject) WHERE gov_subject IS NOT NULL;
CREATE INDEX accounts_mail ON accounts (mail);
CREATE INDEX accounts_organisation ON accounts (organisation, name) WHERE organisation IS NOT NULL;
CREATE INDEX accounts_role ON accounts (role, name);

-- Links in mails that set a password. Each is used once.
CREATE TABLE account_links (
    secret TEXT NOT NULL PRIMARY KEY,   -- look-up value
    account_id TEXT NOT NULL REFERENCES accounts (id),
    purpose TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX account_links_account ON account_links (account_id);
CREATE INDEX account_links_expires_at ON account_links (expires_at);

-- What is shown beside the password: generators of one-time passwords, passkeys, recovery codes.
CREATE TABLE account_factors (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    kind TEXT NOT NULL,
    lookup TEXT,                        -- look-up value of a passkey's id or of a recovery code
    counter BIGINT NOT NULL,            -- the last time step or signature counter taken; never goes back
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    private BYTEA NOT NULL              -- sealed: its name, secret or public key
);
CREATE INDEX account_factors_account ON account_factors (account_id, created_at);
CREATE UNIQUE INDEX account_factors_lookup ON account_factors (lookup) WHERE lookup IS NOT NULL;

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,       -- look-up value of the browser's secret
    handle TEXT NOT NULL,               -- how its holder names it among others
    account_id TEXT NOT NULL REFERENCES accounts (id),
    stage TEXT NOT NULL,
    zone TEXT NOT NULL,
    began_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    proved_at BIGINT NOT NULL,
    private BYTEA NOT NULL,             -- sealed: browser and address
    pending BYTEA                       -- sealed: the challenge that is being answered
);
CREATE UNIQUE INDEX sessions_handle ON sessions (handle);
CREATE INDEX sessions_account ON sessions (account_id, seen_at);
CREATE INDEX sessions_seen_at ON sessions (seen_at);

-- Failed sign-ins, by look-up value of the account's name and of the address. A try is written down before its password is
-- looked at and taken away when it was right, so that tries side by side count as well.
CREATE TABLE sign_in_failures (
    id TEXT NOT NULL PRIMARY KEY,
    subject TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX sign_in_failures_subject ON sign_in_failures (subject, at);
CREATE INDEX sign_in_failures_at ON sign_in_failures (at);

ALTER TABLE audit_events ADD COLUMN account_id TEXT;
CREATE INDEX audit_events_account ON audit_events (account_id, at) WHERE account_id IS NOT NULL;

-- Mails, written with the change that causes them and delivered by a job; every try is kept.
CREATE TABLE mails (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    about TEXT,                         -- the item, filing or account it is about
    state TEXT NOT NULL,                -- waiting, sent, given-up
    created_at BIGINT NOT NULL,
    done_at BIGINT,
    private BYTEA NOT NULL              -- sealed: address, subject, text
);
CREATE INDEX mails_created_at ON mails (created_at);
CREATE INDEX mails_about ON mails (about, created_at) WHERE about IS NOT NULL;
CREATE INDEX mails_unsent ON mails (state, created_at) WHERE state <> 'sent';

CREATE TABLE mail_tries (
    mail_id TEXT NOT NULL REFERENCES mails (id),
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    failure TEXT,                       -- none: it was taken
    PRIMARY KEY (mail_id, number)
);
