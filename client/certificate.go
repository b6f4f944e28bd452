package client

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"fmt"

	"github.com/pion/webrtc/v4"

	"github.com/liaison-dev/liaison/protocol"
)

// identity is the certificate of one connection. One that is used twice would
// tell two sites that they talk to the same wallet.
type identity struct {
	certificate *webrtc.Certificate
	fingerprint protocol.Fingerprint
}

func newIdentity() (identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return identity{}, fmt.Errorf("make certificate: %w", err)
	}
	certificate, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return identity{}, fmt.Errorf("make certificate: %w", err)
	}
	id := identity{certificate: certificate}
	prints, err := certificate.GetFingerprints()
	if err != nil {
		return identity{}, fmt.Errorf("make certificate: %w", err)
	}
	for _, print := range prints {
		if print.Algorithm == "sha-256" {
			return id, id.fingerprint.UnmarshalText(hexDigits(print.Value))
		}
	}
	return identity{}, fmt.Errorf("make certificate: no SHA-256 fingerprint")
}

// hexDigits takes the colons out of a fingerprint, and the capitals.
func hexDigits(value string) []byte {
	digits := make([]byte, 0, len(value))
	for _, c := range []byte(value) {
		switch {
		case c == ':':
		case 'A' <= c && c <= 'F':
			digits = append(digits, c-'A'+'a')
		default:
			digits = append(digits, c)
		}
	}
	return digits
}

// checkCertificate compares the certificate that DTLS really used with the one
// that the handshake named. Source: spec/sealed.md §4.
func checkCertificate(der []byte, want protocol.Fingerprint) error {
	if len(der) == 0 || protocol.Fingerprint(sha256.Sum256(der)) != want {
		return &Error{Code: protocol.CertificateMismatch, Op: "check certificate"}
	}
	return nil
}
