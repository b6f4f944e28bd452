package chain

import (
	"bytes"
	"crypto/ed25519"

	"filippo.io/edwards25519"
)

// verifyEd25519 is ed25519.Verify for keys that a stranger chose. Some encodings
// of points of small order verify one fixed signature for many or all messages,
// so whoever names such a key as his account could sign in without a secret;
// one of them is the Algorand zero address. They and all non-canonical
// encodings are refused.
func verifyEd25519(key, message, signature []byte) bool {
	return strongKey(key) && ed25519.Verify(ed25519.PublicKey(key), message, signature)
}

// strongKey reports whether key is the canonical encoding of a point whose order
// is not a divisor of 8.
func strongKey(key []byte) bool {
	point, err := new(edwards25519.Point).SetBytes(key)
	if err != nil || !bytes.Equal(point.Bytes(), key) {
		return false
	}
	cleared := new(edwards25519.Point).MultByCofactor(point)
	return cleared.Equal(edwards25519.NewIdentityPoint()) == 0
}

// ed25519Secret is used as a pointer, so that no copy of a key prints it.
type ed25519Secret struct{ private ed25519.PrivateKey }

func openEd25519(seed []byte) (didSecret, error) {
	return &ed25519Secret{ed25519.NewKeyFromSeed(seed)}, nil
}

func (e *ed25519Secret) public() []byte { return e.private.Public().(ed25519.PublicKey) }

func (e *ed25519Secret) secret() []byte { return e.private.Seed() }

func (e *ed25519Secret) sign(message []byte) ([]byte, error) {
	return ed25519.Sign(e.private, message), nil
}
