package chain

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"math/big"
	"slices"
	"strings"

	"github.com/liaison-dev/liaison/protocol"
)

// messagePrefix separates signed bytes from everything else that an Algorand key
// signs: no transaction, program or consensus object begins with it.
const messagePrefix = "MX"

const (
	algorandNamespace    = "algorand"
	algorandKind         = "algorand"
	addressChecksumBytes = 4
)

var addressEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

func algorandFamily() family {
	return family{
		namespace: algorandNamespace,
		main:      protocol.AlgorandMainNet,
		scheme: func(chain protocol.ChainID, sources Sources) (Scheme, error) {
			node, err := newAlgod(chain, sources)
			if err != nil {
				return nil, err
			}
			return algorand{chain, node}, nil
		},
		kinds: []kind{{algorandKind, func(seed []byte) (Key, error) { return NewAlgorandKey(seed) }}},
	}
}

// Algorand returns the scheme of one Algorand network, without a node: only an
// address's own key signs for it. Its proofs are of type [protocol.ProofARC60]
// and [protocol.ProofMX]. It panics if chain is not of the algorand namespace,
// which is a mistake in the program.
func Algorand(chain protocol.ChainID) Scheme {
	if chain.Namespace() != algorandNamespace {
		panic("chain: " + string(chain) + " is not an Algorand network")
	}
	return algorand{chain: chain}
}

type algorand struct {
	chain protocol.ChainID
	algod *algod // nil: none
}

func (a algorand) Chain() protocol.ChainID { return a.chain }

// Verify looks at the signature before it asks the node, so that only those who
// hold a key can make it ask.
func (a algorand) Verify(ctx context.Context, proof protocol.Proof) error {
	own, err := parseAlgorandAddress(proof.Address)
	if err != nil {
		return err
	}
	signer, key := proof.Address, own
	if proof.Meta != nil && proof.Meta.Signer != "" {
		if signer = proof.Meta.Signer; signer == proof.Address {
			return refuse("the account's own key is named as its signer")
		}
		if key, err = parseAlgorandAddress(signer); err != nil {
			return err
		}
	}
	if err := verifyAlgorand(key, proof); err != nil {
		return err
	}
	if a.algod != nil {
		return a.algod.checkSigner(ctx, proof.Address, signer)
	}
	if signer != proof.Address {
		return refuse("without a node nobody signs for another's account")
	}
	return nil
}

func verifyAlgorand(key ed25519.PublicKey, proof protocol.Proof) error {
	switch proof.Type {
	case protocol.ProofMX:
		if proof.Meta != nil && len(proof.Meta.AuthenticatorData) > 0 {
			return refuse("authenticator data is not needed for this type of proof")
		}
		if !verifyEd25519(key, []byte(messagePrefix+proof.Message), proof.Signature) {
			return wrongSignature()
		}
		return nil
	case protocol.ProofARC60:
		return verifyARC60(key, proof)
	}
	return refuse("type of proof is not accepted")
}

// AlgorandAddress writes a public key of 32 bytes as an address: the key and the
// last four bytes of its SHA-512/256, in base32 without padding.
func AlgorandAddress(key ed25519.PublicKey) string {
	sum := sha512.Sum512_256(key)
	return addressEncoding.EncodeToString(append(append([]byte(nil), key...), sum[len(sum)-addressChecksumBytes:]...))
}

// parseAlgorandAddress returns the public key behind an address. The address is
// written again and compared as a whole: the last of its characters has bits
// that do not count, so one key would otherwise have several names.
func parseAlgorandAddress(address string) (ed25519.PublicKey, error) {
	data, err := addressEncoding.DecodeString(address)
	if err != nil || len(data) != ed25519.PublicKeySize+addressChecksumBytes {
		return nil, refuse("address is not base32")
	}
	key := ed25519.PublicKey(data[:ed25519.PublicKeySize])
	if AlgorandAddress(key) != address {
		return nil, refuse("address has a wrong checksum")
	}
	return key, nil
}

// AlgorandKey is a wallet's key on one Algorand network. It signs proofs of type
// [protocol.ProofARC60]; [AlgorandKey.MX], [AlgorandKey.For] and
// [AlgorandKey.On] return the same key for other uses. It shows its secret
// nowhere but in [AlgorandKey.Secret] and [AlgorandKey.Seed].
type AlgorandKey struct {
	account
	private *ed25519.PrivateKey // fixed after New; a pointer, so that no copy of the key prints it
	mx      bool                // fixed after New
}

// GenerateAlgorandKey draws a new key for the main network.
func GenerateAlgorandKey() *AlgorandKey {
	var seed [ed25519.SeedSize]byte
	rand.Read(seed[:]) // never fails; it ends the process instead
	return newAlgorandKey(seed[:])
}

// NewAlgorandKey returns the key of a seed of 32 bytes, for the main network.
// Any other length gives [protocol.InvalidMessage].
func NewAlgorandKey(seed []byte) (*AlgorandKey, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, protocol.Errorf(protocol.InvalidMessage, "a seed has %d bytes", ed25519.SeedSize)
	}
	return newAlgorandKey(seed), nil
}

func newAlgorandKey(seed []byte) *AlgorandKey {
	private := ed25519.NewKeyFromSeed(seed)
	address := AlgorandAddress(private.Public().(ed25519.PublicKey))
	return &AlgorandKey{account: account{algorandKind, protocol.AlgorandMainNet, address}, private: &private}
}

// MX returns the same key, signing proofs of type [protocol.ProofMX].
func (k *AlgorandKey) MX() *AlgorandKey {
	view := *k
	view.mx = true
	return &view
}

// For returns the same key, signing for an account that was rekeyed to it. An
// address that is none gives [protocol.InvalidMessage].
func (k *AlgorandKey) For(address string) (*AlgorandKey, error) {
	if _, err := parseAlgorandAddress(address); err != nil {
		return nil, protocol.Errorf(protocol.InvalidMessage, "no Algorand account has this address")
	}
	view := *k
	view.address = address
	return &view, nil
}

// On returns the same key for another Algorand network. Any other chain gives
// [protocol.InvalidMessage].
func (k *AlgorandKey) On(chain protocol.ChainID) (*AlgorandKey, error) {
	if _, err := protocol.ParseChainID(string(chain)); err != nil || chain.Namespace() != algorandNamespace {
		return nil, wrongChain(chain)
	}
	view := *k
	view.chain = chain
	return &view, nil
}

func (k *AlgorandKey) on(chain protocol.ChainID) (Key, error) {
	view, err := k.On(chain)
	if err != nil {
		return nil, err
	}
	return view, nil
}

// Seed returns the secret of 32 bytes from which the key can be made again.
func (k *AlgorandKey) Seed() []byte { return k.private.Seed() }

// Secret returns the same as [AlgorandKey.Seed].
func (k *AlgorandKey) Secret() []byte { return k.Seed() }

// Sign signs a sign-in text, as [Key] says.
func (k *AlgorandKey) Sign(_ context.Context, text string) (protocol.Proof, error) {
	fields, err := k.read(text)
	if err != nil {
		return protocol.Proof{}, err
	}
	var meta protocol.ProofMeta
	if own := AlgorandAddress(k.private.Public().(ed25519.PublicKey)); own != k.address {
		meta.Signer = own
	}
	proof := k.proof(protocol.ProofMX, text, nil)
	if k.mx {
		proof.Signature = ed25519.Sign(*k.private, []byte(messagePrefix+text))
	} else {
		proof.Type = protocol.ProofARC60
		meta.AuthenticatorData = authenticatorData(fields.Domain)
		proof.Signature = ed25519.Sign(*k.private, arc60Bytes(arc60Data(fields), meta.AuthenticatorData))
	}
	if meta.Signer != "" || meta.AuthenticatorData != nil {
		proof.Meta = &meta
	}
	return proof, nil
}

// challengeBytes is the length of what a Liquid Auth server asks a key to sign.
const challengeBytes = 32

// SignChallenge signs the bare challenge of a server that knows no sign-in text.
// Such a signature is one over whatever the challenge means, and a server can
// choose it to mean something: a program of 32 bytes that begins with "Program"
// hands the account over for good. So everything that is not 32 bytes, or begins
// like one of the things that Algorand signs, gives [protocol.InvalidPeer]. An
// honest random challenge does so once in two thousand times; ask for another.
// The person must have agreed, as to any signature.
func (k *AlgorandKey) SignChallenge(challenge []byte) ([]byte, error) {
	if err := CheckChallenge(challenge); err != nil {
		return nil, err
	}
	return ed25519.Sign(*k.private, challenge), nil
}

// CheckChallenge says why a key of Algorand must not sign a bare challenge
// ([protocol.InvalidPeer]); see [AlgorandKey.SignChallenge].
func CheckChallenge(challenge []byte) error {
	if len(challenge) != challengeBytes {
		return protocol.Errorf(protocol.InvalidPeer, "a challenge has %d bytes", challengeBytes)
	}
	if meansSomething(challenge) {
		return protocol.Errorf(protocol.InvalidPeer, "the challenge means something on Algorand")
	}
	return nil
}

// Passkey returns the key of the account's passkey for a domain, an ES256 one. It is
// derived from the account's own, so it is the same each time, and there is nothing to
// keep; of two domains, or two accounts of one key, it is not the same.
func (k *AlgorandKey) Passkey(domain string) (*ecdsa.PrivateKey, error) {
	info := "liaison/1 liquid passkey\x00" + domain + "\x00" + k.address
	// 128 bits more than the order has, so that nothing of the remainder can be told.
	wide, err := hkdf.Key(sha256.New, k.private.Seed(), nil, info, 48)
	if err != nil {
		return nil, err
	}
	curve := elliptic.P256()
	most := new(big.Int).Sub(curve.Params().N, big.NewInt(1))
	scalar := new(big.Int).SetBytes(wide)
	scalar.Mod(scalar, most).Add(scalar, big.NewInt(1))
	return ecdsa.ParseRawPrivateKey(curve, scalar.FillBytes(make([]byte, 32)))
}

func meansSomething(challenge []byte) bool {
	return slices.ContainsFunc(algorandPrefixes(), func(prefix string) bool { return strings.HasPrefix(string(challenge), prefix) })
}

// verifyChallenge is [Verifier.VerifyChallenge] for one address. The wallet does
// not say which key it signed with. So its own is tried first, and the node is
// asked in any case: who was given another key must not sign in with the old one.
func (a algorand) verifyChallenge(ctx context.Context, address string, challenge, signature []byte) error {
	own, err := parseAlgorandAddress(address)
	switch {
	case err != nil:
		return err
	case len(challenge) != challengeBytes || meansSomething(challenge):
		return refuse("the challenge is none")
	case verifyEd25519(own, challenge, signature):
		if a.algod == nil {
			return nil
		}
		return a.algod.checkSigner(ctx, address, address)
	case a.algod == nil:
		return wrongSignature()
	}
	signer, err := a.algod.signerOf(ctx, address)
	if err != nil {
		return err
	}
	key, err := parseAlgorandAddress(signer)
	if err != nil || signer == address || !verifyEd25519(key, challenge, signature) {
		return wrongSignature()
	}
	return nil
}

// algorandPrefixes are the beginnings of everything that keys of Algorand sign
// or hash, now or in earlier releases (go-algorand, protocol/hash.go).
func algorandPrefixes() []string {
	return []string{
		"TX", "TG", "TL", "STIB", // transactions
		"Program", "MsigProgram", "ProgData", // programs that may spend for an account, and their arguments
		"MX",                        // messages
		"app", "arc", "SpecialAddr", // addresses of applications, what ARCs reserve
		"BH", "B256", "GE", "PF", "PL", "BR", "TE", // blocks
		"AS", "CR", "SD", "VO", "PS", "OT1", "OT2", "PK", "KP", // consensus
		"MA", "MB", "OA", "ORP", // trees, online accounts
		"NPR", "NIC", "NIR", "NIV", // network
		"aB", "aD", "aO", "aP", "aS", // auctions
		"ccc", "ccp", "ccs", "spc", "spm", "spp", "sps", "spv", // state proofs
	}
}
