package authenticator

import "encoding/binary"

// The little of CBOR (RFC 8949) that an authenticator writes.

// cborHead writes a major type and its argument in the shortest form.
func cborHead(major byte, n uint64) []byte {
	switch {
	case n < 24:
		return []byte{major<<5 | byte(n)}
	case n < 1<<8:
		return []byte{major<<5 | 24, byte(n)}
	case n < 1<<16:
		return binary.BigEndian.AppendUint16([]byte{major<<5 | 25}, uint16(n))
	}
	return binary.BigEndian.AppendUint32([]byte{major<<5 | 26}, uint32(n))
}

func cborInt(n int) []byte {
	if n < 0 {
		return cborHead(1, uint64(-1-n))
	}
	return cborHead(0, uint64(n))
}

func cborBytes(data []byte) []byte { return append(cborHead(2, uint64(len(data))), data...) }

func cborText(text string) []byte { return append(cborHead(3, uint64(len(text))), text...) }

// cborMap writes keys and values, which take turns.
func cborMap(items ...[]byte) []byte {
	out := cborHead(5, uint64(len(items)/2))
	for _, item := range items {
		out = append(out, item...)
	}
	return out
}
