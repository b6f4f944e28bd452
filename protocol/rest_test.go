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
	someClaim = `{"nonce":"` + someNonce + `","proof":{"type":"mx","chain":"algorand:x","address":"ABC","message":"text","signature":"AAAA"},"answer":{"n":1,"d":"ab"},"key":"` + someNonce + `"}`
	someJoin  = `{"frame":{"n":0,"d":"ab"},"key":"` + someNonce + `"}`
	someOffer = `{"n":0,"d":"ab","channel":"` + someChannel + `"}`
)

func TestParseBody(t *testing.T) {
	var claim protocol.Claim
	if err := protocol.ParseBody(strings.NewReader(someClaim), &claim); err != nil {
		t.Fatalf("ParseBody(%s): %v", someClaim, err)
	}
	want := protocol.Claim{
		Nonce:  someNonce,
		Proof:  protocol.Proof{Type: protocol.ProofMX, Chain: "algorand:x", Address: "ABC", Message: "text", Signature: protocol.Base64{0, 0, 0}},
		Answer: protocol.Frame{N: 1, D: "ab"},
		Key:    someNonce,
	}
	if !reflect.DeepEqual(claim, want) {
		t.Errorf("ParseBody(%s) gives %+v, want %+v", someClaim, claim, want)
	}
	if again, err := json.Marshal(claim); err != nil || string(again) != someClaim {
		t.Errorf("claim written again: got %s, %v; want %s", again, err, someClaim)
	}
}

// TestOffer: only frame 0 of a link has a channel, so the body is valid without
// one.
func TestOffer(t *testing.T) {
	for text, want := range map[string]protocol.Offer{
		someOffer:          {D: "ab", Channel: someChannel},
		`{"n":0,"d":"ab"}`: {D: "ab"},
		`{"n":7,"d":"ab"}`: {N: 7, D: "ab"},
	} {
		var got protocol.Offer
		if err := protocol.ParseBody(strings.NewReader(text), &got); err != nil || got != want || got.Frame() != (protocol.Frame{N: want.N, D: want.D}) {
			t.Errorf("ParseBody(%s) gives %+v with frame %+v, %v; want %+v", text, got, got.Frame(), err, want)
		}
	}
}

func TestParseBodyRefuses(t *testing.T) {
	replaced := func(old, with string) string { return strings.Replace(someClaim, old, with, 1) }
	join := func(old, with string) string { return strings.Replace(someJoin, old, with, 1) }
	offer := func(old, with string) string { return strings.Replace(someOffer, old, with, 1) }
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
		{"answer that is frame 0", replaced(`"n":1`, `"n":0`), &protocol.Claim{}, protocol.InvalidMessage},
		{"answer that is frame 2", replaced(`"n":1`, `"n":2`), &protocol.Claim{}, protocol.InvalidMessage},
		{"no answer", replaced(`"answer":{"n":1,"d":"ab"},`, ``), &protocol.Claim{}, protocol.InvalidMessage},
		{"claim without a key", replaced(`,"key":"`+someNonce+`"`, ``), &protocol.Claim{}, protocol.InvalidMessage},
		{"claim with a key that can be guessed", replaced(`"key":"`+someNonce, `"key":"short`), &protocol.Claim{}, protocol.InvalidMessage},
		{"answer without payload", replaced(`"d":"ab"`, `"d":""`), &protocol.Claim{}, protocol.InvalidMessage},
		{"join without a frame", join(`"frame":{"n":0,"d":"ab"},`, ``), &protocol.Join{}, protocol.InvalidMessage},
		{"join with frame 1", join(`"n":0`, `"n":1`), &protocol.Join{}, protocol.InvalidMessage},
		{"join with an empty frame", join(`"ab"`, `""`), &protocol.Join{}, protocol.InvalidMessage},
		{"join without a key", join(`,"key":"`+someNonce+`"`, ``), &protocol.Join{}, protocol.InvalidMessage},
		{"join with a key that can be guessed", join(someNonce, "short"), &protocol.Join{}, protocol.InvalidMessage},
		{"offer with a channel in frame 1", offer(`"n":0`, `"n":1`), &protocol.Offer{}, protocol.InvalidMessage},
		{"offer with a channel of another version", offer(`l1.`, `l2.`), &protocol.Offer{}, protocol.InvalidMessage},
		{"offer with a channel cut short", offer(`ZQU"`, `ZQ"`), &protocol.Offer{}, protocol.InvalidMessage},
		{"offer without payload", offer(`"ab"`, `""`), &protocol.Offer{}, protocol.InvalidMessage},
		{"resumption without an id", `{}`, &protocol.Resumption{}, protocol.InvalidMessage},
		{"resumption under a short id", `{"requestId":"short"}`, &protocol.Resumption{}, protocol.InvalidMessage},
		{"collection without request id", `{"key":"8qgq1bVYx0dYl2Qn3vJr9A"}`, &protocol.Collection{}, protocol.InvalidMessage},
		{"collection without key", `{"requestId":"4f1c0e0a-7d9b-4a57-9e0f-1c2d3e4f5a6b"}`, &protocol.Collection{}, protocol.InvalidMessage},
		{"too large", `{"nonce":"` + strings.Repeat("a", protocol.MaxBodyBytes) + `"}`, &protocol.Resumption{}, protocol.TooLarge},
	} {
		if err := protocol.ParseBody(strings.NewReader(c.body), c.dst); protocol.CodeOf(err) != c.want {
			t.Errorf("%s: ParseBody(%.120s) = %v, want %s", c.name, c.body, err, c.want)
		}
	}
	broken := iotest.ErrReader(errors.New("line is down"))
	if err := protocol.ParseBody(broken, &protocol.Resumption{}); protocol.CodeOf(err) != protocol.InvalidMessage {
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
	if got, err := request.For(want.Chain, want.Address, want.Channel).Text(); err != nil || got != v.Text {
		t.Errorf("text for the wallet's account: got %q, %v; want %q", got, err, v.Text)
	}
}
