package engineio

import (
	"bytes"
	"encoding/base64"
	"errors"
	"unicode/utf8"
)

// Kinds of packets: the first character of each.
//
//	server                          client
//	  │ ── open {sid, …} ──────────── ► │  once, first
//	  │ ── ping ───────────────────── ► │
//	  │ ◄ ──────────────────── pong ─── │
//	  │ ◄ ── message ──────────────── ► │
//	  │ ◄ ──────────── ping "probe" ─── │  on a WebSocket beside a polling session
//	  │ ── pong "probe" ───────────── ► │
//	  │ ── noop ───────────────────── ► │  so that the pending poll returns
//	  │ ◄ ───────────────── upgrade ─── │  all further packets over the WebSocket
//	  │ ◄ ── close ────────────────── ► │  polling only; a WebSocket is closed itself
const (
	kindOpen    = '0' // server → client; JSON
	kindClose   = '1' // both ways; empty
	kindPing    = '2' // server → client, empty; client → server "probe" before an upgrade
	kindPong    = '3' // the answer to a ping, with the same data
	kindMessage = '4' // both ways; text
	kindUpgrade = '5' // client → server, empty
	kindNoop    = '6' // both ways, empty
	kindBinary  = 'b' // a message of bytes, in base64, where there is only text
)

const (
	// separator stands between the packets of a payload ("HTTP long-polling",
	// section on encoding).
	separator = 0x1e
	probe     = "probe"
)

// packet is one packet. That of a binary message has the kind of a message.
type packet struct {
	kind   byte
	binary bool
	// barrier is no packet: what follows goes into another poll answer.
	barrier bool
	data    []byte
}

var (
	errPacket  = errors.New("malformed packet")
	errPackets = errors.New("too many packets")
)

// size is what the packet counts for in a queue.
func (p packet) size() int { return 1 + len(p.data) }

// encodedSize is the length of what appendPacket appends.
func (p packet) encodedSize() int {
	if p.binary {
		return 1 + base64.StdEncoding.EncodedLen(len(p.data))
	}
	return 1 + len(p.data)
}

// appendPacket appends a packet as text.
func appendPacket(to []byte, p packet) []byte {
	if p.binary {
		return base64.StdEncoding.AppendEncode(append(to, kindBinary), p.data)
	}
	return append(append(to, p.kind), p.data...)
}

// appendPayload appends packets as the body of a POST or of its like.
func appendPayload(to []byte, packets []packet) []byte {
	for i, p := range packets {
		if i > 0 {
			to = append(to, separator)
		}
		to = appendPacket(to, p)
	}
	return to
}

// parsePayload reads the body of a POST. It returns all packets or an error. The
// packets do not refer to the body.
func parsePayload(body []byte, limit int) ([]packet, error) {
	// Counted first, so that a body of separators costs nothing.
	count := bytes.Count(body, []byte{separator}) + 1
	if count > limit {
		return nil, errPackets
	}
	packets := make([]packet, 0, count)
	for part := range bytes.SplitSeq(body, []byte{separator}) {
		p, err := parsePacket(part)
		if err != nil {
			return nil, err
		}
		packets = append(packets, p)
	}
	return packets, nil
}

// parsePacket reads a packet of text. The packet does not refer to the text.
func parsePacket(text []byte) (packet, error) {
	switch {
	case len(text) == 0:
		return packet{}, errPacket
	case text[0] == kindBinary:
		return parseBinary(text[1:])
	case text[0] < kindOpen || text[0] > kindNoop || !utf8.Valid(text[1:]):
		return packet{}, errPacket
	}
	return packet{kind: text[0], data: bytes.Clone(text[1:])}, nil
}

// strictBase64 knows one encoding for each sequence of bytes.
var strictBase64 = base64.StdEncoding.Strict()

func parseBinary(text []byte) (packet, error) {
	// The decoder skips line ends, which would make a packet of nothing long.
	if bytes.ContainsAny(text, "\r\n") {
		return packet{}, errPacket
	}
	data, err := strictBase64.AppendDecode(nil, text)
	if err != nil {
		return packet{}, errPacket
	}
	return packet{kind: kindMessage, binary: true, data: data}, nil
}
