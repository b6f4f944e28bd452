package chain_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/internal/vectors"
	"github.com/liaison-dev/liaison/protocol"
)

func exampleHash() []byte { return hashOf([]byte("example.com")) }

// expectedData writes the object of ARC-60 another way: as a map, whose keys
// encoding/json sorts.
func expectedData(fields protocol.SignIn) string {
	object := map[string]any{
		"account_address": fields.Address, "chain_id": fields.Chain.Reference(), "domain": fields.Domain,
		"expiration-time": fields.ExpirationTime.Format(time.RFC3339), "issued-at": fields.IssuedAt.Format(time.RFC3339),
		"nonce": fields.Nonce, "request-id": fields.Channel, "type": "ed25519", "uri": fields.URI, "version": "1",
	}
	if fields.Statement != "" {
		object["statement"] = fields.Statement
	}
	if len(fields.Resources) > 0 {
		object["resources"] = fields.Resources
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(object); err != nil {
		panic(err)
	}
	return strings.TrimSpace(b.String())
}

// numbered is a byte string as JavaScript writes it: an object.
type numbered map[string]byte

func (n numbered) bytes() []byte {
	data := make([]byte, len(n))
	for i := range data {
		data[i] = n[fmt.Sprint(i)]
	}
	return data
}

// TestARC60Vector: the text of ARC-60 contradicts itself on whether the
// authenticator data is hashed. Its vector is the judge: it is.
func TestARC60Vector(t *testing.T) {
	file, err := os.ReadFile(vectors.Path(t, "arc60/test-vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	seed := regexp.MustCompile(`"seed": "([0-9a-f]{64})"`).FindSubmatch(file)
	var vector struct {
		Input struct {
			Request json.RawMessage `json:"caip122Request"`
		} `json:"input"`
		Output struct {
			SignResponse struct {
				Data               []byte   `json:"data"`
				Signer             numbered `json:"signer"`
				Domain             string   `json:"domain"`
				AuthenticationData numbered `json:"authenticationData"`
				Signature          numbered `json:"signature"`
			} `json:"signResponse"`
		} `json:"output"`
	}
	at := bytes.Index(file, []byte(`"input"`))
	if err := json.NewDecoder(bytes.NewReader(append([]byte("{"), file[at:]...))).Decode(&vector); err != nil || len(seed) != 2 {
		t.Fatalf("ARC-60 vector: seed %q, error %v", seed, err)
	}
	response := vector.Output.SignResponse
	key, err := chain.NewAlgorandKey(unhex(t, string(seed[1])))
	if err != nil {
		t.Fatal(err)
	}
	const address = "BYVBFXCGJLDU5Q7POFA2G4CLAGUBWRU3TOKDPNQG57D44KW6CVY3FPIXRM"
	if key.Address() != address || chain.AlgorandAddress(response.Signer.bytes()) != address {
		t.Errorf("key and signer are %s and %s, want %s", key.Address(), chain.AlgorandAddress(response.Signer.bytes()), address)
	}
	data, signature := response.AuthenticationData.bytes(), response.Signature.bytes()
	if !bytes.Equal(data, hashOf([]byte(response.Domain))) {
		t.Errorf("authenticator data of %s is %x, want the hash of the domain", response.Domain, data)
	}
	if !chain.VerifyEd25519(response.Signer.bytes(), chain.ARC60Bytes(response.Data, data), signature) {
		t.Errorf("signature %x over both hashes: refused, want accepted", signature)
	}
	if chain.VerifyEd25519(response.Signer.bytes(), append(hashOf(response.Data), data...), signature) {
		t.Errorf("signature %x over the data as it is: accepted, want refused", signature)
	}
	// The object as the vector has it is in the form that we write.
	var object map[string]any
	if err := json.Unmarshal(vector.Input.Request, &object); err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(object); err != nil || !bytes.Equal(again, response.Data) {
		t.Errorf("object of the vector is written as %s (error %v), want %s", again, err, response.Data)
	}
}

// TestARC60Data compares what is signed with the object written another way, for
// texts with and without what may be absent.
func TestARC60Data(t *testing.T) {
	key := newKey(t, 7)
	public, err := chain.ParseAlgorandAddress(key.Address())
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*protocol.SignIn){
		"plain":             func(*protocol.SignIn) {},
		"without statement": func(f *protocol.SignIn) { f.Statement = "" },
		"with resources":    func(f *protocol.SignIn) { f.Resources = []string{"https://example.com/a?b=<c>&d", "ipfs://x"} },
		"all of ASCII":      func(f *protocol.SignIn) { f.Statement = printableASCII() },
		"with a port":       func(f *protocol.SignIn) { f.Domain = "example.com:8443" },
		"at the last hour":  func(f *protocol.SignIn) { f.ExpirationTime = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC) },
	} {
		fields := signIn(key.Chain(), key.Address())
		change(&fields)
		proof, err := key.Sign(t.Context(), textOf(t, fields))
		if err != nil {
			t.Errorf("%s: Sign: %v", name, err)
			continue
		}
		data := proof.Meta.AuthenticatorData
		if want := append(hashOf([]byte(fields.Domain)), 1, 0, 0, 0, 0); !bytes.Equal(data, want) {
			t.Errorf("%s: authenticator data is %x, want %x", name, data, want)
		}
		if signed := append(hashOf([]byte(expectedData(fields))), hashOf(data)...); !chain.VerifyEd25519(public, signed, proof.Signature) {
			t.Errorf("%s: signature is not over %s", name, expectedData(fields))
		}
		mustAccept(t, name, chain.Default(), proof)
	}
}

func printableASCII() string {
	var b strings.Builder
	for c := byte(0x20); c <= 0x7e; c++ {
		b.WriteByte(c)
	}
	return b.String()
}
