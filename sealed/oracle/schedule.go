package oracle

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
)

// KDF is that of spec/sealed.md §2.
func KDF(secret []byte, label string, n int) []byte {
	out, err := hkdf.Key(sha256.New, secret, nil, "liaison/1 "+label, n)
	if err != nil {
		panic(err) // no table of ours asks for so much
	}
	return out
}

// LinkPrologue is what both ends of a link must agree on.
func LinkPrologue(host, id string, flags byte) []byte {
	text := "liaison/1\x00" + string([]byte{byte(len(host))}) + host + string([]byte{byte(len(id))}) + id
	return append([]byte(text), 0x01, flags)
}

// ResumptionPrologue is what both ends of a resumption must agree on.
func ResumptionPrologue(id string) []byte {
	return append(append([]byte("liaison/1 resume\x00"), byte(len(id))), id...)
}

// ChannelID names the channel of a handshake's hash.
func ChannelID(h []byte) string { return "l1." + base64.RawURLEncoding.EncodeToString(h) }

func shortCode(h []byte) string {
	digits := fmt.Sprintf("%06d", binary.BigEndian.Uint64(KDF(h, "sas", 8))%1000000)
	return digits[:3] + " " + digits[3:]
}

func resumeID(export []byte) string {
	return base64.RawURLEncoding.EncodeToString(KDF(export, "resume id", 16))
}

func pong(export []byte, side string, nonce []byte) []byte {
	mac := hmac.New(sha256.New, KDF(export, "pong "+side, 32))
	mac.Write([]byte("liaison/1 pong\x00"))
	mac.Write(nonce)
	return mac.Sum(nil)
}
