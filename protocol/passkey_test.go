package protocol_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison/internal/vectortable"
	"github.com/liaison-dev/liaison/protocol"
)

func TestPasskeyChallengeVectors(t *testing.T) {
	var f vectortable.PasskeyFile
	readVectors(t, "passkeys.json", &f)
	if len(f.Challenges) < 6 {
		t.Errorf("ran %d vectors, want at least 6", len(f.Challenges))
	}
	for _, v := range f.Challenges {
		got := protocol.PasskeyChallenge(protocol.ChannelID(v.Channel), protocol.Nonce(v.Nonce))
		if text := base64.RawURLEncoding.EncodeToString(got[:]); text != v.Challenge {
			t.Errorf("%s: got %s, want %s", v.Name, text, v.Challenge)
		}
	}
}

// TestPasskeyBodies: what is missing or cannot stand where it is to be shown is
// found before anything is looked up.
func TestPasskeyBodies(t *testing.T) {
	long := strings.Repeat("x", protocol.MaxNameBytes)
	for _, c := range []struct {
		body string
		dst  protocol.Validator
		ok   bool
	}{
		{`{}`, new(protocol.PasskeyRegistrationRequest), true},
		{`{"requestId":"4f1c2b7e-9a53-4d0e-8c61-0b5a7d3e2f19"}`, new(protocol.PasskeyRegistrationRequest), true},
		{`{"requestId":"short"}`, new(protocol.PasskeyRegistrationRequest), false},
		{`{}`, new(protocol.PasskeyAuthenticationRequest), true},
		{`{"account":"nobody"}`, new(protocol.PasskeyAuthenticationRequest), false},
		{`{"credentialId":"YQ","clientDataJSON":"YQ","attestationObject":"YQ","transports":["usb"],"label":"ünï"}`, new(protocol.PasskeyRegistration), true},
		{`{"credentialId":"","clientDataJSON":"YQ","attestationObject":"YQ"}`, new(protocol.PasskeyRegistration), false},
		{`{"credentialId":"YQ","clientDataJSON":"","attestationObject":"YQ"}`, new(protocol.PasskeyRegistration), false},
		{`{"credentialId":"YQ","clientDataJSON":"YQ","attestationObject":""}`, new(protocol.PasskeyRegistration), false},
		{`{"credentialId":"YQ","clientDataJSON":"YQ","attestationObject":"YQ","label":"a\nb"}`, new(protocol.PasskeyRegistration), false},
		{`{"label":""}`, new(protocol.PasskeyRename), true},
		{`{"label":"` + long + `"}`, new(protocol.PasskeyRename), true},
		{`{"label":"` + long + `x"}`, new(protocol.PasskeyRename), false},
		{`{"label":"a\u202eb"}`, new(protocol.PasskeyRename), false},
		{`{"credentialId":"YQ","clientDataJSON":"YQ","authenticatorData":"YQ","signature":"YQ","key":"8qgq1bVYx0dYl2Qn3vJr9A"}`, new(protocol.PasskeyAssertion), true},
		{`{"credentialId":"YQ","clientDataJSON":"YQ","authenticatorData":"YQ","signature":"YQ","key":""}`, new(protocol.PasskeyAssertion), false},
		{`{"credentialId":"","clientDataJSON":"YQ","authenticatorData":"YQ","signature":"YQ","key":"8qgq1bVYx0dYl2Qn3vJr9A"}`, new(protocol.PasskeyAssertion), false},
		{`{"credentialId":"YQ","clientDataJSON":"","authenticatorData":"YQ","signature":"YQ","key":"8qgq1bVYx0dYl2Qn3vJr9A"}`, new(protocol.PasskeyAssertion), false},
		{`{"credentialId":"YQ","clientDataJSON":"YQ","authenticatorData":"","signature":"YQ","key":"8qgq1bVYx0dYl2Qn3vJr9A"}`, new(protocol.PasskeyAssertion), false},
		{`{"credentialId":"YQ","clientDataJSON":"YQ","authenticatorData":"YQ","signature":"","key":"8qgq1bVYx0dYl2Qn3vJr9A"}`, new(protocol.PasskeyAssertion), false},
	} {
		err := protocol.ParseBody(strings.NewReader(c.body), c.dst)
		if c.ok != (err == nil) || !c.ok && !errors.Is(err, protocol.InvalidMessage) {
			t.Errorf("%s as %T: got %v, want it taken: %t", c.body, c.dst, err, c.ok)
		}
	}
}
