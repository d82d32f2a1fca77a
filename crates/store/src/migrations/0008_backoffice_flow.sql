-- 顯示前台; 0: 不顯示前台且不可被取用.
ALTER TABLE items ADD COLUMN shown BIGINT NOT NULL DEFAULT 1;

-- Links in mails that begin a sign-up. Each is used once; there is no account yet.
CREATE TABLE sign_up_links (
    secret TEXT NOT NULL PRIMARY KEY,   -- look-up value
    mail TEXT NOT NULL,                 -- look-up value
    expires_at BIGINT NOT NULL,
    private BYTEA NOT NULL              -- sealed: the address
);
CREATE INDEX sign_up_links_mail ON sign_up_links (mail, expires_at);
CREATE INDEX sign_up_links_expires_at ON sign_up_links (expires_at);
