-- What the sessions of an account are told apart by.

ALTER TABLE sessions ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN wallet     INTEGER NOT NULL DEFAULT 0; -- 0 or 1
ALTER TABLE sessions ADD COLUMN label      TEXT    NOT NULL DEFAULT '';

-- When it began was not kept; it was there when it was last used.
UPDATE sessions SET created_at = seen_at;

-- Most sessions speak for nobody and are not in it, and none moves in it while it is
-- used.
CREATE INDEX sessions_by_account ON sessions (account, created_at) WHERE account <> '';
