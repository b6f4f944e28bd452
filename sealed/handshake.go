package sealed

import (
	"crypto/ecdh"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
)

const (
	publicKeyBytes = 32
	// minHandshakeBytes is a message with an empty payload.
	minHandshakeBytes = publicKeyBytes + tagBytes
)

// Both names have 32 bytes, so that they are their own hash (Noise §5.2).
const (
	linkPattern       = "Noise_NKpsk0_25519_AESGCM_SHA256"
	resumptionPattern = "Noise_NNpsk0_25519_AESGCM_SHA256"
)

// side names one end. The wallet is the initiator (spec/sealed.md §3).
type side string

const (
	walletSide side = "wallet"
	siteSide   side = "site"
)

// Handshake is one end of one handshake: the wallet writes message 1 and reads
// message 2, the site reads message 1 and writes message 2. Any error of Write or
// Read before both messages are through ends it, and the keys in it are let go.
// It is not for concurrent use.
type Handshake struct {
	side side
	next int // number of the message that comes next, 3 after both; 0: ended

	sym *symmetricState
	psk [keyBytes]byte

	sitePublic *ecdh.PublicKey  // wallet with a link: the site's key
	siteKey    *SiteKey         // site with a link
	ephemeral  *ecdh.PrivateKey // own
	ee         []byte           // what the two ephemeral keys have in common

	session *Session
}

// NewWallet returns the wallet's end for a link. An unusable link is [ErrLink],
// and so is one without a seed.
func NewWallet(link Link) (*Handshake, error) {
	h, err := newLinkHandshake(walletSide, link)
	if err != nil {
		return nil, err
	}
	h.sitePublic, err = ecdh.X25519().NewPublicKey(link.Key[:])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLink, err)
	}
	return h, nil
}

// NewSite returns the site's end for the link that it shows. A key or a seed that
// is not the link's is [ErrLink], a key that has answered [ErrState].
func NewSite(link Link, key *SiteKey) (*Handshake, error) {
	if key == nil {
		return nil, fmt.Errorf("%w: no key", ErrLink)
	}
	key.mu.Lock()
	spent := key.private == nil
	same := key.public == link.Key && subtle.ConstantTimeCompare(key.seed[:], link.Seed[:]) == 1
	key.mu.Unlock()
	if spent {
		return nil, fmt.Errorf("%w: the key has answered a wallet", ErrState)
	}
	if !same {
		return nil, fmt.Errorf("%w: the key is not that of the link", ErrLink)
	}
	h, err := newLinkHandshake(siteSide, link)
	if err != nil {
		return nil, err
	}
	h.siteKey = key
	return h, nil
}

func newLinkHandshake(side side, link Link) (*Handshake, error) {
	if link.Seed == (Seed{}) {
		return nil, fmt.Errorf("%w: it has no seed", ErrLink)
	}
	prologue, err := linkPrologue(link)
	if err != nil {
		return nil, err
	}
	h, err := newHandshake(side, linkPattern, prologue, linkPSK(link.Seed))
	if err != nil {
		return nil, err
	}
	h.sym.mixHash(link.Key[:]) // pre-message "<- s"
	return h, nil
}

// ResumeWallet returns the wallet's end of a resumption. An unusable one is
// [ErrLink].
func ResumeWallet(r Resumption) (*Handshake, error) { return newResumption(walletSide, r) }

// ResumeSite returns the site's end of a resumption. An unusable one is
// [ErrLink].
func ResumeSite(r Resumption) (*Handshake, error) { return newResumption(siteSide, r) }

func newResumption(side side, r Resumption) (*Handshake, error) {
	if r.Secret == (Secret{}) {
		return nil, fmt.Errorf("%w: it has no secret", ErrLink)
	}
	prologue, err := resumptionPrologue(r.ID)
	if err != nil {
		return nil, err
	}
	return newHandshake(side, resumptionPattern, prologue, resumptionPSK(r.Secret))
}

func newHandshake(side side, pattern string, prologue []byte, psk [keyBytes]byte) (*Handshake, error) {
	ephemeral, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("ephemeral key: %w", err)
	}
	return &Handshake{
		side:      side,
		next:      1,
		sym:       newSymmetricState([32]byte([]byte(pattern)), prologue),
		psk:       psk,
		ephemeral: ephemeral,
	}, nil
}

// Write makes this end's message, 48 bytes longer than its payload: the wallet's
// first, the site's after it has read that. Message 1 can be read, later too, by
// whoever learns the link's seed and the site's private key: nothing private
// belongs into it. The errors are [ErrSize], [ErrState], [ErrBroken], and [ErrLink]
// for a link whose key is of small order.
func (h *Handshake) Write(payload []byte) ([]byte, error) {
	message, err := h.write(payload)
	return message, h.ended(err)
}

// Read returns the payload of the other end's message. Message 1 may come from
// anybody who saw the link. The errors are [ErrAuthentication], [ErrSize],
// [ErrState] and [ErrBroken].
func (h *Handshake) Read(message []byte) ([]byte, error) {
	payload, err := h.read(message)
	return payload, h.ended(err)
}

// Session returns the session once both messages are through; before it is
// [ErrState]. Every call returns the same one.
func (h *Handshake) Session() (*Session, error) {
	switch {
	case h.next == 0:
		return nil, ErrBroken
	case h.session == nil:
		return nil, ErrState
	}
	return h.session, nil
}

// String hides the keys.
func (h *Handshake) String() string { return redacted }

// Format hides the keys from every verb.
func (h *Handshake) Format(f fmt.State, _ rune) { hide(f) }

func (h *Handshake) write(payload []byte) ([]byte, error) {
	if err := h.due(walletSide); err != nil {
		return nil, err
	}
	if len(payload) > maxMessageBytes-minHandshakeBytes {
		return nil, fmt.Errorf("%w: payload of %d bytes", ErrSize, len(payload))
	}
	if h.next == 2 && h.siteKey != nil {
		// From here on nobody else is answered, even if this answer gets lost.
		if err := h.siteKey.spend(); err != nil {
			return nil, err
		}
	}
	e := h.ephemeral.PublicKey()
	if err := h.mix(e); err != nil {
		return nil, err
	}
	message, err := h.sym.encryptAndHash(e.Bytes(), payload)
	if err != nil {
		return nil, err
	}
	h.advance()
	return message, nil
}

func (h *Handshake) read(message []byte) ([]byte, error) {
	if err := h.due(siteSide); err != nil {
		return nil, err
	}
	if len(message) < minHandshakeBytes || len(message) > maxMessageBytes {
		return nil, fmt.Errorf("%w: message of %d bytes", ErrSize, len(message))
	}
	e, err := ecdh.X25519().NewPublicKey(message[:publicKeyBytes])
	if err != nil {
		return nil, ErrAuthentication
	}
	// A key of small order is refused where it is read, also if the first use of
	// it comes later: the result would be known to everybody.
	if h.ee, err = h.ephemeral.ECDH(e); err != nil {
		return nil, ErrAuthentication
	}
	if err := h.mix(e); err != nil {
		return nil, err
	}
	payload, err := h.sym.decryptAndHash(message[publicKeyBytes:])
	if err != nil {
		return nil, err
	}
	h.advance()
	return payload, nil
}

// due says whether a call is the next one: first is the side that makes it for
// message 1, the other makes it for message 2.
func (h *Handshake) due(first side) error {
	switch {
	case h.next == 0:
		return ErrBroken
	case h.next > 2, (h.next == 1) != (h.side == first):
		return ErrState
	}
	return nil
}

// mix does the tokens of the next message, in which e is the public key: "psk,
// e" and for a link "es", then "e, ee".
func (h *Handshake) mix(e *ecdh.PublicKey) error {
	if h.next == 1 {
		h.sym.mixKeyAndHash(h.psk[:])
		clear(h.psk[:])
	}
	h.sym.mixHash(e.Bytes())
	h.sym.mixKey(e.Bytes()) // with a psk, "e" is a key too (Noise §9.2)
	secret, err := h.agree(e)
	if err != nil {
		return err
	}
	if secret != nil {
		h.sym.mixKey(secret)
		clear(secret)
	}
	return nil
}

// agree returns the secret that the next message mixes: es, ee, or nothing.
func (h *Handshake) agree(e *ecdh.PublicKey) ([]byte, error) {
	switch {
	case h.next == 2:
		return h.ee, nil
	case h.siteKey != nil:
		return h.siteKey.agree(e)
	case h.sitePublic != nil:
		secret, err := h.ephemeral.ECDH(h.sitePublic)
		if err != nil {
			return nil, fmt.Errorf("%w: key of small order", ErrLink)
		}
		return secret, nil
	}
	return nil, nil
}

// advance goes on to the next message; after the second only the session is
// left.
func (h *Handshake) advance() {
	h.next++
	if h.next > 2 {
		*h = Handshake{side: h.side, next: h.next, session: newSession(h.side, h.sym)}
	}
}

// ended lets go of everything if there was an error, and returns it.
func (h *Handshake) ended(err error) error {
	if err == nil {
		return nil
	}
	if h.session != nil && errors.Is(err, ErrState) {
		return err // the handshake is complete, and its session does not suffer
	}
	if h.sym != nil {
		*h.sym = symmetricState{}
	}
	clear(h.psk[:])
	clear(h.ee)
	*h = Handshake{}
	return err
}
