package protocol

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"net"
	"net/url"
	"strings"
)

// RequestID names one link: 16 to 64 characters of [A-Za-z0-9._-]. Whoever
// knows it may ask what the link wants, so the server draws it at random.
type RequestID string

// Nonce is the single-use part of a sign-in text: 22 to 64 characters of
// [A-Za-z0-9], at least 128 bits of entropy.
type Nonce string

// Origin is scheme, host and non-default port, in lower case, as a browser
// writes it: "https://example.com", "http://localhost:8080".
type Origin string

// NewRequestID returns a random request id in the form of a version 4 UUID.
func NewRequestID() RequestID {
	var b [16]byte
	rand.Read(b[:]) // never fails; it ends the process instead
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	var s [36]byte
	hex.Encode(s[0:8], b[0:4])
	hex.Encode(s[9:13], b[4:6])
	hex.Encode(s[14:18], b[6:8])
	hex.Encode(s[19:23], b[8:10])
	hex.Encode(s[24:36], b[10:16])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	return RequestID(s[:])
}

// ParseRequestID checks the form of a request id.
func ParseRequestID(s string) (RequestID, error) {
	if len(s) < 16 || len(s) > 64 {
		return "", Errorf(InvalidMessage, "request id must have 16 to 64 characters")
	}
	for i := range len(s) {
		if c := s[i]; !alphanumeric(c) && c != '.' && c != '_' && c != '-' {
			return "", Errorf(InvalidMessage, "request id may hold only letters, digits, '.', '_' and '-'")
		}
	}
	return RequestID(s), nil
}

// NewNonce returns 26 random characters: 130 bits.
func NewNonce() Nonce { return Nonce(rand.Text()) }

// ParseNonce checks the form of a nonce.
func ParseNonce(s string) (Nonce, error) {
	if len(s) < 22 || len(s) > 64 {
		return "", Errorf(InvalidMessage, "nonce must have 22 to 64 characters")
	}
	for i := range len(s) {
		if !alphanumeric(s[i]) {
			return "", Errorf(InvalidMessage, "nonce may hold only letters and digits")
		}
	}
	return Nonce(s), nil
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// ParseOrigin checks and normalises nothing: s must already be the origin a
// browser would send, of scheme https, or http on a loopback host.
func ParseOrigin(s string) (Origin, error) {
	o, err := ParseOriginUnsafe(s)
	if err != nil {
		return "", err
	}
	if o.Scheme() == "http" && !loopbackHost(o.Hostname()) {
		return "", Errorf(InvalidMessage, "origin must be https; http is for loopback hosts only")
	}
	return o, nil
}

// ParseOriginUnsafe is [ParseOrigin] that also takes http on any host. Such an
// origin gives passers-by on the network every session.
func ParseOriginUnsafe(s string) (Origin, error) {
	if len(s) > 280 {
		return "", Errorf(InvalidMessage, "origin is too long")
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.Opaque != "" || strings.Contains(s, "#") {
		return "", Errorf(InvalidMessage, "origin must be scheme://host[:port] and nothing more")
	}
	if u.Scheme != "https" && u.Scheme != "http" {
		return "", Errorf(InvalidMessage, "origin must begin with https:// or http://")
	}
	if !validHost(u.Host) {
		return "", Errorf(InvalidMessage, "origin has no valid host")
	}
	o := Origin(u.Scheme + "://" + u.Host)
	if string(o) != s || u.Port() == defaultPort(u.Scheme) {
		return "", Errorf(InvalidMessage, "origin must be in lower case and without the default port")
	}
	return o, nil
}

// Scheme returns "https" or "http".
func (o Origin) Scheme() string { s, _, _ := strings.Cut(string(o), "://"); return s }

// Host returns host and port, as a browser's location.host does.
func (o Origin) Host() string { _, h, _ := strings.Cut(string(o), "://"); return h }

// Hostname returns the host without its port and without brackets.
func (o Origin) Hostname() string { return hostname(o.Host()) }

// Loopback reports whether the origin's host is this very machine.
func (o Origin) Loopback() bool { return loopbackHost(o.Hostname()) }

func hostname(hostport string) string { return (&url.URL{Host: hostport}).Hostname() }

func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}

func loopbackHost(host string) bool {
	if host == "localhost" { // names below it lead wherever a resolver says
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// validHost accepts host[:port] of at most 253 characters of [a-z0-9.:[]-],
// with a port in its shortest form.
func validHost(hostport string) bool {
	if hostport == "" || len(hostport) > 253 {
		return false
	}
	for i := range len(hostport) {
		c := hostport[i]
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || strings.IndexByte(".:[]-", c) >= 0) {
			return false
		}
	}
	u := &url.URL{Host: hostport}
	host, port := u.Hostname(), u.Port()
	if host == "" || strings.HasSuffix(hostport, ":") {
		return false
	}
	if strings.Contains(host, ":") {
		ip := net.ParseIP(host)
		if ip == nil || "["+ip.String()+"]" != strings.TrimSuffix(hostport, ":"+port) {
			return false
		}
	} else if strings.ContainsAny(hostport, "[]") || strings.Count(hostport, ":") > 1 {
		return false
	}
	if port != "" && (len(port) > 5 || port[0] == '0' || (len(port) == 5 && port > "65535")) {
		return false
	}
	return !strings.HasPrefix(host, ".") && !strings.HasPrefix(host, "-") && !strings.Contains(host, "..")
}

// NewToken returns 256 random bits in base64url: a session's secret id.
func NewToken() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}
