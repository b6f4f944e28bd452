package chain

import (
	"crypto/sha256"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"github.com/liaison-dev/liaison/protocol"
)

// verifySecp256k1 checks a signature r, s over the SHA-256 of a message. Anybody
// can turn a signature into its twin with the other s: the upper half is refused.
func verifySecp256k1(key, message, signature []byte) bool {
	if len(signature) != 2*scalarBytes {
		return false
	}
	public, err := secp256k1.ParsePubKey(key)
	var r, s secp256k1.ModNScalar
	overR, overS := r.SetByteSlice(signature[:scalarBytes]), s.SetByteSlice(signature[scalarBytes:])
	if err != nil || overR || overS || s.IsOverHalfOrder() {
		return false
	}
	hash := sha256.Sum256(message)
	return ecdsa.NewSignature(&r, &s).Verify(hash[:], public)
}

// parseSecp256k1 refuses what is not a number from 1 to the order less 1: such a
// secret would be reduced, so that two secrets gave one key.
func parseSecp256k1(secret []byte) (*secp256k1.PrivateKey, error) {
	var d secp256k1.ModNScalar
	if overflow := d.SetByteSlice(secret); overflow || d.IsZero() {
		return nil, protocol.Errorf(protocol.InvalidMessage, "no secret of a secp256k1 key")
	}
	return secp256k1.NewPrivateKey(&d), nil
}

type secp256k1Secret struct{ private *secp256k1.PrivateKey }

func openSecp256k1(secret []byte) (didSecret, error) {
	private, err := parseSecp256k1(secret)
	if err != nil {
		return nil, err
	}
	return secp256k1Secret{private}, nil
}

func (s secp256k1Secret) public() []byte { return s.private.PubKey().SerializeCompressed() }

func (s secp256k1Secret) secret() []byte { return s.private.Serialize() }

// sign cuts off the byte that tells how to recover the key: it is known.
func (s secp256k1Secret) sign(message []byte) ([]byte, error) {
	hash := sha256.Sum256(message)
	return ecdsa.SignCompact(s.private, hash[:], true)[1:], nil
}
