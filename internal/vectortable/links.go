package vectortable

import "strings"

// LinkFile is vectors/links.json: spec/protocol.md §2.
type LinkFile struct {
	Comment string        `json:"comment"`
	Valid   []ValidLink   `json:"valid"`
	Invalid []InvalidLink `json:"invalid"`
}

// ValidLink is a link that must be read, and what it says.
type ValidLink struct {
	Name      string `json:"name"`
	Link      string `json:"link"`
	Server    string `json:"server"`
	RequestID string `json:"requestId"`
	// Canonical is how a QR code shows the same link, Web its https form.
	Canonical string `json:"canonical"`
	Web       string `json:"web"`
}

// InvalidLink is a text that must be refused, with the code that says why.
type InvalidLink struct {
	Name string `json:"name"`
	Link string `json:"link"`
	Code string `json:"code"`
}

const (
	id  = "4f1c2b7e-9a53-4d0e-8c61-0b5a7d3e2f19"
	tls = "https://auth.example.com"
)

// Links returns the vectors of links.
func Links() LinkFile {
	return LinkFile{Comment: generated, Valid: validLinks(), Invalid: append(invalidLinks(), hostileLinks()...)}
}

func validLinks() []ValidLink {
	return []ValidLink{
		{"custom scheme", "liquid://auth.example.com/?requestId=" + id, tls, id, "liquid://auth.example.com/?requestId=" + id, tls + "/l/?requestId=" + id},
		{"web form", tls + "/l/?requestId=" + id, tls, id, "liquid://auth.example.com/?requestId=" + id, tls + "/l/?requestId=" + id},
		{"port", "liquid://auth.example.com:8443/?requestId=" + id, tls + ":8443", id, "liquid://auth.example.com:8443/?requestId=" + id, tls + ":8443/l/?requestId=" + id},
		{"localhost has no TLS", "liquid://localhost:8080/?requestId=" + id, "http://localhost:8080", id, "liquid://localhost:8080/?requestId=" + id, "http://localhost:8080/l/?requestId=" + id},
		{"name under localhost", "liquid://a.localhost/?requestId=" + id, "https://a.localhost", id, "liquid://a.localhost/?requestId=" + id, "https://a.localhost/l/?requestId=" + id},
		{"loopback IPv4", "liquid://127.0.0.1:8080/?requestId=" + id, "http://127.0.0.1:8080", id, "liquid://127.0.0.1:8080/?requestId=" + id, "http://127.0.0.1:8080/l/?requestId=" + id},
		{"loopback IPv6", "liquid://[::1]:8080/?requestId=" + id, "http://[::1]:8080", id, "liquid://[::1]:8080/?requestId=" + id, "http://[::1]:8080/l/?requestId=" + id},
		{"TLS on loopback needs the web form", "https://localhost:8443/l/?requestId=" + id, "https://localhost:8443", id, "https://localhost:8443/l/?requestId=" + id, "https://localhost:8443/l/?requestId=" + id},
		{"shortest request id", "liquid://auth.example.com/?requestId=0123456789abcdef", tls, "0123456789abcdef", "liquid://auth.example.com/?requestId=0123456789abcdef", tls + "/l/?requestId=0123456789abcdef"},
		{"every kind of character in a request id", "liquid://auth.example.com/?requestId=AZaz09._-AZaz09._-", tls, "AZaz09._-AZaz09._-", "liquid://auth.example.com/?requestId=AZaz09._-AZaz09._-", tls + "/l/?requestId=AZaz09._-AZaz09._-"},
	}
}

func invalidLinks() []InvalidLink {
	const bad = "invalid_link"
	return []InvalidLink{
		{"empty", "", bad},
		{"no scheme", "auth.example.com/?requestId=" + id, bad},
		{"other scheme", "ftp://auth.example.com/?requestId=" + id, bad},
		{"scheme in upper case", "LIQUID://auth.example.com/?requestId=" + id, bad},
		{"no host", "liquid:///?requestId=" + id, bad},
		{"no path", "liquid://auth.example.com?requestId=" + id, bad},
		{"path in the custom scheme", "liquid://auth.example.com/l/?requestId=" + id, bad},
		{"web form without its path", tls + "/?requestId=" + id, bad},
		{"web form with a longer path", tls + "/x/l/?requestId=" + id, bad},
		{"no request id", "liquid://auth.example.com/", bad},
		{"empty request id", "liquid://auth.example.com/?requestId=", bad},
		{"request id too short", "liquid://auth.example.com/?requestId=0123456789abcde", bad},
		{"request id too long", "liquid://auth.example.com/?requestId=" + strings.Repeat("a", 65), bad},
		{"request id with an escape", "liquid://auth.example.com/?requestId=0123456789abcde%66", bad},
		{"other case of the parameter", "liquid://auth.example.com/?requestid=" + id, bad},
		{"parameter before", "liquid://auth.example.com/?x=1&requestId=" + id, bad},
		{"parameter after", "liquid://auth.example.com/?requestId=" + id + "&x=1", bad},
		{"parameter twice", "liquid://auth.example.com/?requestId=" + id + "&requestId=" + id, bad},
		{"empty fragment", "liquid://auth.example.com/?requestId=" + id + "#", bad},
		{"fragment of a newer version", "liquid://auth.example.com/?requestId=" + id + "#2.abc", "unsupported_version"},
	}
}

// hostileLinks try to lead a wallet to another server than the one that a
// person reads.
func hostileLinks() []InvalidLink {
	const bad = "invalid_link"
	return []InvalidLink{
		{"user before the host", "liquid://auth.example.com@evil.example/?requestId=" + id, bad},
		{"host in upper case", "liquid://Auth.Example.com/?requestId=" + id, bad},
		{"host not ASCII", "liquid://auth.exämple.com/?requestId=" + id, bad},
		{"escaped host", "liquid://auth%2eexample.com/?requestId=" + id, bad},
		{"backslash", `liquid://auth.example.com\evil.example/?requestId=` + id, bad},
		{"tab", "liquid://auth.example.com/?requestId=" + id + "\t", bad},
		{"line break", "liquid://auth.example.com/?requestId=" + id + "\n", bad},
		{"space before", " liquid://auth.example.com/?requestId=" + id, bad},
		{"port zero", "liquid://auth.example.com:0/?requestId=" + id, bad},
		{"port with a zero in front", "liquid://auth.example.com:08443/?requestId=" + id, bad},
		{"port too large", "liquid://auth.example.com:65536/?requestId=" + id, bad},
		{"port empty", "liquid://auth.example.com:/?requestId=" + id, bad},
		{"default port", "liquid://auth.example.com:443/?requestId=" + id, bad},
		{"default port of http", "liquid://localhost:80/?requestId=" + id, bad},
		{"IPv6 without brackets", "liquid://::1/?requestId=" + id, bad},
		{"IPv6 in a longer form", "liquid://[0:0:0:0:0:0:0:1]/?requestId=" + id, bad},
		{"http on a public host", "http://auth.example.com/l/?requestId=" + id, bad},
		{"http on a host that looks local", "http://localhost.example.com/l/?requestId=" + id, bad},
		{"more than 512 characters", "liquid://" + strings.Repeat("a", 500) + ".example/?requestId=" + id, bad},
	}
}
