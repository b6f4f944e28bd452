package protocol

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/url"
	"strings"
)

// Link is what a QR code carries: where the server is, which link of its is
// meant, and what the two ends share without the server. The zero value is not
// valid.
//
// Written as "liquid://auth.example.com/?requestId=…#1.…" it opens a wallet by its
// custom scheme; written as "https://auth.example.com/l/?requestId=…#1.…" it is an
// App Link or Universal Link to the same place. The custom scheme does not say
// whether the server speaks TLS: it does, unless its host is a loopback one.
// Source: spec/protocol.md §2.
type Link struct {
	// Server is the origin of the server that knows the link.
	Server Origin
	// RequestID names the link there.
	RequestID RequestID
	// Invitation is the sealed part; its zero value means that the link is not
	// sealed.
	Invitation Invitation
}

// Sealed reports whether the link invites to a handshake that its server has no
// part in.
func (l Link) Sealed() bool { return l.Invitation != Invitation{} }

// String says where the link leads, and nothing that would let anybody follow it.
func (l Link) String() string { return "link at " + string(l.Server) }

// Invitation is what the fragment of a link says: no server ever sees it. Source:
// spec/sealed.md §1.
type Invitation struct {
	// Flags are those that the site set.
	Flags LinkFlags
	// Key is the site's X25519 public key for this one link.
	Key [32]byte
	// Seed is the secret.
	Seed Seed
}

// Seed is the secret of a link. It shows itself nowhere but in the link.
type Seed [16]byte

// String hides the seed.
func (Seed) String() string { return "[redacted]" }

// Format hides the seed from every verb of package fmt.
func (Seed) Format(s fmt.State, _ rune) { io.WriteString(s, "[redacted]") }

// MarshalText hides the seed.
func (Seed) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// LinkFlags are the flags of an [Invitation].
type LinkFlags byte

// Flags of a link.
const (
	// FlagUnsealed: a wallet that cannot seal may answer, too.
	FlagUnsealed LinkFlags = 1 << iota
	// FlagShortCode: the site asks for the short code.
	FlagShortCode

	knownFlags = FlagUnsealed | FlagShortCode
)

const (
	linkScheme = "liquid"
	linkPath   = "/l/"

	fragmentVersion  = "1."
	invitationBytes  = 1 + 1 + len(Invitation{}.Key) + len(Invitation{}.Seed)
	invitationFormat = 1
)

// Fragment writes the invitation as a link carries it, without the '#'.
func (i Invitation) Fragment() string {
	blob := append([]byte{invitationFormat, byte(i.Flags)}, i.Key[:]...)
	return fragmentVersion + base64.RawURLEncoding.EncodeToString(append(blob, i.Seed[:]...))
}

// parseInvitation reads a fragment.
func parseInvitation(fragment string) (Invitation, error) {
	text, ok := strings.CutPrefix(fragment, fragmentVersion)
	if !ok {
		if fragment == "" {
			return Invitation{}, Errorf(InvalidLink, "the link ends in an empty fragment")
		}
		return Invitation{}, Errorf(UnsupportedVersion, "this link was made by a newer version")
	}
	blob, err := strictBase64.DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") || len(blob) == 0 {
		return Invitation{}, Errorf(InvalidLink, "the link's fragment is not base64url")
	}
	if blob[0] != invitationFormat {
		return Invitation{}, Errorf(UnsupportedVersion, "this link was made by a newer version")
	}
	if len(blob) != invitationBytes || LinkFlags(blob[1])&^knownFlags != 0 {
		return Invitation{}, Errorf(InvalidLink, "the link's fragment is not whole, or has a flag that nobody knows")
	}
	i := Invitation{Flags: LinkFlags(blob[1])}
	copy(i.Key[:], blob[2:])
	copy(i.Seed[:], blob[2+len(i.Key):])
	if i == (Invitation{}) {
		return i, Errorf(InvalidLink, "the link's fragment is empty")
	}
	return i, nil
}

// ParseLink reads either form of a link. Anything that it does not know is an
// error and never a partial result: [InvalidLink] if the text is no link at all,
// [UnsupportedVersion] if a newer wallet would understand it. A link without a
// fragment is valid and not sealed.
func ParseLink(s string) (Link, error) {
	if len(s) > MaxLinkBytes {
		return Link{}, Errorf(InvalidLink, "the link has more than %d characters", MaxLinkBytes)
	}
	base, fragment, hasFragment := strings.Cut(s, "#")
	link, err := parseBase(base)
	if err != nil || !hasFragment {
		return link, err
	}
	if link.Invitation, err = parseInvitation(fragment); err != nil {
		return Link{}, err
	}
	return link, nil
}

// parseBase reads everything before the fragment.
func parseBase(base string) (Link, error) {
	scheme, rest, ok := strings.Cut(base, "://")
	if !ok {
		return Link{}, Errorf(InvalidLink, "the link must begin with liquid:// or https://")
	}
	host, tail, ok := strings.Cut(rest, "/")
	if !ok || !validHost(host) {
		return Link{}, Errorf(InvalidLink, "the link has no valid host")
	}
	var server Origin
	switch scheme {
	case linkScheme:
		server = originOfHost(host)
	case "https", "http":
		server = Origin(scheme + "://" + host)
		tail, ok = strings.CutPrefix("/"+tail, linkPath)
		if !ok {
			return Link{}, Errorf(InvalidLink, "the link's path must be %s", linkPath)
		}
	default:
		return Link{}, Errorf(InvalidLink, "the link must begin with liquid:// or https://")
	}
	if _, err := ParseOrigin(string(server)); err != nil {
		return Link{}, Errorf(InvalidLink, "the link's server must be https, on its shortest form of address")
	}
	id, ok := strings.CutPrefix(tail, "?requestId=")
	if !ok {
		return Link{}, Errorf(InvalidLink, "the link must hold requestId and nothing else")
	}
	requestID, err := ParseRequestID(id)
	if err != nil {
		return Link{}, Errorf(InvalidLink, "the link's request id is not valid")
	}
	return Link{Server: server, RequestID: requestID}, nil
}

// originOfHost applies the rule for the scheme that a custom-scheme link
// leaves out.
func originOfHost(host string) Origin {
	if loopbackHost(hostname(host)) {
		return Origin("http://" + host)
	}
	return Origin("https://" + host)
}

// Reveal writes the link with the custom scheme, and with its secret. A server
// that breaks the rule for schemes (TLS on a loopback host) gets the https form,
// which says it.
func (l Link) Reveal() string {
	host := l.Server.Host()
	if originOfHost(host) != l.Server {
		return l.RevealWeb()
	}
	return linkScheme + "://" + host + "/?requestId=" + string(l.RequestID) + l.fragment()
}

// RevealWeb writes the link as a web address on the server itself, with its
// secret.
func (l Link) RevealWeb() string {
	return string(l.Server) + linkPath + "?requestId=" + url.QueryEscape(string(l.RequestID)) + l.fragment()
}

func (l Link) fragment() string {
	if !l.Sealed() {
		return ""
	}
	return "#" + l.Invitation.Fragment()
}
