package protocol_test

import (
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/protocol"
	"pgregory.net/rapid"
)

// drawSignIn draws fields that must make a text.
func drawSignIn(t *rapid.T) protocol.SignIn {
	issued := time.Unix(rapid.Int64Range(0, 253402300799).Draw(t, "issued"), 0)
	resources := rapid.SliceOfN(rapid.StringMatching(`[a-z]{1,8}://[a-z0-9]{1,20}(/[!-~]{0,20})?`), 0, 5)
	host := rapid.StringMatching(`[a-z0-9]{1,20}(\.[a-z]{2,5})?(:[1-9][0-9]{0,3})?`).Draw(t, "host")
	return protocol.SignIn{
		Domain:         host,
		Address:        rapid.StringMatching(`[-.a-zA-Z0-9]{1,128}`).Draw(t, "address"),
		Statement:      rapid.StringMatching(`[ -~]{0,256}`).Draw(t, "statement"),
		URI:            "https://" + host,
		Chain:          protocol.ChainID(rapid.StringMatching(`(algorand|eip155|solana|did|[-a-z0-9]{3,8}):[-_a-zA-Z0-9]{1,32}`).Draw(t, "chain")),
		Nonce:          protocol.Nonce(rapid.StringMatching(`[a-zA-Z0-9]{22,64}`).Draw(t, "nonce")),
		IssuedAt:       issued.In(time.FixedZone("", rapid.IntRange(-43200, 43200).Draw(t, "zone"))),
		ExpirationTime: issued,
		Channel:        channelOf(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash")),
		Resources:      resources.Draw(t, "resources"),
	}
}

func channelOf(hash []byte) protocol.ChannelID {
	return protocol.ChannelID("l1." + base64.RawURLEncoding.EncodeToString(hash))
}

func TestSignInRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawSignIn(t)
		text, err := want.Text()
		if err != nil {
			t.Skipf("fields that make no text: %v", err) // resources that are no URI after all
		}
		got, err := protocol.ParseSignIn(text, want.Chain.Namespace())
		if err != nil || !sameSignIn(got, want) {
			t.Fatalf("ParseSignIn(%q) = %+v, %v; want %+v", text, got, err, want)
		}
	})
}

// TestFamiliesDiffer: a text of one family of chains is none of another.
func TestFamiliesDiffer(t *testing.T) {
	namespaces := []string{"algorand", "eip155", "solana", "did", "cosmos", "bip122"}
	for _, v := range signInVectors(t).Valid {
		fields := signInOf(t, v.Fields)
		for _, namespace := range namespaces {
			fields.Chain = protocol.ChainID(namespace + ":1")
			text, err := fields.Text()
			if err != nil {
				t.Fatalf("text for %s: %v", namespace, err)
			}
			for _, other := range namespaces {
				got, err := protocol.ParseSignIn(text, other)
				if (err == nil) != (other == namespace) || !sameSignIn(got, protocol.SignIn{}) && got.Chain != fields.Chain {
					t.Errorf("text for %s, read as one for %s: got %+v, %v", namespace, other, got, err)
				}
			}
		}
	}
}

// TestSignInTextsDiffer: one character changed anywhere in a text gives another
// meaning or none, so no two sets of fields share a signature.
func TestSignInTextsDiffer(t *testing.T) {
	v := signInVectors(t).Valid[2]
	want, err := protocol.ParseSignIn(v.Text, "algorand")
	if err != nil {
		t.Fatal(err)
	}
	for i := range v.Text {
		for _, c := range []byte{'0', 'a', ' ', '\n', '\r', 0, 0x7f, 0xff} {
			if v.Text[i] == c {
				continue
			}
			changed := v.Text[:i] + string([]byte{c}) + v.Text[i+1:]
			if got, err := protocol.ParseSignIn(changed, "algorand"); err == nil && sameSignIn(got, want) {
				t.Errorf("text with byte %d changed to %q: got the fields of the original", i, c)
			}
		}
	}
}

func TestProofEqual(t *testing.T) {
	proof := func(change func(*protocol.Proof)) protocol.Proof {
		p := protocol.Proof{
			Type: "arc60", Chain: "algorand:x", Address: "A", Message: "m", Signature: []byte{1, 2},
			Meta: &protocol.ProofMeta{AuthenticatorData: []byte{3}, Signer: "B"},
		}
		change(&p)
		return p
	}
	same := proof(func(*protocol.Proof) {})
	proofs := []protocol.Proof{
		same,
		proof(func(p *protocol.Proof) { p.Type = "mx" }),
		proof(func(p *protocol.Proof) { p.Chain = "algorand:y" }),
		proof(func(p *protocol.Proof) { p.Address = "C" }),
		proof(func(p *protocol.Proof) { p.Message = "n" }),
		proof(func(p *protocol.Proof) { p.Signature = []byte{1, 3} }),
		proof(func(p *protocol.Proof) { p.Signature = []byte{1, 2, 0} }),
		proof(func(p *protocol.Proof) { p.Signature = nil }),
		proof(func(p *protocol.Proof) { p.Meta = nil }),
		proof(func(p *protocol.Proof) { p.Meta = &protocol.ProofMeta{} }),
		proof(func(p *protocol.Proof) { p.Meta.Signer = "" }),
		proof(func(p *protocol.Proof) { p.Meta.AuthenticatorData = nil }),
		proof(func(p *protocol.Proof) { p.Meta.AuthenticatorData = []byte{4} }),
	}
	for i, p := range proofs {
		for j, q := range proofs {
			if got := p.Equal(q); got != (i == j) {
				t.Errorf("%+v equal to %+v: got %t, want %t", p, q, got, i == j)
			}
		}
	}
	if !same.Equal(proof(func(*protocol.Proof) {})) || !(protocol.Proof{}).Equal(protocol.Proof{Signature: []byte{}}) {
		t.Error("a proof is not equal to its copy")
	}
}

// TestProofJSON: what is not needed is absent, and bytes have one form.
func TestProofJSON(t *testing.T) {
	for want, p := range map[string]protocol.Proof{
		`{"type":"mx","chain":"c","address":"a","message":"m","signature":"AQI"}`: {
			Type: "mx", Chain: "c", Address: "a", Message: "m", Signature: []byte{1, 2},
		},
		`{"type":"arc60","chain":"c","address":"a","message":"m","signature":"AQI","meta":{"authenticatorData":"Aw"}}`: {
			Type: "arc60", Chain: "c", Address: "a", Message: "m", Signature: []byte{1, 2}, Meta: &protocol.ProofMeta{AuthenticatorData: []byte{3}},
		},
		`{"type":"mx","chain":"c","address":"a","message":"m","signature":"AQI","meta":{"signer":"b"}}`: {
			Type: "mx", Chain: "c", Address: "a", Message: "m", Signature: []byte{1, 2}, Meta: &protocol.ProofMeta{Signer: "b"},
		},
	} {
		got, err := json.Marshal(p)
		if err != nil || string(got) != want {
			t.Errorf("%+v is written as %s (error %v), want %s", p, got, err, want)
		}
		var again protocol.Proof
		if err := json.Unmarshal([]byte(want), &again); err != nil || !again.Equal(p) {
			t.Errorf("%s is read as %+v (error %v), want %+v", want, again, err, p)
		}
	}
}
