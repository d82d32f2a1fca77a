-- Sums of what came of exchanges and datasets, by day and by month of Taipei. Nothing personal, no exchange's identifier.
CREATE TABLE statistics (
    area TEXT NOT NULL,                 -- exchanges, datasets
    zone TEXT NOT NULL,
    grain TEXT NOT NULL,                -- day, month
    subject TEXT NOT NULL,              -- a service or dataset; empty: all of them
    since BIGINT NOT NULL,              -- the period's first day, in days since 1970
    facet TEXT NOT NULL,                -- outcome, method, wait
    value TEXT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (area, zone, grain, subject, since, facet, value)
);
CREATE INDEX statistics_subjects ON statistics (area, zone, grain, since) WHERE subject <> '' AND facet = 'outcome';

-- Whose services and datasets these are.
CREATE INDEX services_organisation ON services (organisation, client_id);
CREATE INDEX datasets_organisation ON datasets (organisation, resource_id);

-- Lists that were read through whole: an organisation's own items by name and category, filings by what they are for, mails
-- by kind and by state.
CREATE INDEX items_own_name ON items (organisation, kind, name, id) WHERE hidden = 0;
CREATE INDEX items_own_category ON items (organisation, kind, category, id) WHERE hidden = 0;
CREATE INDEX filings_authority_number ON filings (authority, number, id) WHERE authority IS NOT NULL;
CREATE INDEX filings_own_number ON filings (organisation, number, id) WHERE organisation IS NOT NULL;
CREATE INDEX filings_kind ON filings (kind, filed_at, id);
CREATE INDEX mails_kind ON mails (kind, created_at, id);
CREATE INDEX mails_state ON mails (state, created_at, id);
