-- Own downloads: transactions without a service. `client_id` is empty there, and `tx_id` the transaction's own id.
ALTER TABLE transactions ADD COLUMN purpose TEXT NOT NULL DEFAULT 'service';  -- service, own
-- Keyed index of the citizen once known, for both purposes; stays when the person is forgotten. It takes the place of `person`.
ALTER TABLE transactions ADD COLUMN citizen TEXT;
ALTER TABLE transactions ADD COLUMN counter_case TEXT;       -- JSON: the counter service's case that it is for
ALTER TABLE transactions ADD COLUMN held_at BIGINT;
ALTER TABLE transactions ADD COLUMN previewed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE transactions ADD COLUMN saved BIGINT NOT NULL DEFAULT 0;
CREATE INDEX transactions_citizen ON transactions (citizen, entered_at) WHERE citizen IS NOT NULL;

-- Numbers of 資料條碼 by which held downloads are handed over; one a download, gone with it. The number itself is in the
-- transaction's sealed column.
CREATE TABLE barcodes (
    number TEXT PRIMARY KEY,                                  -- keyed index of the number
    transaction_id TEXT NOT NULL UNIQUE REFERENCES transactions (id),
    holder TEXT NOT NULL,                                     -- keyed index of the citizen or delegate who holds it
    ends_at BIGINT NOT NULL
);
CREATE INDEX barcodes_holder ON barcodes (holder, ends_at);
