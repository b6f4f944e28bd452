package protocol_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/liaison-dev/liaison/protocol"
)

const (
	someNonce = "7Q3JX2M4KZP6R5TAWCEYHNB2VD"
	someClaim = `{"nonce":"` + someNonce + `","proof":{"type":"mx","chain":"algorand:x","address":"ABC","message":"text","signature":"AAAA"},"answer":{"n":0,"d":"ab"}}`
)

func TestParseBody(t *testing.T) {
	var claim protocol.Claim
	if err := protocol.ParseBody(strings.NewReader(someClaim), &claim); err != nil {
		t.Fatalf("ParseBody(%s): %v", someClaim, err)
	}
	want := protocol.Claim{
		Nonce:  someNonce,
		Proof:  protocol.Proof{Type: protocol.ProofMX, Chain: "algorand:x", Address: "ABC", Message: "text", Signature: protocol.Base64{0, 0, 0}},
		Answer: &protocol.Frame{D: "ab"},
	}
	if !reflect.DeepEqual(claim, want) {
		t.Errorf("ParseBody(%s) gives %+v, want %+v", someClaim, claim, want)
	}
	if again, err := json.Marshal(claim); err != nil || string(again) != someClaim {
		t.Errorf("claim written again: got %s, %v; want %s", again, err, someClaim)
	}
}

func TestParseBodyRefuses(t *testing.T) {
	replaced := func(old, with string) string { return strings.Replace(someClaim, old, with, 1) }
	for _, c := range []struct {
		name, body string
		dst        protocol.Validator
		want       protocol.Code
	}{
		{"empty", "", &protocol.Claim{}, protocol.InvalidMessage},
		{"not JSON", "nonce=1", &protocol.Claim{}, protocol.InvalidMessage},
		{"null", "null", &protocol.Claim{}, protocol.InvalidMessage},
		{"unknown field", replaced(`{"nonce"`, `{"x":1,"nonce"`), &protocol.Claim{}, protocol.InvalidMessage},
		{"unknown field inside", replaced(`{"type"`, `{"x":1,"type"`), &protocol.Claim{}, protocol.InvalidMessage},
		{"second value", someClaim + someClaim, &protocol.Claim{}, protocol.InvalidMessage},
		{"wrong type", replaced(`"nonce":"`+someNonce+`"`, `"nonce":7`), &protocol.Claim{}, protocol.InvalidMessage},
		{"nonce too short", replaced(someNonce, "short"), &protocol.Claim{}, protocol.InvalidMessage},
		{"no proof", `{"nonce":"` + someNonce + `"}`, &protocol.Claim{}, protocol.InvalidMessage},
		{"no type of proof", replaced(`"mx"`, `""`), &protocol.Claim{}, protocol.InvalidMessage},
		{"no message", replaced(`"text"`, `""`), &protocol.Claim{}, protocol.InvalidMessage},
		{"no signature", replaced(`"AAAA"`, `""`), &protocol.Claim{}, protocol.InvalidMessage},
		{"signature null", replaced(`"AAAA"`, `null`), &protocol.Claim{}, protocol.InvalidMessage},
		{"signature padded", replaced(`"AAAA"`, `"AAA="`), &protocol.Claim{}, protocol.InvalidMessage},
		{"signature in the other alphabet", replaced(`"AAAA"`, `"AA+/"`), &protocol.Claim{}, protocol.InvalidMessage},
		{"signature with a line break", replaced(`"AAAA"`, `"AA\nAA"`), &protocol.Claim{}, protocol.InvalidMessage},
		{"signature with bits left over", replaced(`"AAAA"`, `"AB"`), &protocol.Claim{}, protocol.InvalidMessage},
		{"account not CAIP-10", replaced(`algorand:x`, `algorand`), &protocol.Claim{}, protocol.InvalidMessage},
		{"answer that is not frame 0", replaced(`"n":0`, `"n":1`), &protocol.Claim{}, protocol.InvalidMessage},
		{"answer without payload", replaced(`"d":"ab"`, `"d":""`), &protocol.Claim{}, protocol.InvalidMessage},
		{"rejection without nonce", `{}`, &protocol.Rejection{}, protocol.InvalidMessage},
		{"collection without request id", `{"key":"8qgq1bVYx0dYl2Qn3vJr9A"}`, &protocol.Collection{}, protocol.InvalidMessage},
		{"collection without key", `{"requestId":"4f1c0e0a-7d9b-4a57-9e0f-1c2d3e4f5a6b"}`, &protocol.Collection{}, protocol.InvalidMessage},
		{"too large", `{"nonce":"` + strings.Repeat("a", protocol.MaxBodyBytes) + `"}`, &protocol.Rejection{}, protocol.TooLarge},
	} {
		if err := protocol.ParseBody(strings.NewReader(c.body), c.dst); protocol.CodeOf(err) != c.want {
			t.Errorf("%s: ParseBody(%.120s) = %v, want %s", c.name, c.body, err, c.want)
		}
	}
	broken := iotest.ErrReader(errors.New("line is down"))
	if err := protocol.ParseBody(broken, &protocol.Rejection{}); protocol.CodeOf(err) != protocol.InvalidMessage {
		t.Errorf("ParseBody of a broken line = %v, want %s", err, protocol.InvalidMessage)
	}
}

func TestSignInRequestFor(t *testing.T) {
	v := signInVectors(t).Valid[0]
	want := signInOf(t, v.Fields)
	request := protocol.SignInRequest{
		Domain: want.Domain, URI: want.URI, Statement: want.Statement, Nonce: want.Nonce,
		IssuedAt: want.IssuedAt, ExpirationTime: want.ExpirationTime, Chains: []protocol.ChainID{want.Chain},
	}
	if got, err := request.For(want.Chain, want.Address, want.RequestID).Text(); err != nil || got != v.Text {
		t.Errorf("text for the wallet's account: got %q, %v; want %q", got, err, v.Text)
	}
}
