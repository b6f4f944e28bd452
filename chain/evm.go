package chain

import (
	"context"
	"encoding/hex"
	"strconv"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"golang.org/x/crypto/sha3"

	"github.com/liaison-dev/liaison/protocol"
)

// EthereumMainNet is chain 1 of EIP-155.
const EthereumMainNet protocol.ChainID = "eip155:1"

const (
	evmNamespace = "eip155"
	evmKind      = "evm"
	// evmSignatureBytes are r, s and v.
	evmSignatureBytes = 65
	evmAddressBytes   = 20
	// recoveryBase is what some wallets add to v, and compact signatures to their
	// first byte.
	recoveryBase = 27
)

func evmFamily() family {
	return family{
		namespace: evmNamespace,
		main:      EthereumMainNet,
		scheme: func(chain protocol.ChainID, sources Sources) (Scheme, error) {
			if !evmChain(chain) {
				return nil, protocol.Errorf(protocol.InvalidMessage, "an EVM chain is named by its number in decimal")
			}
			service, err := newRPC(chain, sources)
			if err != nil {
				return nil, err
			}
			return evm{chain, service}, nil
		},
		kinds: []kind{{evmKind, newEVMKey}},
	}
}

// evmChain reports whether a chain has the one name of an EVM chain.
func evmChain(chain protocol.ChainID) bool {
	n, err := strconv.ParseUint(chain.Reference(), 10, 64)
	return err == nil && n > 0 && chain == protocol.ChainID(evmNamespace+":"+strconv.FormatUint(n, 10))
}

type evm struct {
	chain protocol.ChainID
	rpc   *rpc // nil: none
}

func (e evm) Chain() protocol.ChainID { return e.chain }

func (e evm) Verify(ctx context.Context, proof protocol.Proof) error {
	if proof.Type == protocol.ProofEIP1271 && e.rpc != nil {
		return e.rpc.verify(ctx, proof)
	}
	if err := checkBare(proof, protocol.ProofEIP191); err != nil {
		return err
	}
	key, err := recoverEVM(eip191Hash(proof.Message), proof.Signature)
	if err != nil {
		return err
	}
	if evmAddress(key) != proof.Address {
		return wrongSignature()
	}
	return nil
}

// eip191Hash is the hash of a text as wallets sign it. No transaction begins
// with the byte 0x19.
func eip191Hash(text string) []byte {
	return keccak([]byte("\x19Ethereum Signed Message:\n" + strconv.Itoa(len(text)) + text))
}

func keccak(data []byte) []byte {
	h := sha3.NewLegacyKeccak256()
	h.Write(data)
	return h.Sum(nil)
}

// recoverEVM returns the key that made a signature. Each signature has a twin
// with the other s, which anybody can compute from it: the upper half is
// refused.
func recoverEVM(hash, signature []byte) (*secp256k1.PublicKey, error) {
	if len(signature) != evmSignatureBytes {
		return nil, refuse("signature does not have 65 bytes")
	}
	v := signature[64]
	if v == 0 || v == 1 {
		v += recoveryBase
	}
	if v != recoveryBase && v != recoveryBase+1 {
		return nil, refuse("signature has a v that is none of 0, 1, 27, 28")
	}
	var s secp256k1.ModNScalar
	s.SetByteSlice(signature[32:64]) // what is above the order, recovery refuses
	if s.IsOverHalfOrder() {
		return nil, refuse("signature has an s above half of the order")
	}
	key, _, err := ecdsa.RecoverCompact(append([]byte{v}, signature[:64]...), hash)
	if err != nil {
		return nil, refuse("no key made this signature")
	}
	return key, nil
}

// evmAddress returns the address of a key.
func evmAddress(key *secp256k1.PublicKey) string {
	hash := keccak(key.SerializeUncompressed()[1:])
	return eip55([evmAddressBytes]byte(hash[len(hash)-evmAddressBytes:]))
}

// eip55 writes an address in the mixed case that checks itself: a letter is a
// capital if the same digit of the hash of the address is 8 or more.
func eip55(address [evmAddressBytes]byte) string {
	digits := []byte(hex.EncodeToString(address[:]))
	hash := hex.EncodeToString(keccak(digits))
	for i, c := range digits {
		if 'a' <= c && c <= 'f' && hash[i] >= '8' { // a letter is above '8', too
			digits[i] = c - 'a' + 'A'
		}
	}
	return "0x" + string(digits)
}

// parseEVMAddress returns the bytes of an address in its one spelling.
func parseEVMAddress(address string) (bytes [evmAddressBytes]byte, err error) {
	if len(address) != 2+2*evmAddressBytes {
		return bytes, refuse("address does not have 42 characters")
	}
	if _, err := hex.Decode(bytes[:], []byte(address[2:])); err != nil || eip55(bytes) != address {
		return [evmAddressBytes]byte{}, refuse("address is not in the mixed case of EIP-55")
	}
	return bytes, nil
}

// EVMKey is a wallet's key on one EVM chain. It signs proofs of type
// [protocol.ProofEIP191]; [EVMKey.On] returns the same key for another chain.
type EVMKey struct {
	account
	private *secp256k1.PrivateKey // fixed after New; a pointer, so that no copy of the key prints it
}

func newEVMKey(secret []byte) (Key, error) {
	private, err := parseSecp256k1(secret)
	if err != nil {
		return nil, err
	}
	return &EVMKey{account{evmKind, EthereumMainNet, evmAddress(private.PubKey())}, private}, nil
}

// On returns the same key for another EVM chain. Any other chain gives
// [protocol.InvalidMessage].
func (k *EVMKey) On(chain protocol.ChainID) (*EVMKey, error) {
	if !evmChain(chain) {
		return nil, wrongChain(chain)
	}
	view := *k
	view.chain = chain
	return &view, nil
}

func (k *EVMKey) on(chain protocol.ChainID) (Key, error) {
	view, err := k.On(chain)
	if err != nil {
		return nil, err
	}
	return view, nil
}

// Secret returns the 32 bytes from which [ParseKey] makes the key again.
func (k *EVMKey) Secret() []byte { return k.private.Serialize() }

// Sign signs a sign-in text, as [Key] says.
func (k *EVMKey) Sign(_ context.Context, text string) (protocol.Proof, error) {
	if _, err := k.read(text); err != nil {
		return protocol.Proof{}, err
	}
	compact := ecdsa.SignCompact(k.private, eip191Hash(text), false)
	return k.proof(protocol.ProofEIP191, text, append(compact[1:], compact[0])), nil
}
