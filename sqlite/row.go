package sqlite

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// errDamaged means that a value is not what was stored. The tables are strict,
// so only a damaged file or a foreign hand can cause it.
var errDamaged = errors.New("data file holds a value of the wrong form")

// row takes the columns of a row one after the other and remembers the first
// that was not of the expected type.
type row struct {
	rest []driver.Value
	err  error
}

func next[T any](r *row) T {
	v, ok := r.rest[0].(T)
	if !ok {
		r.err = errDamaged
	}
	r.rest = r.rest[1:]
	return v
}

func (r *row) text() string    { return next[string](r) }
func (r *row) integer() int64  { return next[int64](r) }
func (r *row) time() time.Time { return time.UnixMicro(r.integer()).UTC() }

// bytes32 reads a hash or a key.
func (r *row) bytes32() (h [32]byte) {
	if b := next[[]byte](r); copy(h[:], b) != len(h) || len(b) != len(h) {
		r.err = errDamaged
	}
	return h
}

func (r *row) proof() protocol.Proof {
	return protocol.Proof{
		Type:      r.text(),
		Chain:     protocol.ChainID(r.text()),
		Address:   r.text(),
		Message:   r.text(),
		Signature: next[[]byte](r),
		Meta:      r.proofMeta(),
	}
}

func (r *row) proofMeta() *protocol.ProofMeta {
	text := r.text()
	if text == "" {
		return nil
	}
	meta := new(protocol.ProofMeta)
	if err := json.Unmarshal([]byte(text), meta); err != nil {
		r.err = errDamaged
	}
	return meta
}

// encodeProofMeta writes what proofMeta reads.
func encodeProofMeta(meta *protocol.ProofMeta) string {
	if meta == nil {
		return ""
	}
	data, err := json.Marshal(meta)
	if err != nil {
		panic(err) // strings and bytes encode
	}
	return string(data)
}

// Go evaluates the calls in a composite literal from left to right, so the
// order of the fields below is that of the columns.

const sessionColumns = "id, token_hash, account, assurance, proved_at, link, vouched, wallet, label, retired, generation, created_at, seen_at, expires_at, version"

func (r *row) session() liaison.Session {
	return liaison.Session{
		ID:         liaison.SessionID(r.text()),
		TokenHash:  r.bytes32(),
		Account:    protocol.Account(r.text()),
		Assurance:  protocol.Assurance(r.text()),
		ProvedAt:   r.time(),
		Link:       protocol.RequestID(r.text()),
		Vouched:    r.integer() != 0,
		Wallet:     r.integer() != 0,
		Label:      r.text(),
		Retired:    r.integer() != 0,
		Generation: uint64(r.integer()),
		CreatedAt:  r.time(),
		SeenAt:     r.time(),
		ExpiresAt:  r.time(),
		Version:    uint64(r.integer()),
	}
}

const linkColumns = "id, state, resumption, dialect, credential, site, origin, wallet, channel, nonce, account, proof_type, proof_chain, proof_address, proof_message, proof_signature, proof_meta, held, verified, reason, issued_at, expires_at, version"

func (r *row) link() liaison.Link {
	return liaison.Link{
		ID:         protocol.RequestID(r.text()),
		State:      liaison.LinkState(r.text()),
		Resumption: r.integer() != 0,
		Dialect:    protocol.Dialect(r.text()),
		Credential: liaison.CredentialID(r.text()),
		Site:       liaison.SessionID(r.text()),
		Origin:     protocol.Origin(r.text()),
		Wallet:     liaison.SessionID(r.text()),
		Channel:    protocol.ChannelID(r.text()),
		Nonce:      protocol.Nonce(r.text()),
		Account:    protocol.Account(r.text()),
		Proof:      r.proof(),
		Held:       r.integer() != 0,
		Verified:   r.integer() != 0,
		Reason:     protocol.Code(r.text()),
		IssuedAt:   r.time(),
		ExpiresAt:  r.time(),
		Version:    uint64(r.integer()),
	}
}

func (r *row) account() liaison.AccountRecord {
	return liaison.AccountRecord{
		Account:     protocol.Account(r.text()),
		FirstSeenAt: r.time(),
		LastSeenAt:  r.time(),
	}
}

// statement is one write, encoded by the goroutine that asked for it, so that
// the writer only runs it and nothing of the caller's is read later.
type statement struct {
	query string
	args  []driver.Value
	// one means that anything but one changed row is a conflict.
	one bool
}

const (
	insertSession = "INSERT INTO sessions (token_hash, account, assurance, proved_at, link, vouched, wallet, label, retired, generation, created_at, seen_at, expires_at, version, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	updateSession = "UPDATE sessions SET token_hash = ?, account = ?, assurance = ?, proved_at = ?, link = ?, vouched = ?, wallet = ?, label = ?, retired = ?, generation = ?, created_at = ?, seen_at = ?, expires_at = ?, version = ? WHERE id = ? AND version = ?"
	insertLink    = "INSERT INTO links (state, resumption, dialect, credential, site, origin, wallet, channel, nonce, account, proof_type, proof_chain, proof_address, proof_message, proof_signature, proof_meta, held, verified, reason, issued_at, expires_at, version, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	updateLink    = "UPDATE links SET state = ?, resumption = ?, dialect = ?, credential = ?, site = ?, origin = ?, wallet = ?, channel = ?, nonce = ?, account = ?, proof_type = ?, proof_chain = ?, proof_address = ?, proof_message = ?, proof_signature = ?, proof_meta = ?, held = ?, verified = ?, reason = ?, issued_at = ?, expires_at = ?, version = ? WHERE id = ? AND version = ?"
	upsertAccount = "INSERT INTO accounts (account, first_seen_at, last_seen_at) VALUES (?, ?, ?) ON CONFLICT (account) DO UPDATE SET last_seen_at = excluded.last_seen_at WHERE excluded.last_seen_at > last_seen_at"
)

func writeSession(s liaison.Session) statement {
	return versioned(insertSession, updateSession, s.Version,
		s.TokenHash[:], string(s.Account), string(s.Assurance), s.ProvedAt.UnixMicro(), string(s.Link), s.Vouched, s.Wallet, s.Label, s.Retired, int64(s.Generation), s.CreatedAt.UnixMicro(), s.SeenAt.UnixMicro(), s.ExpiresAt.UnixMicro(),
		int64(s.Version+1), string(s.ID))
}

func writeLink(l liaison.Link) statement {
	p := l.Proof
	return versioned(insertLink, updateLink, l.Version,
		string(l.State), l.Resumption, string(l.Dialect), string(l.Credential), string(l.Site), string(l.Origin), string(l.Wallet), string(l.Channel), string(l.Nonce), string(l.Account),
		p.Type, string(p.Chain), p.Address, p.Message, append([]byte{}, p.Signature...), encodeProofMeta(p.Meta),
		l.Held, l.Verified, string(l.Reason), l.IssuedAt.UnixMicro(), l.ExpiresAt.UnixMicro(), int64(l.Version+1), string(l.ID))
}

func versioned(insert, update string, version uint64, args ...driver.Value) statement {
	if version == 0 {
		return statement{query: insert, args: args, one: true}
	}
	return statement{query: update, args: append(args, int64(version)), one: true}
}

func writeAccount(a liaison.AccountRecord) statement {
	first := a.FirstSeenAt
	if first.IsZero() {
		first = a.LastSeenAt
	}
	return statement{query: upsertAccount, args: []driver.Value{string(a.Account), first.UnixMicro(), a.LastSeenAt.UnixMicro()}}
}
