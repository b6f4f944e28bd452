package protocol

import (
	"bytes"
	"strconv"
)

// parseCanonical reads [OpSend] and [OpAck] in the one form in which the SDKs
// write them: no spaces, fields in their order, nothing escaped. These two come
// often enough for the decoder's reflection to be half of what a frame costs.
// Whatever looks different is left to the decoder, which also says what is
// wrong with it.
func parseCanonical(data []byte) (m ClientMessage, ok bool) {
	rest, isSend := bytes.CutPrefix(data, []byte(`{"op":"send","requestId":"`))
	if !isSend {
		var isAck bool
		if rest, isAck = bytes.CutPrefix(data, []byte(`{"op":"ack","requestId":"`)); !isAck {
			return m, false
		}
	}
	id, rest, ok := cutPlain(rest)
	if !ok {
		return m, false
	}
	if isSend {
		return parseCanonicalSend(id, rest)
	}
	next, rest := cutNumber(rest, `,"next":`)
	return ClientMessage{Op: OpAck, RequestID: RequestID(id), Next: next}, string(rest) == "}"
}

func parseCanonicalSend(id, rest []byte) (m ClientMessage, ok bool) {
	n, rest := cutNumber(rest, `,"n":`)
	rest, ok = bytes.CutPrefix(rest, []byte(`,"d":"`))
	if !ok {
		return m, false
	}
	d, rest, ok := cutPlain(rest)
	if !ok || string(rest) != "}" {
		return m, false
	}
	return ClientMessage{Op: OpSend, RequestID: RequestID(id), N: n, D: string(d)}, true
}

// cutPlain cuts at the quotation mark that ends a string in which every
// character stands for itself.
func cutPlain(data []byte) (text, rest []byte, ok bool) {
	text, rest, ok = bytes.Cut(data, []byte{'"'})
	for _, c := range text {
		if !alphanumeric(c) && c != '-' && c != '_' && c != '.' {
			return nil, nil, false
		}
	}
	return text, rest, ok
}

// cutNumber cuts off a field with a number. If it is not there, or not a plain
// number, the number is 0 and data is returned whole.
func cutNumber(data []byte, field string) (n uint64, rest []byte) {
	digits, ok := bytes.CutPrefix(data, []byte(field))
	end := bytes.IndexAny(digits, ",}")
	if !ok || end <= 0 || digits[0] == '0' && end > 1 {
		return 0, data
	}
	n, err := strconv.ParseUint(string(digits[:end]), 10, 64)
	if err != nil {
		return 0, data
	}
	return n, digits[end:]
}
