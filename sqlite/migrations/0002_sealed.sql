-- What a link needs since its two ends share a channel that the server has no
-- part in, and how far a session's sign-in can be trusted.

ALTER TABLE sessions ADD COLUMN assurance TEXT NOT NULL DEFAULT '';

ALTER TABLE links ADD COLUMN resumption INTEGER NOT NULL DEFAULT 0; -- 0 or 1
ALTER TABLE links ADD COLUMN origin     TEXT    NOT NULL DEFAULT '';
ALTER TABLE links ADD COLUMN channel    TEXT    NOT NULL DEFAULT '';
ALTER TABLE links ADD COLUMN proof_meta TEXT    NOT NULL DEFAULT ''; -- JSON, or empty
ALTER TABLE links ADD COLUMN held       INTEGER NOT NULL DEFAULT 0; -- 0 or 1
ALTER TABLE links ADD COLUMN verified   INTEGER NOT NULL DEFAULT 0; -- 0 or 1
ALTER TABLE links DROP COLUMN attempts;

-- Who signed in before signed no channel.
UPDATE sessions SET assurance = 'server-asserted' WHERE account <> '';
-- Nobody can answer a code from before the update any more.
UPDATE links SET state = 'closed', reason = 'link_expired' WHERE state = 'waiting';
