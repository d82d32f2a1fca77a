-- A dataset that was accepted though nobody told whether its DP's certificate is revoked (R131).
ALTER TABLE transaction_parts ADD COLUMN revocation_unknown BIGINT NOT NULL DEFAULT 0;
