-- Times are microseconds since 1970 in UTC. An empty text stands for what is
-- not there yet, as in the Go values.

CREATE TABLE sessions (
	id         TEXT    NOT NULL UNIQUE,
	token_hash BLOB    NOT NULL UNIQUE, -- SHA-256 of the token
	account    TEXT    NOT NULL,
	retired    INTEGER NOT NULL,        -- 0 or 1
	generation INTEGER NOT NULL,
	seen_at    INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	version    INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE links (
	id         TEXT    NOT NULL UNIQUE,
	state      TEXT    NOT NULL,
	site       TEXT    NOT NULL,
	wallet     TEXT    NOT NULL,
	nonce      TEXT    NOT NULL,
	attempts   INTEGER NOT NULL,
	account    TEXT    NOT NULL,
	proof_type      TEXT NOT NULL,
	proof_chain     TEXT NOT NULL,
	proof_address   TEXT NOT NULL,
	proof_message   TEXT NOT NULL,
	proof_signature BLOB NOT NULL,
	reason     TEXT    NOT NULL,
	issued_at  INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	version    INTEGER NOT NULL
) STRICT;

-- Only waiting links are in it, so it stays small whatever the history.
CREATE INDEX links_waiting ON links (site, issued_at) WHERE state = 'waiting';
CREATE INDEX links_by_expiry ON links (expires_at);

CREATE TABLE accounts (
	account       TEXT    NOT NULL UNIQUE,
	first_seen_at INTEGER NOT NULL,
	last_seen_at  INTEGER NOT NULL
) STRICT;
