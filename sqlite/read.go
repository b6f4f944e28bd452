package sqlite

import (
	"context"
	"database/sql/driver"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

const (
	selectSession        = "SELECT " + sessionColumns + " FROM sessions WHERE id = ?"
	selectSessionByToken = "SELECT " + sessionColumns + " FROM sessions WHERE token_hash = ?"
	// That the account is not empty is said so that the planner sees that the partial
	// index holds all that is asked for.
	selectSessionsOf = "SELECT " + sessionColumns + " FROM sessions WHERE account = ? AND account <> '' ORDER BY created_at DESC, rowid DESC LIMIT 100"
	selectLink       = "SELECT " + linkColumns + " FROM links WHERE id = ?"
	// The state is written out so that the planner sees that the partial index
	// holds all that is asked for.
	selectWaitingLinks = "SELECT " + linkColumns + " FROM links WHERE site = ? AND state = 'waiting' ORDER BY issued_at, rowid"
	selectAccount      = "SELECT account, first_seen_at, last_seen_at FROM accounts WHERE account = ?"
)

// Session implements [liaison.Store].
func (s *Store) Session(ctx context.Context, id liaison.SessionID) (liaison.Session, error) {
	if session, ok := s.recent.session(id); ok {
		return session, s.usable(ctx)
	}
	return one(ctx, s, "read session", selectSession, (*row).session, string(id))
}

// SessionByToken implements [liaison.Store].
func (s *Store) SessionByToken(ctx context.Context, hash liaison.TokenHash) (liaison.Session, error) {
	if session, ok := s.recent.sessionByToken(hash); ok {
		return session, s.usable(ctx)
	}
	return one(ctx, s, "read session by token", selectSessionByToken, (*row).session, hash[:])
}

// SessionsOf implements [liaison.Store]. Of those that began at the same time, the
// one that was stored last comes first.
func (s *Store) SessionsOf(ctx context.Context, account protocol.Account) ([]liaison.Session, error) {
	return several(ctx, s, "read sessions of account", selectSessionsOf, (*row).session, string(account))
}

// Link implements [liaison.Store].
func (s *Store) Link(ctx context.Context, id protocol.RequestID) (liaison.Link, error) {
	if link, ok := s.recent.link(id); ok {
		return link, s.usable(ctx)
	}
	return one(ctx, s, "read link", selectLink, (*row).link, string(id))
}

// WaitingLinks implements [liaison.Store]. Of links that were issued at the
// same time, the one that was stored first comes first.
func (s *Store) WaitingLinks(ctx context.Context, site liaison.SessionID) ([]liaison.Link, error) {
	return several(ctx, s, "read waiting links", selectWaitingLinks, (*row).link, string(site))
}

// Account implements [liaison.Store].
func (s *Store) Account(ctx context.Context, account protocol.Account) (liaison.AccountRecord, error) {
	return one(ctx, s, "read account", selectAccount, (*row).account, string(account))
}

// one reads the record that a unique key names.
func one[T any](ctx context.Context, s *Store, op, query string, decode func(*row) T, key driver.Value) (T, error) {
	var record T
	found := false
	err := s.read(ctx, op, query, func(r *row) { record, found = decode(r), true }, key)
	if err == nil && !found {
		err = liaison.ErrNotFound
	}
	if err != nil {
		var none T
		return none, err
	}
	return record, nil
}

// several reads the records that a query finds for a key, in its order.
func several[T any](ctx context.Context, s *Store, op, query string, decode func(*row) T, key driver.Value) ([]T, error) {
	var records []T
	if err := s.read(ctx, op, query, func(r *row) { records = append(records, decode(r)) }, key); err != nil {
		return nil, err
	}
	return records, nil
}

// read runs a query on an idle connection. Each query is a transaction of its
// own, so it sees every commit that has returned.
func (s *Store) read(ctx context.Context, op, query string, each func(*row), args ...driver.Value) error {
	c, err := s.take(ctx)
	if err != nil {
		return err
	}
	defer func() { s.idle <- c }()
	return translate(op, c.query(query, each, args...))
}

func (s *Store) take(ctx context.Context) (*conn, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	select {
	case c := <-s.idle:
		return c, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.closing:
		return nil, errClosed
	}
}

// usable is asked first, since a select with several ready cases picks any.
func (s *Store) usable(ctx context.Context) error {
	select {
	case <-s.closing:
		return errClosed
	default:
		return ctx.Err()
	}
}
