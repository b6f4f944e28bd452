package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql/driver"
	"encoding/json"
	"errors"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

const (
	credentialColumns = "id, account, public_key, counter, user_verified, backup_eligible, backup_state, transports, label, dialect, origin, created_at, used_at, version"
	ceremonyColumns   = "id, kind, session, account, credential, channel, user_verification, expires_at"
)

const (
	selectCredential  = "SELECT " + credentialColumns + " FROM credentials WHERE id = ?"
	selectCredentials = "SELECT " + credentialColumns + " FROM credentials WHERE account = ? ORDER BY created_at, rowid"
	insertCredential  = "INSERT INTO credentials (public_key, counter, user_verified, backup_eligible, backup_state, transports, label, dialect, origin, created_at, used_at, version, account, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	// The account is among the conditions: an id stays with the one that has it.
	updateCredential = "UPDATE credentials SET public_key = ?, counter = ?, user_verified = ?, backup_eligible = ?, backup_state = ?, transports = ?, label = ?, dialect = ?, origin = ?, created_at = ?, used_at = ?, version = ? WHERE account = ? AND id = ? AND version = ?"
	deleteCredential = "DELETE FROM credentials WHERE id = ?"

	selectCeremony   = "SELECT " + ceremonyColumns + " FROM ceremonies WHERE id = ?"
	selectCeremonies = "SELECT " + ceremonyColumns + " FROM ceremonies WHERE session = ? ORDER BY expires_at, rowid"
	insertCeremony   = "INSERT INTO ceremonies (" + ceremonyColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
	deleteCeremony   = "DELETE FROM ceremonies WHERE id = ?"

	selectSecret = "SELECT value FROM secrets WHERE name = ?"
	insertSecret = "INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING"
)

// Credential implements [liaison.Store].
func (s *Store) Credential(ctx context.Context, id liaison.CredentialID) (liaison.Credential, error) {
	return one(ctx, s, "read credential", selectCredential, (*row).credential, string(id))
}

// Credentials implements [liaison.Store]. Of those that were made at the same
// time, the one that was stored first comes first.
func (s *Store) Credentials(ctx context.Context, account protocol.Account) ([]liaison.Credential, error) {
	return several(ctx, s, "read credentials", selectCredentials, (*row).credential, string(account))
}

// Ceremony implements [liaison.Store].
func (s *Store) Ceremony(ctx context.Context, id liaison.CeremonyID) (liaison.Ceremony, error) {
	return one(ctx, s, "read ceremony", selectCeremony, (*row).ceremony, id[:])
}

// Ceremonies implements [liaison.Store]. Of those that expire at the same time,
// the one that was stored first comes first.
func (s *Store) Ceremonies(ctx context.Context, session liaison.SessionID) ([]liaison.Ceremony, error) {
	return several(ctx, s, "read ceremonies", selectCeremonies, (*row).ceremony, string(session))
}

// Secret implements [liaison.Store].
func (s *Store) Secret(ctx context.Context, name string) ([32]byte, error) {
	secret, err := one(ctx, s, "read secret", selectSecret, (*row).bytes32, name)
	if !errors.Is(err, liaison.ErrNotFound) {
		return secret, err
	}
	rand.Read(secret[:])
	draw := statement{query: insertSecret, args: []driver.Value{name, secret[:]}}
	if _, err := s.submit(ctx, "draw secret", &request{statements: []statement{draw}}); err != nil {
		return [32]byte{}, err
	}
	return one(ctx, s, "read secret", selectSecret, (*row).bytes32, name) // perhaps another call's
}

func (r *row) credential() liaison.Credential {
	return liaison.Credential{
		ID:             liaison.CredentialID(r.text()),
		Account:        protocol.Account(r.text()),
		PublicKey:      next[[]byte](r),
		Counter:        uint32(r.integer()),
		UserVerified:   r.integer() != 0,
		BackupEligible: r.integer() != 0,
		BackupState:    r.integer() != 0,
		Transports:     r.texts(),
		Label:          r.text(),
		Dialect:        protocol.Dialect(r.text()),
		Origin:         r.text(),
		CreatedAt:      r.time(),
		UsedAt:         r.time(),
		Version:        uint64(r.integer()),
	}
}

func (r *row) ceremony() liaison.Ceremony {
	return liaison.Ceremony{
		ID:               r.bytes32(),
		Kind:             liaison.CeremonyKind(r.text()),
		Session:          liaison.SessionID(r.text()),
		Account:          protocol.Account(r.text()),
		Credential:       liaison.CredentialID(r.text()),
		Channel:          protocol.ChannelID(r.text()),
		UserVerification: r.integer() != 0,
		ExpiresAt:        r.time(),
	}
}

// texts reads what encodeTexts writes.
func (r *row) texts() (list []string) {
	text := r.text()
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		r.err = errDamaged
	}
	return list
}

func encodeTexts(list []string) string {
	if len(list) == 0 {
		return ""
	}
	data, err := json.Marshal(list)
	if err != nil {
		panic(err) // strings encode
	}
	return string(data)
}

func writeCredential(c liaison.Credential) statement {
	return versioned(insertCredential, updateCredential, c.Version,
		append([]byte{}, c.PublicKey...), int64(c.Counter), c.UserVerified, c.BackupEligible, c.BackupState, encodeTexts(c.Transports),
		c.Label, string(c.Dialect), c.Origin, c.CreatedAt.UnixMicro(), c.UsedAt.UnixMicro(), int64(c.Version+1), string(c.Account), string(c.ID))
}

func removeCredential(id liaison.CredentialID) statement {
	return statement{query: deleteCredential, args: []driver.Value{string(id)}, one: true}
}

func writeCeremony(c liaison.Ceremony) statement {
	return statement{query: insertCeremony, one: true, args: []driver.Value{
		c.ID[:], string(c.Kind), string(c.Session), string(c.Account), string(c.Credential), string(c.Channel), c.UserVerification, c.ExpiresAt.UnixMicro(),
	}}
}

func spendCeremony(id liaison.CeremonyID) statement {
	return statement{query: deleteCeremony, args: []driver.Value{id[:]}, one: true}
}
