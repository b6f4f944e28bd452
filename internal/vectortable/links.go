package vectortable

import "strings"

// LinkFile is vectors/links.json: spec/protocol.md §2 and spec/sealed.md §1.
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
	// Flags, Key and Seed are what a sealed link says without the server, in
	// hexadecimal digits; absent if it is not sealed.
	Flags string `json:"flags,omitempty"`
	Key   string `json:"key,omitempty"`
	Seed  string `json:"seed,omitempty"`
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
	return LinkFile{
		Comment: generated, Valid: append(validLinks(), sealedLinks()...),
		Invalid: append(append(invalidLinks(), hostileLinks()...), brokenFragments()...),
	}
}

// plain is a link that is not sealed.
func plain(name, link, server, id, canonical, web string) ValidLink {
	return ValidLink{Name: name, Link: link, Server: server, RequestID: id, Canonical: canonical, Web: web}
}

func validLinks() []ValidLink {
	return []ValidLink{
		plain("custom scheme", "liquid://auth.example.com/?requestId="+id, tls, id, "liquid://auth.example.com/?requestId="+id, tls+"/l/?requestId="+id),
		plain("web form", tls+"/l/?requestId="+id, tls, id, "liquid://auth.example.com/?requestId="+id, tls+"/l/?requestId="+id),
		plain("port", "liquid://auth.example.com:8443/?requestId="+id, tls+":8443", id, "liquid://auth.example.com:8443/?requestId="+id, tls+":8443/l/?requestId="+id),
		plain("localhost has no TLS", "liquid://localhost:8080/?requestId="+id, "http://localhost:8080", id, "liquid://localhost:8080/?requestId="+id, "http://localhost:8080/l/?requestId="+id),
		plain("name under localhost", "liquid://a.localhost/?requestId="+id, "https://a.localhost", id, "liquid://a.localhost/?requestId="+id, "https://a.localhost/l/?requestId="+id),
		plain("loopback IPv4", "liquid://127.0.0.1:8080/?requestId="+id, "http://127.0.0.1:8080", id, "liquid://127.0.0.1:8080/?requestId="+id, "http://127.0.0.1:8080/l/?requestId="+id),
		plain("loopback IPv6", "liquid://[::1]:8080/?requestId="+id, "http://[::1]:8080", id, "liquid://[::1]:8080/?requestId="+id, "http://[::1]:8080/l/?requestId="+id),
		plain("TLS on loopback needs the web form", "https://localhost:8443/l/?requestId="+id, "https://localhost:8443", id, "https://localhost:8443/l/?requestId="+id, "https://localhost:8443/l/?requestId="+id),
		plain("shortest request id", "liquid://auth.example.com/?requestId=0123456789abcdef", tls, "0123456789abcdef", "liquid://auth.example.com/?requestId=0123456789abcdef", tls+"/l/?requestId=0123456789abcdef"),
		plain("every kind of character in a request id", "liquid://auth.example.com/?requestId=AZaz09._-AZaz09._-", tls, "AZaz09._-AZaz09._-", "liquid://auth.example.com/?requestId=AZaz09._-AZaz09._-", tls+"/l/?requestId=AZaz09._-AZaz09._-"),
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
		{"fragment of another program", "liquid://auth.example.com/?requestId=" + id + "#top", "unsupported_version"},
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

// What sealed links say.
const (
	linkKey  = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	linkSeed = "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
	// keyAndSeed follows version and flags: it begins within a character of the
	// flags, whose lower bits stand before it.
	keyAndSeed = "AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eH6ChoqOkpaanqKmqq6ytrq8"
	blob       = "AQA" + keyAndSeed
)

// sealed is a link with a fragment; shown is the form in which it is read.
func sealed(name, shown, flags, fragment string) ValidLink {
	l := plain(name, "", tls, id, "liquid://auth.example.com/?requestId="+id+"#"+fragment, tls+"/l/?requestId="+id+"#"+fragment)
	l.Flags, l.Key, l.Seed = flags, linkKey, linkSeed
	l.Link = l.Canonical
	if shown == "web" {
		l.Link = l.Web
	}
	return l
}

func sealedLinks() []ValidLink {
	links := []ValidLink{
		sealed("sealed", "custom", "00", "1.AQA"+keyAndSeed),
		sealed("sealed, web form", "web", "00", "1.AQA"+keyAndSeed),
		sealed("an unsealed wallet may answer", "custom", "01", "1.AQE"+keyAndSeed),
		sealed("an unsealed wallet may answer, web form", "web", "01", "1.AQE"+keyAndSeed),
		sealed("short code", "custom", "02", "1.AQI"+keyAndSeed),
		sealed("short code, web form", "web", "02", "1.AQI"+keyAndSeed),
		sealed("both flags", "custom", "03", "1.AQM"+keyAndSeed),
		sealed("both flags, web form", "web", "03", "1.AQM"+keyAndSeed),
	}
	both := sealed("every kind of character in a fragment", "custom", "00", "1.AQD__v3__v3__v3__v3__v3__v3__v3__v3__v3__v3__6ChoqOkpaanqKmqq6ytrq8")
	both.Key = "fffefdfffefdfffefdfffefdfffefdfffefdfffefdfffefdfffefdfffefdffff"
	local := plain("sealed on a loopback host", "liquid://localhost:8080/?requestId="+id+"#1."+blob, "http://localhost:8080", id,
		"liquid://localhost:8080/?requestId="+id+"#1."+blob, "http://localhost:8080/l/?requestId="+id+"#1."+blob)
	local.Flags, local.Key, local.Seed = "00", linkKey, linkSeed
	return append(links, both, local)
}

// brokenFragments are not whole, or not of this version.
func brokenFragments() []InvalidLink {
	const bad, newer = "invalid_link", "unsupported_version"
	link := "liquid://auth.example.com/?requestId=" + id
	return []InvalidLink{
		{"version without a blob", link + "#1.", bad},
		{"version without a dot", link + "#1" + blob, newer},
		{"blob without a version", link + "#" + blob, newer},
		{"another version of the fragment", link + "#2." + blob, newer},
		{"version with a zero in front", link + "#01." + blob, newer},
		{"version of two parts", link + "#1.0." + blob, bad},
		{"another version of the blob", link + "#1.AgA" + keyAndSeed, newer},
		{"version 0 of the blob", link + "#1.AAA" + keyAndSeed, newer},
		{"another version of the blob, of another length", link + "#1.Ag", newer},
		{"flag that nobody knows", link + "#1.AQQ" + keyAndSeed, bad},
		{"highest flag", link + "#1.AYA" + keyAndSeed, bad},
		{"one byte less", link + "#1.AQAAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eH6ChoqOkpaanqKmqq6ytrg", bad},
		{"one byte more", link + "#1." + blob + "A", bad},
		{"one character less", link + "#1." + strings.TrimSuffix(blob, "8"), bad},
		{"padded", link + "#1." + blob + "=", bad},
		{"bits left over", link + "#1." + strings.TrimSuffix(blob, "8") + "9", bad},
		{"the other alphabet of base64", link + "#1.AQD//v3//v3//v3//v3//v3//v3//v3//v3//v3//v3//6ChoqOkpaanqKmqq6ytrq8", bad},
		{"nothing but zeros", link + "#1.AQA" + strings.Repeat("A", 64), bad},
		{"escape in the blob", link + "#1.%41" + strings.TrimPrefix(blob, "A"), bad},
		{"escape in the version", link + "#%31." + blob, newer},
		{"space before the version", link + "# 1." + blob, newer},
		{"space after the blob", link + "#1." + blob + " ", bad},
		{"line feed after the blob", link + "#1." + blob + "\n", bad},
		{"return within the blob", link + "#1.AQA\r" + keyAndSeed, bad},
		{"line feed within the blob", link + "#1.AQA\n" + keyAndSeed, bad},
		{"second fragment", link + "#1." + blob + "#1." + blob, bad},
		{"second, empty fragment", link + "#1." + blob + "#", bad},
		{"empty fragment before", link + "##1." + blob, newer},
		{"parameter in the fragment", link + "#1." + blob + "&x=1", bad},
		{"parameter after the fragment", link + "#1." + blob + "?x=1", bad},
		{"fragment before the parameter", "liquid://auth.example.com/#1." + blob + "?requestId=" + id, bad},
		{"sealed, with a user before the host", "liquid://auth.example.com@evil.example/?requestId=" + id + "#1." + blob, bad},
		{"sealed, without a request id", "liquid://auth.example.com/#1." + blob, bad},
		{"sealed, more than 512 characters", "liquid://" + strings.Repeat("a", 240) + ".example/?requestId=" + id + "#1." + strings.Repeat("A", 250), bad},
	}
}
