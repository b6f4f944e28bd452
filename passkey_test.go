package liaison_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// TestCredentialBeside: an id that is registered again by its account changes
// nothing, and another account does not get it.
func TestCredentialBeside(t *testing.T) {
	stored := liaison.Credential{ID: "YQ", Account: "algorand:x:A", Counter: 7, Label: "Phone", Version: 3}
	made := liaison.Credential{ID: "YQ", Account: "algorand:x:A"}
	if got, err := made.Beside(stored); err != nil || !reflect.DeepEqual(got, stored) {
		t.Errorf("the same account again: got %+v, %v, want %+v", got, err, stored)
	}
	made.Account = "algorand:x:B"
	if got, err := made.Beside(stored); !errors.Is(err, protocol.ProofRejected) || got.ID != "" {
		t.Errorf("another account: got %+v, %v, want %s", got, err, protocol.ProofRejected)
	}
}
