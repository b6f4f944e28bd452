package authenticator

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/big"
)

// COSE algorithms.
const (
	ES256 = -7
	EdDSA = -8
	RS256 = -257
)

// Device is a browser at one origin, or an app, with its authenticator.
type Device struct {
	// Origin is that of the page or the app.
	Origin string
	// Algorithm is that of the passkeys that it makes; the zero value is ES256.
	Algorithm int
	// Attestation is the format of its attestation: "packed" or, by default,
	// "none".
	Attestation string
	// Uncounted means that its passkeys do not count: they say 0 for ever.
	Uncounted bool
	// BackupEligible and BackupState are the flags of its passkeys.
	BackupEligible, BackupState bool
	// Passkeys are what it holds, the newest last.
	Passkeys []*Passkey
	// Fault is how it misbehaves.
	Fault Fault
}

// Fault is how a device misbehaves. The zero value behaves well.
type Fault struct {
	// Type, Challenge, Origin and RPID are said in place of what was asked.
	Type, Origin, RPID string
	Challenge          []byte
	// CrossOrigin says that the page is in a frame of another site.
	CrossOrigin bool
	// TopOrigin is that of the other site.
	TopOrigin string
	// NoPresence and NoVerification clear the flags of the person.
	NoPresence, NoVerification bool
	// Counter is said in place of the passkey's own, unless it is 0.
	Counter uint32
	// WrongKey signs with another key, and WrongID names another credential.
	WrongKey, WrongID bool
	// ClientData replaces what the client says, before it is signed.
	ClientData []byte
}

// Passkey is one credential.
type Passkey struct {
	ID, User []byte
	RPID     string
	Counter  uint32

	key  crypto.Signer
	cose []byte
}

// Create makes a passkey of a domain and returns the response to a registration.
func (d *Device) Create(rpID string, challenge, user []byte) []byte {
	p := newPasskey(rpID, user, d.Algorithm)
	d.Passkeys = append(d.Passkeys, p)
	return d.Register(p, challenge)
}

// Register returns the response to a registration with a passkey that is there.
func (d *Device) Register(p *Passkey, challenge []byte) []byte {
	client := d.clientData("webauthn.create", challenge)
	attested := make([]byte, 16, 18+len(p.ID)+len(p.cose)) // the AAGUID is not said
	attested = binary.BigEndian.AppendUint16(attested, uint16(len(p.ID)))
	attested = append(append(attested, p.ID...), p.cose...)
	data := d.authData(p, flagAttested, attested)
	format, statement := "none", cborMap()
	if d.Attestation == "packed" {
		format, statement = "packed", cborMap(cborText("alg"), cborInt(algorithmOf(p.key)), cborText("sig"), cborBytes(d.sign(p, data, client)))
	}
	object := cborMap(cborText("fmt"), cborText(format), cborText("attStmt"), statement, cborText("authData"), cborBytes(data))
	return d.response(p, map[string]any{
		"clientDataJSON": encode(client), "attestationObject": encode(object), "transports": []string{"internal", "hybrid"},
	})
}

// Get returns the response to an authentication: of one of the asked passkeys,
// or of the newest of the domain if none is asked for. It panics if there is
// none, which is a mistake in the test.
func (d *Device) Get(rpID string, challenge []byte, ids ...[]byte) []byte {
	p := d.find(rpID, ids)
	if !d.Uncounted {
		p.Counter++
	}
	client := d.clientData("webauthn.get", challenge)
	data := d.authData(p, 0, nil)
	return d.response(p, map[string]any{
		"clientDataJSON": encode(client), "authenticatorData": encode(data), "signature": encode(d.sign(p, data, client)), "userHandle": encode(p.User),
	})
}

func (d *Device) find(rpID string, ids [][]byte) *Passkey {
	for i := len(d.Passkeys) - 1; i >= 0; i-- {
		p := d.Passkeys[i]
		asked := len(ids) == 0
		for _, id := range ids {
			asked = asked || bytes.Equal(id, p.ID)
		}
		if asked && p.RPID == rpID {
			return p
		}
	}
	panic(fmt.Sprintf("no passkey of %q", rpID))
}

// Flags of the authenticator data.
const (
	flagPresent        = 1 << 0
	flagVerified       = 1 << 2
	flagBackupEligible = 1 << 3
	flagBackupState    = 1 << 4
	flagAttested       = 1 << 6
)

func (d *Device) authData(p *Passkey, flags byte, attested []byte) []byte {
	for flag, set := range map[byte]bool{
		flagPresent: !d.Fault.NoPresence, flagVerified: !d.Fault.NoVerification,
		flagBackupEligible: d.BackupEligible, flagBackupState: d.BackupState,
	} {
		if set {
			flags |= flag
		}
	}
	hash := sha256.Sum256([]byte(or(d.Fault.RPID, p.RPID)))
	data := append(hash[:], flags)
	counter := p.Counter
	if d.Fault.Counter != 0 {
		counter = d.Fault.Counter
	}
	return append(binary.BigEndian.AppendUint32(data, counter), attested...)
}

func (d *Device) clientData(kind string, challenge []byte) []byte {
	if d.Fault.ClientData != nil {
		return d.Fault.ClientData
	}
	if d.Fault.Challenge != nil {
		challenge = d.Fault.Challenge
	}
	said := map[string]any{
		"type": or(d.Fault.Type, kind), "challenge": encode(challenge), "origin": or(d.Fault.Origin, d.Origin), "crossOrigin": d.Fault.CrossOrigin,
	}
	if d.Fault.TopOrigin != "" {
		said["topOrigin"] = d.Fault.TopOrigin
	}
	return mustJSON(said)
}

func (d *Device) response(p *Passkey, inner map[string]any) []byte {
	id := p.ID
	if d.Fault.WrongID {
		id = append([]byte("another "), id...)
	}
	return mustJSON(map[string]any{
		"id": encode(id), "rawId": encode(id), "type": "public-key", "authenticatorAttachment": "platform",
		"clientExtensionResults": map[string]any{}, "response": inner,
	})
}

func (d *Device) sign(p *Passkey, data, client []byte) []byte {
	key := p.key
	if d.Fault.WrongKey {
		key, _ = newKey(algorithmOf(key))
	}
	hash := sha256.Sum256(client)
	message := append(bytes.Clone(data), hash[:]...)
	options := crypto.SignerOpts(crypto.Hash(0))
	if _, ok := key.(ed25519.PrivateKey); !ok {
		digest := sha256.Sum256(message)
		message, options = digest[:], crypto.SHA256
	}
	signature, err := key.Sign(rand.Reader, message, options)
	if err != nil {
		panic(err) // the keys are ours
	}
	return signature
}

func newPasskey(rpID string, user []byte, algorithm int) *Passkey {
	p := &Passkey{ID: make([]byte, 32), User: bytes.Clone(user), RPID: rpID}
	rand.Read(p.ID)
	p.key, p.cose = newKey(algorithm)
	return p
}

// newKey draws a key and writes its public part as COSE does.
func newKey(algorithm int) (crypto.Signer, []byte) {
	switch algorithm {
	case EdDSA:
		public, key, _ := ed25519.GenerateKey(rand.Reader)
		return key, cborMap(cborInt(1), cborInt(1), cborInt(3), cborInt(EdDSA), cborInt(-1), cborInt(6), cborInt(-2), cborBytes(public))
	case RS256:
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		exponent := big.NewInt(int64(key.E)).Bytes()
		return key, cborMap(cborInt(1), cborInt(3), cborInt(3), cborInt(RS256), cborInt(-1), cborBytes(key.N.Bytes()), cborInt(-2), cborBytes(exponent))
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	point, err := key.PublicKey.Bytes() // 04, x, y
	if err != nil {
		panic(err)
	}
	return key, cborMap(cborInt(1), cborInt(2), cborInt(3), cborInt(ES256), cborInt(-1), cborInt(1), cborInt(-2), cborBytes(point[1:33]), cborInt(-3), cborBytes(point[33:]))
}

func algorithmOf(key crypto.Signer) int {
	switch key.(type) {
	case ed25519.PrivateKey:
		return EdDSA
	case *rsa.PrivateKey:
		return RS256
	}
	return ES256
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

func or(first, second string) string {
	if first != "" {
		return first
	}
	return second
}

func mustJSON(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and bytes encode
	}
	return data
}
