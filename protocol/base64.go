package protocol

import (
	"encoding/base64"
	"encoding/json"
)

// Base64 is a string of bytes that JSON shows in base64url without padding. It
// reads that one encoding only.
type Base64 []byte

// MarshalText writes base64url without padding.
func (b Base64) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, b), nil
}

var strictBase64 = base64.RawURLEncoding.Strict()

// UnmarshalJSON reads base64url without padding, and nothing else: no padding,
// no other alphabet, no line breaks, no bits left over.
func (b *Base64) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return Errorf(InvalidMessage, "base64url must be a string")
	}
	for i := range len(s) {
		if s[i] == '\n' || s[i] == '\r' { // the decoder skips these
			return Errorf(InvalidMessage, "not base64url without padding")
		}
	}
	decoded, err := strictBase64.DecodeString(s)
	if err != nil {
		return Errorf(InvalidMessage, "not base64url without padding")
	}
	*b = decoded
	return nil
}
