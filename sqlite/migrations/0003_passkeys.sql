-- Passkeys, the challenges that one can answer, and the secrets that all nodes
-- share; links whose wallet speaks a dialect; and when the person of a session
-- last proved the account. The default is the zero time of Go.

ALTER TABLE links ADD COLUMN dialect    TEXT NOT NULL DEFAULT '';
ALTER TABLE links ADD COLUMN credential TEXT NOT NULL DEFAULT '';

ALTER TABLE sessions ADD COLUMN link    TEXT    NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN vouched INTEGER NOT NULL DEFAULT 0; -- 0 or 1
ALTER TABLE sessions ADD COLUMN proved_at INTEGER NOT NULL DEFAULT -62135596800000000;

CREATE TABLE credentials (
	id              TEXT    NOT NULL UNIQUE, -- base64url
	account         TEXT    NOT NULL,
	public_key      BLOB    NOT NULL,        -- COSE
	counter         INTEGER NOT NULL,
	user_verified   INTEGER NOT NULL,        -- 0 or 1, as the next two
	backup_eligible INTEGER NOT NULL,
	backup_state    INTEGER NOT NULL,
	transports      TEXT    NOT NULL,        -- JSON, or empty
	label           TEXT    NOT NULL,
	dialect         TEXT    NOT NULL,
	origin          TEXT    NOT NULL,
	created_at      INTEGER NOT NULL,
	used_at         INTEGER NOT NULL,
	version         INTEGER NOT NULL
) STRICT;

CREATE INDEX credentials_by_account ON credentials (account, created_at);

CREATE TABLE ceremonies (
	id                BLOB    NOT NULL UNIQUE, -- SHA-256 of the challenge
	kind              TEXT    NOT NULL,
	session           TEXT    NOT NULL,
	account           TEXT    NOT NULL,
	credential        TEXT    NOT NULL,
	channel           TEXT    NOT NULL,
	user_verification INTEGER NOT NULL,        -- 0 or 1
	expires_at        INTEGER NOT NULL
) STRICT;

CREATE INDEX ceremonies_by_session ON ceremonies (session, expires_at);
CREATE INDEX ceremonies_by_expiry ON ceremonies (expires_at);

CREATE TABLE secrets (
	name  TEXT NOT NULL UNIQUE,
	value BLOB NOT NULL -- 32 bytes
) STRICT;
