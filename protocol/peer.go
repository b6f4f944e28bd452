package protocol

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"
)

// PeerType is the kind of a message between the peers of a link.
type PeerType string

// Messages between peers, sealed in frames. Source: spec/sealed.md §4.
const (
	// PeerHello is the wallet's part of the handshake: v, fp, app.
	PeerHello PeerType = "hello"
	// PeerWelcome is the site's: v, fp, sdp, site, signIn, confirm, locality,
	// resume.
	PeerWelcome PeerType = "welcome"
	// PeerOffer brings a session description from the site, which restarts ICE:
	// sdp.
	PeerOffer PeerType = "offer"
	// PeerAnswer brings a session description from the wallet: sdp; the first one
	// of a link also proof and verified.
	PeerAnswer PeerType = "answer"
	// PeerICE brings one candidate: candidate, sdpMid, sdpMLineIndex. An empty
	// candidate ends the list.
	PeerICE PeerType = "ice"
)

// PeerVersion is the version of the messages between peers.
const PeerVersion = 1

// Fingerprint is the SHA-256 of a DTLS certificate. Its text is 64 lower-case
// hexadecimal digits.
type Fingerprint [32]byte

// String returns 64 hexadecimal digits.
func (f Fingerprint) String() string { return hex.EncodeToString(f[:]) }

// MarshalText writes 64 hexadecimal digits.
func (f Fingerprint) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads 64 lower-case hexadecimal digits.
func (f *Fingerprint) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(f)) || strings.ToLower(string(text)) != string(text) {
		return Errorf(InvalidPeer, "a fingerprint has 64 lower-case hexadecimal digits")
	}
	if _, err := hex.Decode(f[:], text); err != nil {
		return Errorf(InvalidPeer, "a fingerprint has 64 lower-case hexadecimal digits")
	}
	return nil
}

// Confirm says whether the person types the short code.
type Confirm string

// Ways to confirm.
const (
	ConfirmNone      Confirm = "none"
	ConfirmShortCode Confirm = "sas"
)

// Locality is how near the two devices must be. Source: spec/sealed.md §8.
type Locality string

// Levels of locality, the strictest last.
const (
	LocalityOff     Locality = "off"
	LocalityReport  Locality = "report"
	LocalityPrefer  Locality = "prefer"
	LocalityRequire Locality = "require"
)

// Localities returns the levels, the strictest last.
func Localities() []Locality {
	return []Locality{LocalityOff, LocalityReport, LocalityPrefer, LocalityRequire}
}

// ParseLocality reads the name of a level.
func ParseLocality(s string) (Locality, error) {
	if !slices.Contains(Localities(), Locality(s)) {
		return "", Errorf(InvalidMessage, "locality must be off, report, prefer or require")
	}
	return Locality(s), nil
}

// Stricter returns the stricter of two levels.
func (l Locality) Stricter(other Locality) Locality {
	if slices.Index(Localities(), other) > slices.Index(Localities(), l) {
		return other
	}
	return l
}

// PeerMessage is any message between peers; T says which fields count. Unknown
// fields are ignored, an unknown type ends the link.
type PeerMessage struct {
	T PeerType `json:"t"`
	// V and FP are in both messages of the handshake.
	V  int          `json:"v,omitempty"`
	FP *Fingerprint `json:"fp,omitempty"`
	// App names the wallet for people.
	App string `json:"app,omitempty"`
	// Site and SignIn say who asks for what. A resumption has no SignIn.
	Site   *Site          `json:"site,omitempty"`
	SignIn *SignInRequest `json:"signIn,omitempty"`
	// Confirm and Locality are what the site asks for.
	Confirm  Confirm  `json:"confirm,omitempty"`
	Locality Locality `json:"locality,omitempty"`
	// Resume is for how many seconds the pairing may be resumed.
	Resume int `json:"resume,omitempty"`

	SDP string `json:"sdp,omitempty"`
	// Proof is the account's, Verified whether the wallet showed the site's origin
	// as verified.
	Proof    *Proof `json:"proof,omitempty"`
	Verified bool   `json:"verified,omitempty"`

	Candidate     string  `json:"candidate,omitempty"`
	SDPMid        *string `json:"sdpMid,omitempty"`
	SDPMLineIndex *uint16 `json:"sdpMLineIndex,omitempty"`
}

// ResumeFor returns for how long the pairing may be resumed.
func (m PeerMessage) ResumeFor() time.Duration { return time.Duration(m.Resume) * time.Second }

// Encode writes the message, to be sealed.
func (m PeerMessage) Encode() ([]byte, error) {
	data, err := json.Marshal(m)
	if err != nil {
		return nil, Errorf(InvalidMessage, "message does not encode")
	}
	if len(data) > MaxPeerBytes {
		return nil, Errorf(TooLarge, "a message may have %d bytes", MaxPeerBytes)
	}
	return data, nil
}

// ParsePeerMessage reads a message that was unsealed. A description in it must
// still be held against the fingerprint of whoever sent it ([CheckSDP]).
func ParsePeerMessage(data []byte) (PeerMessage, error) {
	if len(data) > MaxPeerBytes {
		return PeerMessage{}, Errorf(TooLarge, "a message may have %d bytes", MaxPeerBytes)
	}
	var m PeerMessage
	if err := json.Unmarshal(data, &m); err != nil {
		return PeerMessage{}, Errorf(InvalidPeer, "payload is not a message")
	}
	if err := m.validate(); err != nil {
		return PeerMessage{}, err
	}
	return m, nil
}

func (m PeerMessage) validate() error {
	switch m.T {
	case PeerHello:
		if len(m.App) > MaxNameBytes || strings.ContainsFunc(m.App, notPrintable) {
			return Errorf(InvalidPeer, "the name of an app must be at most %d bytes of printable text", MaxNameBytes)
		}
		return m.validateGreeting()
	case PeerWelcome:
		return m.validateWelcome()
	case PeerOffer, PeerAnswer:
		return nil // CheckSDP reads the description
	case PeerICE:
		if len(m.Candidate) > 1024 || strings.ContainsAny(m.Candidate, "\r\n") {
			return Errorf(InvalidPeer, "candidate is not one short line")
		}
		return nil
	default:
		return Errorf(InvalidPeer, "unknown message type")
	}
}

func (m PeerMessage) validateGreeting() error {
	if m.V != PeerVersion {
		return Errorf(UnsupportedVersion, "the other side speaks version %d", m.V)
	}
	if m.FP == nil {
		return Errorf(InvalidPeer, "a message of the handshake names no certificate")
	}
	return nil
}

func (m PeerMessage) validateWelcome() error {
	if err := m.validateGreeting(); err != nil {
		return err
	}
	if m.Confirm != ConfirmNone && m.Confirm != ConfirmShortCode {
		return Errorf(InvalidPeer, "unknown way to confirm")
	}
	if !slices.Contains(Localities(), m.Locality) {
		return Errorf(InvalidPeer, "unknown level of locality")
	}
	if m.Resume < 0 || m.Resume > int(MaxResume/time.Second) {
		return Errorf(InvalidPeer, "a pairing may be resumed for thirty days at most")
	}
	if m.Site == nil {
		return Errorf(InvalidPeer, "the site does not say who it is")
	}
	return nil
}

func notPrintable(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }
