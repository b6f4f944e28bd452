package sealed

import "encoding/base64"

// Resumption is what both ends keep of a session to open the next one without a
// code (spec/sealed.md §9).
type Resumption struct {
	// ID is the name under which the two meet at a server, 22 characters of
	// base64url in one that a session made.
	ID string
	// Secret is known to the two ends alone. A zero one is refused.
	Secret Secret
}

// Resumption returns what the next session can be opened with. Both ends get the
// same; each session has its own.
func (s *Session) Resumption() Resumption {
	return Resumption{
		ID:     base64.RawURLEncoding.EncodeToString(kdf(s.export[:], "resume id", 16)),
		Secret: Secret(kdf(s.export[:], "resume secret", secretBytes)),
	}
}
