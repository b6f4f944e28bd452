package chain_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/internal/vectors"
	"github.com/liaison-dev/liaison/protocol"
)

func hashOf(data []byte) []byte {
	hash := sha256.Sum256(data)
	return hash[:]
}

// The addresses of EIP-55.
func TestEVMAddresses(t *testing.T) {
	for _, address := range []string{
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
		"0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
		"0x52908400098527886E0F7030069857D2E4169EE7", "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
		"0xde709f2102306220921060314715629080e2fb77", "0x27b1fdb04752bbc536007a920d24acb045561c26",
	} {
		data, err := chain.ParseEVMAddress(address)
		if err != nil || chain.WriteEVMAddress(data) != address {
			t.Errorf("address %s is read as %x, %v", address, data, err)
		}
		for _, wrong := range []string{
			address[2:], "0X" + address[2:], address + "0", address + "00", address[:41], " " + address, address[:41] + "g",
			"1x" + address[2:], changed(address, strings.IndexAny(address[2:], "abcdefABCDEF")+2),
		} {
			if data, err := chain.ParseEVMAddress(wrong); err == nil {
				t.Errorf("address %q is read as %x, want an error", wrong, data)
			}
		}
	}
}

// siweCase is a message of the public vectors of EIP-4361.
type siweCase struct {
	Domain         string   `json:"domain"`
	Address        string   `json:"address"`
	Statement      string   `json:"statement"`
	URI            string   `json:"uri"`
	Version        string   `json:"version"`
	ChainID        int      `json:"chainId"`
	Nonce          string   `json:"nonce"`
	IssuedAt       string   `json:"issuedAt"`
	ExpirationTime string   `json:"expirationTime"`
	NotBefore      string   `json:"notBefore"`
	RequestID      string   `json:"requestId"`
	Resources      []string `json:"resources"`
	Signature      string   `json:"signature"`
}

// text writes the message as EIP-4361 has it, which is freer than ours.
func (c siweCase) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s wants you to sign in with your Ethereum account:\n%s\n\n", c.Domain, c.Address)
	if c.Statement != "" {
		b.WriteString(c.Statement + "\n")
	}
	fmt.Fprintf(&b, "\nURI: %s\nVersion: %s\nChain ID: %d\nNonce: %s\nIssued At: %s", c.URI, c.Version, c.ChainID, c.Nonce, c.IssuedAt)
	for _, field := range []struct{ name, value string }{
		{"Expiration Time", c.ExpirationTime}, {"Not Before", c.NotBefore}, {"Request ID", c.RequestID},
	} {
		if field.value != "" {
			b.WriteString("\n" + field.name + ": " + field.value)
		}
	}
	return b.String()
}

func (c siweCase) proof(t *testing.T) protocol.Proof {
	return protocol.Proof{
		Type: protocol.ProofEIP191, Chain: chain.EthereumMainNet, Address: c.Address, Message: c.text(), Signature: unhex(t, c.Signature),
	}
}

// TestSIWESignatures: all four public signatures are good ones, though none of
// the texts is in our form: a scheme looks at the signature alone, a verifier at
// both.
func TestSIWESignatures(t *testing.T) {
	var cases map[string]siweCase
	vectors.JSON(t, "siwe/verification_positive.json", &cases)
	for name, c := range cases {
		mustAccept(t, name, newScheme(t, chain.EthereumMainNet, chain.Sources{}), c.proof(t))
		mustRefuse(t, name, chain.Default(), c.proof(t))
	}
	if len(cases) != 4 {
		t.Errorf("ran %d cases, want 4", len(cases))
	}
}

// TestSIWENegatives: what is wrong with some of the public negatives is the
// signature, with the others what only the caller or the form of the text shows.
func TestSIWENegatives(t *testing.T) {
	var cases map[string]siweCase
	vectors.JSON(t, "siwe/verification_negative.json", &cases)
	var wrong []string
	for name, c := range cases {
		var proof protocol.Proof
		if strings.HasPrefix(c.Signature, "0x") && len(c.Signature)%2 == 0 && strings.Trim(c.Signature[2:], "0123456789abcdefABCDEF") == "" {
			proof = c.proof(t)
		}
		if newScheme(t, chain.EthereumMainNet, chain.Sources{}).Verify(t.Context(), proof) != nil {
			wrong = append(wrong, name)
		}
		mustRefuse(t, name, chain.Default(), proof)
	}
	slices.Sort(wrong)
	if want := []string{"invalid issuedAt", "malformed signature", "wrong signature"}; len(cases) != 10 || !slices.Equal(wrong, want) {
		t.Errorf("ran %d cases, the signature was wrong in %q; want 10 and %q", len(cases), wrong, want)
	}
}

// TestEVMSignatureForms changes nothing but the form of a good signature.
func TestEVMSignatureForms(t *testing.T) {
	good := sign(t, everyKey(t)["evm"])
	r, s, v := good.Signature[:32], good.Signature[32:64], good.Signature[64]
	with := func(parts ...[]byte) protocol.Proof {
		proof := good
		proof.Signature = bytes.Join(parts, nil)
		return proof
	}
	mustAccept(t, "v from 27", chain.Default(), with(r, s, []byte{v}))
	mustAccept(t, "v from 0", chain.Default(), with(r, s, []byte{v - 27}))
	for n := range 256 {
		if byte(n) != v && byte(n) != v-27 {
			mustRefuse(t, fmt.Sprintf("v = %d", n), chain.Default(), with(r, s, []byte{byte(n)}))
		}
	}
	mustRefuse(t, "64 bytes", chain.Default(), with(r, s))
	mustRefuse(t, "66 bytes", chain.Default(), with(r, s, []byte{v, 0}))
	mustRefuse(t, "the upper s", chain.Default(), with(r, twin(t, s), []byte{55 - v}))
	mustRefuse(t, "the upper s, v from 0", chain.Default(), with(r, twin(t, s), []byte{28 - v}))
}

// twin returns the other s that makes a signature hold.
func twin(t *testing.T, s []byte) []byte {
	order := unhex(t, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
	out, borrow := make([]byte, 32), 0
	for i := 31; i >= 0; i-- {
		d := int(order[i]) - int(s[i]) - borrow
		borrow = 0
		if d < 0 {
			d, borrow = d+256, 1
		}
		out[i] = byte(d)
	}
	return out
}

// TestSIWEContracts asks a chain that is not there about the two contracts of
// the public vectors.
func TestSIWEContracts(t *testing.T) {
	var cases map[string]struct{ Message, Signature string }
	vectors.JSON(t, "siwe/eip1271.json", &cases)
	for name, c := range cases {
		address := strings.Split(c.Message, "\n")[1]
		signature := unhex(t, c.Signature)
		fake := &contract{address: address, hash: chain.EIP191Hash(c.Message), signature: signature, answer: magicAnswer}
		proof := protocol.Proof{Type: protocol.ProofEIP1271, Chain: chain.EthereumMainNet, Address: address, Message: c.Message, Signature: signature}
		mustAccept(t, name, fake.scheme(t), proof)
		if got, want := fake.methods(), "eth_getCode eth_call"; got != want {
			t.Errorf("%s: got calls %q, want %q", name, got, want)
		}
		proof.Type = protocol.ProofEIP191
		mustRefuse(t, name+" as a key", fake.scheme(t), proof)
	}
	if len(cases) != 2 {
		t.Errorf("ran %d cases, want 2", len(cases))
	}
}

func TestEVMKeysOnOtherChains(t *testing.T) {
	key := everyKey(t)["evm"].(*chain.EVMKey)
	other, err := key.On(polygon)
	if err != nil || other.Chain() != polygon || other.Address() != key.Address() || key.Chain() != chain.EthereumMainNet {
		t.Errorf("On(%s) = %v, %v, want the same address there", polygon, other, err)
	}
	for _, name := range []protocol.ChainID{"", "eip155:0", "eip155:x", "eip155:01", protocol.AlgorandMainNet} {
		if other, err := key.On(name); other != nil || !errors.Is(err, protocol.InvalidMessage) {
			t.Errorf("On(%q) = %v, %v, want invalid_message", name, other, err)
		}
	}
}

// maxWait is how long a service is waited for.
const maxWait = 3 * time.Second
