package protocol_test

import (
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
		Chain:          protocol.ChainID("algorand:" + rapid.StringMatching(`[-_a-zA-Z0-9]{1,32}`).Draw(t, "reference")),
		Nonce:          protocol.Nonce(rapid.StringMatching(`[a-zA-Z0-9]{22,64}`).Draw(t, "nonce")),
		IssuedAt:       issued.In(time.FixedZone("", rapid.IntRange(-43200, 43200).Draw(t, "zone"))),
		ExpirationTime: issued,
		RequestID:      protocol.RequestID(rapid.StringMatching(`[A-Za-z0-9._-]{16,64}`).Draw(t, "id")),
		Resources:      resources.Draw(t, "resources"),
	}
}

func TestSignInRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawSignIn(t)
		text, err := want.Text()
		if err != nil {
			t.Skipf("fields that make no text: %v", err) // resources that are no URI after all
		}
		got, err := protocol.ParseSignIn(text, "algorand")
		if err != nil || !sameSignIn(got, want) {
			t.Fatalf("ParseSignIn(%q) = %+v, %v; want %+v", text, got, err, want)
		}
	})
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
