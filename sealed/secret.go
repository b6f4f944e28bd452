package sealed

import (
	"fmt"
	"io"
)

const (
	seedBytes   = 16
	secretBytes = 32
)

const redacted = "[redacted]"

// Seed is the secret of a link, 16 bytes that are never sent to a server. It
// shows itself in [Seed.Reveal] only.
type Seed [seedBytes]byte

// Reveal returns the seed for the link that is shown.
func (s Seed) Reveal() [seedBytes]byte { return s }

// String hides the seed.
func (Seed) String() string { return redacted }

// GoString hides the seed.
func (Seed) GoString() string { return redacted }

// Format hides the seed from every verb.
func (Seed) Format(f fmt.State, _ rune) { hide(f) }

// MarshalText hides the seed, in JSON too. The text cannot be read back.
func (Seed) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Secret is the secret of a resumption, 32 bytes that are never sent. It shows
// itself in [Secret.Reveal] only.
type Secret [secretBytes]byte

// Reveal returns the secret for the place where it is kept.
func (s Secret) Reveal() [secretBytes]byte { return s }

// String hides the secret.
func (Secret) String() string { return redacted }

// GoString hides the secret.
func (Secret) GoString() string { return redacted }

// Format hides the secret from every verb.
func (Secret) Format(f fmt.State, _ rune) { hide(f) }

// MarshalText hides the secret, in JSON too. The text cannot be read back.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// hide stands for a value that fmt must not look into. It has no way to report
// that the writer failed; fmt does.
func hide(f fmt.State) { _, _ = io.WriteString(f, redacted) }
