package sealed

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"math"
)

const (
	keyBytes = 32
	tagBytes = 16
	// maxMessageBytes bounds every message of Noise (revision 34 §3).
	maxMessageBytes = 65535
)

// symmetricState is the state that both ends of a handshake change alike (Noise
// §5.2). It is used up by split.
type symmetricState struct {
	ck     [sha256.Size]byte // chaining key: what all keys so far were mixed into
	h      [sha256.Size]byte // hash of everything that was said so far
	cipher cipherState
}

// newSymmetricState takes a protocol name of 32 bytes, which is its own hash.
// Every handshake of ours mixes a key before it encrypts, so there is no state
// without one.
func newSymmetricState(name [sha256.Size]byte, prologue []byte) *symmetricState {
	s := &symmetricState{ck: name, h: name}
	s.mixHash(prologue)
	return s
}

func (s *symmetricState) mixHash(data []byte) {
	hash := sha256.New()
	hash.Write(s.h[:])
	hash.Write(data)
	hash.Sum(s.h[:0])
}

func (s *symmetricState) mixKey(secret []byte) {
	out := hkdfSHA256(secret, s.ck[:], "", 2*keyBytes)
	copy(s.ck[:], out)
	s.cipher = newCipherState(out[keyBytes:])
	clear(out)
}

func (s *symmetricState) mixKeyAndHash(psk []byte) {
	out := hkdfSHA256(psk, s.ck[:], "", 3*keyBytes)
	copy(s.ck[:], out)
	s.mixHash(out[keyBytes : 2*keyBytes])
	s.cipher = newCipherState(out[2*keyBytes:])
	clear(out)
}

// encryptAndHash appends the ciphertext to dst.
func (s *symmetricState) encryptAndHash(dst, plaintext []byte) ([]byte, error) {
	message, err := s.cipher.seal(dst, plaintext, s.h[:])
	if err != nil {
		return nil, err
	}
	s.mixHash(message[len(dst):])
	return message, nil
}

func (s *symmetricState) decryptAndHash(ciphertext []byte) ([]byte, error) {
	plaintext, err := s.cipher.open(ciphertext, s.h[:])
	if err != nil {
		return nil, err
	}
	s.mixHash(ciphertext)
	return plaintext, nil
}

// split returns the keys of the two directions, that of the initiator first.
func (s *symmetricState) split() (initiator, responder cipherState) {
	out := hkdfSHA256(nil, s.ck[:], "", 2*keyBytes)
	defer clear(out)
	return newCipherState(out[:keyBytes]), newCipherState(out[keyBytes:])
}

// cipherState is one key and the number of messages under it (Noise §5.1).
type cipherState struct {
	aead cipher.AEAD
	n    uint64
}

// newCipherState panics if the key does not have 32 bytes, which is a mistake of
// ours.
func newCipherState(key []byte) cipherState {
	if len(key) != keyBytes {
		panic("sealed: key does not have 32 bytes")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return cipherState{aead: aead}
}

// seal appends the ciphertext to dst.
func (c *cipherState) seal(dst, plaintext, ad []byte) ([]byte, error) {
	nonce, err := c.nonce()
	if err != nil {
		return nil, err
	}
	c.n++
	return c.aead.Seal(dst, nonce, plaintext, ad), nil
}

func (c *cipherState) open(ciphertext, ad []byte) ([]byte, error) {
	nonce, err := c.nonce()
	if err != nil {
		return nil, err
	}
	plaintext, err := c.aead.Open(nil, nonce, ciphertext, ad)
	if err != nil {
		return nil, ErrAuthentication
	}
	c.n++
	return plaintext, nil
}

// nonce is 32 zero bits and the counter. The last counter is never used, so that
// the one after it cannot be the first again.
func (c *cipherState) nonce() ([]byte, error) {
	if c.n == math.MaxUint64 {
		return nil, ErrState
	}
	return binary.BigEndian.AppendUint64(make([]byte, 4, 12), c.n), nil
}

// hkdfSHA256 is HKDF of RFC 5869, and with an empty info that of Noise (§4.3).
// It panics if n is more than 8,160, which no caller asks for.
func hkdfSHA256(secret, salt []byte, info string, n int) []byte {
	out, err := hkdf.Key(sha256.New, secret, salt, info, n)
	if err != nil {
		panic(err)
	}
	return out
}
