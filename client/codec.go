package client

import "github.com/liaison-dev/liaison/protocol"

// codec turns messages between the peers into payloads of frames and back. It
// is called once for each frame of a direction, in the order of their numbers,
// so that an encrypting codec may count with them.
type codec interface {
	seal(n uint64, m protocol.PeerMessage) (string, error)
	open(n uint64, payload string) (protocol.PeerMessage, error)
}

// plain is the codec without encryption: the server could read the frames.
type plain struct{}

func (plain) seal(_ uint64, m protocol.PeerMessage) (string, error) { return m.Payload() }

func (plain) open(_ uint64, payload string) (protocol.PeerMessage, error) {
	return protocol.ParsePeerMessage(payload)
}
