-- Citizens of the portal. One is known by the keyed index of the personal id; who it is, is sealed.
CREATE TABLE citizens (
    id TEXT PRIMARY KEY,
    first_at BIGINT NOT NULL,
    logged_in_at BIGINT NOT NULL,
    edit BIGINT NOT NULL,               -- grows with every change of the contact
    private BYTEA NOT NULL              -- sealed: name, contact
);

-- Which versions of terms and policies a citizen accepted.
CREATE TABLE citizen_acceptances (
    citizen TEXT NOT NULL REFERENCES citizens (id),
    kind TEXT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (citizen, kind, number)
);

-- Sessions, by the keyed index of the browser's secret. One that has ended is remembered for a while, so that a form that
-- comes too late is known to be its citizen's.
CREATE TABLE citizen_sessions (
    id TEXT PRIMARY KEY,
    handle TEXT NOT NULL UNIQUE,
    citizen TEXT NOT NULL REFERENCES citizens (id),
    stage TEXT NOT NULL,                -- elsewhere, policies, whole
    method TEXT NOT NULL,
    began_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    ended_at BIGINT,
    private BYTEA NOT NULL              -- sealed: the person, from where
);
CREATE INDEX citizen_sessions_citizen ON citizen_sessions (citizen, began_at);
CREATE INDEX citizen_sessions_seen ON citizen_sessions (seen_at);
CREATE UNIQUE INDEX citizen_sessions_one ON citizen_sessions (citizen) WHERE ended_at IS NULL AND stage <> 'elsewhere';

-- Citizens on the way to an identity provider and back, of the portal.
CREATE TABLE citizen_logins (
    state TEXT PRIMARY KEY,
    browser TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    private BYTEA NOT NULL
);
CREATE INDEX citizen_logins_expires ON citizen_logins (expires_at);

-- Forms that came when the session had ended, until the citizen has logged in again.
CREATE TABLE citizen_forms (
    citizen TEXT NOT NULL REFERENCES citizens (id),
    action TEXT NOT NULL,
    until BIGINT NOT NULL,
    private BYTEA NOT NULL,
    PRIMARY KEY (citizen, action)
);
CREATE INDEX citizen_forms_until ON citizen_forms (until);

-- Changes of mail address or phone number that are to be confirmed: new address and codes are sealed.
CREATE TABLE contact_changes (
    id TEXT PRIMARY KEY,
    citizen TEXT NOT NULL REFERENCES citizens (id),
    channel TEXT NOT NULL,              -- mail, sms
    state TEXT NOT NULL,                -- open, done, void
    began_at BIGINT NOT NULL,
    edit BIGINT NOT NULL,
    private BYTEA NOT NULL
);
CREATE INDEX contact_changes_citizen ON contact_changes (citizen, began_at);
CREATE INDEX contact_changes_began ON contact_changes (began_at);

-- The outbox holds text messages beside mails.
ALTER TABLE mails ADD COLUMN channel TEXT NOT NULL DEFAULT 'mail';
