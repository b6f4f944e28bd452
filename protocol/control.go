package protocol

import "encoding/json"

// ControlType is the kind of a message on the control channel.
type ControlType string

// Messages on the control channel, between the two ends alone. Source:
// spec/sealed.md §6.
const (
	// ControlOK: everything that this side checks holds.
	ControlOK ControlType = "ok"
	// ControlPing asks for a pong: nonce.
	ControlPing ControlType = "ping"
	// ControlPong answers: nonce, mac.
	ControlPong ControlType = "pong"
	// ControlBye ends the pairing for good: code.
	ControlBye ControlType = "bye"
)

// PingBytes is the length of a ping's nonce, PongBytes that of a pong's MAC.
const (
	PingBytes = 16
	PongBytes = 32
)

// ControlMessage is any message on the control channel; T says which fields
// count.
type ControlMessage struct {
	T     ControlType `json:"t"`
	Nonce Base64      `json:"nonce,omitempty"`
	MAC   Base64      `json:"mac,omitempty"`
	Code  Code        `json:"code,omitempty"`
}

// ParseControlMessage reads a message of the control channel. Unknown fields are
// ignored, an unknown type ends the link.
func ParseControlMessage(data []byte) (ControlMessage, error) {
	var m ControlMessage
	if len(data) > MaxControlBytes {
		return m, Errorf(InvalidPeer, "a control message may have %d bytes", MaxControlBytes)
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return ControlMessage{}, Errorf(InvalidPeer, "not a control message")
	}
	switch m.T {
	case ControlOK, ControlBye:
	case ControlPing, ControlPong:
		if len(m.Nonce) != PingBytes || m.T == ControlPong && len(m.MAC) != PongBytes {
			return ControlMessage{}, Errorf(InvalidPeer, "a ping or pong is not of its length")
		}
	default:
		return ControlMessage{}, Errorf(InvalidPeer, "unknown control message")
	}
	return m, nil
}
