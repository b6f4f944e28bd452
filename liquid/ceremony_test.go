package liquid_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/internal/authenticator"
	"github.com/liaison-dev/liaison/protocol"
)

const (
	unverified          = `{"reason":"unauthorized","error":"User verification failed"}`
	noChallenge         = `{"reason":"unauthorized","error":"Challenge not found"}`
	assertionUnverified = `{"reason":"unauthorized","error":"User verification failed."}`
	assertionChallenge  = `{"reason":"unauthorized","error":"Challenge not found."}`
)

// TestOptions: what a client is asked, key by key. Nothing of its own comes back
// but what the wire has it so.
func TestOptions(t *testing.T) {
	n := newNode(t)
	w := n.newWallet()
	for name, c := range map[string]struct{ body, user, authenticator, attestation string }{
		"without a name": {liquidRequest, `{}`, `{"authenticatorAttachment":"platform","userVerification":"required","requireResidentKey":false}`, "none"},
		"with a name": {
			`{"username":"ADDR","displayName":"Liquid Auth User","authenticatorSelection":{"userVerification":"required"},"extensions":{"liquid":true}}`,
			`{"id":"ADDR","name":"ADDR","displayName":"ADDR"}`, `{"userVerification":"required"}`, "none",
		},
		"with as little as possible": {`{"extensions":{"liquid":null}}`, `{}`, `{"requireResidentKey":false,"userVerification":"preferred"}`, "none"},
		"with fields that are not its own": {
			`{"challenge":[77,88],"rp":{"id":"evil.example"},"timeout":1,"excludeCredentials":[1],"attestationType":"direct","extensions":{"liquid":true}}`,
			`{}`, `{"requireResidentKey":false,"userVerification":"preferred"}`, "direct",
		},
	} {
		r := w.call("POST", "/attestation/request", c.body)
		options := want[struct{ Challenge string }](t, r, 201)
		challenge := decode(t, options.Challenge)
		if len(challenge) != 32 || challenge[0] < 0x80 {
			t.Errorf("%s: challenge %x, want 32 bytes that mean nothing on any chain", name, challenge)
		}
		var sent struct{ Extensions json.RawMessage }
		if err := json.Unmarshal([]byte(c.body), &sent); err != nil {
			t.Fatal(err)
		}
		want := `{"challenge":"` + options.Challenge + `","rp":{"name":"Example","id":"localhost"},"user":` + c.user +
			`,"pubKeyCredParams":[{"type":"public-key","alg":-7},{"type":"public-key","alg":-257}],"timeout":300000,"attestation":"` + c.attestation +
			`","excludeCredentials":[],"authenticatorSelection":` + c.authenticator + `,"extensions":` + string(sent.Extensions) + `}`
		if string(r.body) != want {
			t.Errorf("%s:\n got %s\nwant %s", name, r.body, want)
		}
		if got := r.header.Get("Content-Type"); got != "application/json; charset=utf-8" {
			t.Errorf("%s: Content-Type %q", name, got)
		}
	}

	w.attest(nil)
	id := base64.RawURLEncoding.EncodeToString(w.device.Passkeys[0].ID)
	for name, edit := range map[string]func(http.Header){
		"": func(http.Header) {}, // no body, and a content type
	} {
		r := w.call("POST", "/assertion/request/"+id, "", edit)
		options := want[struct{ Challenge string }](t, r, 201)
		wantBody(t, "assertion"+name, r, 201, `{"challenge":"`+options.Challenge+`","allowCredentials":[{"id":"`+id+`","type":"public-key"}],"timeout":300000,"userVerification":"required","rpId":"localhost"}`)
	}
	for _, body := range []string{`{}`, `{"extensions":true}`, `{"userVerification":"required"}`} {
		want[struct{ Challenge string }](t, w.call("POST", "/assertion/request/"+id, body), 201)
	}
}

// TestRefusals is the table of what clients are told, row by row.
func TestRefusals(t *testing.T) {
	n := newNode(t)
	w := n.newWallet()
	signed := n.newWallet()
	signed.attest(nil)
	id := base64.RawURLEncoding.EncodeToString(signed.device.Passkeys[0].ID)
	extensionRequired := `{"reason":"not_implemented","error":"Liquid extension is required"}`
	notFound := func(method, path string) string {
		return `{"message":"Cannot ` + method + ` ` + path + `","error":"Not Found","statusCode":404}`
	}
	for _, c := range []struct {
		name, method, path string
		body               any
		status             int
		answer             string // empty: any with an error
	}{
		{"no extension", "POST", "/attestation/request", `{"username":"A"}`, 501, extensionRequired},
		{"no extensions that are an object", "POST", "/attestation/request", `{"extensions":true}`, 501, extensionRequired},
		{"no body", "POST", "/attestation/request", nil, 501, extensionRequired},
		{"empty body", "POST", "/attestation/request", ``, 501, extensionRequired},
		{"list", "POST", "/attestation/request", `[1]`, 501, extensionRequired},
		{"malformed JSON", "POST", "/attestation/request", `{"extensions":`, 400, ""},
		{"JSON text", "POST", "/attestation/request", `"liquid"`, 400, ""},
		{"JSON null", "POST", "/attestation/request", `null`, 400, ""},
		{"too long", "POST", "/attestation/request", `{"a":"` + strings.Repeat("a", 100<<10) + `"}`, 413, ""},
		{"nothing was asked", "POST", "/attestation/response", `{}`, 401, noChallenge},
		{"nothing was asked, malformed", "POST", "/attestation/response", `{`, 400, ""},
		{"unknown passkey", "POST", "/assertion/request/AAAA", `{}`, 401, `{"reason":"not_found","error":"User not found."}`},
		{"what is no passkey", "POST", "/assertion/request/%7B%22$ne%22:1%7D", `{}`, 401, `{"reason":"not_found","error":"User not found."}`},
		{"no passkey", "POST", "/assertion/request/", `{}`, 404, notFound("POST", "/assertion/request/")},
		{"nothing was asserted", "POST", "/assertion/response", `{}`, 401, assertionChallenge},
		{"user, signed out", "GET", "/auth/user", nil, 403, `{"message":"Forbidden resource","error":"Forbidden","statusCode":403}`},
		{"key, signed out", "DELETE", "/auth/keys/" + id, nil, 403, `{"message":"Forbidden resource","error":"Forbidden","statusCode":403}`},
		{"unknown route", "GET", "/auth/unknown", nil, 404, notFound("GET", "/auth/unknown")},
		{"wrong method", "GET", "/attestation/request", nil, 404, notFound("GET", "/attestation/request")},
	} {
		r := w.call(c.method, c.path, c.body)
		if c.answer != "" {
			wantBody(t, c.name, r, c.status, c.answer)
		} else if r.status != c.status {
			t.Errorf("%s: status %d (%s), want %d", c.name, r.status, r.body, c.status)
		}
		var body map[string]any
		if err := json.Unmarshal(r.body, &body); err != nil {
			t.Errorf("%s: %s is no object", c.name, r.body)
		} else if text, _ := body["error"].(string); text == "" {
			t.Errorf("%s: %s has no error, by which some clients know that it is one", c.name, r.body)
		}
	}
	for _, charset := range []string{"latin1", "utf-16"} {
		r := w.call("POST", "/attestation/request", liquidRequest, func(h http.Header) { h.Set("Content-Type", "application/json; charset="+charset) })
		if r.status != 415 {
			t.Errorf("charset %s: status %d, want 415", charset, r.status)
		}
	}
	r := w.call("POST", "/attestation/request", "extensions[liquid]=true", func(h http.Header) { h.Set("Content-Type", "application/x-www-form-urlencoded") })
	wantBody(t, "a form, which any page can have a browser send", r, 501, extensionRequired)
}

// lies change what a wallet answers to a registration.
func lies(t *testing.T) map[string]struct {
	fault  authenticator.Fault
	change func(w *wallet, body map[string]any)
} {
	type lie = struct {
		fault  authenticator.Fault
		change func(w *wallet, body map[string]any)
	}
	extension := func(key string, value any) lie {
		return lie{change: func(_ *wallet, body map[string]any) { extensionOf(body)[key] = value }}
	}
	return map[string]lie{
		"signed by another key": {change: func(w *wallet, body map[string]any) {
			other := w.node.newWallet()
			challenge := decode(t, clientChallenge(t, body))
			signature, err := other.key.SignChallenge(challenge)
			if err != nil {
				t.Fatal(err)
			}
			extensionOf(body)["signature"] = base64.RawURLEncoding.EncodeToString(signature)
		}},
		"another address":     extension("address", strings.Repeat("A", 52)+"Y5HFKQ"),
		"a malformed address": extension("address", "A"),
		"no address":          extension("address", nil),
		"no signature":        extension("signature", ""),
		"a signature in hex":  extension("signature", strings.Repeat("ab", 64)),
		"of another chain":    extension("type", "solana"),
		"of no chain":         extension("type", 7),
		"a malformed link":    extension("requestId", map[string]any{"$ne": 1}),
		"a too long link":     extension("requestId", strings.Repeat("x", 129)),
		"another origin":      {fault: authenticator.Fault{Origin: "https://evil.example"}},
		"an unknown app":      {fault: authenticator.Fault{Origin: "android:apk-key-hash:" + strings.Repeat("A", 43)}},
		"another type":        {fault: authenticator.Fault{Type: "webauthn.get"}},
		"another domain":      {fault: authenticator.Fault{RPID: "evil.example"}},
		"nobody was present":  {fault: authenticator.Fault{NoPresence: true}},
		"nobody was verified": {fault: authenticator.Fault{NoVerification: true}},
		"rawId is not the id": {change: func(_ *wallet, body map[string]any) { body["rawId"] = "AAAA" }},
		"garbage":             {change: func(_ *wallet, body map[string]any) { body["response"].(map[string]any)["attestationObject"] = "AAAA" }},
		"another spelling of the address": {change: func(w *wallet, body map[string]any) {
			address := w.key.Address()
			last := "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
			i := strings.IndexByte(last, address[57])
			extensionOf(body)["address"] = address[:57] + string(last[i^1])
		}},
	}
}

func clientChallenge(t testing.TB, body map[string]any) string {
	t.Helper()
	raw := decode(t, body["response"].(map[string]any)["clientDataJSON"].(string))
	var data struct{ Challenge string }
	if err := json.Unmarshal(raw, &data); err != nil {
		t.Fatal(err)
	}
	return data.Challenge
}

// TestAttestationThatDoesNotHold: every lie gets the same answer, signs nobody in,
// and costs the challenge.
func TestAttestationThatDoesNotHold(t *testing.T) {
	n := newNode(t)
	for name, lie := range lies(t) {
		t.Run(name, func(t *testing.T) {
			w := n.newWallet()
			challenge := w.challenge()
			w.device.Fault = lie.fault
			body := w.response(challenge, nil)
			w.device.Fault = authenticator.Fault{}
			if lie.change != nil {
				lie.change(w, body)
			}
			wantBody(t, name, w.call("POST", "/attestation/response", body), 401, unverified)
			wantBody(t, "the truth after "+name, w.call("POST", "/attestation/response", w.response(challenge, nil)), 401, noChallenge)
			if got := w.signedInAs(); got != "" {
				t.Errorf("signed in as %s", got)
			}
			w.attest(nil) // with a new challenge it goes on
		})
	}
}

// TestAssertionThatDoesNotHold does the same to a passkey that signs in.
func TestAssertionThatDoesNotHold(t *testing.T) {
	n := newNode(t)
	for name, lie := range map[string]struct {
		fault  authenticator.Fault
		counts bool // says the stored counter, or so much less
		back   int
		change func(map[string]any)
	}{
		"another origin":              {fault: authenticator.Fault{Origin: "https://evil.example"}},
		"another type":                {fault: authenticator.Fault{Type: "webauthn.create"}},
		"another domain":              {fault: authenticator.Fault{RPID: "evil.example"}},
		"nobody was present":          {fault: authenticator.Fault{NoPresence: true}},
		"nobody was verified":         {fault: authenticator.Fault{NoVerification: true}},
		"another key":                 {fault: authenticator.Fault{WrongKey: true}},
		"a counter that goes back":    {back: 1, counts: true},
		"a counter that stands still": {back: 0, counts: true},
		"rawId is not the id":         {change: func(body map[string]any) { body["rawId"] = "AAAA" }},
	} {
		t.Run(name, func(t *testing.T) {
			w := n.newWallet()
			w.attest(nil)
			w.assert(nil)
			stored := w.assert(nil).Credentials[0].PrevCounter
			w.call("GET", "/auth/logout", nil)
			w.device.Fault = lie.fault
			if lie.counts {
				w.device.Fault.Counter = uint32(stored - lie.back)
			}
			body := w.assertion(nil)
			w.device.Fault = authenticator.Fault{}
			if lie.change != nil {
				lie.change(body)
			}
			wantBody(t, name, w.call("POST", "/assertion/response", body), 401, assertionUnverified)
			wantBody(t, "once more", w.call("POST", "/assertion/response", body), 401, assertionChallenge)
			if got := w.signedInAs(); got != "" {
				t.Errorf("signed in as %s", got)
			}
			w.assert(nil)
		})
	}
}

// TestChallengeIsTheServers: a client that sends one, in whatever form, is asked the
// server's own, and what was signed for its own is worth nothing.
func TestChallengeIsTheServers(t *testing.T) {
	n := newNode(t)
	w := n.newWallet()
	mine := make([]byte, 32)
	mine[0] = 0x99
	for _, form := range []any{mine, base64.RawURLEncoding.EncodeToString(mine), []int{1, 2, 3}} {
		body := map[string]any{"challenge": form, "extensions": map[string]any{"liquid": true}}
		want[struct{ Challenge string }](t, w.call("POST", "/attestation/request", body), 201)
	}
	if r := w.call("POST", "/attestation/response", w.response(mine, nil)); r.status != 401 {
		t.Errorf("a challenge of the client's: status %d, want 401", r.status)
	}
}

// TestChallengeIsForOneAnswer: 200 answers at once, one is taken, and a captured one
// is worth nothing to anybody.
func TestChallengeIsForOneAnswer(t *testing.T) {
	n := newNode(t)
	w := n.newWallet()
	body := w.response(w.challenge(), nil)
	var good atomic.Int32
	var group sync.WaitGroup
	for range 200 {
		group.Go(func() {
			c := *w.client
			if r := c.call("POST", "/attestation/response", body); r.status == 201 {
				good.Add(1)
			}
		})
	}
	group.Wait()
	if good.Load() != 1 {
		t.Errorf("%d answers were taken, want 1", good.Load())
	}
	thief := n.newWallet()
	thief.challenge()
	if r := thief.call("POST", "/attestation/response", body); r.status != 401 {
		t.Errorf("a captured answer: status %d, want 401", r.status)
	}
}

// TestChallengeIsForItsSessionAndCeremony: no other session can answer it, and no
// other ceremony; those of two tabs do not get in each other's way.
func TestChallengeIsForItsSessionAndCeremony(t *testing.T) {
	n := newNode(t)
	w, thief := n.newWallet(), n.newWallet()
	w.call("GET", "/auth/session", nil)
	thief.call("GET", "/auth/session", nil)
	challenge := w.challenge()
	wantBody(t, "another session", thief.call("POST", "/attestation/response", thief.response(challenge, nil)), 401, noChallenge)
	wantBody(t, "no session", n.newClient().call("POST", "/attestation/response", thief.response(challenge, nil)), 401, noChallenge)
	first, second := w.challenge(), w.challenge()
	want[record](t, w.call("POST", "/attestation/response", w.response(first, nil)), 201)
	want[record](t, w.call("POST", "/attestation/response", w.response(second, nil)), 201)

	id := base64.RawURLEncoding.EncodeToString(w.device.Passkeys[0].ID)
	options := want[struct{ Challenge string }](t, w.call("POST", "/assertion/request/"+id, nil), 201)
	body := w.response(decode(t, options.Challenge), nil)
	wantBody(t, "a challenge for an assertion, attested", w.call("POST", "/attestation/response", body), 401, unverified)
	want[record](t, w.call("POST", "/assertion/response", func() (answer map[string]any) {
		if err := json.Unmarshal(w.device.Get("localhost", decode(t, options.Challenge), w.device.Passkeys[0].ID), &answer); err != nil {
			t.Fatal(err)
		}
		return answer
	}()), 201) // it was not spent by that
}

// TestChallengeEnds: after five minutes it is worth nothing, and the eleventh of a
// session ends the first.
func TestChallengeEnds(t *testing.T) {
	var passed atomic.Int64
	n := newNode(t, func(n *node) { n.now = func() time.Time { return time.Now().Add(time.Duration(passed.Load())) } })
	w := n.newWallet()
	challenge := w.challenge()
	passed.Store(int64(liaison.CeremonyTTL - time.Second))
	kept := w.challenge()
	passed.Store(int64(liaison.CeremonyTTL))
	wantBody(t, "after five minutes", w.call("POST", "/attestation/response", w.response(challenge, nil)), 401, noChallenge)
	want[record](t, w.call("POST", "/attestation/response", w.response(kept, nil)), 201)

	first := w.challenge()
	for range liaison.MaxCeremonies {
		w.challenge()
	}
	if r := w.call("POST", "/attestation/response", w.response(first, nil)); r.status != 401 {
		t.Errorf("the oldest of too many: status %d, want 401", r.status)
	}
}

// TestPasskeyOfOneAccount: the id of one account's passkey is no other's, and the
// wallet that has it may register it again.
func TestPasskeyOfOneAccount(t *testing.T) {
	n := newNode(t)
	w, thief := n.newWallet(), n.newWallet()
	w.attest(nil)
	passkey := w.device.Passkeys[0]
	again := want[record](t, w.call("POST", "/attestation/response", func() map[string]any {
		challenge := w.challenge()
		body := w.withExtension(w.device.Register(passkey, challenge), challenge, nil)
		extensionOf(body)["device"] = "Another name"
		return body
	}()), 201)
	if len(again.Credentials) != 1 || again.Credentials[0].Device != "Test device" {
		t.Errorf("registered again: %+v, want the one that is stored, as it was", again.Credentials)
	}
	challenge := thief.challenge()
	body := thief.withExtension(w.device.Register(passkey, challenge), challenge, nil)
	wantBody(t, "another account's passkey", thief.call("POST", "/attestation/response", body), 401, unverified)
	w.assert(nil)
}

// TestCounterOfZero: an authenticator that does not count says 0 each time.
func TestCounterOfZero(t *testing.T) {
	n := newNode(t)
	w := n.newWallet()
	w.device.Uncounted = true
	w.attest(nil)
	for range 3 {
		w.assert(nil)
	}
}

// TestWhoMayRemoveAPasskey: the wallet, and not a site that it has signed in, which
// does not even see them.
func TestWhoMayRemoveAPasskey(t *testing.T) {
	n := newNode(t)
	site, w, stranger := n.newClient(), n.newWallet(), n.newWallet()
	wait := site.open().link("keys")
	made := w.attest("keys")
	wait()
	id := made.Credentials[0].CredID
	if got := want[record](t, site.call("GET", "/auth/user", nil), 200); len(got.Credentials) != 0 || got.Wallet != w.key.Address() {
		t.Errorf("the site sees %+v, want the account without its passkeys", got)
	}
	if r := site.call("DELETE", "/auth/keys/"+id, nil); r.status != 403 {
		t.Errorf("the site removes a passkey: status %d, want 403", r.status)
	}
	stranger.attest(nil)
	wantBody(t, "a stranger removes it", stranger.call("DELETE", "/auth/keys/"+id, nil), 200, `{"success":true}`)
	w.assert(nil)
	if got := want[record](t, w.call("GET", "/auth/user", nil), 200); len(got.Credentials) != 1 {
		t.Fatalf("the wallet has %d passkeys, want 1", len(got.Credentials))
	}
	wantBody(t, "the wallet removes it", w.call("DELETE", "/auth/keys/"+id, nil), 200, `{"success":true}`)
	wantBody(t, "once more", w.call("DELETE", "/auth/keys/"+id, nil), 200, `{"success":true}`)
	wantBody(t, "it signs in", w.call("POST", "/assertion/request/"+id, nil), 401, `{"reason":"not_found","error":"User not found."}`)
}

// TestTooManyPasskeys: each attestation makes one; the one that was not used for
// longest makes room.
func TestTooManyPasskeys(t *testing.T) {
	n := newNode(t)
	w := n.newWallet()
	first := w.attest(nil).Credentials[0].CredID
	w.attest(nil)
	kept := w.device.Passkeys[0]
	w.device.Passkeys = append(w.device.Passkeys[1:], kept)
	w.assert(nil) // the first one is used once more
	for range protocol.MaxPasskeys - 1 {
		w.attest(nil)
	}
	all := want[record](t, w.call("GET", "/auth/user", nil), 200).Credentials
	if len(all) != protocol.MaxPasskeys || all[0].CredID != first {
		t.Errorf("%d passkeys, the first of them %s; want %d, and the one that was used last kept", len(all), all[0].CredID, protocol.MaxPasskeys)
	}
}
