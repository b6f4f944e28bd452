package protocol

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// PeerType is the kind of a message between the peers of a link.
type PeerType string

// Messages between peers, carried in frames. Source: spec/protocol.md §8.
const (
	// PeerOffer brings a session description from the site: sdp. A later offer
	// restarts ICE.
	PeerOffer PeerType = "offer"
	// PeerAnswer brings a session description from the wallet: sdp.
	PeerAnswer PeerType = "answer"
	// PeerICE brings one candidate: candidate, sdpMid, sdpMLineIndex. An empty
	// candidate ends the list.
	PeerICE PeerType = "ice"
)

// PeerMessage is any message between peers; T says which fields count. Unknown
// fields are ignored, an unknown type ends the link.
type PeerMessage struct {
	T             PeerType `json:"t"`
	SDP           string   `json:"sdp,omitempty"`
	Candidate     string   `json:"candidate,omitempty"`
	SDPMid        *string  `json:"sdpMid,omitempty"`
	SDPMLineIndex *uint16  `json:"sdpMLineIndex,omitempty"`
}

// Payload encodes the message as a frame's payload.
func (m PeerMessage) Payload() (string, error) {
	data, err := json.Marshal(m)
	if err != nil {
		return "", Errorf(InvalidMessage, "message does not encode")
	}
	return base64.RawURLEncoding.EncodeToString(data), nil
}

// ParsePeerMessage reads the payload of a frame.
func ParsePeerMessage(payload string) (PeerMessage, error) {
	if len(payload) > MaxFrameBytes {
		return PeerMessage{}, Errorf(TooLarge, "a frame may have %d characters", MaxFrameBytes)
	}
	data, err := strictBase64.DecodeString(payload)
	if err != nil || strings.ContainsAny(payload, "\r\n") {
		return PeerMessage{}, Errorf(InvalidPeer, "payload is not base64url")
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
	case PeerOffer, PeerAnswer:
		return validateSDP(m.SDP)
	case PeerICE:
		if len(m.Candidate) > 1024 || strings.ContainsAny(m.Candidate, "\r\n") {
			return Errorf(InvalidPeer, "candidate is not one short line")
		}
		return nil
	default:
		return Errorf(InvalidPeer, "unknown message type")
	}
}

// validateSDP accepts what a data-only peer sends: one m-line of type
// application, few candidates, bounded size. The browser or library reads the
// rest.
func validateSDP(sdp string) error {
	if len(sdp) > MaxSDPBytes || !strings.HasPrefix(sdp, "v=0\r\n") {
		return Errorf(InvalidPeer, "not a session description of at most %d bytes", MaxSDPBytes)
	}
	// Some parsers end a line at a return alone; what they would find is not what
	// is counted here.
	if strings.Count(sdp, "\r") != strings.Count(sdp, "\r\n") {
		return Errorf(InvalidPeer, "a session description must have CRLF line ends")
	}
	if strings.Count(sdp, "\nm=") != 1 || !strings.Contains(sdp, "\nm=application ") {
		return Errorf(InvalidPeer, "a session description must have one m-line, of type application")
	}
	if strings.Count(sdp, "\na=candidate:") > MaxCandidates {
		return Errorf(InvalidPeer, "a session description may have %d candidates", MaxCandidates)
	}
	return nil
}
