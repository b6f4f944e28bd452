package client

import (
	"encoding/base64"
	"errors"
	"sync"

	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/sealed"
)

// codec turns messages between the peers into payloads of frames and back. It
// is called once for each frame of a direction, in the order of their numbers,
// so that it may count with them.
type codec interface {
	seal(n uint64, m protocol.PeerMessage) (string, error)
	open(n uint64, payload string) (protocol.PeerMessage, error)
}

// envelope is the codec that the server cannot look into: frame 0 of each
// direction is a message of the handshake, and all others are sealed with the
// keys that come of it. Source: spec/sealed.md §3.
type envelope struct {
	mu sync.Mutex
	// Guarded by mu.
	handshake *sealed.Handshake // nil once it is over
	session   *sealed.Session   // nil before
	begun     bool              // a message of the handshake was written or read
	given     bool              // up: nothing is sealed, and nothing will be
}

var errUnsealed = errors.New("no handshake yet")

func newEnvelope(h *sealed.Handshake, err error) (*envelope, error) {
	if err != nil {
		return nil, &Error{Code: protocol.InvalidLink, Op: "begin handshake", Err: err}
	}
	return &envelope{handshake: h}, nil
}

func (e *envelope) seal(n uint64, m protocol.PeerMessage) (string, error) {
	plain, err := m.Encode()
	if err != nil {
		return "", err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var message []byte
	switch {
	case e.given:
		message = plain
	case n == 0 && e.handshake != nil:
		e.begun = true
		message, err = e.handshake.Write(plain)
		e.settleLocked()
	case e.session != nil:
		message, err = e.session.Seal(plain)
	default:
		err = errUnsealed
	}
	if err != nil {
		return "", &Error{Code: protocol.Internal, Op: "seal message", Err: err}
	}
	return base64.RawURLEncoding.EncodeToString(message), nil
}

func (e *envelope) open(n uint64, payload string) (protocol.PeerMessage, error) {
	code := protocol.InvalidPeer
	if n == 0 && !e.givenUp() {
		code = protocol.HandshakeFailed
	}
	message, err := base64.RawURLEncoding.Strict().DecodeString(payload)
	if err != nil {
		return protocol.PeerMessage{}, &Error{Code: code, Op: "open message", Err: err}
	}
	plain, err := e.unseal(n, message)
	if err != nil {
		return protocol.PeerMessage{}, &Error{Code: code, Op: "open message", Err: err}
	}
	return protocol.ParsePeerMessage(plain)
}

func (e *envelope) unseal(n uint64, message []byte) (plain []byte, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.given:
		return message, nil
	case n == 0 && e.handshake != nil:
		e.begun = true
		plain, err = e.handshake.Read(message)
		if err == nil {
			e.settleLocked()
		}
		return plain, err
	case e.session != nil:
		return e.session.Open(message)
	}
	return nil, errUnsealed
}

// giveUp leaves all messages as they are from now on: the other side speaks a
// dialect. It reports false, and changes nothing, once the handshake has begun: what
// was sealed stays sealed. Source: spec/protocol.md §11.
func (e *envelope) giveUp() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.handshake == nil || e.session != nil || e.begun {
		return false
	}
	e.handshake, e.given = nil, true
	return true
}

func (e *envelope) givenUp() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.given
}

// settleLocked takes over the keys if the handshake is complete.
func (e *envelope) settleLocked() {
	if session, err := e.handshake.Session(); err == nil {
		e.session, e.handshake = session, nil
	}
}

// keys returns the session that both ends share; nil before the handshake is
// complete.
func (e *envelope) keys() *sealed.Session {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.session
}
