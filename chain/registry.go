package chain

import (
	"crypto/rand"
	"net/http"

	"github.com/liaison-dev/liaison/protocol"
)

// family is what the file of a scheme gives to the package: the one line in
// families is all that knows of it.
type family struct {
	namespace string
	// main is the chain that [Default] accepts.
	main protocol.ChainID
	// scheme checks the reference of the chain and what it takes from the sources.
	scheme func(chain protocol.ChainID, sources Sources) (Scheme, error)
	kinds  []kind
}

// kind is one kind of wallet's keys.
type kind struct {
	name string
	// parse returns [protocol.InvalidMessage] for what is no secret of this kind.
	parse func(secret []byte) (Key, error)
}

func families() []family {
	return []family{algorandFamily(), evmFamily(), solanaFamily(), didKeyFamily()}
}

// Sources are the services of the operator's choice that verification may ask.
// The zero value has none: then nothing is asked, and what cannot be checked
// without them is refused.
type Sources struct {
	// Algod are nodes of Algorand networks. With one, an account that was
	// rekeyed is known by its new key, and by that alone.
	Algod map[protocol.ChainID]Endpoint
	// RPC are JSON-RPC services of EVM chains. With one, an account may be a
	// contract (EIP-1271).
	RPC map[protocol.ChainID]Endpoint
	// HTTP asks them. Default: a client with the settings of the standard
	// library. Redirects are never followed, and no answer is waited for longer
	// than three seconds.
	HTTP *http.Client
}

// New returns the scheme of a chain. A chain that is not known, or a source that
// is no address of a service, gives [protocol.InvalidMessage]. It does no I/O.
func New(chain protocol.ChainID, sources Sources) (Scheme, error) {
	if _, err := protocol.ParseChainID(string(chain)); err != nil {
		return nil, err
	}
	for _, f := range families() {
		if f.namespace == chain.Namespace() {
			return f.scheme(chain, sources)
		}
	}
	return nil, protocol.Errorf(protocol.InvalidMessage, "no scheme is known for chains of %q", chain.Namespace())
}

// Default returns a verifier with the main network of every family that this
// version knows. It does no I/O: an account that was rekeyed is not noticed, and
// contracts are refused. For that use [New] and [NewVerifier].
func Default() *Verifier {
	var schemes []Scheme
	for _, f := range families() {
		scheme, err := f.scheme(f.main, Sources{})
		if err != nil {
			panic("chain: " + err.Error())
		}
		schemes = append(schemes, scheme)
	}
	return NewVerifier(schemes...)
}

// Kinds returns the kinds of keys, the most usual first.
func Kinds() []string {
	var names []string
	for _, f := range families() {
		for _, k := range f.kinds {
			names = append(names, k.name)
		}
	}
	return names
}

// secretBytes is the length of every kind's secret.
const secretBytes = 32

// GenerateKey draws a new key of a kind of [Kinds], for the main chain of its
// family. An unknown kind gives [protocol.InvalidMessage].
func GenerateKey(kind string) (Key, error) {
	for {
		var secret [secretBytes]byte
		rand.Read(secret[:]) // never fails; it ends the process instead
		key, err := ParseKey(kind, secret[:])
		if err == nil || !knownKind(kind) {
			return key, err
		}
	}
}

func knownKind(name string) bool {
	for _, known := range Kinds() {
		if known == name {
			return true
		}
	}
	return false
}

// ParseKey returns the key that a secret of 32 bytes stands for. An unknown kind
// and what is no secret of that kind give [protocol.InvalidMessage].
func ParseKey(kind string, secret []byte) (Key, error) {
	for _, f := range families() {
		for _, k := range f.kinds {
			if k.name != kind {
				continue
			}
			if len(secret) != secretBytes {
				return nil, protocol.Errorf(protocol.InvalidMessage, "a secret has %d bytes", secretBytes)
			}
			return k.parse(secret)
		}
	}
	return nil, protocol.Errorf(protocol.InvalidMessage, "no kind of keys is called %q", kind)
}
