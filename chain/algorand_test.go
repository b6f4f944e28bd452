package chain_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/internal/vectors"
	"github.com/liaison-dev/liaison/protocol"
)

// zeroAddress is that of 32 zero bytes (Algorand developer documentation).
const zeroAddress = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAY5HFKQ"

func newKey(t testing.TB, fill byte) *chain.AlgorandKey {
	t.Helper()
	key, err := chain.NewAlgorandKey(bytes.Repeat([]byte{fill}, ed25519.SeedSize))
	if err != nil {
		t.Fatalf("NewAlgorandKey: %v", err)
	}
	return key
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
		mustAccept(t, pair.Encoded, chain.Default(), sign(t, key))
		mustAccept(t, pair.Encoded+" as MX", chain.Default(), sign(t, key.MX()))
		for _, wrong := range []string{
			"", withSpareBits(t, pair.Encoded), withOtherChecksum(pair.Encoded), strings.ToLower(pair.Encoded),
			pair.Encoded + "======", pair.Encoded[:57] + "\n", pair.Encoded[:57], pair.Encoded + "A",
		} {
			if got, err := chain.ParseAlgorandAddress(wrong); err == nil {
				t.Errorf("address %q: got key %x, want an error", wrong, got)
			}
		}
	}
	if len(pairs) != 27 {
		t.Errorf("ran %d pairs, want 27", len(pairs))
	}
	if got := chain.AlgorandAddress(make([]byte, 32)); got != zeroAddress {
		t.Errorf("AlgorandAddress(32 zero bytes) = %q, want %q", got, zeroAddress)
	}
}

func toBytes(numbers []int) []byte {
	data := make([]byte, len(numbers))
	for i, n := range numbers {
		data[i] = byte(n)
	}
	return data
}

// Signatures that somebody else's software made, over bare challenges: those of
// Liquid Auth. They show that addresses and keys are read as others write them.
func TestForeignSignatures(t *testing.T) {
	var credentials []struct {
		ClientExtensionResults struct {
			Liquid struct{ Address, Signature string } `json:"liquid"`
		} `json:"clientExtensionResults"`
		Response struct {
			ClientDataJSON string `json:"clientDataJSON"`
		} `json:"response"`
	}
	vectors.JSON(t, "liquid/attestation.response.body.fixtures.json", &credentials)
	for i, c := range credentials {
		var client struct {
			Challenge string `json:"challenge"`
		}
		if err := json.Unmarshal(unbase64(t, c.Response.ClientDataJSON), &client); err != nil {
			t.Fatalf("credential %d: %v", i, err)
		}
		checkForeign(t, client.Challenge, c.ClientExtensionResults.Liquid.Address, c.ClientExtensionResults.Liquid.Signature)
	}
	if len(credentials) != 6 {
		t.Errorf("ran %d signatures, want 6", len(credentials))
	}
	// The one in the ARCHITECTURE document of Liquid Auth.
	checkForeign(t, "35JYpoXGnM4s8IICakWSLllcXy3Z_lc3AaLSl872qXM", "2SPDE6XLJNXFTOO7OIGNRNKSEDOHJWVD3HBSEAPHONZQ4IQEYOGYTP6LXA",
		"QY31mdH8AwpJ9p4pCXBO2iA5WdU-BjG52xEtJNuSJNHJIaJ10uzqk3FdR0fvYVfb_rzXTuWn4k1PFFeg-vpEDw")
}

func unbase64(t *testing.T, s string) []byte {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatalf("%q is not base64url: %v", s, err)
	}
	return data
}

func checkForeign(t *testing.T, challenge, address, signature string) {
	t.Helper()
	key, err := chain.ParseAlgorandAddress(address)
	if err != nil {
		t.Fatalf("address %s: %v", address, err)
	}
	if !chain.VerifyEd25519(key, unbase64(t, challenge), unbase64(t, signature)) {
		t.Errorf("signature of %s over %s: refused, want accepted", address, challenge)
	}
}

// The beginnings in go-algorand's protocol/hash.go, with those of earlier
// releases.
var algorandPrefixes = strings.Fields("appID app arc aB aD aO aP aS AS B256 BH BR CR GE KP MA MB MX MsigProgram NIC NIR NIV NPR " +
	"OA ORP OT1 OT2 PF PL Program ProgData PS PK SD SpecialAddr STIB spc spm spp sps spv TE TG TL TX VO ccc ccp ccs")

func TestSignChallengeRefuses(t *testing.T) {
	key := newKey(t, 7)
	if len(algorandPrefixes) != 49 {
		t.Errorf("ran %d prefixes, want 49", len(algorandPrefixes))
	}
	for _, prefix := range algorandPrefixes {
		challenge := append([]byte(prefix), bytes.Repeat([]byte{0xff}, 32)...)[:32]
		if signature, err := key.SignChallenge(challenge); signature != nil || !errors.Is(err, protocol.InvalidPeer) {
			t.Errorf("challenge that begins with %s: SignChallenge = %x, %v, want invalid_peer", prefix, signature, err)
		}
	}
	// A program that accepts every transaction: the bytes are 32, and look random
	// enough in base64url.
	takeover := append([]byte("Program\x06\x80\x13"), bytes.Repeat([]byte{0xa5}, 19)...)
	takeover = append(takeover, 0x48, 0x81, 0x01)
	if signature, err := key.SignChallenge(takeover); len(takeover) != 32 || signature != nil || !errors.Is(err, protocol.InvalidPeer) {
		t.Errorf("program of %d bytes: SignChallenge = %x, %v, want invalid_peer", len(takeover), signature, err)
	}
	for _, n := range []int{0, 1, 31, 33, 64} {
		if signature, err := key.SignChallenge(bytes.Repeat([]byte{0xff}, n)); signature != nil || !errors.Is(err, protocol.InvalidPeer) {
			t.Errorf("challenge of %d bytes: SignChallenge = %x, %v, want invalid_peer", n, signature, err)
		}
	}
}

func TestSignChallenge(t *testing.T) {
	key := newKey(t, 7)
	public, err := chain.ParseAlgorandAddress(key.Address())
	if err != nil {
		t.Fatal(err)
	}
	for _, first := range []string{"\x80", "\xff", "\x00", "tx", "Prog\xff", "mX", "Tx", " TX", "arC"} {
		challenge := append([]byte(first), make([]byte, 32)...)[:32]
		signature, err := key.SignChallenge(challenge)
		if err != nil || !chain.VerifyEd25519(public, challenge, signature) {
			t.Errorf("challenge that begins with %q: SignChallenge = %x, %v, want a signature", first, signature, err)
		}
	}
}

func TestAlgorandKeyViews(t *testing.T) {
	key, other := newKey(t, 7), newKey(t, 8)
	if proof := sign(t, key); proof.Type != protocol.ProofARC60 || proof.Meta == nil || proof.Meta.Signer != "" {
		t.Errorf("key signs %+v, want arc60 without a signer", proof)
	}
	if proof := sign(t, key.MX()); proof.Type != protocol.ProofMX || proof.Meta != nil {
		t.Errorf("MX view signs %+v, want mx without meta", proof)
	}
	theirs, err := key.MX().For(other.Address())
	if err != nil || theirs.Address() != other.Address() || key.Address() == other.Address() {
		t.Fatalf("For(%s) = %v, %v", other.Address(), theirs, err)
	}
	if proof := sign(t, theirs); proof.Address != other.Address() || proof.Meta == nil || proof.Meta.Signer != key.Address() || proof.Type != protocol.ProofMX {
		t.Errorf("For view signs %+v, want mx with signer %s", proof, key.Address())
	}
	if !bytes.Equal(theirs.Secret(), key.Secret()) || !bytes.Equal(key.Seed(), key.Secret()) {
		t.Error("views have other secrets than their key")
	}
	for _, address := range []string{"", "x", strings.ToLower(key.Address()), withOtherChecksum(key.Address())} {
		if view, err := key.For(address); view != nil || !errors.Is(err, protocol.InvalidMessage) {
			t.Errorf("For(%q) = %v, %v, want invalid_message", address, view, err)
		}
	}
	for _, name := range []protocol.ChainID{"", "algorand:", "algorand:mainnet-v1.0", chain.EthereumMainNet} {
		if view, err := key.On(name); view != nil || !errors.Is(err, protocol.InvalidMessage) {
			t.Errorf("On(%q) = %v, %v, want invalid_message", name, view, err)
		}
	}
	for _, n := range []int{0, 31, 33, 64} {
		if _, err := chain.NewAlgorandKey(make([]byte, n)); !errors.Is(err, protocol.InvalidMessage) {
			t.Errorf("NewAlgorandKey(%d bytes) = %v, want invalid_message", n, err)
		}
	}
	if a, b := chain.GenerateAlgorandKey(), chain.GenerateAlgorandKey(); a.Address() == b.Address() {
		t.Errorf("two generated keys are the same: %v", a)
	}
}

func TestAlgorandPanicsOnAnotherChain(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("Algorand(eip155:1) returned, want a panic")
		}
	}()
	chain.Algorand("eip155:1")
}
