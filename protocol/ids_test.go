package protocol_test

import (
	"strings"
	"testing"

	"github.com/liaison-dev/liaison/protocol"
)

func TestParseOrigin(t *testing.T) {
	for _, s := range []string{
		"https://example.com", "https://example.com:8443", "https://xn--bcher-kva.example", "http://localhost", "http://localhost:8080",
		"http://localhost:1", "http://127.0.0.1:65535", "http://127.8.9.1", "http://[::1]:8080", "https://[2001:db8::1]", "https://192.0.2.1",
	} {
		got, err := protocol.ParseOrigin(s)
		if err != nil || string(got) != s || got.Scheme()+"://"+got.Host() != s {
			t.Errorf("ParseOrigin(%q) = %q, %v; want it accepted", s, got, err)
		}
	}
	for _, s := range []string{
		"", "null", "example.com", "https://", "https:///", "https://example.com/", "https://example.com?", "https://example.com?x", "https://example.com#", "https://example.com#x",
		"https://user@example.com", "https://user:pass@example.com", "HTTPS://example.com", "https://Example.com", "https://example.com:443", "http://localhost:80",
		"https://example.com:", "https://example.com:0", "https://example.com:08", "https://example.com:65536", "https://example.com:x", "https://.example.com", "https://a..b",
		"https://-a.example", "https://exämple.com", "https://a_b.example", "https://a b.example", "https://a.example\n", "https://a%2e.example", "wss://example.com", "file:///x",
		"http://example.com", "http://192.0.2.1", "http://localhost.example.com", "http://127.0.0.1.example.com", "http://[2001:db8::1]", "https://[::ffff:127.0.0.1]", "https://[::1",
		"https://::1", "https://[0:0::1]", "https://[::1]x", "https://[example.com]", "https:example.com", "//example.com", "https://" + strings.Repeat("a", 300),
	} {
		if got, err := protocol.ParseOrigin(s); protocol.CodeOf(err) != protocol.InvalidMessage || got != "" {
			t.Errorf("ParseOrigin(%q) = %q, %v; want nothing and %s", s, got, err, protocol.InvalidMessage)
		}
	}
}

func TestParseOriginUnsafeOnlyAddsPlainHTTP(t *testing.T) {
	if got, err := protocol.ParseOriginUnsafe("http://192.0.2.1:8080"); err != nil || got != "http://192.0.2.1:8080" {
		t.Errorf("ParseOriginUnsafe of http on a public host = %q, %v; want it accepted", got, err)
	}
	for _, s := range []string{"http://Example.com", "ws://example.com", "http://example.com/", ""} {
		if got, err := protocol.ParseOriginUnsafe(s); err == nil || got != "" {
			t.Errorf("ParseOriginUnsafe(%q) = %q, %v; want nothing and an error", s, got, err)
		}
	}
}

func TestOriginParts(t *testing.T) {
	for _, c := range []struct {
		origin   protocol.Origin
		hostname string
		loopback bool
	}{
		{"https://example.com:8443", "example.com", false},
		{"http://[::1]:8080", "::1", true},
		{"http://localhost:8080", "localhost", true},
		{"https://a.localhost", "a.localhost", false},
		{"https://127.0.0.2", "127.0.0.2", true},
		{"https://notlocalhost", "notlocalhost", false},
	} {
		if got := c.origin.Hostname(); got != c.hostname || c.origin.Loopback() != c.loopback {
			t.Errorf("origin %s: got hostname %q, loopback %t; want %q, %t", c.origin, got, c.origin.Loopback(), c.hostname, c.loopback)
		}
	}
}

func TestParseRequestIDAndNonce(t *testing.T) {
	requestID := func(s string) (string, error) { id, err := protocol.ParseRequestID(s); return string(id), err }
	nonce := func(s string) (string, error) { n, err := protocol.ParseNonce(s); return string(n), err }
	for _, c := range []struct {
		name  string
		parse func(string) (string, error)
		s     string
		ok    bool
	}{
		{"request id", requestID, strings.Repeat("a", 15), false},
		{"request id", requestID, strings.Repeat("a", 16), true},
		{"request id", requestID, strings.Repeat("Z", 64), true},
		{"request id", requestID, strings.Repeat("a", 65), false},
		{"request id", requestID, "0123456789._-AZaz", true},
		{"request id", requestID, "0123456789abcde/", false},
		{"request id", requestID, "0123456789abcde\n", false},
		{"request id", requestID, "0123456789abcdé", false},
		{"nonce", nonce, strings.Repeat("a", 21), false},
		{"nonce", nonce, strings.Repeat("a", 22), true},
		{"nonce", nonce, strings.Repeat("9", 64), true},
		{"nonce", nonce, strings.Repeat("a", 65), false},
		{"nonce", nonce, strings.Repeat("a", 25) + "-", false},
		{"nonce", nonce, strings.Repeat("a", 25) + "\n", false},
	} {
		got, err := c.parse(c.s)
		if (err == nil) != c.ok || (got != "") != c.ok {
			t.Errorf("%s %q: got %q, %v; want accepted: %t", c.name, c.s, got, err, c.ok)
		}
	}
}

func TestNewIDsAreValidAndDistinct(t *testing.T) {
	ids, nonces, tokens := map[protocol.RequestID]bool{}, map[protocol.Nonce]bool{}, map[string]bool{}
	const n = 1000
	for range n {
		id, nonce, token := protocol.NewRequestID(), protocol.NewNonce(), protocol.NewToken()
		if _, err := protocol.ParseRequestID(string(id)); err != nil || id[14] != '4' || !strings.ContainsRune("89ab", rune(id[19])) {
			t.Fatalf("new request id %q: got %v, want a UUID of version 4", id, err)
		}
		if _, err := protocol.ParseNonce(string(nonce)); err != nil {
			t.Fatalf("new nonce %q: got %v, want it valid", nonce, err)
		}
		if len(token) != 43 {
			t.Fatalf("new token has %d characters, want the 43 of 256 bits", len(token))
		}
		ids[id], nonces[nonce], tokens[token] = true, true, true
	}
	if len(ids) != n || len(nonces) != n || len(tokens) != n {
		t.Errorf("of %d each: got %d request ids, %d nonces, %d tokens that differ", n, len(ids), len(nonces), len(tokens))
	}
}

func TestParseChainIDAndAccount(t *testing.T) {
	for _, c := range []struct {
		account string
		chain   protocol.ChainID
		address string
	}{
		{string(protocol.AlgorandMainNet) + ":ABC", protocol.AlgorandMainNet, "ABC"},
		{"eip155:1:0xab16a96D359eC26a11e2C2b3d8f8B8942d5Bfcdb", "eip155:1", "0xab16a96D359eC26a11e2C2b3d8f8B8942d5Bfcdb"},
		{"cosmos:cosmoshub-3:a.b%2Fc-d", "cosmos:cosmoshub-3", "a.b%2Fc-d"},
		{"abc:" + strings.Repeat("a", 32) + ":" + strings.Repeat("b", 128), protocol.ChainID("abc:" + strings.Repeat("a", 32)), strings.Repeat("b", 128)},
	} {
		got, err := protocol.ParseAccount(c.account)
		if err != nil || got.Chain() != c.chain || got.Address() != c.address || protocol.NewAccount(c.chain, c.address) != got {
			t.Errorf("ParseAccount(%q) = %q of chain %q and address %q, %v; want %q and %q", c.account, got, got.Chain(), got.Address(), err, c.chain, c.address)
		}
		if string(c.chain) != c.chain.Namespace()+":"+c.chain.Reference() {
			t.Errorf("chain %q has namespace %q and reference %q", c.chain, c.chain.Namespace(), c.chain.Reference())
		}
	}
	for _, s := range []string{
		"", ":", "::", "a:b:c", "abc:b", "abc::d", "abc:b:", "abcdefghi:b:c", "ABC:b:c", "abc:" + strings.Repeat("a", 33) + ":c", "abc:b:" + strings.Repeat("c", 129),
		"algorand:mainnet-v1.0:ABC", "abc:b:c:d:e", "abc:b:c d", "abc:b:c/d", "abc:b:ü", "abc:b:c\n", "a_c:b:c",
	} {
		if got, err := protocol.ParseAccount(s); protocol.CodeOf(err) != protocol.InvalidMessage || got != "" {
			t.Errorf("ParseAccount(%q) = %q, %v; want nothing and %s", s, got, err, protocol.InvalidMessage)
		}
	}
	if got := protocol.Account("").Chain(); got != "" {
		t.Errorf("chain of nobody: got %q, want none", got)
	}
}
