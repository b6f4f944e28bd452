package chain_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/internal/vectortable"
	"github.com/liaison-dev/liaison/protocol"
)

const (
	algorandTestNet protocol.ChainID = "algorand:SGO1GKSzyE7IEPItTxCByw9x8FmnrCDe"
	polygon         protocol.ChainID = "eip155:137"
	solanaDevNet    protocol.ChainID = "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1"
)

// signIn are the fields of a text for an account.
func signIn(name protocol.ChainID, address string) protocol.SignIn {
	issued := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	return protocol.SignIn{
		Domain: "example.com", Address: address, Statement: "Sign in to Example.", URI: "https://example.com/login",
		Chain: name, Nonce: "7Q3JX2M4KZP6R5TAWCEYHNB2VD", IssuedAt: issued, ExpirationTime: issued.Add(5 * time.Minute),
		Channel: "l1.JxqCnb3z64Ype3YGxNdqTQVeuRzVB3SAIr9HJ8lhZQU",
	}
}

func textOf(t testing.TB, fields protocol.SignIn) string {
	t.Helper()
	text, err := fields.Text()
	if err != nil {
		t.Fatalf("text of %+v: %v", fields, err)
	}
	return text
}

// textFor is a text that the key may sign.
func textFor(t testing.TB, key chain.Key) string {
	t.Helper()
	return textOf(t, signIn(key.Chain(), key.Address()))
}

func sign(t testing.TB, key chain.Key) protocol.Proof {
	t.Helper()
	text := textFor(t, key)
	proof, err := key.Sign(t.Context(), text)
	if err != nil {
		t.Fatalf("%v: Sign(%q): %v", key, text, err)
	}
	return proof
}

func newScheme(t testing.TB, name protocol.ChainID, sources chain.Sources) chain.Scheme {
	t.Helper()
	scheme, err := chain.New(name, sources)
	if err != nil {
		t.Fatalf("New(%s): %v", name, err)
	}
	return scheme
}

// everyChain accepts all chains of the tests.
func everyChain(t testing.TB) *chain.Verifier {
	t.Helper()
	var schemes []chain.Scheme
	for _, name := range append(chain.Default().Chains(), algorandTestNet, polygon, solanaDevNet) {
		schemes = append(schemes, newScheme(t, name, chain.Sources{}))
	}
	return chain.NewVerifier(schemes...)
}

// everyKey is a key of each kind, and of each other use.
func everyKey(t testing.TB) map[string]chain.Key {
	t.Helper()
	keys := make(map[string]chain.Key)
	for i, kind := range chain.Kinds() {
		key, err := chain.ParseKey(kind, bytes.Repeat([]byte{byte(i + 1)}, 32))
		if err != nil {
			t.Fatalf("ParseKey(%s): %v", kind, err)
		}
		keys[kind] = key
	}
	keys["algorand mx"] = keys["algorand"].(*chain.AlgorandKey).MX()
	for name, other := range map[string]protocol.ChainID{"algorand": algorandTestNet, "algorand mx": algorandTestNet, "evm": polygon, "solana": solanaDevNet} {
		key, err := chain.On(keys[name], other)
		if err != nil {
			t.Fatalf("On(%s, %s): %v", name, other, err)
		}
		keys[name+" elsewhere"] = key
	}
	return keys
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	data, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	if err != nil {
		t.Fatalf("%q is not hexadecimal: %v", s, err)
	}
	return data
}

func mustRefuse(t testing.TB, name string, v interface {
	Verify(ctx context.Context, proof protocol.Proof) error
}, proof protocol.Proof,
) {
	t.Helper()
	if err := v.Verify(t.Context(), proof); !errors.Is(err, protocol.ProofRejected) {
		t.Errorf("%s: Verify(%+v) = %v, want proof_rejected", name, proof, err)
	}
}

func mustAccept(t testing.TB, name string, v interface {
	Verify(ctx context.Context, proof protocol.Proof) error
}, proof protocol.Proof,
) {
	t.Helper()
	if err := v.Verify(t.Context(), proof); err != nil {
		t.Errorf("%s: Verify(%+v) = %v, want nil", name, proof, err)
	}
}

func TestVerifierNamesItsChains(t *testing.T) {
	want := []protocol.ChainID{protocol.AlgorandMainNet, "eip155:1", "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", "did:key"}
	if got := chain.Default().Chains(); !slices.Equal(got, want) {
		t.Errorf("Default().Chains() = %q, want %q", got, want)
	}
	for name, key := range everyKey(t) {
		mustRefuse(t, "a verifier without schemes, "+name, chain.NewVerifier(), sign(t, key))
	}
}

// proofVectors reads our own vectors, in the form in which proofs travel.
func proofVectors(t testing.TB) (valid, refused map[string]protocol.Proof) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "vectors", "proofs.json"))
	if err != nil {
		t.Fatal(err)
	}
	type named struct {
		Name  string         `json:"name"`
		Proof protocol.Proof `json:"proof"`
	}
	var file struct {
		Chains         []protocol.ChainID `json:"chains"`
		Valid, Refused []named
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatalf("proofs.json: %v", err)
	}
	if got := chain.Default().Chains(); !slices.Equal(got, file.Chains) {
		t.Errorf("Default().Chains() = %q, the vectors are for %q", got, file.Chains)
	}
	byName := func(list []named) map[string]protocol.Proof {
		proofs := make(map[string]protocol.Proof)
		for _, v := range list {
			proofs[v.Name] = v.Proof
		}
		if len(proofs) != len(list) {
			t.Errorf("proofs.json: %d names for %d vectors", len(proofs), len(list))
		}
		return proofs
	}
	return byName(file.Valid), byName(file.Refused)
}

func TestProofVectors(t *testing.T) {
	valid, refused := proofVectors(t)
	if want := vectortable.Proofs(); len(valid) != len(want.Valid) || len(refused) != len(want.Refused) || len(refused) < 200 {
		t.Errorf("ran %d and %d vectors, want %d and %d", len(valid), len(refused), len(want.Valid), len(want.Refused))
	}
	for name, proof := range valid {
		mustAccept(t, name, chain.Default(), proof)
	}
	for name, proof := range refused {
		mustRefuse(t, name, chain.Default(), proof)
	}
}

// TestEveryFieldCounts changes each field of a proof of each kind in turn.
func TestEveryFieldCounts(t *testing.T) {
	verifier := everyChain(t)
	keys := everyKey(t)
	for name, key := range keys {
		t.Run(name, func(t *testing.T) {
			good := sign(t, key)
			mustAccept(t, "unchanged", verifier, good)
			for change, proof := range changes(good, verifier.Chains()) {
				mustRefuse(t, change, verifier, proof)
			}
			for otherName, other := range keys {
				if other.Account() != key.Account() {
					proof := good
					proof.Chain, proof.Address = other.Chain(), other.Address()
					mustRefuse(t, "account of "+otherName, verifier, proof)
					proof = sign(t, other)
					proof.Signature, proof.Meta = good.Signature, good.Meta
					mustRefuse(t, "text of "+otherName, verifier, proof)
				}
			}
		})
	}
}

// changes returns proofs that differ from a good one in one field.
func changes(good protocol.Proof, chains []protocol.ChainID) map[string]protocol.Proof {
	out := make(map[string]protocol.Proof)
	add := func(name string, change func(*protocol.Proof)) {
		proof := good
		proof.Signature = bytes.Clone(good.Signature)
		if good.Meta != nil {
			meta := *good.Meta
			meta.AuthenticatorData = bytes.Clone(meta.AuthenticatorData)
			proof.Meta = &meta
		}
		if change(&proof); !proof.Equal(good) {
			out[name] = proof
		}
	}
	for _, kind := range []string{"", "MX", "mx", "arc60", "eip191", "eip1271", "solana", "solana-offchain", "did-key", "legacy-raw"} {
		add("type "+kind, func(p *protocol.Proof) { p.Type = kind })
	}
	for _, name := range append(chains, "", "nothing:1", good.Chain+" ", "eip155:2") {
		add("chain "+string(name), func(p *protocol.Proof) { p.Chain = name })
	}
	for i := range good.Address {
		add(fmt.Sprintf("address at %d", i), func(p *protocol.Proof) { p.Address = changed(p.Address, i) })
		add(fmt.Sprintf("address and text at %d", i), func(p *protocol.Proof) {
			p.Address = changed(p.Address, i)
			p.Message = strings.Replace(p.Message, good.Address, p.Address, 1)
		})
	}
	for i := range good.Message {
		add(fmt.Sprintf("message at %d", i), func(p *protocol.Proof) { p.Message = changed(p.Message, i) })
	}
	for _, end := range []string{"\n", "\r\n", " ", "\x00", "\nResources:\n- https://example.com/"} {
		add(fmt.Sprintf("message and %q", end), func(p *protocol.Proof) { p.Message += end })
	}
	add("no message", func(p *protocol.Proof) { p.Message = "" })
	for i := range good.Signature {
		for _, bit := range []byte{1, 0x80} {
			add(fmt.Sprintf("signature at %d, bit %x", i, bit), func(p *protocol.Proof) { p.Signature[i] ^= bit })
		}
	}
	for _, n := range []int{0, 1, 32, 63, 64, 65, 66, 96, 128} {
		add(fmt.Sprintf("signature of %d bytes", n), func(p *protocol.Proof) {
			p.Signature = append(p.Signature, make([]byte, 128)...)[:n]
		})
	}
	return withMetaChanges(good, out, add)
}

func withMetaChanges(good protocol.Proof, out map[string]protocol.Proof, add func(string, func(*protocol.Proof))) map[string]protocol.Proof {
	add("no meta", func(p *protocol.Proof) { p.Meta = nil })
	add("empty meta", func(p *protocol.Proof) { p.Meta = &protocol.ProofMeta{} })
	for _, signer := range []string{good.Address, zeroAddress, "x"} {
		add("signer "+signer, func(p *protocol.Proof) {
			if p.Meta == nil {
				p.Meta = &protocol.ProofMeta{}
			}
			p.Meta.Signer = signer
		})
	}
	if good.Meta == nil {
		add("authenticator data", func(p *protocol.Proof) { p.Meta = &protocol.ProofMeta{AuthenticatorData: make([]byte, 37)} })
		return out
	}
	for i := range good.Meta.AuthenticatorData {
		add(fmt.Sprintf("authenticator data at %d", i), func(p *protocol.Proof) { p.Meta.AuthenticatorData[i] ^= 1 })
	}
	for _, n := range []int{0, 31, 32, 36, 38, 1024, 1025} {
		add(fmt.Sprintf("authenticator data of %d bytes", n), func(p *protocol.Proof) {
			p.Meta.AuthenticatorData = append(p.Meta.AuthenticatorData, make([]byte, 1024)...)[:n]
		})
	}
	return out
}

// changed returns text with another character at i, of the same class where
// there is one.
func changed(text string, i int) string {
	c := text[i]
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		c ^= 0x20 // the other case
	case '0' <= c && c < '9':
		c++
	default:
		c = '0'
	}
	return text[:i] + string(rune(c)) + text[i+1:]
}

func TestNewRefuses(t *testing.T) {
	for _, name := range []protocol.ChainID{
		"", "algorand", "nothing:1", "eip155:", "eip155:0", "eip155:01", "eip155:+1", "eip155:0x1", "eip155:1e3",
		"eip155:99999999999999999999", "did:web", "did:Key", "solana:", "Algorand:x",
	} {
		if scheme, err := chain.New(name, chain.Sources{}); scheme != nil || !errors.Is(err, protocol.InvalidMessage) {
			t.Errorf("New(%q) = %v, %v, want invalid_message", name, scheme, err)
		}
	}
	for _, url := range []string{
		"", "localhost:4001", "ftp://localhost", "http://", "https://user:pass@localhost", "http://localhost?a=1",
		"http://localhost?", "http://localhost#a", "http://local host", "/v2",
	} {
		sources := chain.Sources{
			Algod: map[protocol.ChainID]chain.Endpoint{protocol.AlgorandMainNet: {URL: url}},
			RPC:   map[protocol.ChainID]chain.Endpoint{chain.EthereumMainNet: {URL: url}},
		}
		for _, name := range []protocol.ChainID{protocol.AlgorandMainNet, chain.EthereumMainNet} {
			if scheme, err := chain.New(name, sources); scheme != nil || !errors.Is(err, protocol.InvalidMessage) {
				t.Errorf("New(%s) with a service at %q = %v, %v, want invalid_message", name, url, scheme, err)
			}
		}
	}
}

// The address of a service may be a secret as much as its token.
func TestEndpointHidesItsSecrets(t *testing.T) {
	endpoint := chain.Endpoint{URL: "https://rpc.example:8545/v3/canary-path", Token: "canary-token"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		shown := fmt.Sprintf(verb, endpoint) + fmt.Sprintf(verb, &endpoint) + fmt.Sprintf(verb, map[string]chain.Endpoint{"x": endpoint})
		if strings.Contains(shown, "canary") || strings.Contains(shown, hex.EncodeToString([]byte("canary"))) || !strings.Contains(shown, "https://rpc.example:8545") {
			t.Errorf("%s shows an endpoint as %s", verb, shown)
		}
		if shown := fmt.Sprintf(verb, endpoint.Token); shown != "[redacted]" {
			t.Errorf("%s shows a token as %s", verb, shown)
		}
	}
	shown, err := json.Marshal(map[string]any{"endpoint": endpoint, "token": endpoint.Token})
	if want := `{"endpoint":"https://rpc.example:8545","token":"[redacted]"}`; err != nil || string(shown) != want {
		t.Errorf("JSON shows them as %s (error %v), want %s", shown, err, want)
	}
	if shown := (chain.Endpoint{URL: "canary"}).String(); shown != "[redacted]" {
		t.Errorf("an endpoint that is no address shows as %q", shown)
	}
}
