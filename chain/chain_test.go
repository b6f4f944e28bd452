package chain_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/internal/vectors"
	"github.com/liaison-dev/liaison/protocol"
)

// zeroAddress is that of 32 zero bytes (Algorand developer documentation).
const zeroAddress = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAY5HFKQ"

func newKey(t *testing.T, fill byte) *chain.AlgorandKey {
	t.Helper()
	key, err := chain.NewAlgorandKey(bytes.Repeat([]byte{fill}, ed25519.SeedSize))
	if err != nil {
		t.Fatalf("NewAlgorandKey: %v", err)
	}
	return key
}

func sign(t *testing.T, key *chain.AlgorandKey, text string) protocol.Proof {
	t.Helper()
	proof, err := key.Sign(t.Context(), text)
	if err != nil {
		t.Fatalf("Sign(%q): %v", text, err)
	}
	return proof
}

func TestVerifyAcceptsItsOwnSignature(t *testing.T) {
	proof := sign(t, newKey(t, 7), "a text")
	if err := chain.Default().Verify(t.Context(), proof); err != nil {
		t.Errorf("Verify(%+v) = %v, want nil", proof, err)
	}
	if want := protocol.AlgorandMainNet; proof.Chain != want || proof.Type != protocol.ProofMX {
		t.Errorf("proof is of type %q on %q, want mx on %q", proof.Type, proof.Chain, want)
	}
}

func TestVerifyRefuses(t *testing.T) {
	good, other := sign(t, newKey(t, 7), "a text"), newKey(t, 8)
	for name, change := range map[string]func(*protocol.Proof){
		"other text":              func(p *protocol.Proof) { p.Message += "." },
		"other account":           func(p *protocol.Proof) { p.Address = other.Address() },
		"other type":              func(p *protocol.Proof) { p.Type = "arc60" },
		"no type":                 func(p *protocol.Proof) { p.Type = "" },
		"other chain":             func(p *protocol.Proof) { p.Chain = "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp" },
		"other network":           func(p *protocol.Proof) { p.Chain = "algorand:SGO1GKSzyE7IEPItTxCByw9x8FmnrCDe" },
		"short signature":         func(p *protocol.Proof) { p.Signature = p.Signature[:63] },
		"long signature":          func(p *protocol.Proof) { p.Signature = append(bytes.Clone(p.Signature), 0) },
		"no signature":            func(p *protocol.Proof) { p.Signature = nil },
		"changed signature":       func(p *protocol.Proof) { p.Signature = bytes.Clone(p.Signature); p.Signature[3] ^= 1 },
		"lower case address":      func(p *protocol.Proof) { p.Address = strings.ToLower(p.Address) },
		"padded address":          func(p *protocol.Proof) { p.Address += "======" },
		"address with line break": func(p *protocol.Proof) { p.Address = p.Address[:57] + "\n" },
		"non-canonical address":   func(p *protocol.Proof) { p.Address = withSpareBits(t, p.Address) },
		"wrong checksum":          func(p *protocol.Proof) { p.Address = withOtherChecksum(p.Address) },
		"no address":              func(p *protocol.Proof) { p.Address = "" },
	} {
		t.Run(name, func(t *testing.T) {
			proof := good
			change(&proof)
			if err := chain.Default().Verify(t.Context(), proof); !errors.Is(err, protocol.ProofRejected) {
				t.Errorf("Verify(%+v) = %v, want proof_rejected", proof, err)
			}
		})
	}
}

// withSpareBits changes the bits of the last character that decode to nothing.
func withSpareBits(t *testing.T, address string) string {
	t.Helper()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	last := strings.IndexByte(alphabet, address[len(address)-1])
	if last%4 != 0 {
		t.Fatalf("address %q does not end in a character without spare bits", address)
	}
	return address[:len(address)-1] + alphabet[last+1:last+2]
}

func withOtherChecksum(address string) string {
	last := "A"
	if strings.HasSuffix(address, "A") {
		last = "E"
	}
	return address[:len(address)-1] + last
}

// A signature without the prefix could be one over a transaction: it must not
// count as one over a message.
func TestVerifyRefusesASignatureWithoutPrefix(t *testing.T) {
	seed := bytes.Repeat([]byte{7}, ed25519.SeedSize)
	proof := sign(t, newKey(t, 7), "a text")
	proof.Signature = ed25519.Sign(ed25519.NewKeyFromSeed(seed), []byte("a text"))
	if err := chain.Default().Verify(t.Context(), proof); !errors.Is(err, protocol.ProofRejected) {
		t.Errorf("signature over the bare text: Verify = %v, want proof_rejected", err)
	}
}

// Of the messages that one fixed signature covers under a key of small order,
// the search finds one that the standard library accepts, so that the refusal
// below is for the key and for nothing else.
func TestVerifyRefusesTheZeroAddress(t *testing.T) {
	key := make([]byte, ed25519.PublicKeySize)
	if got := chain.AlgorandAddress(key); got != zeroAddress {
		t.Fatalf("AlgorandAddress(32 zero bytes) = %q, want %q", got, zeroAddress)
	}
	signature := append([]byte{1}, make([]byte, 63)...) // R = identity, S = 0
	for i := range 1000 {
		text := fmt.Sprintf("text %d", i)
		if !ed25519.Verify(key, []byte("MX"+text), signature) {
			continue
		}
		proof := protocol.Proof{Type: protocol.ProofMX, Chain: protocol.AlgorandMainNet, Address: zeroAddress, Message: text, Signature: signature}
		if err := chain.Default().Verify(t.Context(), proof); !errors.Is(err, protocol.ProofRejected) {
			t.Errorf("zero address, signature without a key: Verify = %v, want proof_rejected", err)
		}
		return
	}
	t.Fatal("no text found that the fixed signature covers under the zero key")
}

// The encodings of points of small order: the canonical ones, those with the
// superfluous sign bit, and those that are not reduced.
var lowOrderKeys = []string{
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0000000000000000000000000000000000000000000000000000000000000080",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000080",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
}

func TestVerifyRefusesKeysOfSmallOrder(t *testing.T) {
	if len(lowOrderKeys) != 14 {
		t.Fatalf("%d encodings, want 14", len(lowOrderKeys))
	}
	for _, encoded := range lowOrderKeys {
		key, err := hex.DecodeString(encoded)
		if err != nil {
			t.Fatalf("key %q: %v", encoded, err)
		}
		// R = -[k]A for any A of small order is one of the eight points of small
		// order, and S = 0 then satisfies the equation: try them all as R.
		accepted := false
		for _, r := range lowOrderKeys {
			point, _ := hex.DecodeString(r)
			signature := append(point, make([]byte, 32)...)
			for i := range 64 {
				message := []byte{byte(i)}
				accepted = accepted || ed25519.Verify(key, message, signature)
				if chain.VerifyEd25519(key, message, signature) {
					t.Errorf("key %s, R %s, message %x: accepted without a secret, want refused", encoded, r, message)
				}
			}
		}
		if !accepted {
			t.Errorf("key %s: the standard library refuses it too, so this case shows nothing", encoded)
		}
	}
}

func TestWycheproofEd25519(t *testing.T) {
	var file struct {
		TestGroups []struct {
			PublicKey struct {
				PK string `json:"pk"`
			} `json:"publicKey"`
			Tests []struct {
				ID      int    `json:"tcId"`
				Comment string `json:"comment"`
				Message string `json:"msg"`
				Sig     string `json:"sig"`
				Result  string `json:"result"`
			} `json:"tests"`
		} `json:"testGroups"`
	}
	vectors.JSON(t, "wycheproof/ed25519.json", &file)
	count := 0
	for _, group := range file.TestGroups {
		for _, test := range group.Tests {
			count++
			got := chain.VerifyEd25519(unhex(t, group.PublicKey.PK), unhex(t, test.Message), unhex(t, test.Sig))
			if want := test.Result == "valid"; got != want {
				t.Errorf("case %d (%s): got %v, want %v", test.ID, test.Comment, got, want)
			}
		}
	}
	if count != 151 {
		t.Errorf("ran %d cases, want 151", count)
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	data, err := hex.DecodeString(s)
	if err != nil {
		t.Fatalf("%q is not hexadecimal: %v", s, err)
	}
	return data
}

func TestAlgorandAddresses(t *testing.T) {
	var pairs []struct {
		Encoded    string `json:"encoded"`
		PublicKey  []int  `json:"publicKey"`
		PrivateKey []int  `json:"privateKey"`
	}
	vectors.JSON(t, "liquid/wallet.keys.fixtures.json", &pairs)
	for _, pair := range pairs {
		if got := chain.AlgorandAddress(toBytes(pair.PublicKey)); got != pair.Encoded {
			t.Errorf("AlgorandAddress(%x) = %q, want %q", pair.PublicKey, got, pair.Encoded)
		}
		key, err := chain.NewAlgorandKey(toBytes(pair.PrivateKey)[:ed25519.SeedSize])
		if err != nil || key.Address() != pair.Encoded {
			t.Errorf("key of %s has address %q (error %v)", pair.Encoded, key.Address(), err)
			continue
		}
		if err := chain.Default().Verify(t.Context(), sign(t, key, "text")); err != nil {
			t.Errorf("signature of %s: Verify = %v, want nil", pair.Encoded, err)
		}
	}
	if len(pairs) != 27 {
		t.Errorf("ran %d pairs, want 27", len(pairs))
	}
}

func toBytes(numbers []int) []byte {
	data := make([]byte, len(numbers))
	for i, n := range numbers {
		data[i] = byte(n)
	}
	return data
}

// A signature that somebody else's software made: the one in the ARCHITECTURE
// document of Liquid Auth, over the bare challenge. It shows that addresses and
// keys are read as others write them.
func TestForeignSignature(t *testing.T) {
	const (
		challenge = "35JYpoXGnM4s8IICakWSLllcXy3Z_lc3AaLSl872qXM"
		address   = "2SPDE6XLJNXFTOO7OIGNRNKSEDOHJWVD3HBSEAPHONZQ4IQEYOGYTP6LXA"
		signature = "QY31mdH8AwpJ9p4pCXBO2iA5WdU-BjG52xEtJNuSJNHJIaJ10uzqk3FdR0fvYVfb_rzXTuWn4k1PFFeg-vpEDw"
	)
	message, _ := base64.RawURLEncoding.DecodeString(challenge)
	sig, _ := base64.RawURLEncoding.DecodeString(signature)
	key, err := chain.ParseAlgorandAddress(address)
	if err != nil {
		t.Fatalf("address %s: %v", address, err)
	}
	if !chain.VerifyEd25519(key, message, sig) {
		t.Errorf("signature of %s over %s: refused, want accepted", address, challenge)
	}
}

func TestKeyHidesItsSecret(t *testing.T) {
	key := newKey(t, 9)
	for _, shown := range []string{fmt.Sprint(key), fmt.Sprintf("%+v", key), fmt.Sprintf("%#v", key), key.String()} {
		if shown != string(key.Account()) {
			t.Errorf("a key shows as %q, want its account %q", shown, key.Account())
		}
	}
}

func TestKeyRefusesWhatIsNoSignInText(t *testing.T) {
	_, err := newKey(t, 1).Sign(context.Background(), strings.Repeat("x", protocol.MaxSignInBytes+1))
	if !errors.Is(err, protocol.TooLarge) {
		t.Errorf("Sign(%d bytes) = %v, want too_large", protocol.MaxSignInBytes+1, err)
	}
	for _, n := range []int{0, 31, 33, 64} {
		if _, err := chain.NewAlgorandKey(make([]byte, n)); !errors.Is(err, protocol.InvalidMessage) {
			t.Errorf("NewAlgorandKey(%d bytes) = %v, want invalid_message", n, err)
		}
	}
}

func TestVerifierNamesItsChains(t *testing.T) {
	if got := chain.Default().Chains(); len(got) != 1 || got[0] != protocol.AlgorandMainNet {
		t.Errorf("Default().Chains() = %q, want the Algorand main network", got)
	}
	empty := chain.NewVerifier()
	if err := empty.Verify(t.Context(), sign(t, newKey(t, 7), "a text")); !errors.Is(err, protocol.ProofRejected) {
		t.Errorf("a verifier without schemes: Verify = %v, want proof_rejected", err)
	}
}
