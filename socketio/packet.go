package socketio

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/liaison-dev/liaison/socketio/engineio"
)

// Types of packets ("Packet encoding").
//
//	server                                     client
//	  │ ◄ ─────────────────────── CONNECT {auth} │  for each namespace, first
//	  │ CONNECT {"sid"} or CONNECT_ERROR ──── ►  │
//	  │ ◄ ── EVENT ["name", …], maybe with id ── ► │
//	  │ ◄ ── ACK [ … ] with that id ─────────── ► │
//	  │ ◄ ── DISCONNECT ─────────────────────── ► │  that namespace only
//
// An EVENT or ACK with bytes in it is a BINARY_EVENT or BINARY_ACK, followed by
// as many binary messages as it says.
const (
	typeConnect      = '0' // both ways; client: any object, server: {"sid":…}
	typeDisconnect   = '1' // both ways; no data
	typeEvent        = '2' // both ways; an array that begins with the name
	typeAck          = '3' // both ways; an array and an id
	typeConnectError = '4' // server → client; {"message":…,"data":…}
	typeBinaryEvent  = '5' // both ways, as an event
	typeBinaryAck    = '6' // both ways, as an ack
)

const (
	mainNamespace = "/"
	// maxNamespaceBytes bounds the name of a namespace, since it is sent back
	// even if it is unknown.
	maxNamespaceBytes = 255
	// maxID is the largest id of an ack that JavaScript can represent.
	maxID = 1<<53 - 1
)

var errPacket = errors.New("malformed packet")

// packet is one packet.
type packet struct {
	kind        byte // never one of the binary types
	namespace   string
	id          uint64
	hasID       bool
	data        json.RawMessage // of CONNECT and CONNECT_ERROR
	args        []json.RawMessage
	attachments [][]byte
	awaited     int // attachments that are still to come
	binary      bool
}

// reserved are the names of events that clients make themselves.
var reserved = []string{"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}

// parsePacket reads the text of a packet. Attachments come separately.
func parsePacket(text []byte, cfg *Config) (*packet, error) {
	if len(text) == 0 || text[0] < typeConnect || text[0] > typeBinaryAck {
		return nil, errPacket
	}
	p := &packet{kind: text[0], namespace: mainNamespace}
	text = text[1:]
	if p.kind == typeBinaryEvent || p.kind == typeBinaryAck {
		count, rest, ok := bytes.Cut(text, []byte("-"))
		n, valid := parseDigits(count)
		if !ok || !valid || n > uint64(cfg.MaxAttachments) {
			return nil, errPacket
		}
		p.kind -= typeBinaryEvent - typeEvent
		p.binary, p.awaited = true, int(n)
		text = rest
	}
	if len(text) > 0 && text[0] == '/' {
		name, rest, _ := bytes.Cut(text, []byte(","))
		if len(name) > maxNamespaceBytes || !utf8.Valid(name) || bytes.ContainsFunc(name, unicode.IsControl) {
			return nil, errPacket
		}
		p.namespace, text = string(name), rest
	}
	if n := digits(text); n > 0 {
		var ok bool
		if p.id, ok = parseDigits(text[:n]); !ok || p.id > maxID {
			return nil, errPacket
		}
		p.hasID, text = true, text[n:]
	}
	return p, p.parseData(text, cfg)
}

func (p *packet) parseData(data []byte, cfg *Config) error {
	if len(data) > 0 && !checkJSON(data, cfg.MaxDepth) {
		return errPacket
	}
	switch p.kind {
	case typeConnect, typeConnectError:
		if p.hasID || len(data) > 0 && data[0] != '{' || p.kind == typeConnectError && len(data) == 0 {
			return errPacket
		}
		if len(data) > 0 {
			p.data = data
		}
		return nil
	case typeDisconnect:
		if p.hasID || len(data) > 0 {
			return errPacket
		}
		return nil
	case typeAck:
		if !p.hasID || len(data) == 0 {
			return errPacket
		}
	case typeEvent:
		if len(data) == 0 && !p.binary {
			return nil // measured: the reference implementation drops it
		}
	}
	var err error
	if p.args, err = splitArray(data); err != nil {
		return errPacket
	}
	if p.kind == typeEvent && !validName(p.args) {
		return errPacket
	}
	return p.checkPlaceholders()
}

// validName reports whether an event has a name that may be. A number is valid
// and names nothing.
func validName(args []json.RawMessage) bool {
	if len(args) == 0 {
		return false
	}
	if c := args[0][0]; c == '-' || c >= '0' && c <= '9' {
		return true
	}
	name, ok := parseName(args[0])
	return ok && !slices.Contains(reserved, name)
}

func parseName(data json.RawMessage) (name string, ok bool) {
	if data[0] != '"' {
		return "", false
	}
	return name, json.Unmarshal(data, &name) == nil
}

// checkPlaceholders reports placeholders of attachments that were not announced.
// In packets that are not binary they have no meaning.
func (p *packet) checkPlaceholders() error {
	if !p.binary {
		return nil
	}
	for _, arg := range p.args {
		found, err := placeholders(arg)
		if err != nil {
			return errPacket
		}
		for _, at := range found {
			if at.num >= p.awaited {
				return errPacket
			}
		}
	}
	return nil
}

// size is how many bytes the arguments of a packet have.
func (p *packet) size() int {
	n := 0
	for _, arg := range p.args {
		n += len(arg)
	}
	for _, data := range p.attachments {
		n += len(data)
	}
	return n
}

func digits(text []byte) int {
	n := 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	return n
}

// parseDigits reads a decimal number of bounded length.
func parseDigits(text []byte) (uint64, bool) {
	if len(text) == 0 || len(text) > 16 || digits(text) != len(text) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text), 10, 64)
	return n, err == nil
}

// appendText appends the text of a packet, without its attachments.
func (p *packet) appendText(to []byte) []byte {
	if len(p.attachments) > 0 {
		to = append(to, p.kind+typeBinaryEvent-typeEvent)
		to = append(strconv.AppendInt(to, int64(len(p.attachments)), 10), '-')
	} else {
		to = append(to, p.kind)
	}
	if p.namespace != mainNamespace {
		to = append(append(to, p.namespace...), ',')
	}
	if p.hasID {
		to = strconv.AppendUint(to, p.id, 10)
	}
	if p.kind != typeEvent && p.kind != typeAck {
		return append(to, p.data...)
	}
	to = append(to, '[')
	for i, arg := range p.args {
		if i > 0 {
			to = append(to, ',')
		}
		to = append(to, arg...)
	}
	return append(to, ']')
}

// messages returns the packet as it is sent.
func (p *packet) messages() []engineio.Message {
	size := 32 + len(p.namespace) + len(p.data)
	for _, arg := range p.args {
		size += len(arg) + 1
	}
	all := make([]engineio.Message, 0, 1+len(p.attachments))
	all = append(all, engineio.Message{Data: p.appendText(make([]byte, 0, size))})
	for _, data := range p.attachments {
		all = append(all, engineio.Message{Data: data, Binary: true})
	}
	return all
}
