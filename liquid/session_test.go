package liquid_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// cookieForm is what clients take apart.
var cookieForm = regexp.MustCompile(`^connect\.sid=s%3A[A-Za-z0-9_-]{32}\.[A-Za-z0-9%]{43,64}; Path=/; HttpOnly$`)

// TestCookie: every answer to a client without one has one, of one form; it comes
// back once and no more, and one that somebody made up is none.
func TestCookie(t *testing.T) {
	n := newNode(t)
	for _, call := range []func(c *client) http.Header{
		func(c *client) http.Header { return c.call("GET", "/auth/session", nil).header },
		func(c *client) http.Header { return c.call("POST", "/attestation/request", liquidRequest).header },
		func(c *client) http.Header { return c.call("POST", "/attestation/response", `{}`).header },
		func(c *client) http.Header { return c.call("GET", "/socket.io/?EIO=4&transport=polling", nil).header },
		func(c *client) http.Header { return c.call("GET", "/socket.io/?EIO=4&transport=unknown", nil).header },
	} {
		c := n.newClient()
		header := call(c)
		if got := header.Values("Set-Cookie"); len(got) != 1 || !cookieForm.MatchString(got[0]) {
			t.Errorf("Set-Cookie %q, want one of the form %s", got, cookieForm)
			continue
		}
		if got := call(c).Values("Set-Cookie"); len(got) != 0 {
			t.Errorf("it comes again: %q", got)
		}
		for _, forged := range []string{
			"connect.sid=s%3A" + strings.Repeat("A", 32) + "." + strings.Repeat("A", 43), "connect.sid=", "connect.sid=s%3Ax", "connect.sid=%zz",
			c.cookies[0][:len(c.cookies[0])-1], strings.Replace(c.cookies[0], "s%3A", "j%3A", 1), strings.Replace(c.cookies[0], "s%3A", "s%3AA", 1),
		} {
			c.cookies = []string{forged}
			if got := call(c).Values("Set-Cookie"); len(got) != 1 {
				t.Errorf("cookie %s: Set-Cookie %q, want a new one", forged, got)
			}
		}
	}
	c := n.newClient()
	c.open() // over WebSocket at once
	if len(c.cookies) != 1 {
		t.Errorf("a socket without a poll before gets the cookies %q", c.cookies)
	}
}

// TestClientsThatOnlyLook cost no record.
func TestClientsThatOnlyLook(t *testing.T) {
	n := newNode(t)
	for range 50 {
		c := n.newClient()
		c.call("GET", "/auth/session", nil)
		c.challenge(t)
		c.open()
	}
	swept, err := n.store.Sweep(context.Background(), time.Now().Add(365*24*time.Hour))
	if err != nil || swept != 50 { // the challenges
		t.Errorf("50 clients left %d records, %v, want their 50 challenges", swept, err)
	}
}

func (c *client) challenge(t testing.TB) []byte {
	return decode(t, want[struct{ Challenge string }](t, c.call("POST", "/attestation/request", liquidRequest), 201).Challenge)
}

// TestSessionIDIsRenewed: with a sign-in the cookie changes. The old one leads to
// the session for a minute, for requests that were under way, and no longer.
func TestSessionIDIsRenewed(t *testing.T) {
	var passed atomic.Int64
	n := newNode(t, func(n *node) { n.now = func() time.Time { return time.Now().Add(time.Duration(passed.Load())) } })
	w := n.newWallet()
	w.call("GET", "/auth/session", nil)
	before := *w.client
	before.cookies = append([]string(nil), w.cookies...)
	w.attest(nil)
	if w.cookies[0] == before.cookies[0] {
		t.Fatal("the cookie is the one from before the sign-in")
	}
	during := before
	if got := during.signedInAs(); got != w.key.Address() || during.cookies[0] != w.cookies[0] {
		t.Errorf("a request under way: signed in as %q, cookie %s; want the wallet, and the new cookie", got, during.cookies)
	}
	passed.Store(int64(time.Minute + time.Second))
	if got := before.signedInAs(); got != "" {
		t.Errorf("after a minute the old cookie leads to %s", got)
	}
}

// TestRequestDuringASignIn: a request with the old cookie that comes just when the
// sign-in was stored is one of the wallet, and so is one that was under way while it
// signed in twice. Another client's is not.
func TestRequestDuringASignIn(t *testing.T) {
	turns := new(turns)
	n := newNode(t, func(n *node) { n.turns = turns })
	w, site := n.newWallet(), n.newClient()
	w.attest(nil)
	first := w.cookies
	wait := site.open().link("during")
	do := func() {
		w.open() // its handshake goes with the old cookie
		other := n.newClient()
		other.userAgent, other.cookies = "curl/8", first
		if got := other.signedInAs(); got != "" {
			t.Errorf("another client with the old cookie is signed in as %q", got)
		}
	}
	turns.afterSignIn.Store(&do)
	w.assert("during")
	wait()
	exchange(t, site.socket, w.socket)

	w.assert(nil)
	late := n.newClient()
	late.cookies = first
	if got := late.signedInAs(); got != w.key.Address() || late.cookies[0] != w.cookies[0] {
		t.Errorf("after two sign-ins more: signed in as %q, cookie %s; want the wallet, and its cookie", got, late.cookies)
	}
}

// TestSignInWhileASocketSitsDown: a wallet signs in to its next site just when its
// socket has read what it is in the session. It speaks through the new link all the
// same.
func TestSignInWhileASocketSitsDown(t *testing.T) {
	turns := new(turns)
	n := newNode(t, func(n *node) { n.turns = turns })
	w, before, next := n.newWallet(), n.newClient(), n.newClient()
	wait := before.open().link("before")
	w.attest("before")
	wait()
	wait = next.open().link("next")
	next.socket.settle()
	do := func() { w.assert("next") }
	turns.afterSession.Store(&do)
	w.open()
	wait()
	exchange(t, next.socket, w.socket)
	before.socket.quiet("offer-description")
}

// TestPlantedCookie: somebody plants the cookie of a session of his in a browser,
// and waits. With the sign-in there it leads nowhere: not to the session, not to its
// next cookie, and a socket that was opened with it hears nothing any more.
func TestPlantedCookie(t *testing.T) {
	n := newNode(t)
	thief, w, site := n.newClient(), n.newWallet(), n.newClient()
	thief.userAgent = "curl/8"
	thief.open()
	planted := thief.cookies
	w.cookies = planted
	wait := site.open().link("planted")
	w.attest("planted")
	wait()
	thief.socket.gone()
	thief.cookies = planted
	if got := thief.signedInAs(); got != "" || thief.cookies[0] == w.cookies[0] {
		t.Errorf("with the planted cookie one is signed in as %q", got)
	}
	thief.cookies = planted
	thief.open()
	w.open()
	site.socket.emit(false, "answer-description", json.RawMessage(someAnswer))
	w.socket.event("answer-description")
	thief.socket.emit(false, "offer-description", json.RawMessage(someOffer))
	thief.socket.event("exception")
	thief.socket.quiet("answer-description")
	site.socket.quiet("offer-description")

	// Nor does it lead there by way of a sign-in of his own.
	other := n.newWallet()
	other.userAgent, other.cookies = "curl/8", planted
	other.attest(nil)
	if got := w.signedInAs(); got != w.key.Address() {
		t.Errorf("the wallet is signed in as %q", got)
	}
	if other.cookies[0] == w.cookies[0] {
		t.Error("two clients have one cookie")
	}
}

// TestLoggedOutCookie: a cookie that was logged out opens nothing for good, also
// after a sign-in with the one before it.
func TestLoggedOutCookie(t *testing.T) {
	n := newNode(t)
	w := n.newWallet()
	w.call("GET", "/auth/session", nil)
	first := w.cookies
	w.attest(nil)
	copied := *w.client
	copied.cookies = append([]string(nil), w.cookies...)
	w.call("GET", "/auth/logout", nil)
	w.cookies = first
	w.assert(nil)
	if got := copied.signedInAs(); got != "" {
		t.Errorf("the copy of a cookie that was logged out leads to %s", got)
	}
}

// TestUsedCookieBeginsNoSession: whoever comes with a cookie that a sign-in brought and
// a logout, or a later sign-in, has ended gets a new one, and a session that works.
func TestUsedCookieBeginsNoSession(t *testing.T) {
	var passed atomic.Int64
	for name, end := range map[string]func(*wallet){
		"logged out": func(w *wallet) { w.call("GET", "/auth/logout", nil) },
		"replaced":   func(w *wallet) { w.assert(nil); passed.Add(int64(2 * time.Minute)) },
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, func(n *node) { n.now = func() time.Time { return time.Now().Add(time.Duration(passed.Load())) } })
			w, second := n.newWallet(), n.newWallet()
			w.attest(nil)
			used := w.cookies
			end(w)
			late := n.newClient()
			late.cookies = used
			wait := late.open().link(name)
			late.socket.quiet("exception")
			if late.cookies[0] == used[0] {
				t.Fatal("it keeps the cookie")
			}
			second.attest(name)
			if got := wait(); got.Wallet != second.key.Address() {
				t.Errorf("acknowledged %+v", got)
			}
		})
	}
}

// TestTokensOfTheDialect open nothing in the native protocol.
func TestTokensOfTheDialect(t *testing.T) {
	n := newNode(t)
	w := n.newWallet()
	w.attest(nil)
	token := strings.TrimPrefix(w.cookies[0], "connect.sid=s%3A")[:32]
	for _, shown := range []string{token, w.cookies[0], "s:" + token} {
		r := n.newClient().call("GET", "/v1/session", nil, func(h http.Header) { h.Set("Authorization", "Bearer "+shown) })
		if r.status != 401 {
			t.Errorf("bearer %.10s…: status %d %s, want 401", shown, r.status, r.body)
		}
	}
}

// TestAnotherAccount: a session that signs in as somebody else has nothing of the
// earlier account's link any more.
func TestAnotherAccount(t *testing.T) {
	n := newNode(t)
	site, w := n.newClient(), n.newWallet()
	wait := site.open().link("first account")
	w.attest("first account")
	wait()
	w.open()
	other := n.newWallet()
	other.attest(nil)
	other.cookies = w.cookies
	other.assert(nil)
	w.cookies = other.cookies
	site.socket.emit(false, "answer-description", json.RawMessage(someAnswer))
	site.socket.settle()
	w.socket.quiet("answer-description")
	w.socket.emit(false, "offer-description", json.RawMessage(someOffer))
	w.socket.event("exception")
	site.socket.quiet("offer-description")
}

// TestClientThatKeepsEveryCookie shows all of them, the oldest first. It works all
// the same, and a logout is one.
func TestClientThatKeepsEveryCookie(t *testing.T) {
	var passed atomic.Int64
	n := newNode(t, func(n *node) { n.now = func() time.Time { return time.Now().Add(time.Duration(passed.Load())) } })
	w := n.newWallet()
	w.hoards = true
	w.attest(nil)
	for range 3 {
		passed.Add(int64(2 * time.Minute))
		w.assert(nil)
	}
	if len(w.cookies) != 5 {
		t.Errorf("it has %d cookies, want one for the first request and one for each sign-in", len(w.cookies))
	}
	if got := w.signedInAs(); got != w.key.Address() {
		t.Errorf("signed in as %q", got)
	}
	w.call("GET", "/auth/logout", nil)
	if got := w.signedInAs(); got != "" {
		t.Errorf("after the logout it falls back to %s", got)
	}
	w.assert(nil)
	if got := w.signedInAs(); got != w.key.Address() {
		t.Errorf("signed in again as %q", got)
	}
}

// TestLogout: it holds when the answer is there, also for the socket; another site
// cannot cause it, and can read its answer.
func TestLogout(t *testing.T) {
	n := newNode(t)
	site, w := n.newClient(), n.newWallet()
	wait := site.open().link("logout")
	w.attest("logout")
	wait()
	exchange(t, site.socket, w.open())
	for _, headers := range []map[string]string{{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}} {
		r := site.call("GET", "/auth/logout", nil, func(h http.Header) {
			for k, v := range headers {
				h.Set(k, v)
			}
		})
		if r.status != 302 || r.header.Get("Access-Control-Allow-Origin") != "*" || site.signedInAs() == "" {
			t.Errorf("logout by %v: status %d, allowed for %q; want 302, * and nobody signed out", headers, r.status, r.header.Get("Access-Control-Allow-Origin"))
		}
	}
	r := site.call("GET", "/auth/logout", nil, func(h http.Header) { h.Set("Sec-Fetch-Site", "same-origin") })
	if r.status != 302 || r.header.Get("Location") != "/" || string(r.body) != "Found. Redirecting to /" || r.header.Get("Vary") != "Accept" {
		t.Errorf("logout: %d %v %s", r.status, r.header, r.body)
	}
	if got := site.signedInAs(); got != "" {
		t.Errorf("signed in as %s after the logout", got)
	}
	site.socket.gone() // its client comes again, as nobody
	w.socket.emit(false, "offer-description", json.RawMessage(someOffer))
	w.socket.event("exception")
	site.open().settle()
	site.socket.quiet("offer-description")

	// Nobody signs in with the code of a site that is gone, and the site can show
	// another.
	site.socket.link("left")
	site.socket.settle()
	stays := site.socket
	site.call("GET", "/auth/logout", nil)
	stays.gone()
	w.assert("left")
	if got := site.signedInAs(); got != "" {
		t.Errorf("signed in as %s with a code from before the logout", got)
	}
	wait = site.open().link("new")
	w.assert("new")
	if got := wait(); got.Wallet != w.key.Address() {
		t.Errorf("the new code: acknowledged %+v", got)
	}
	if r := site.call("GET", "/", nil); r.status != 200 || r.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("where the logout leads to: status %d, allowed for %q; want 200 and *", r.status, r.header.Get("Access-Control-Allow-Origin"))
	}
	for _, path := range []string{"/auth/logout", "/"} { // a browser asks again before it follows
		r := site.call("OPTIONS", path, nil, func(h http.Header) {
			h.Set("Origin", "https://shop.example")
			h.Set("Access-Control-Request-Method", "GET")
			h.Set("Access-Control-Request-Headers", "content-type")
		})
		if r.status != 204 || r.header.Get("Access-Control-Allow-Origin") != "*" || !strings.EqualFold(r.header.Get("Access-Control-Allow-Headers"), "content-type") {
			t.Errorf("preflight of %s: %d %v", path, r.status, r.header)
		}
	}
}

// TestEndedFromAnotherSession: the account's own wallet ends a site's session of the
// dialect in the native protocol. Cookie, sockets and codes are of no use from then on.
func TestEndedFromAnotherSession(t *testing.T) {
	n := newNode(t)
	site, w := n.newClient(), n.newWallet()
	wait := site.open().link("ended")
	w.attest("ended")
	wait()
	site.socket.link("left")
	site.socket.settle()

	token, now := liaison.NewToken(), time.Now()
	sealed := liaison.NewSession(token, now, n.server.Dialect().Sessions()).SignedIn(w.key.Account(), protocol.Sealed)
	if err := n.store.Commit(t.Context(), liaison.Change{Sessions: []liaison.Session{sealed}}); err != nil {
		t.Fatal(err)
	}
	native := func(method, path string) reply {
		return n.newClient().call(method, path, nil, func(h http.Header) { h.Set("Authorization", "Bearer "+token.Reveal()) })
	}
	ended := 0
	for _, s := range want[protocol.SessionList](t, native("GET", protocol.PathSessions), 200).Sessions {
		if s.Role == protocol.SiteRole && !s.Current {
			ended++
			if r := native("DELETE", protocol.PathSessions+"/"+s.ID); r.status != 204 {
				t.Fatalf("end the site's session: %d %s", r.status, r.body)
			}
		}
	}
	if ended != 1 {
		t.Fatalf("%d sessions of sites were listed, want 1", ended)
	}
	site.socket.gone()
	if got := site.signedInAs(); got != "" {
		t.Errorf("signed in as %s in a session that has ended", got)
	}
	w.assert("left")
	if got := site.signedInAs(); got != "" {
		t.Errorf("signed in as %s with a code of a session that has ended", got)
	}
	if got := w.signedInAs(); got != w.key.Address() {
		t.Errorf("the wallet is signed in as %q, want as before", got)
	}
}

// TestOtherSites: a page elsewhere does nothing in a visitor's name, neither with a
// form nor over a socket, and has a socket of its own.
func TestOtherSites(t *testing.T) {
	n := newNode(t)
	visited, w := n.newClient(), n.newWallet()
	linked := visited.open().link("visited")
	w.attest("visited")
	linked()
	cross := *w.client
	cross.origin = "https://evil.example"
	for _, path := range []string{"/attestation/request", "/attestation/response", "/assertion/response"} {
		if r := cross.call("POST", path, liquidRequest); r.status != 403 {
			t.Errorf("%s: status %d, want 403", path, r.status)
		}
	}
	cross.open() // with the visitor's cookie
	cross.socket.emit(false, "offer-description", json.RawMessage(someOffer))
	cross.socket.event("exception")
	visited.socket.quiet("offer-description")

	// A name that somebody let lead here makes a page of his look like one of ours.
	for _, path := range []string{"/attestation/request", "/assertion/response"} {
		req, err := http.NewRequest("POST", string(n.origin)+path, strings.NewReader(liquidRequest))
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "rebound.example"
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		res, err := httpClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusForbidden {
			t.Errorf("%s by another name: status %d, want 403", path, res.StatusCode)
		}
	}
	for _, headers := range []map[string]string{{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}} {
		r := w.call("GET", "/socket.io/?EIO=4&transport=polling", nil, func(h http.Header) {
			for k, v := range headers {
				h.Set(k, v)
			}
		})
		if got := r.header.Values("Set-Cookie"); len(got) > 0 {
			t.Errorf("a page elsewhere has the visitor's cookie replaced: %v", headers)
		}
	}

	site := n.newClient()
	site.origin = "https://shop.example"
	wait := site.open().link("elsewhere")
	site.cookies = nil // pages elsewhere keep none
	w.assert("elsewhere")
	if got := wait(); got.Wallet != w.key.Address() {
		t.Errorf("acknowledged %+v", got)
	}
	exchange(t, site.socket, w.open())
}

// TestFirstRequestsAtOnce: a browser opens a socket and asks for a challenge at
// once, gets two cookies and keeps one of them, whichever comes last. The wallet
// signs in and signals all the same.
func TestFirstRequestsAtOnce(t *testing.T) {
	n := newNode(t)
	browser := func(h http.Header) { h.Set("Sec-Fetch-Site", "same-origin") }
	for name, socketLast := range map[string]bool{"the socket's cookie stays": true, "the request's cookie stays": false} {
		t.Run(name, func(t *testing.T) {
			site, w := n.newClient(), n.newWallet()
			wait := site.open().link(name)
			w.origin = string(n.origin)
			w.open()
			socketCookie := w.cookies
			w.cookies = nil
			challenge := decode(t, want[struct{ Challenge string }](t, w.call("POST", "/attestation/request", liquidRequest, browser), 201).Challenge)
			if socketLast {
				w.cookies = socketCookie
			}
			want[record](t, w.call("POST", "/attestation/response", w.response(challenge, name), browser), 201)
			wait()
			if !socketLast {
				w.socket.gone() // it is asked to come again, with the cookie that it has now
				w.open()
			}
			exchange(t, site.socket, w.socket)
		})
	}
}

// TestSiteLooksWhileItsSocketOpens: a site's browser opens a socket and asks who is
// signed in at once, and either is answered first. The socket's cookie is the one that
// it has then, since the link signs that one in; what is no browser gets one as ever.
func TestSiteLooksWhileItsSocketOpens(t *testing.T) {
	n := newNode(t)
	site, w := n.newClient(), n.newWallet()
	look := func(change func(*client)) bool {
		c := n.newClient()
		c.origin = string(n.origin)
		change(c)
		wantBody(t, "nobody is signed in", c.call("GET", "/auth/session", nil), 200, `{"user":null,"session":{}}`)
		return len(c.cookies) > 0
	}
	site.origin = string(n.origin)
	for range 2 { // before the socket, and after it
		for name, test := range map[string]struct {
			change func(*client)
			want   bool
		}{
			"the same browser": {func(*client) {}, false},
			"no browser":       {func(c *client) { c.origin = "" }, true},
		} {
			if got := look(test.change); got != test.want {
				t.Errorf("%s: has a cookie: %t, want %t", name, got, test.want)
			}
		}
		if site.socket == nil {
			site.open()
		}
	}
	wait := site.socket.link("while")
	w.attest("while")
	wait()
	if got := site.signedInAs(); got != w.key.Address() {
		t.Errorf("the site is signed in as %q, want the wallet", got)
	}
}

// TestSiteBesideItsWallet: a site and a wallet in browsers that cannot be told
// apart, each with its first requests at the same moment. The site has asked for a
// link, so its socket is not the wallet's, and stays.
func TestSiteBesideItsWallet(t *testing.T) {
	n := newNode(t)
	site, w := n.newClient(), n.newWallet()
	site.origin, w.origin = string(n.origin), string(n.origin)
	wait := site.open().link("beside")
	site.socket.settle()
	w.attest("beside")
	if got := wait(); got.Wallet != w.key.Address() {
		t.Errorf("acknowledged %+v, want the wallet %s", got, w.key.Address())
	}
	exchange(t, site.socket, w.open())
}

// TestSignInBeforeTheSocketConnects: the same, and the sign-in is there before the
// socket has got further than its handshake.
func TestSignInBeforeTheSocketConnects(t *testing.T) {
	n := newNode(t)
	w := n.newWallet()
	w.origin = string(n.origin)
	early := w.handshake()
	w.cookies = nil
	w.attest(nil)
	early.conn.WriteString("40")
	early.gone()
}

// TestSiteThatIsTakenForItsWallet: a site whose browser cannot be told from that of a
// wallet which signs in at the same moment is asked to come again, once. It has kept
// the cookie of its socket, and stays.
func TestSiteThatIsTakenForItsWallet(t *testing.T) {
	n := newNode(t)
	site, w := n.newClient(), n.newWallet()
	site.origin, w.origin = string(n.origin), string(n.origin)
	site.open()
	w.attest(nil)
	site.socket.gone()
	site.open().settle()
	wait := site.socket.link("again")
	w.assert("again")
	wait()
	exchange(t, site.socket, w.open())
}

// TestFirstRequestsOfOthers: what two requests have in common must not be enough to
// answer a challenge that was given to somebody else.
func TestFirstRequestsOfOthers(t *testing.T) {
	n := newNode(t)
	w := n.newWallet()
	w.origin = string(n.origin)
	challenge := w.challenge()
	for name, change := range map[string]func(*wallet){
		"another user agent": func(o *wallet) { o.userAgent = "Mozilla/5.0 (Macintosh)" },
		"no socket":          func(o *wallet) { o.socket = nil },
	} {
		other := n.newWallet()
		other.origin = string(n.origin)
		change(other)
		if other.userAgent != w.userAgent {
			other.open()
		} else {
			other.call("GET", "/auth/session", nil)
		}
		wantBody(t, name, other.call("POST", "/attestation/response", other.response(challenge, nil)), 401, noChallenge)
	}
}

// TestStoreInTrouble: the request fails with a word, and the process lives.
func TestStoreInTrouble(t *testing.T) {
	n := newNode(t)
	w := n.newWallet()
	w.attest(nil)
	n.store.Close()
	for _, path := range []string{"/auth/session", "/auth/user"} {
		r := w.call("GET", path, nil)
		var body map[string]any
		if r.status != 503 || json.Unmarshal(r.body, &body) != nil || body["error"] == nil {
			t.Errorf("%s: %d %s, want 503 with an error", path, r.status, r.body)
		}
	}
	if r := w.call("GET", "/socket.io/?EIO=4&transport=polling", nil); r.status != 503 {
		t.Errorf("socket: %d %s, want 503", r.status, r.body)
	}
}

// TestLinkWhileTheCookieChanges: a socket asks for a link just when a later request of
// its client shows another session. The link gets its answer, in the session that asked.
func TestLinkWhileTheCookieChanges(t *testing.T) {
	turns := new(turns)
	n := newNode(t, func(n *node) { n.turns = turns })
	site, w := n.newClient(), n.newWallet()
	p := site.poll()
	asked, other := site.cookies, n.newClient()
	other.call("GET", "/auth/session", nil)
	do := func() {
		site.cookies = asked
		p.post(`420["link",{"requestId":"meanwhile"}]`)
		p.post(`42["link"]`)
		p.get(func(packets string) bool { return strings.Contains(packets, "exception") }) // both were handled
	}
	turns.afterSession.Store(&do)
	site.cookies = other.cookies
	p.post(`42["link"]`)
	p.get(func(packets string) bool { return strings.Contains(packets, "exception") })
	w.attest("meanwhile")
	site.cookies = asked
	if got := site.signedInAs(); got != w.key.Address() {
		t.Fatalf("the session that asked is signed in as %q, want the wallet", got)
	}
	p.get(func(packets string) bool { return strings.HasPrefix(packets, `430[{"data":`) })
}

// polling is a Socket.IO client that polls.
type polling struct {
	*client
	sid string
}

func (c *client) poll() *polling {
	c.t.Helper()
	p := &polling{client: c}
	r := c.call("GET", "/socket.io/?EIO=4&transport=polling", nil)
	var open struct{ Sid string }
	if err := json.Unmarshal(r.body[1:], &open); err != nil {
		c.t.Fatalf("handshake %s: %v", r.body, err)
	}
	p.sid = open.Sid
	p.post("40")
	p.get(func(packets string) bool { return strings.HasPrefix(packets, "40{") })
	return p
}

func (p *polling) path() string { return "/socket.io/?EIO=4&transport=polling&sid=" + p.sid }

func (p *polling) post(packets string) {
	p.t.Helper()
	r := p.call("POST", p.path(), packets, func(h http.Header) { h.Set("Content-Type", "text/plain;charset=UTF-8") })
	wantBody(p.t, "post", r, 200, "ok")
}

// get polls until an answer is what is waited for.
func (p *polling) get(is func(string) bool) string {
	p.t.Helper()
	var heard []string
	for range 20 {
		packets := string(p.call("GET", p.path(), nil).body)
		if is(packets) {
			return packets
		}
		heard = append(heard, packets)
	}
	p.t.Fatalf("heard %q", heard)
	return ""
}

// TestPollingAlone: nothing that a request has read is written back by it, so what
// the link has written stays. The offer comes in a later answer than the
// acknowledgement.
func TestPollingAlone(t *testing.T) {
	n := newNode(t)
	site, w := n.newClient(), n.newWallet()
	p := site.poll()
	p.post(`420["link",{"requestId":"poll"}]`)
	w.attest("poll")
	w.open().emit(false, "offer-description", json.RawMessage(someOffer))
	w.socket.settle()
	ack := p.get(func(packets string) bool { return strings.HasPrefix(packets, `430[{"data":`) })
	if strings.Contains(ack, "offer-description") {
		t.Errorf("the offer comes with the acknowledgement: %q", ack)
	}
	p.get(func(packets string) bool { return strings.Contains(packets, `42["offer-description",`+someOffer+`]`) })
	p.post(`42["answer-description",` + someAnswer + `]`)
	w.socket.event("answer-description")
	if got := site.signedInAs(); got != w.key.Address() {
		t.Errorf("the site is signed in as %q", got)
	}
}

// TestSignalsOfOneSenderKeepTheirOrder sends many from both ends at once.
func TestSignalsOfOneSenderKeepTheirOrder(t *testing.T) {
	n := newNode(t)
	site, w := n.newClient(), n.newWallet()
	wait := site.open().link("order")
	w.attest("order")
	wait()
	w.open()
	var group sync.WaitGroup
	for s, name := range map[*socket]string{site.socket: "answer-candidate", w.socket: "offer-candidate"} {
		group.Go(func() {
			for k := range 100 {
				s.emit(false, name, candidateOf(k))
			}
		})
	}
	group.Wait()
	for k := range 100 {
		if got := site.socket.event("offer-candidate"); got != string(candidateOf(k)) {
			t.Fatalf("the site's candidate %d is %s", k, got)
		}
		if got := w.socket.event("answer-candidate"); got != string(candidateOf(k)) {
			t.Fatalf("the wallet's candidate %d is %s", k, got)
		}
	}
}

// TestLinksOfOneSession: more than five that wait end the oldest, and the limit of
// an address holds here, too.
func TestLinksOfOneSession(t *testing.T) {
	n := newNode(t, clockStopped, func(n *node) { n.limits.LinksPerAddress = 12 })
	site, w := n.newClient(), n.newWallet()
	site.open()
	wait := site.socket.link("0")
	for k := 1; k <= 5; k++ {
		wait = site.socket.link(fmt.Sprint(k))
	}
	site.socket.settle()
	w.attest("0") // nobody waits with it any more
	w.attest("5")
	wait()
	for k := 6; k < 12; k++ {
		site.socket.link(fmt.Sprint(k))
	}
	site.socket.link("one too many")
	site.socket.event("exception")
	if got := site.signedInAs(); got != w.key.Address() {
		t.Errorf("signed in as %q", got)
	}
}

// TestMobileClients replays what the SDKs for phones send, header for header.
func TestMobileClients(t *testing.T) {
	n := newNode(t)
	const androidAgent = "foundation.algorand.demo/1.0 (Android 14; Pixel 8 Pro; google)"
	for name, c := range map[string]struct {
		userAgent, origin string
		hoards            bool
		requestID         any
		request           string
		device            any
		assertion         string
	}{
		"Android": {
			androidAgent, androidOrigin, true, json.RawMessage("424242.0"),
			`{"username":"%s","displayName":"Liquid Auth User","authenticatorSelection":{"userVerification":"required"},"extensions":{"liquid":true}}`,
			"Pixel 8 Pro", `{}`,
		},
		"iOS": {
			"liquid-auth/1.0 (iPhone; iOS 18.5)", "https://localhost", false, "019ab5d0-77aa-7cc0-8f2e-000000000000",
			`{"username":"%s","displayName":"Liquid Auth User","authenticatorSelection":{"userVerification":"required"},"extensions":{"liquid":true}}`,
			"iPhone", `{"extensions":true}`,
		},
		"an app without a name": {
			"", "https://localhost", false, "019ab5d0-77aa-7cc0-8f2e-000000000001",
			`{"username":"%s","extensions":{"liquid":true}}`, nil, `{}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			site, w := n.newClient(), n.newWallet()
			wait := site.open().link(c.requestID)
			w.userAgent, w.hoards, w.device.Origin = c.userAgent, c.hoards, c.origin
			w.device.BackupEligible, w.device.BackupState, w.device.Uncounted = true, true, name == "iOS"
			mobile := func(h http.Header) {
				h.Set("Accept", "application/json")
				h.Del("Origin")
			}
			options := want[struct {
				Challenge string
				User      struct{ ID, Name string }
				RP        struct{ ID, Name string }
			}](t, w.call("POST", "/attestation/request", fmt.Sprintf(c.request, w.key.Address()), mobile), 201)
			if options.User.ID != w.key.Address() || options.User.Name != w.key.Address() || options.RP.ID != "localhost" {
				t.Errorf("options %+v", options)
			}
			body := w.response(decode(t, options.Challenge), c.requestID, func(body map[string]any) {
				body["device"] = c.device // at the top as well
				if c.device != nil {
					extensionOf(body)["device"] = c.device
				} else {
					delete(extensionOf(body), "device")
				}
				// Bytes in base64 with padding, as some wallets have it.
				for _, field := range []string{"clientDataJSON", "attestationObject"} {
					response := body["response"].(map[string]any)
					raw := decode(t, response[field].(string))
					response[field] = base64.StdEncoding.EncodeToString(raw)
				}
				signature := decode(t, extensionOf(body)["signature"].(string))
				extensionOf(body)["signature"] = base64.StdEncoding.EncodeToString(signature)
			})
			made := want[record](t, w.call("POST", "/attestation/response", body, mobile), 201)
			device, ok := c.device.(string)
			if !ok {
				device = "Unknown Device"
			}
			if made.Credentials[0].Device != device || made.Credentials[0].CredID == "" {
				t.Errorf("made %+v, want the device %q", made.Credentials, device)
			}
			wait()
			exchange(t, site.socket, w.open())

			again := n.newClient()
			wait = again.open().link(name)
			id := w.device.Passkeys[0].ID
			asked := want[struct{ Challenge string }](t, w.call("POST", "/assertion/request/"+base64.RawURLEncoding.EncodeToString(id), c.assertion, mobile), 201)
			var answer map[string]any
			if err := json.Unmarshal(w.device.Get("localhost", decode(t, asked.Challenge), id), &answer); err != nil {
				t.Fatal(err)
			}
			answer["userHandle"] = "tester"
			answer["response"].(map[string]any)["userHandle"] = nil
			answer["clientExtensionResults"] = map[string]any{"liquid": map[string]any{"requestId": name, "type": "algorand", "signature": "AAAA"}}
			want[record](t, w.call("POST", "/assertion/response", answer, mobile), 201)
			if got := wait(); got.Wallet != w.key.Address() {
				t.Errorf("the second site hears of %+v", got)
			}
		})
	}
}
