package chain

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"math/big"

	"github.com/liaison-dev/liaison/protocol"
)

const (
	scalarBytes = 32
	// compressedBytes is the length of a point as its x and the sign of its y.
	compressedBytes = 1 + scalarBytes
)

// verifyP256 checks a signature r, s over the SHA-256 of a message. Anybody can
// turn a signature into its twin with the other s: the upper half is refused.
func verifyP256(key, message, signature []byte) bool {
	public := parseP256(key)
	if public == nil || len(signature) != 2*scalarBytes {
		return false
	}
	r, s := new(big.Int).SetBytes(signature[:scalarBytes]), new(big.Int).SetBytes(signature[scalarBytes:])
	hash := sha256.Sum256(message)
	return s.Cmp(halfP256()) <= 0 && ecdsa.Verify(public, hash[:], r, s)
}

func halfP256() *big.Int { return new(big.Int).Rsh(elliptic.P256().Params().N, 1) }

// parseP256 returns nothing for what is no compressed point of the curve.
func parseP256(key []byte) *ecdsa.PublicKey {
	x, y := elliptic.UnmarshalCompressed(elliptic.P256(), key)
	if x == nil {
		return nil
	}
	point := make([]byte, 1+2*scalarBytes)
	point[0] = 4 // not compressed
	x.FillBytes(point[1 : 1+scalarBytes])
	y.FillBytes(point[1+scalarBytes:])
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return nil
	}
	return public
}

type p256Secret struct{ private *ecdsa.PrivateKey }

func openP256(secret []byte) (didSecret, error) {
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), secret)
	if err != nil {
		return nil, protocol.Errorf(protocol.InvalidMessage, "no secret of a P-256 key")
	}
	return p256Secret{private}, nil
}

func (p p256Secret) public() []byte {
	point, err := p.private.PublicKey.Bytes()
	if err != nil {
		panic("chain: a key that was read cannot be written: " + err.Error())
	}
	return append([]byte{2 + point[len(point)-1]&1}, point[1:compressedBytes]...)
}

func (p p256Secret) secret() []byte {
	secret, err := p.private.Bytes()
	if err != nil {
		panic("chain: a key that was read cannot be written: " + err.Error())
	}
	return secret
}

func (p p256Secret) sign(message []byte) ([]byte, error) {
	hash := sha256.Sum256(message)
	r, s, err := ecdsa.Sign(rand.Reader, p.private, hash[:])
	if err != nil {
		return nil, fmt.Errorf("sign with P-256: %w", err)
	}
	if s.Cmp(halfP256()) > 0 {
		s.Sub(elliptic.P256().Params().N, s)
	}
	signature := make([]byte, 2*scalarBytes)
	r.FillBytes(signature[:scalarBytes])
	s.FillBytes(signature[scalarBytes:])
	return signature, nil
}
