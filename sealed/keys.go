package sealed

import "fmt"

// version begins everything that is derived, so that no other version, and
// nothing else, derives the same.
const version = "liaison/1"

// kdf is KDF of spec/sealed.md §2.
func kdf(secret []byte, label string, n int) []byte {
	return hkdfSHA256(secret, nil, version+" "+label, n)
}

func linkPSK(seed Seed) [keyBytes]byte {
	return [keyBytes]byte(kdf(seed[:], "psk", keyBytes))
}

func resumptionPSK(secret Secret) [keyBytes]byte {
	return [keyBytes]byte(kdf(secret[:], "resume psk", keyBytes))
}

// linkPrologue makes a handshake fail unless both ends mean the same link, and
// read the same flags in it.
func linkPrologue(link Link) ([]byte, error) {
	prologue := append([]byte(version), 0)
	prologue, err := appendName(prologue, "host", link.Host)
	if err != nil {
		return nil, err
	}
	prologue, err = appendName(prologue, "request id", link.RequestID)
	if err != nil {
		return nil, err
	}
	return append(prologue, 1, link.Flags), nil
}

func resumptionPrologue(id string) ([]byte, error) {
	return appendName(append([]byte(version+" resume"), 0), "resume id", id)
}

// appendName appends len8(name) and name. What a name may be is for whoever
// parses it; here it must fit, and be there.
func appendName(dst []byte, what, name string) ([]byte, error) {
	if name == "" || len(name) > 255 {
		return nil, fmt.Errorf("%w: %s has %d bytes, not 1 to 255", ErrLink, what, len(name))
	}
	for i := range len(name) {
		if name[i] <= ' ' || name[i] > '~' {
			return nil, fmt.Errorf("%w: %s %q is not printable ASCII", ErrLink, what, name)
		}
	}
	return append(append(dst, byte(len(name))), name...), nil
}
