package protocol

import (
	"encoding/json"
	"regexp"
	"strings"
)

// LiquidLink is what the code of a site of [Liquid] says, or that of one of ours
// without its fragment: it has no secret, so whoever answers it cannot seal.
type LiquidLink struct {
	// Server is the origin of the server.
	Server Origin
	// RequestID is what the site calls the link.
	RequestID LiquidRequestID
}

// LiquidRequestID is a request id of [Liquid]: a text, or a number. A code does not
// say which of the two it is, while servers keep them apart. Sites that draw numbers
// draw nothing else, and those that draw texts draw UUIDs; so what reads as a whole
// number that every client can hold is one.
type LiquidRequestID string

var (
	liquidID     = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,128}$`)
	liquidNumber = regexp.MustCompile(`^(0|[1-9][0-9]{0,14})(\.0)?$`)
)

// MarshalJSON writes a number as a number, and a text as a text.
func (id LiquidRequestID) MarshalJSON() ([]byte, error) {
	if number := liquidNumber.FindStringSubmatch(string(id)); number != nil {
		return []byte(number[1]), nil
	}
	return json.Marshal(string(id))
}

// ParseLiquidLink reads a link without a secret, in each of the forms that are in
// use:
//
//	liquid://HOST/?requestId=ID          and without the slash
//	liquid://http://localhost:PORT/?requestId=ID
//	https://HOST/l/?requestId=ID         one of ours
//
// Errors: [InvalidLink], and [UnsealedRefused] for a link that has a secret: what was
// sealed is not to be answered without a seal.
func ParseLiquidLink(s string) (LiquidLink, error) {
	refuse := func(what string) (LiquidLink, error) {
		return LiquidLink{}, Errorf(InvalidLink, "the link must %s", what)
	}
	if len(s) > MaxLinkBytes {
		return refuse("be shorter")
	}
	base, _, sealed := strings.Cut(s, "#")
	address, id, ok := strings.Cut(base, "?requestId=")
	if !ok || !liquidID.MatchString(id) {
		return refuse("hold requestId and nothing else")
	}
	server, err := liquidServer(address)
	if err != nil {
		return LiquidLink{}, err
	}
	if sealed {
		return LiquidLink{}, Errorf(UnsealedRefused, "the link is sealed, and is not to be answered otherwise")
	}
	return LiquidLink{server, LiquidRequestID(id)}, nil
}

// liquidServer reads what is before the request id.
func liquidServer(address string) (Origin, error) {
	rest, custom := strings.CutPrefix(address, linkScheme+"://")
	var server Origin
	switch {
	case custom && strings.HasPrefix(rest, "http://"): // a page at localhost cannot leave it out
		server = Origin(strings.TrimSuffix(rest, "/"))
	case custom:
		server = originOfHost(strings.TrimSuffix(rest, "/"))
	default:
		origin, own := strings.CutSuffix(address, linkPath)
		if !own {
			return "", Errorf(InvalidLink, "the link must begin with liquid:// or https://")
		}
		server = Origin(origin)
	}
	if _, err := ParseOrigin(string(server)); err != nil {
		return "", Errorf(InvalidLink, "the link's server must be https, on its shortest form of address")
	}
	return server, nil
}
