package protocol

import (
	"net/url"
	"strings"
)

// Link is what a QR code carries: where the server is and which link of its is
// meant. The zero value is not valid.
//
// Written as "liquid://auth.example.com/?requestId=…" it opens a wallet by its
// custom scheme; written as "https://auth.example.com/l/?requestId=…" it is an
// App Link or Universal Link to the same place. The custom scheme does not say
// whether the server speaks TLS: it does, unless its host is a loopback one.
// Source: spec/protocol.md §2.
type Link struct {
	// Server is the origin of the server that knows the link.
	Server Origin
	// RequestID names the link there.
	RequestID RequestID
}

const (
	linkScheme = "liquid"
	linkPath   = "/l/"
)

// ParseLink reads either form of a link. Anything that it does not know, such
// as the version in the fragment of a newer link, is an error and never a
// partial result: [InvalidLink] if the text is no link at all,
// [UnsupportedVersion] if a newer wallet would understand it.
func ParseLink(s string) (Link, error) {
	if len(s) > MaxLinkBytes {
		return Link{}, Errorf(InvalidLink, "the link has more than %d characters", MaxLinkBytes)
	}
	base, fragment, hasFragment := strings.Cut(s, "#")
	if hasFragment {
		if fragment == "" {
			return Link{}, Errorf(InvalidLink, "the link ends in an empty fragment")
		}
		return Link{}, Errorf(UnsupportedVersion, "this link was made by a newer version")
	}
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

// String writes the link with the custom scheme. A server that breaks the rule
// for schemes (TLS on a loopback host) gets the https form, which says it.
func (l Link) String() string {
	host := l.Server.Host()
	if originOfHost(host) != l.Server {
		return l.WebString()
	}
	return linkScheme + "://" + host + "/?requestId=" + string(l.RequestID)
}

// WebString writes the link as a web address on the server itself.
func (l Link) WebString() string {
	return string(l.Server) + linkPath + "?requestId=" + url.QueryEscape(string(l.RequestID))
}
