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
