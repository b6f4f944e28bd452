package sealed

import (
	"crypto/cipher"
	"crypto/ecdh"
)

// Parts that vectors are about.
var (
	HKDF               = hkdfSHA256
	KDF                = kdf
	LinkPSK            = linkPSK
	LinkPrologue       = linkPrologue
	ResumptionPSK      = resumptionPSK
	ResumptionPrologue = resumptionPrologue
	Agree              = (*SiteKey).agree
)

// AEAD is the cipher as messages are sealed with it, for other nonces.
func AEAD(key []byte) cipher.AEAD { return newCipherState(key).aead }

// NewSiteKeyForTest is a site's key that was not drawn.
func NewSiteKeyForTest(private *ecdh.PrivateKey, seed Seed) *SiteKey {
	return newSiteKey(private, seed)
}

// SetEphemeralForTest replaces the ephemeral key before the first message.
func SetEphemeralForTest(h *Handshake, private *ecdh.PrivateKey) { h.ephemeral = private }

// NewForTest is one end with any prologue and psk, as vectors of others have
// them. A resumption's end gets neither of the keys.
func NewForTest(wallet bool, prologue []byte, psk [32]byte, siteKey *SiteKey, sitePublic *ecdh.PublicKey) (*Handshake, error) {
	side, pattern := siteSide, resumptionPattern
	if wallet {
		side = walletSide
	}
	if siteKey != nil || sitePublic != nil {
		pattern = linkPattern
	}
	h, err := newHandshake(side, pattern, prologue, psk)
	if err != nil {
		return nil, err
	}
	h.siteKey, h.sitePublic = siteKey, sitePublic
	if siteKey != nil {
		h.sym.mixHash(siteKey.public[:])
	} else if sitePublic != nil {
		h.sym.mixHash(sitePublic.Bytes())
	}
	return h, nil
}

// MessageOneForTest is the message 1 of a resumption by a wallet that knows it,
// with any ephemeral key.
func MessageOneForTest(r Resumption, e *ecdh.PublicKey) ([]byte, error) {
	h, err := ResumeWallet(r)
	if err != nil {
		return nil, err
	}
	if err := h.mix(e); err != nil {
		return nil, err
	}
	return h.sym.encryptAndHash(e.Bytes(), nil)
}

// SetCountersForTest sets how many messages went each way.
func SetCountersForTest(s *Session, send, receive uint64) { s.send.n, s.receive.n = send, receive }

// HashForTest and ExportForTest return what a session's keys and names come
// from.
func HashForTest(s *Session) [32]byte   { return s.h }
func ExportForTest(s *Session) [32]byte { return s.export }

// HoldsKeysForTest says whether a handshake still has any secret.
func HoldsKeysForTest(h *Handshake) bool {
	return h.sym != nil || h.psk != [keyBytes]byte{} || h.siteKey != nil || h.ephemeral != nil || h.ee != nil
}
