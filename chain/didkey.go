package chain

import (
	"context"
	"crypto/ed25519"
	"strings"

	"github.com/mr-tron/base58"

	"github.com/liaison-dev/liaison/protocol"
)

// DIDKey stands for the accounts that are a key and nothing else: those of the
// method did:key. An address is what follows "did:key:".
const DIDKey protocol.ChainID = "did:key"

const (
	didNamespace = "did"
	// didKeyPrefix separates the signed bytes from everything else that such a key
	// may sign: it has no chain that does.
	didKeyPrefix = "liaison/1 proof\x00"
)

func didKeyFamily() family {
	f := family{
		namespace: didNamespace,
		main:      DIDKey,
		scheme: func(chain protocol.ChainID, _ Sources) (Scheme, error) {
			if chain != DIDKey {
				return nil, protocol.Errorf(protocol.InvalidMessage, "of DIDs, only the method key is known")
			}
			return didKeys{}, nil
		},
	}
	for _, c := range didCurves() {
		f.kinds = append(f.kinds, kind{c.kind, c.newKey})
	}
	return f
}

// didCurve is one kind of keys that a did:key can name.
type didCurve struct {
	kind     string
	prefix   string // of the key's bytes: its multicodec, as a varint
	keyBytes int
	verify   func(key, message, signature []byte) bool
	// open returns the key of a secret of 32 bytes.
	open func(secret []byte) (didSecret, error)
}

// didSecret is a key that can sign.
type didSecret interface {
	public() []byte
	sign(message []byte) ([]byte, error)
	secret() []byte
}

func didCurves() []didCurve {
	return []didCurve{
		{"did-ed25519", "\xed\x01", ed25519.PublicKeySize, verifyEd25519, openEd25519},
		{"did-p256", "\x80\x24", compressedBytes, verifyP256, openP256},
		{"did-secp256k1", "\xe7\x01", compressedBytes, verifySecp256k1, openSecp256k1},
	}
}

func (c didCurve) address(key []byte) string {
	return "z" + base58.Encode(append([]byte(c.prefix), key...))
}

// parseDIDKey returns what an address says: it is resolved here, and never over
// a network.
func parseDIDKey(address string) (curve didCurve, key []byte, err error) {
	data, err := base58.Decode(strings.TrimPrefix(address, "z"))
	if err != nil {
		return didCurve{}, nil, refuse("address is not base58btc of a key")
	}
	for _, c := range didCurves() {
		key, ok := strings.CutPrefix(string(data), c.prefix)
		if ok && len(key) == c.keyBytes && c.address([]byte(key)) == address {
			return c, []byte(key), nil
		}
	}
	return didCurve{}, nil, refuse("address names no key of a known kind")
}

type didKeys struct{}

func (didKeys) Chain() protocol.ChainID { return DIDKey }

func (didKeys) Verify(_ context.Context, proof protocol.Proof) error {
	if err := checkBare(proof, protocol.ProofDIDKey); err != nil {
		return err
	}
	curve, key, err := parseDIDKey(proof.Address)
	if err != nil {
		return err
	}
	if !curve.verify(key, []byte(didKeyPrefix+proof.Message), proof.Signature) {
		return wrongSignature()
	}
	return nil
}

type didKey struct {
	account
	private didSecret // fixed after New
}

func (c didCurve) newKey(secret []byte) (Key, error) {
	private, err := c.open(secret)
	if err != nil {
		return nil, err
	}
	return &didKey{account{c.kind, DIDKey, c.address(private.public())}, private}, nil
}

func (k *didKey) Secret() []byte { return k.private.secret() }

func (k *didKey) Sign(_ context.Context, text string) (protocol.Proof, error) {
	if _, err := k.read(text); err != nil {
		return protocol.Proof{}, err
	}
	signature, err := k.private.sign([]byte(didKeyPrefix + text))
	if err != nil {
		return protocol.Proof{}, err
	}
	return k.proof(protocol.ProofDIDKey, text, signature), nil
}
