-- What an organisation filled in about itself. The form is sealed: it names people.
CREATE TABLE organisation_profiles (
    organisation TEXT NOT NULL PRIMARY KEY REFERENCES organisations (id),
    state TEXT NOT NULL,                -- in-review, active, closed
    authority TEXT,                     -- its competent authority, an organisation
    updated_at BIGINT NOT NULL,
    form BYTEA NOT NULL
);

-- Datasets, services and counter services through their whole lives: one row each, whatever they came from.
CREATE TABLE items (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    origin TEXT NOT NULL,               -- office, file
    organisation TEXT NOT NULL REFERENCES organisations (id),
    organisation_name TEXT NOT NULL,    -- as it is now, for lists
    authority TEXT,                     -- the organisation's competent authority as it is now
    name TEXT NOT NULL,
    category TEXT NOT NULL,
    number TEXT,                        -- of the filing that began it
    zone TEXT NOT NULL,                 -- how far it got
    stage TEXT NOT NULL,
    detail TEXT,                        -- why it is suspended or delisted
    hidden BIGINT NOT NULL,             -- 1: a draft that was thrown away
    stage_data TEXT NOT NULL,           -- JSON of the domain's stage
    certificates TEXT NOT NULL,         -- JSON
    test_record TEXT,
    production_record TEXT,
    listed_at BIGINT,
    next_due BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT,                    -- an account; none: the platform
    search TEXT NOT NULL                -- folded words for the search
);
CREATE INDEX items_updated ON items (updated_at, id) WHERE hidden = 0;
CREATE INDEX items_kind_updated ON items (kind, updated_at, id) WHERE hidden = 0;
CREATE INDEX items_kind_name ON items (kind, name, id) WHERE hidden = 0;
CREATE INDEX items_kind_organisation ON items (kind, organisation_name, id) WHERE hidden = 0;
CREATE INDEX items_kind_category ON items (kind, category, id) WHERE hidden = 0;
CREATE INDEX items_kind_stage ON items (kind, stage, updated_at, id) WHERE hidden = 0;
CREATE INDEX items_organisation ON items (organisation);
CREATE INDEX items_own ON items (organisation, kind, updated_at, id) WHERE hidden = 0;
CREATE INDEX items_own_updated ON items (organisation, updated_at, id) WHERE hidden = 0;
CREATE INDEX items_authority ON items (authority, kind, updated_at, id) WHERE hidden = 0 AND authority IS NOT NULL;
CREATE INDEX items_next_due ON items (next_due) WHERE next_due IS NOT NULL;
CREATE UNIQUE INDEX items_test_record ON items (kind, test_record) WHERE test_record IS NOT NULL;
CREATE UNIQUE INDEX items_production_record ON items (kind, production_record) WHERE production_record IS NOT NULL;

-- Every two neighbouring characters of what is searched by its words, three of those that are ASCII, so that any part of a
-- name or number is found without reading all.
CREATE TABLE search_grams (
    area TEXT NOT NULL,
    gram TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (area, gram, id)
);
CREATE INDEX search_grams_id ON search_grams (area, id);

-- What was filed. Rows are added and their state moves on; the content never changes. It is sealed: it may name people.
CREATE TABLE filings (
    id TEXT NOT NULL PRIMARY KEY,
    number TEXT NOT NULL,
    kind TEXT NOT NULL,
    item TEXT REFERENCES items (id),
    item_kind TEXT,
    item_name TEXT NOT NULL,            -- as it was filed; of a sign-up the organisation's name
    organisation TEXT REFERENCES organisations (id),
    organisation_name TEXT NOT NULL,    -- as it was filed
    authority TEXT,
    filed_by TEXT NOT NULL,             -- an account
    filed_at BIGINT NOT NULL,
    mends TEXT REFERENCES filings (id),
    state TEXT NOT NULL,
    step TEXT,                          -- whose turn it is
    closed_at BIGINT,
    content BYTEA NOT NULL,
    search TEXT NOT NULL
);
CREATE UNIQUE INDEX filings_number ON filings (number);
CREATE INDEX filings_filed ON filings (filed_at, id);
CREATE INDEX filings_state ON filings (state, filed_at, id);
CREATE INDEX filings_step ON filings (step, filed_at, id) WHERE step IS NOT NULL;
CREATE INDEX filings_item ON filings (item, filed_at) WHERE item IS NOT NULL;
CREATE INDEX filings_own ON filings (organisation, filed_at, id) WHERE organisation IS NOT NULL;
CREATE INDEX filings_authority ON filings (authority, filed_at, id) WHERE authority IS NOT NULL;
CREATE INDEX filings_by ON filings (filed_by, filed_at);

-- Decisions on filings, in order.
CREATE TABLE reviews (
    filing TEXT NOT NULL REFERENCES filings (id),
    place BIGINT NOT NULL,
    step TEXT NOT NULL,
    decision TEXT NOT NULL,
    reason TEXT,
    reviewer TEXT NOT NULL,             -- an account
    at BIGINT NOT NULL,
    letter_number TEXT,
    letter_date TEXT,
    comments TEXT NOT NULL,             -- JSON: field and text
    PRIMARY KEY (filing, place)
);

-- Every step of every item, in order.
CREATE TABLE item_history (
    item TEXT NOT NULL REFERENCES items (id),
    place BIGINT NOT NULL,
    at BIGINT NOT NULL,
    account TEXT,                       -- none: the platform
    role TEXT,
    deed TEXT NOT NULL,
    from_stage TEXT NOT NULL,
    to_stage TEXT NOT NULL,
    filing TEXT REFERENCES filings (id),
    reason TEXT,
    letter_number TEXT,
    letter_date TEXT,
    PRIMARY KEY (item, place)
);

-- How many forms of a letter were numbered on a day of Taipei.
CREATE TABLE form_counters (
    letter TEXT NOT NULL,
    day TEXT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (letter, day)
);

-- Forms being filled in. What is typed is sealed.
CREATE TABLE drafts (
    id TEXT NOT NULL PRIMARY KEY,
    form TEXT NOT NULL,
    account TEXT NOT NULL,
    organisation TEXT REFERENCES organisations (id),
    item TEXT REFERENCES items (id),
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    fields BYTEA NOT NULL
);
CREATE UNIQUE INDEX drafts_item ON drafts (item, form) WHERE item IS NOT NULL;
CREATE INDEX drafts_account ON drafts (account, updated_at);
CREATE INDEX drafts_organisation ON drafts (organisation, updated_at) WHERE organisation IS NOT NULL;

-- Files of forms. The content is a sealed blob; a newer version of the same purpose leaves the older one where it is.
CREATE TABLE uploads (
    id TEXT NOT NULL PRIMARY KEY,
    draft TEXT,                         -- the draft it was uploaded with
    item TEXT REFERENCES items (id),
    organisation TEXT REFERENCES organisations (id),
    account TEXT NOT NULL,
    purpose TEXT NOT NULL,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    blob TEXT NOT NULL,
    uploaded_at BIGINT NOT NULL
);
CREATE INDEX uploads_draft ON uploads (draft, purpose, version) WHERE draft IS NOT NULL;
CREATE INDEX uploads_item ON uploads (item, purpose, version) WHERE item IS NOT NULL;
CREATE INDEX uploads_blob ON uploads (blob);

-- The registry's counter services. They have no secrets.
CREATE TABLE counter_services (
    id TEXT NOT NULL PRIMARY KEY,
    zone TEXT NOT NULL,
    organisation TEXT NOT NULL REFERENCES organisations (id),
    state TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);
