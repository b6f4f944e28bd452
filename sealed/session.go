package sealed

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
)

// Session is one end of a channel that only the two ends of a link can read. Its
// methods may be called concurrently; each direction counts its messages.
type Session struct {
	side   side     // fixed after the handshake
	h      [32]byte // fixed after the handshake
	export [32]byte // fixed after the handshake

	broken atomic.Bool

	sendMu sync.Mutex
	send   cipherState

	receiveMu sync.Mutex
	receive   cipherState
}

// newSession uses the state up.
func newSession(side side, sym *symmetricState) *Session {
	s := &Session{side: side, h: sym.h, export: [32]byte(kdf(sym.ck[:], "export", keyBytes))}
	s.send, s.receive = sym.split()
	if side == siteSide {
		s.send, s.receive = s.receive, s.send
	}
	*sym = symmetricState{}
	return s
}

// Seal returns the next message to the other end, 16 bytes longer than the
// plaintext and at most 65,535. The other end must open messages in the order in
// which they were sealed. [ErrSize] changes nothing.
func (s *Session) Seal(plaintext []byte) ([]byte, error) {
	if len(plaintext) > maxMessageBytes-tagBytes {
		return nil, fmt.Errorf("%w: plaintext of %d bytes", ErrSize, len(plaintext))
	}
	s.sendMu.Lock()
	defer s.sendMu.Unlock()
	if s.broken.Load() || s.send.aead == nil {
		return nil, ErrBroken
	}
	return s.send.seal(nil, plaintext, nil)
}

// Open returns the plaintext of the next message from the other end. After any
// error there is no further message, in neither direction: every later call of
// Open and Seal is [ErrBroken]. A caller that gets frames twice must leave out
// the second before it comes here.
func (s *Session) Open(ciphertext []byte) ([]byte, error) {
	s.receiveMu.Lock()
	defer s.receiveMu.Unlock()
	if s.broken.Load() || s.receive.aead == nil {
		return nil, ErrBroken
	}
	plaintext, err := s.open(ciphertext)
	if err != nil {
		s.broken.Store(true)
		return nil, err
	}
	return plaintext, nil
}

func (s *Session) open(ciphertext []byte) ([]byte, error) {
	if len(ciphertext) < tagBytes || len(ciphertext) > maxMessageBytes {
		return nil, fmt.Errorf("%w: message of %d bytes", ErrSize, len(ciphertext))
	}
	return s.receive.open(ciphertext, nil)
}

// ChannelID names this channel and no other, the same at both ends: 46
// characters that say nothing about its keys. An account that signs it signs
// everything that the handshake said.
func (s *Session) ChannelID() string {
	return "l1." + base64.RawURLEncoding.EncodeToString(s.h[:])
}

// ShortCode returns six digits, written "ddd ddd", that the wallet shows and its
// person types into the site (spec/sealed.md §6). Compare them in constant time,
// and allow three tries.
func (s *Session) ShortCode() string {
	n := binary.BigEndian.Uint64(kdf(s.h[:], "sas", 8)) % 1_000_000
	return fmt.Sprintf("%03d %03d", n/1000, n%1000)
}

// Pong returns the answer of this end to a ping with the nonce.
func (s *Session) Pong(nonce [16]byte) [32]byte { return s.pong(s.side, nonce) }

// CheckPong says whether mac is the other end's answer to a ping with the nonce.
// That the nonce waits for an answer is for the caller to know.
func (s *Session) CheckPong(nonce [16]byte, mac []byte) bool {
	other := walletSide
	if s.side == walletSide {
		other = siteSide
	}
	want := s.pong(other, nonce)
	return hmac.Equal(mac, want[:])
}

// String hides the keys.
func (s *Session) String() string { return redacted }

// Format hides the keys from every verb.
func (s *Session) Format(f fmt.State, _ rune) { hide(f) }

func (s *Session) pong(side side, nonce [16]byte) [32]byte {
	mac := hmac.New(sha256.New, kdf(s.export[:], "pong "+string(side), keyBytes))
	mac.Write(append([]byte(version+" pong"), 0))
	mac.Write(nonce[:])
	return [32]byte(mac.Sum(nil))
}
