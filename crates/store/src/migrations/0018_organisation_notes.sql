-- What the operating team writes down when it opens an account for an organisation (R65, R84): how it was asked, and whom it
-- told by phone. Names people: sealed.
CREATE TABLE organisation_notes (
    id TEXT NOT NULL PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES organisations (id),
    account TEXT NOT NULL,              -- who wrote it
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    private BYTEA NOT NULL              -- sealed: the text
);
CREATE INDEX organisation_notes_organisation ON organisation_notes (organisation, at);
CREATE INDEX uploads_organisation ON uploads (organisation, uploaded_at) WHERE item IS NULL AND draft IS NULL;
