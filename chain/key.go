package chain

import (
	"context"
	"fmt"
	"io"

	"github.com/liaison-dev/liaison/protocol"
)

// Key is a wallet's key of one kind. Whatever prints a key prints its account:
// the secret is in nothing but Secret. A Key is safe for concurrent use.
type Key interface {
	// Kind is one of [Kinds].
	Kind() string
	// Chain names the chain on which the key signs.
	Chain() protocol.ChainID
	// Address returns the account's address on that chain.
	Address() string
	// Account returns the account's CAIP-10 name.
	Account() protocol.Account
	// Sign signs a sign-in text. It refuses what is no such text in its one form,
	// and a text of another account, with the code of [protocol.ParseSignIn] or
	// [protocol.InvalidMessage]. Never pass it a text that a stranger wrote: build
	// it from its fields ([protocol.SignIn]).
	Sign(ctx context.Context, text string) (protocol.Proof, error)
	// Secret returns the 32 bytes from which [ParseKey] makes the key again.
	Secret() []byte
}

// On returns the same key for another chain of its family. A chain on which it
// cannot sign gives [protocol.InvalidMessage].
func On(key Key, chain protocol.ChainID) (Key, error) {
	if key.Chain() == chain {
		return key, nil
	}
	if roaming, ok := key.(interface {
		on(chain protocol.ChainID) (Key, error)
	}); ok {
		return roaming.on(chain)
	}
	return nil, wrongChain(chain)
}

func wrongChain(chain protocol.ChainID) error {
	return protocol.Errorf(protocol.InvalidMessage, "the key cannot sign on %s", chain)
}

// account is what all keys have in common: their name. It is all that they show.
type account struct {
	kind    string           // fixed after New
	chain   protocol.ChainID // fixed after New
	address string           // fixed after New
}

// Kind returns the kind of the key.
func (a account) Kind() string { return a.kind }

// Chain names the chain on which the key signs.
func (a account) Chain() protocol.ChainID { return a.chain }

// Address returns the account's address.
func (a account) Address() string { return a.address }

// Account returns the account's CAIP-10 name.
func (a account) Account() protocol.Account { return protocol.NewAccount(a.chain, a.address) }

// String names the account and hides the key.
func (a account) String() string { return string(a.Account()) }

// Format names the account and hides the key, whatever the verb.
func (a account) Format(s fmt.State, _ rune) { io.WriteString(s, a.String()) }

// MarshalText names the account and hides the key.
func (a account) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// read takes a text apart that this account is asked to sign.
func (a account) read(text string) (protocol.SignIn, error) {
	fields, err := protocol.ParseSignIn(text, a.chain.Namespace())
	if err != nil {
		return protocol.SignIn{}, err
	}
	if fields.Chain != a.chain || fields.Address != a.address {
		return protocol.SignIn{}, protocol.Errorf(protocol.InvalidMessage, "the sign-in text names another account")
	}
	return fields, nil
}

// proof puts a signature into its form.
func (a account) proof(kind, text string, signature []byte) protocol.Proof {
	return protocol.Proof{Type: kind, Chain: a.chain, Address: a.address, Message: text, Signature: signature}
}
