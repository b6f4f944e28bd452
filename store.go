package liaison

import (
	"context"
	"time"

	"github.com/liaison-dev/liaison/protocol"
)

// AccountRecord is what lasts of an account: that it was here.
type AccountRecord struct {
	Account protocol.Account
	// FirstSeenAt is when it first proved itself, LastSeenAt when last.
	FirstSeenAt, LastSeenAt time.Time
}

// Change is a set of writes that happens as a whole or not at all. Each session
// and link carries the version that was read; 0 creates it.
type Change struct {
	Sessions []Session
	Links    []Link
	// Accounts proved themselves at LastSeenAt; a record is created or its
	// LastSeenAt moved forward. FirstSeenAt counts for a new record only; its
	// zero value means LastSeenAt.
	Accounts []AccountRecord
	// Credentials are created or changed, as sessions are.
	Credentials []Credential
	// Removed credentials must be there.
	Removed []CredentialID
	// Ceremonies are created; an id that is there already is a conflict.
	Ceremonies []Ceremony
	// Spent ceremonies must be there, and are gone then.
	Spent []CeremonyID
}

// MaxSessionsOf bounds how many sessions of one account are read at once. A person
// has a handful; more can only be somebody who wants a server to read many.
const MaxSessionsOf = 100

// Store keeps what must outlive the process. All methods may be called
// concurrently. Times come back in UTC with at least microseconds. Package
// storetest is the contract as tests.
type Store interface {
	// Session returns a session by its id, also an expired one; [ErrNotFound]
	// if there is none.
	Session(ctx context.Context, id SessionID) (Session, error)
	// SessionByToken returns the session that the token with this hash opens;
	// [ErrNotFound] if there is none.
	SessionByToken(ctx context.Context, hash TokenHash) (Session, error)
	// SessionsOf returns the sessions that speak for an account, also expired and
	// retired ones, those first that began last, and at most [MaxSessionsOf]. Its
	// cost must not depend on how many others there are.
	SessionsOf(ctx context.Context, account protocol.Account) ([]Session, error)
	// Link returns a link, also an expired one; [ErrNotFound] if there is none.
	Link(ctx context.Context, id protocol.RequestID) (Link, error)
	// WaitingLinks returns the waiting links that a session opened, the oldest
	// first. Its cost must not depend on how many other links there are.
	WaitingLinks(ctx context.Context, site SessionID) ([]Link, error)
	// Account returns what is known of an account; [ErrNotFound] if nothing.
	Account(ctx context.Context, account protocol.Account) (AccountRecord, error)
	// Credential returns a passkey; [ErrNotFound] if there is none.
	Credential(ctx context.Context, id CredentialID) (Credential, error)
	// Credentials returns the passkeys of an account, the oldest first. Its cost
	// must not depend on how many others there are; neither must that of
	// Ceremonies.
	Credentials(ctx context.Context, account protocol.Account) ([]Credential, error)
	// Ceremony returns a ceremony, also an expired one; [ErrNotFound] if there is
	// none.
	Ceremony(ctx context.Context, id CeremonyID) (Ceremony, error)
	// Ceremonies returns those of a session, the one that expires first before
	// the others.
	Ceremonies(ctx context.Context, session SessionID) ([]Ceremony, error)
	// Secret returns the 32 random bytes that are kept under a name, the same for
	// all nodes and for good. The first call draws them.
	Secret(ctx context.Context, name string) ([32]byte, error)
	// Commit carries out the change as a whole. [ErrConflict] means that the
	// version of some record is not the stored one (a record to create exists, a
	// record to change, to remove or to spend is gone or has moved on, a token hash
	// is in use), and
	// that nothing was written. When it returns nil, the change survives the
	// end of the process and of the machine, and all later reads see it. When
	// ctx ends first, the change may still happen.
	Commit(ctx context.Context, change Change) error
	// Sweep removes sessions, links and ceremonies that expired before the given
	// time and returns how many. It does bounded work; call it again until it returns 0.
	Sweep(ctx context.Context, before time.Time) (int, error)
	// Ping reports whether the store answers.
	Ping(ctx context.Context) error
	// Close releases everything; nothing may be called afterwards.
	Close() error
}
