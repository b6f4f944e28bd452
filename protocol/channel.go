package protocol

import "strings"

// ChannelID names one handshake between a site and a wallet: "l1." and the 32
// bytes of its hash in base64url. It stands in the sign-in text as "Request ID",
// so that a proof is worth nothing on another channel. Source: spec/sealed.md §2.
type ChannelID string

const (
	channelPrefix = "l1."
	channelBytes  = 32
)

// ParseChannelID checks the form of a channel id.
func ParseChannelID(s string) (ChannelID, error) {
	encoded, ok := strings.CutPrefix(s, channelPrefix)
	if !ok || strings.ContainsAny(encoded, "\r\n") { // the decoder skips line breaks
		return "", Errorf(InvalidMessage, "channel id must begin with %q", channelPrefix)
	}
	if hash, err := strictBase64.DecodeString(encoded); err != nil || len(hash) != channelBytes {
		return "", Errorf(InvalidMessage, "channel id must hold %d bytes in base64url", channelBytes)
	}
	return ChannelID(s), nil
}
