package chain

import (
	"bytes"
	"encoding/hex"
)

// The layers below a proof, for the public vectors, whose messages are no
// sign-in texts.
var (
	VerifyEd25519        = verifyEd25519
	StrongKey            = strongKey
	VerifyP256           = verifyP256
	VerifySecp256k1      = verifySecp256k1
	ParseAlgorandAddress = parseAlgorandAddress
	ParseSolanaAddress   = parseSolanaAddress
	ARC60Bytes           = arc60Bytes
	EIP191Hash           = eip191Hash
)

// RecoverEVM returns the address that made a signature over a hash.
func RecoverEVM(hash, signature []byte) (string, error) {
	key, err := recoverEVM(hash, signature)
	if err != nil {
		return "", err
	}
	return evmAddress(key), nil
}

// EVMAddress returns the address of a point that is written without compression.
func EVMAddress(point []byte) string {
	hash := keccak(point[1:])
	return eip55([evmAddressBytes]byte(hash[12:]))
}

// ParseEVMAddress returns the bytes of an address.
func ParseEVMAddress(address string) ([]byte, error) {
	data, err := parseEVMAddress(address)
	if err != nil {
		return nil, err
	}
	return bytes.Clone(data[:]), nil
}

// WriteEVMAddress is the way back.
func WriteEVMAddress(data []byte) string { return eip55([evmAddressBytes]byte(data)) }

// ParseDIDKey returns the kind and the public key of an address.
func ParseDIDKey(address string) (kind string, key []byte, err error) {
	curve, key, err := parseDIDKey(address)
	return curve.kind, key, err
}

// WriteDIDKey is the way back.
func WriteDIDKey(kind string, key []byte) string {
	for _, c := range didCurves() {
		if c.kind == kind {
			return c.address(key)
		}
	}
	panic("no kind " + kind + " of key " + hex.EncodeToString(key))
}

// Remembered is how many answers of its node a scheme remembers.
func Remembered(s Scheme) int {
	node := s.(algorand).algod
	node.mu.Lock()
	defer node.mu.Unlock()
	return len(node.known)
}
