package chain_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"filippo.io/edwards25519"
	"github.com/mr-tron/base58"
	"pgregory.net/rapid"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/internal/vectors"
	"github.com/liaison-dev/liaison/protocol"
)

func TestWycheproofEd25519(t *testing.T) {
	var file struct {
		TestGroups []struct {
			PublicKey struct {
				PK string `json:"pk"`
			} `json:"publicKey"`
			Tests []wycheproofTest `json:"tests"`
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

// The examples of RFC 8032 §7.1: secret, message, signature.
func TestRFC8032(t *testing.T) {
	abc := sha512.Sum512([]byte("abc"))
	for _, c := range []struct{ secret, message, signature string }{
		{
			"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "",
			"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
		},
		{
			"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "72",
			"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
		},
		{
			"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "af82",
			"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
		},
		{
			"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42", hex.EncodeToString(abc[:]),
			"dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
		},
	} {
		private := ed25519.NewKeyFromSeed(unhex(t, c.secret))
		message, signature := unhex(t, c.message), unhex(t, c.signature)
		if got := ed25519.Sign(private, message); !bytes.Equal(got, signature) {
			t.Errorf("message %s: signed as %x, want %s", c.message, got, c.signature)
		}
		if !chain.VerifyEd25519(private.Public().(ed25519.PublicKey), message, signature) {
			t.Errorf("message %s: refused, want accepted", c.message)
		}
	}
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
		key := unhex(t, encoded)
		accepted := false
		for signature := range forgeries(t) {
			for i := range 64 {
				message := []byte{byte(i)}
				accepted = accepted || ed25519.Verify(key, message, []byte(signature))
				if chain.VerifyEd25519(key, message, []byte(signature)) {
					t.Errorf("key %s, signature %x, message %x: accepted without a secret, want refused", encoded, signature, message)
				}
			}
		}
		if !accepted {
			t.Errorf("key %s: the standard library refuses it too, so this case shows nothing", encoded)
		}
	}
}

// TestVerifyRefusesKeysThatAreNotReduced: a y of p or more is another spelling
// of a key, whatever its order. Nobody knows the secrets of these keys, so the
// check is asked by itself.
func TestVerifyRefusesKeysThatAreNotReduced(t *testing.T) {
	points, large := 0, 0
	for low := 0xed; low <= 0xff; low++ {
		for _, high := range []byte{0x7f, 0xff} {
			key := append([]byte{byte(low)}, bytes.Repeat([]byte{0xff}, 31)...)
			key[31] = high
			if chain.StrongKey(key) {
				t.Errorf("key %x is taken, want refused", key)
			}
			reduced := append([]byte{byte(low - 0xed)}, make([]byte, 31)...)
			reduced[31] = high & 0x80
			if _, err := new(edwards25519.Point).SetBytes(key); err == nil {
				points++
			}
			if chain.StrongKey(reduced) {
				large++
			}
		}
	}
	if points == 0 || large == 0 {
		t.Errorf("%d of the keys are points, %d of them of large order: the test shows nothing", points, large)
	}
}

// forgeries yields the signatures that need no secret: R = -[k]A for any A of
// small order is one of the eight points of small order, and S = 0 then
// satisfies the equation. So each of them is tried as R.
func forgeries(t *testing.T) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, r := range lowOrderKeys {
			if !yield(string(append(unhex(t, r), make([]byte, 32)...))) {
				return
			}
		}
	}
}

// TestNoSchemeTakesKeysOfSmallOrder forges, for each such key as an account of
// each scheme, a proof that the standard library accepts, so that the refusal is
// for the key and for nothing else.
func TestNoSchemeTakesKeysOfSmallOrder(t *testing.T) {
	schemes := map[string]struct {
		proof  protocol.Proof
		name   func(key []byte) string
		signed func(text string) string
	}{
		"mx": {
			protocol.Proof{Type: protocol.ProofMX, Chain: protocol.AlgorandMainNet},
			func(key []byte) string { return chain.AlgorandAddress(key) },
			func(text string) string { return "MX" + text },
		},
		"solana": {
			protocol.Proof{Type: protocol.ProofSolana, Chain: chain.SolanaMainNet},
			base58.Encode,
			func(text string) string { return text },
		},
		"did-key": {
			protocol.Proof{Type: protocol.ProofDIDKey, Chain: chain.DIDKey},
			func(key []byte) string { return chain.WriteDIDKey("did-ed25519", key) },
			func(text string) string { return "liaison/1 proof\x00" + text },
		},
	}
	for name, scheme := range schemes {
		for _, encoded := range lowOrderKeys {
			key := unhex(t, encoded)
			proof := scheme.proof
			proof.Address = scheme.name(key)
			forged := 0
			for i := range 8 {
				fields := signIn(proof.Chain, proof.Address)
				fields.Statement = fmt.Sprintf("Attempt %d.", i)
				proof.Message = textOf(t, fields)
				for signature := range forgeries(t) {
					if ed25519.Verify(key, []byte(scheme.signed(proof.Message)), []byte(signature)) {
						forged++
						proof.Signature = []byte(signature)
						mustRefuse(t, name+" with key "+encoded, chain.Default(), proof)
					}
				}
			}
			if forged == 0 {
				t.Errorf("%s with key %s: no forgery was found, so this case shows nothing", name, encoded)
			}
		}
	}
}

// ARC-60 has a choice of the authenticator data, which finds a forgery just as
// well.
func TestARC60TakesNoKeyOfSmallOrder(t *testing.T) {
	for _, encoded := range lowOrderKeys {
		key := unhex(t, encoded)
		fields := signIn(protocol.AlgorandMainNet, chain.AlgorandAddress(key))
		proof := protocol.Proof{Type: protocol.ProofARC60, Chain: fields.Chain, Address: fields.Address, Message: textOf(t, fields)}
		forged := 0
		for i := range 8 {
			data := append(exampleHash(), byte(i))
			signed := chain.ARC60Bytes([]byte(expectedData(fields)), data)
			for signature := range forgeries(t) {
				if ed25519.Verify(key, signed, []byte(signature)) {
					forged++
					proof.Signature, proof.Meta = []byte(signature), &protocol.ProofMeta{AuthenticatorData: data}
					mustRefuse(t, "arc60 with key "+encoded, chain.Default(), proof)
				}
			}
		}
		if forged == 0 {
			t.Errorf("arc60 with key %s: no forgery was found, so this case shows nothing", encoded)
		}
	}
}

// The key of 32 zero bytes is in every test suite of did:key.
func TestZeroSeed(t *testing.T) {
	for kind, want := range map[string]string{
		"solana":      "4zvwRjXUKGfvwnParsHAS3HuSVzV5cA4McphgmoCtajS",
		"did-ed25519": "z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
	} {
		key, err := chain.ParseKey(kind, make([]byte, 32))
		if err != nil || key.Address() != want {
			t.Errorf("address of the %s key of 32 zero bytes: got %v (error %v), want %s", kind, key, err, want)
		}
	}
	public := unhex(t, "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29")
	if got, err := chain.ParseSolanaAddress("4zvwRjXUKGfvwnParsHAS3HuSVzV5cA4McphgmoCtajS"); err != nil || !bytes.Equal(got, public) {
		t.Errorf("public key of the Solana address: got %x, %v, want %x", got, err, public)
	}
	if kind, got, err := chain.ParseDIDKey("z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"); err != nil || kind != "did-ed25519" || !bytes.Equal(got, public) {
		t.Errorf("public key of the did:key: got %s %x, %v, want %x", kind, got, err, public)
	}
}

func TestSolanaAddresses(t *testing.T) {
	const good = "4zvwRjXUKGfvwnParsHAS3HuSVzV5cA4McphgmoCtajS"
	for _, address := range []string{
		"", "1", good[2:], good[:42], good + "1", "1" + good, " " + good, good + "\n", "0" + good[1:], "l" + good[1:],
		"O" + good[1:], strings.Repeat("z", 44), strings.Repeat("1", 31), strings.Repeat("1", 33), strings.Repeat("z", 128),
	} {
		if key, err := chain.ParseSolanaAddress(address); err == nil {
			t.Errorf("address %.60q: got key %x, want an error", address, key)
		}
	}
	if key, err := chain.ParseSolanaAddress(strings.Repeat("1", 32)); err != nil || !bytes.Equal(key, make([]byte, 32)) {
		t.Errorf("address of the system program: got %x, %v, want 32 zero bytes", key, err)
	}
}

// TestSolanaAddressesHaveOneSpelling: whatever text is taken for an address is how
// its key is written.
func TestSolanaAddressesHaveOneSpelling(t *testing.T) {
	const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	digits := rapid.SliceOfN(rapid.SampledFrom([]byte(alphabet)), 28, 46)
	rapid.Check(t, func(t *rapid.T) {
		ones := rapid.IntRange(0, 32).Draw(t, "ones")
		address := strings.Repeat("1", ones) + string(digits.Draw(t, "digits"))
		if rapid.Bool().Draw(t, "cut") {
			address = address[:min(len(address), rapid.IntRange(32, 44).Draw(t, "length"))]
		}
		key, err := chain.ParseSolanaAddress(address)
		if err == nil && base58.Encode(key) != address {
			t.Fatalf("%s is the key %x, which is written %s", address, key, base58.Encode(key))
		}
	})
}
