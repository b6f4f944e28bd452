package liquid

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// reference is the request id that a site chose. Some clients use texts and some
// numbers, and expect the type back that they sent.
type reference struct {
	text    string
	numeric bool
}

// maxReference is the longest request id, in bytes.
const maxReference = 128

// parseReference reads a request id. It reports false for anything that is none.
func parseReference(raw json.RawMessage) (reference, bool) {
	var text string
	if json.Unmarshal(raw, &text) == nil && len(raw) > 0 && raw[0] == '"' {
		return reference{text: text}, text != "" && len(text) <= maxReference
	}
	var number json.Number
	if json.Unmarshal(raw, &number) != nil || len(raw) == 0 || raw[0] == '"' || len(number) > maxReference {
		return reference{}, false
	}
	value, err := number.Float64()
	if err != nil || math.IsInf(value, 0) {
		return reference{}, false
	}
	// 424242 and 424242.0 are one number, as they are for the clients.
	return reference{text: strconv.FormatFloat(value, 'f', -1, 64), numeric: true}, true
}

// MarshalJSON writes the request id in the type in which it came.
func (r reference) MarshalJSON() ([]byte, error) {
	if r.numeric {
		return []byte(r.text), nil
	}
	return json.Marshal(r.text)
}

// linkID returns under which id the link is stored. A text and a number are
// different ids, also when they look alike.
func (r reference) linkID() protocol.RequestID {
	kind := "text\x00"
	if r.numeric {
		kind = "number\x00"
	}
	sum := sha256.Sum256([]byte("liaison/1 liquid link\x00" + kind + r.text))
	return protocol.RequestID(liaison.DialectLinkPrefix + base64.RawURLEncoding.EncodeToString(sum[:]))
}

// native returns the id of one of our own links that a wallet of the dialect has
// read from its code, if it can be one.
func (r reference) native() (protocol.RequestID, bool) {
	id, err := protocol.ParseRequestID(r.text)
	return id, err == nil && !r.numeric
}
