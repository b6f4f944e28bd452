package sealed

import (
	"crypto/ecdh"
	"crypto/rand"
	"fmt"
	"sync"
)

// Link is what both ends of a link know before the handshake (spec/sealed.md
// §1). Each field is an input of the keys: if the two ends differ in one, the
// handshake fails.
type Link struct {
	// Host is the link's host and non-default port, RequestID its request id;
	// ASCII, 1 to 255 bytes here, and less in a link.
	Host, RequestID string
	// Flags are those of the link, bound and not looked at.
	Flags byte
	// Key is the X25519 public key of the site, for this link alone.
	Key [32]byte
	// Seed is the link's secret.
	Seed Seed
}

// SiteKey is the key and the seed of a site for one link. Any number of first
// messages may be tried with it, one handshake each; the handshake that writes
// message 2 ends it, whatever comes after, and then both are gone. It is safe
// for concurrent use.
type SiteKey struct {
	public [32]byte // fixed after New

	mu      sync.Mutex
	private *ecdh.PrivateKey // nil once message 2 is made
	seed    Seed
}

// GenerateSiteKey draws the key and the seed of one link. It fails only where
// X25519 is forbidden (FIPS 140-3 alone).
func GenerateSiteKey() (*SiteKey, error) {
	private, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("key of a link: %w", err)
	}
	var seed Seed
	rand.Read(seed[:]) // never fails; it ends the process instead
	return newSiteKey(private, seed), nil
}

func newSiteKey(private *ecdh.PrivateKey, seed Seed) *SiteKey {
	return &SiteKey{public: [32]byte(private.PublicKey().Bytes()), private: private, seed: seed}
}

// Public returns the public key, for the link.
func (k *SiteKey) Public() [32]byte { return k.public }

// Seed returns the secret of the link; zeros once message 2 is made.
func (k *SiteKey) Seed() Seed {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.seed
}

// String hides the key.
func (k *SiteKey) String() string { return redacted }

// Format hides the key from every verb.
func (k *SiteKey) Format(f fmt.State, _ rune) { hide(f) }

// agree returns what the key and a public key have in common.
func (k *SiteKey) agree(public *ecdh.PublicKey) ([]byte, error) {
	k.mu.Lock()
	private := k.private
	k.mu.Unlock()
	if private == nil {
		return nil, ErrState
	}
	secret, err := private.ECDH(public)
	if err != nil {
		return nil, ErrAuthentication
	}
	return secret, nil
}

// spend lets go of the key. Only the first call succeeds: of two wallets that
// scanned one link, one is answered.
func (k *SiteKey) spend() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.private == nil {
		return ErrState
	}
	k.private = nil
	clear(k.seed[:])
	return nil
}
