package liaison_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// TestCredentialID: an id has one spelling, and stands for the bytes of its
// authenticator.
func TestCredentialID(t *testing.T) {
	for _, raw := range [][]byte{{0}, []byte("any carnal pleasure"), bytes.Repeat([]byte{0xff}, 1023)} {
		id := liaison.NewCredentialID(raw)
		if got, err := liaison.ParseCredentialID(string(id)); err != nil || got != id || !bytes.Equal(got.Bytes(), raw) {
			t.Errorf("ParseCredentialID(%q) = %q, %v, want it and its %d bytes", id, got, err, len(raw))
		}
	}
	for _, text := range []string{"", "=", "AA==", "AB", "A+", "A A", `{"$ne":""}`, strings.Repeat("A", 1366)} {
		if got, err := liaison.ParseCredentialID(text); !errors.Is(err, protocol.InvalidMessage) {
			t.Errorf("ParseCredentialID(%q) = %q, %v, want %s", text, got, err, protocol.InvalidMessage)
		}
	}
}

// TestCredentialClone: what is done to a copy leaves the credential alone.
func TestCredentialClone(t *testing.T) {
	c := liaison.Credential{PublicKey: []byte{1}, Transports: []string{"internal"}}
	copied := c.Clone()
	copied.PublicKey[0], copied.Transports[0] = 2, "usb"
	if c.PublicKey[0] != 1 || c.Transports[0] != "internal" {
		t.Errorf("the credential became %+v", c)
	}
}
