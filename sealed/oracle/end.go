package oracle

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"io"
	"reflect"

	"github.com/flynn/noise"
)

// Keys is what one end of a handshake knows before.
type Keys struct {
	Prologue, PSK []byte
	// SitePublic is the site's key of a link, empty in a resumption; SitePrivate
	// is for the site's end alone.
	SitePublic, SitePrivate []byte
	// Ephemeral is the end's own ephemeral private key; drawn if empty.
	Ephemeral []byte
	// SmallOrder, if set, makes an end that cheats: it sends this as its ephemeral
	// public key, and goes on as if all that it has in common with others were
	// zeros.
	SmallOrder []byte
}

// End is one end of a handshake, and of the session after it.
type End struct {
	state           *noise.HandshakeState
	wallet          bool
	sends, receives *noise.CipherState
	keys            []byte // of both directions, the wallet's first
}

// NewEnd returns the wallet's end or the site's.
func NewEnd(wallet bool, keys Keys) (*End, error) {
	config := noise.Config{
		CipherSuite:  noise.NewCipherSuite(dh{noise.DH25519, keys.SmallOrder}, noise.CipherAESGCM, noise.HashSHA256),
		Pattern:      noise.HandshakeNN,
		Initiator:    wallet,
		Prologue:     keys.Prologue,
		PresharedKey: keys.PSK,
	}
	if len(keys.Ephemeral) > 0 {
		config.Random = bytes.NewReader(keys.Ephemeral)
	}
	if len(keys.SitePublic) > 0 {
		config.Pattern = noise.HandshakeNK
		if wallet {
			config.PeerStatic = keys.SitePublic
		} else {
			config.StaticKeypair = noise.DHKey{Private: keys.SitePrivate, Public: keys.SitePublic}
		}
	}
	state, err := noise.NewHandshakeState(config)
	if err != nil {
		return nil, err
	}
	return &End{state: state, wallet: wallet}, nil
}

// Write makes the end's message of the handshake.
func (e *End) Write(payload []byte) ([]byte, error) {
	message, first, second, err := e.state.WriteMessage(nil, payload)
	e.split(first, second)
	return message, err
}

// Read reads the other end's message of the handshake.
func (e *End) Read(message []byte) ([]byte, error) {
	payload, first, second, err := e.state.ReadMessage(nil, message)
	e.split(first, second)
	return payload, err
}

func (e *End) split(first, second *noise.CipherState) {
	if first == nil {
		return
	}
	a, b := first.UnsafeKey(), second.UnsafeKey()
	e.keys = append(a[:], b[:]...)
	e.sends, e.receives = first, second
	if !e.wallet {
		e.sends, e.receives = second, first
	}
}

// Seal makes the next message of the session.
func (e *End) Seal(plaintext []byte) ([]byte, error) { return e.sends.Encrypt(nil, nil, plaintext) }

// Open reads the next message of the session.
func (e *End) Open(ciphertext []byte) ([]byte, error) {
	return e.receives.Decrypt(nil, nil, ciphertext)
}

// Hash returns the hash of the handshake, once both messages are through.
func (e *End) Hash() []byte { return bytes.Clone(e.state.ChannelBinding()) }

// ChainingKey returns the key that the keys of both directions come from. The
// other implementation does not show it, so it is taken from inside, and held
// against those keys.
func (e *End) ChainingKey() ([]byte, error) {
	ck := bytes.Clone(reflect.ValueOf(e.state).Elem().FieldByName("ss").FieldByName("ck").Bytes())
	keys, err := hkdf.Key(sha256.New, nil, ck, "", 64)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(keys, e.keys) {
		return nil, errors.New("the chaining key is not that of the session's keys")
	}
	return ck, nil
}

// publicKey returns the X25519 public key of a private one.
func publicKey(private []byte) ([]byte, error) {
	pair, err := noise.DH25519.GenerateKeypair(bytes.NewReader(private))
	return pair.Public, err
}

// dh is X25519, and with a key of small order the cheat of [Keys].
type dh struct {
	noise.DHFunc
	smallOrder []byte
}

func (d dh) GenerateKeypair(random io.Reader) (noise.DHKey, error) {
	if d.smallOrder == nil {
		return d.DHFunc.GenerateKeypair(random)
	}
	return noise.DHKey{Private: make([]byte, d.DHLen()), Public: d.smallOrder}, nil
}

func (d dh) DH(private, public []byte) ([]byte, error) {
	if bytes.Equal(private, make([]byte, d.DHLen())) {
		return make([]byte, d.DHLen()), nil
	}
	return d.DHFunc.DH(private, public)
}
