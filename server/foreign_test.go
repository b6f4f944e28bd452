package server_test

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

const walletOrigin = "https://wallet.example"

// fromWalletPage makes a request one of a page of another origin, as a browser
// sends it.
func fromWalletPage(r *http.Request) {
	r.Header.Set("Origin", walletOrigin)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
}

// withCookie adds the cookie that the browser has for the server, and takes away
// what a script could show.
func withCookie(token string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Del("Authorization")
		r.Header.Set("Cookie", "liaison="+token)
	}
}

// wantReadable checks that a page of another origin may read an answer, and that
// the answer has changed nothing in the browser.
func wantReadable(t testing.TB, r reply) {
	t.Helper()
	for name, value := range map[string]string{
		"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "X-Request-Id, Retry-After",
		"Access-Control-Allow-Credentials": "", "Set-Cookie": "",
	} {
		if got := r.header.Get(name); got != value {
			t.Errorf("%s = %q, want %q", name, got, value)
		}
	}
}

// walletPage is a wallet in a page of another origin: it computes its tokens, and
// gets no cookie.
type walletPage struct{ *peer }

func (w walletPage) call(method, path string, body any) reply {
	w.t.Helper()
	r := w.peer.call(method, path, body, fromWalletPage)
	wantReadable(w.t, r)
	return r
}

func (w walletPage) join(id protocol.RequestID) protocol.Joined {
	w.t.Helper()
	body := newJoin()
	joined := want[protocol.Joined](w.t, w.call("POST", linkPath(id, "/join"), body))
	w.token = liaison.JoinToken(body.Key, id).Reveal()
	return joined
}

func (w walletPage) claim(p pair) protocol.Claim {
	w.t.Helper()
	claim := p.claim()
	want[protocol.SessionView](w.t, w.call("POST", linkPath(p.id, ""), claim))
	w.token = liaison.Token(w.token).Successor(claim.Key).Reveal()
	return claim
}

// dial opens a WebSocket as a page does: with a subprotocol and nothing else of
// its own.
func (w walletPage) dial() *testSocket {
	w.t.Helper()
	s, err := w.tryDial(http.Header{
		"Origin": {walletOrigin}, "Sec-WebSocket-Protocol": {protocol.Subprotocol + ", " + protocol.BearerSubprotocol + w.token},
	})
	if err != nil {
		w.t.Fatalf("dial: %v", err)
	}
	if s.selected != protocol.Subprotocol {
		w.t.Fatalf("selected subprotocol = %q, want %q", s.selected, protocol.Subprotocol)
	}
	w.socket = s
	return s
}

// TestWalletPage: a wallet in a page of another origin does all that a wallet
// does.
func TestWalletPage(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := opened(t, srv, testKey(t, 1))
	w := walletPage{p.wallet}
	if joined := w.join(p.id); joined.RequestID != p.id {
		t.Fatalf("joined = %+v", joined)
	}
	w.dial().subscribe(protocol.TopicJoin, p.id, 0)
	p.welcome()
	w.socket.expectFrame(welcome)
	w.claim(p)
	p.collect()
	w.socket.subscribe(protocol.OfferTopic(p.address), p.id, 1)
	p.site.dial().subscribe(protocol.AnswerTopic(p.address), p.id, first)
	want[any](t, w.call("POST", linkPath(p.id, "/answer"), frame(first, "of a page")))
	p.site.socket.expectFrame(frame(first, "of a page"))
	want[protocol.NetworkView](t, w.call("GET", linkPath(p.id, "/network"), nil))
	want[any](t, w.call("POST", linkPath(p.id, "/release"), nil))
	if view := want[protocol.SessionView](t, w.call("GET", protocol.PathSession, nil)); view.Account != p.key.Account() {
		t.Errorf("account = %q, want the wallet's", view.Account)
	}
	want[any](t, w.call("DELETE", linkPath(p.id, ""), nil))
	p.site.socket.expectClosed(protocol.LinkClosed)
	want[any](t, w.call("DELETE", protocol.PathSession, nil))
	w.socket.expectClose(protocol.SessionRotated)
	wantProblem(t, w.call("GET", protocol.PathSession, nil), protocol.SessionRequired)

	refused := greeted(t, srv, testKey(t, 1))
	want[any](t, walletPage{refused.wallet}.call("POST", linkPath(refused.id, "/reject"), nil))
}

// TestForeignPageHasNoCookie: a page of another origin uses nobody's session but
// the one whose token it knows, whatever its browser adds, and leaves the
// browser's cookie as it is.
func TestForeignPageHasNoCookie(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	p := newPair(t, srv, testKey(t, 1))
	site, wallet := p.site.token, p.wallet.token
	other := greeted(t, srv, testKey(t, 2))
	joined, claim := other.wallet.token, other.claim()
	for _, c := range []struct {
		method, path, cookie string
		body                 any
	}{
		{"GET", protocol.PathSession, site, nil},
		{"DELETE", protocol.PathSession, site, nil},
		{"DELETE", protocol.PathSession, wallet, nil},
		{"DELETE", linkPath(p.id, ""), site, nil},
		{"GET", linkPath(p.id, "/network"), site, nil},
		{"POST", linkPath(p.id, "/answer"), wallet, frame(first, "forged")},
		{"POST", linkPath(p.id, "/release"), wallet, nil},
		{"POST", linkPath(other.id, "/reject"), joined, nil},
		{"POST", linkPath(other.id, ""), joined, claim},
	} {
		page := newPeer(t, srv)
		r := page.call(c.method, c.path, c.body, fromWalletPage, withCookie(c.cookie))
		wantProblem(t, r, protocol.SessionRequired)
		wantReadable(t, r)
	}
	want[any](t, p.site.call("GET", protocol.PathSession, nil))
	want[protocol.SessionView](t, other.post(claim)) // its nonce was not spent

	// A join needs no session. It makes one of its own, which is not the visitor's.
	next := opened(t, srv, testKey(t, 1))
	body := newJoin()
	r := next.wallet.call("POST", linkPath(next.id, "/join"), body, fromWalletPage, withCookie(site))
	want[protocol.Joined](t, r)
	wantReadable(t, r)
	link, err := srv.Store.Link(t.Context(), next.id)
	if err != nil {
		t.Fatal(err)
	}
	session, err := srv.Store.SessionByToken(t.Context(), liaison.JoinToken(body.Key, next.id).Hash())
	if err != nil || session.ID != link.Wallet || session.Account != "" {
		t.Errorf("session of the wallet = %+v, %v; want an anonymous one that joined the link", session, err)
	}
}

// TestOwnOriginKeepsCookies: a page of ours and a native client get their cookie
// as ever, at the same routes.
func TestOwnOriginKeepsCookies(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := opened(t, srv, testKey(t, 1))
	r := p.wallet.call("POST", linkPath(p.id, "/join"), newJoin(), func(r *http.Request) {
		r.Header.Set("Origin", string(srv.Origin))
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	})
	if r.header.Get("Set-Cookie") == "" {
		t.Error("a page of ours that joined got no cookie")
	}
	token := p.wallet.token
	view := p.wallet.call("GET", protocol.PathSession, nil, withCookie(token), func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-origin") })
	want[protocol.SessionView](t, view)

	// What a script shows goes before what the browser adds.
	wallet := greeted(t, srv, testKey(t, 2))
	want[any](t, wallet.post(wallet.claim()))
	both := wallet.wallet.call("GET", protocol.PathSession, nil, func(r *http.Request) {
		r.Header.Set("Cookie", "liaison="+token)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	})
	if got := want[protocol.SessionView](t, both); got.Account != wallet.key.Account() {
		t.Errorf("account = %q, want that of the token and not of the cookie", got.Account)
	}
}

// anyOrigin are the calls that a wallet makes. The list is here a second time, so
// that a call that is opened to all by mistake is noticed.
var anyOrigin = []string{
	"joinLink", "claimLink", "releaseLink", "rejectLink", "postAnswer", "viewNetwork", "closeLink",
	"viewSession", "endSession", "listSessions", "endOtherSession", "openSocket",
}

// TestRoutesOfOtherOrigins: which calls answer pages of other origins, in the
// question before the call and in the call itself.
func TestRoutesOfOtherOrigins(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	p := newPair(t, srv, testKey(t, 1))
	for _, route := range server.Routes() {
		t.Run(route.Name, func(t *testing.T) {
			open := slices.Contains(anyOrigin, route.Name)
			if route.AnyOrigin != open {
				t.Errorf("AnyOrigin = %v, want %v", route.AnyOrigin, open)
			}
			path := strings.NewReplacer("{requestId}", string(p.id), "{credentialId}", "AAAA", "{sessionId}", "AAAA").Replace(route.Path)
			asked := newPeer(t, srv).call("OPTIONS", path, nil, fromWalletPage, func(r *http.Request) {
				r.Header.Set("Access-Control-Request-Method", route.Method)
				r.Header.Set("Access-Control-Request-Headers", "authorization,content-type")
			})
			page := newPeer(t, srv)
			called := page.call(route.Method, path, nil, fromWalletPage, withCookie(p.site.token))
			if page.token != "" {
				t.Error("the page got a cookie")
			}
			if !open {
				wantProblem(t, asked, protocol.OriginDenied)
				wantProblem(t, called, protocol.OriginDenied)
				return
			}
			wantReadable(t, called)
			wantPreflight(t, asked, route.Method)
		})
	}
	if got := newPeer(t, srv).call("GET", protocol.PathChallenge, nil, fromWalletPage).header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("a call for sites alone answers with Access-Control-Allow-Origin %q, want none", got)
	}
}

func wantPreflight(t testing.TB, r reply, method string) {
	t.Helper()
	if r.status != http.StatusNoContent {
		t.Fatalf("preflight: status %d (%s), want 204", r.status, r.body)
	}
	for name, value := range map[string]string{
		"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "Authorization, Content-Type",
		"Access-Control-Max-Age": "600", "Access-Control-Allow-Credentials": "", "Set-Cookie": "",
	} {
		if got := r.header.Get(name); got != value {
			t.Errorf("preflight: %s = %q, want %q", name, got, value)
		}
	}
	if got := r.header.Get("Access-Control-Allow-Methods"); !slices.Contains(strings.Split(got, ", "), method) {
		t.Errorf("preflight: Access-Control-Allow-Methods = %q, want %s among them", got, method)
	}
}

// TestPreflightOfNothing: a path has an answer for the methods that are open, and
// for a question that is one.
func TestPreflightOfNothing(t *testing.T) {
	srv := liaisontest.NewServer(t)
	ask := func(path, method string) reply {
		return newPeer(t, srv).call("OPTIONS", path, nil, fromWalletPage, func(r *http.Request) {
			if method != "" {
				r.Header.Set("Access-Control-Request-Method", method)
			}
		})
	}
	wantProblem(t, ask(protocol.PathSession, "PATCH"), protocol.OriginDenied)
	wantProblem(t, ask(protocol.PathSession, "POST"), protocol.OriginDenied) // for the site alone, and at the path of others
	wantProblem(t, ask(protocol.PathSession, ""), protocol.OriginDenied)
	wantProblem(t, ask("/v1/nothing", "GET"), protocol.OriginDenied)
	wantProblem(t, newPeer(t, srv).call("OPTIONS", protocol.PathSession, nil), protocol.NoRoute)
}

// TestForeignPageReadsErrors: a wallet that may not see the code of an error can
// tell its person nothing.
func TestForeignPageReadsErrors(t *testing.T) {
	srv := liaisontest.NewServer(t, func(cfg *server.Config) { cfg.Limits.RequestsPerMinute = 2 })
	w := walletPage{newPeer(t, srv)}
	wantProblem(t, w.call("POST", linkPath("no", "/join"), newJoin()), protocol.InvalidMessage)
	wantProblem(t, w.call("POST", linkPath(protocol.NewRequestID(), "/join"), newJoin()), protocol.LinkUnknown)
	limited := w.call("POST", linkPath(protocol.NewRequestID(), "/join"), newJoin())
	wantProblem(t, limited, protocol.RateLimited)
	if limited.header.Get("Retry-After") == "" {
		t.Error("a wallet is not told when to come back")
	}
	// And the browser's question before the next call is answered, or the page
	// would learn nothing.
	asked := w.peer.call("OPTIONS", linkPath(protocol.NewRequestID(), "/join"), nil, fromWalletPage, func(r *http.Request) {
		r.Header.Set("Access-Control-Request-Method", "POST")
	})
	wantPreflight(t, asked, "POST")
}

// TestRebindingOfForeignRoutes: at a server on loopback, a name that somebody let
// lead here opens nothing, whatever the page says of itself.
func TestRebindingOfForeignRoutes(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := newPair(t, srv, testKey(t, 1))
	for name, edit := range map[string]func(*http.Request){
		"a page of another origin":  fromWalletPage,
		"a page without fetch data": func(r *http.Request) { r.Header.Set("Origin", "http://evil.example:8080") },
		"a page that looks like us": func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-origin") },
	} {
		r := p.wallet.call("GET", protocol.PathSession, nil, edit, func(r *http.Request) { r.Host = "evil.example:8080" })
		if codeOf(r) != protocol.OriginDenied {
			t.Errorf("%s: code %q, want %s", name, codeOf(r), protocol.OriginDenied)
		}
	}
	// A server that is not on loopback may stand behind a proxy that names it as it likes.
	behind := liaisontest.NewServer(t, func(cfg *server.Config) { cfg.Origin = "https://auth.example.com" })
	wantProblem(t, newPeer(t, behind).call("GET", protocol.PathSession, nil, fromWalletPage), protocol.SessionRequired)
}

// TestSocketTokens: a socket is opened by what its handshake shows by itself, from
// whatever page, and by no more than one token.
func TestSocketTokens(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	p, other := newPair(t, srv, testKey(t, 1)), newPair(t, srv, testKey(t, 2))
	token := p.wallet.token
	shown := protocol.Subprotocol + ", " + protocol.BearerSubprotocol + token
	for _, c := range []struct {
		name   string
		header http.Header
		status string // empty if it opens
	}{
		{"no origin", http.Header{"Sec-WebSocket-Protocol": {shown}}, ""},
		{"another origin", http.Header{"Sec-WebSocket-Protocol": {shown}, "Origin": {walletOrigin}}, ""},
		{"null origin", http.Header{"Sec-WebSocket-Protocol": {shown}, "Origin": {"null"}}, ""},
		{"our origin", http.Header{"Sec-WebSocket-Protocol": {shown}, "Origin": {string(srv.Origin)}}, ""},
		{"token before version", http.Header{"Sec-WebSocket-Protocol": {protocol.BearerSubprotocol + token + "," + protocol.Subprotocol}}, ""},
		{"in two headers", http.Header{"Sec-WebSocket-Protocol": {protocol.BearerSubprotocol + token, protocol.Subprotocol}}, ""},
		{"twice the same", http.Header{"Sec-WebSocket-Protocol": {shown}, "Authorization": {"Bearer " + token}}, ""},
		{"two that differ", http.Header{"Sec-WebSocket-Protocol": {shown}, "Authorization": {"Bearer " + other.wallet.token}}, "400"},
		{"two subprotocols that differ", http.Header{"Sec-WebSocket-Protocol": {shown + "," + protocol.BearerSubprotocol + other.wallet.token}}, "400"},
		{"unknown token with a good cookie", http.Header{
			"Sec-WebSocket-Protocol": {protocol.Subprotocol + "," + protocol.BearerSubprotocol + protocol.NewToken()},
			"Origin":                 {string(srv.Origin)}, "Cookie": {"liaison=" + token},
		}, "401"},
		{"no token after the prefix", http.Header{
			"Sec-WebSocket-Protocol": {protocol.Subprotocol + "," + protocol.BearerSubprotocol},
			"Origin":                 {string(srv.Origin)}, "Cookie": {"liaison=" + token},
		}, "401"},
		{"token without version", http.Header{"Sec-WebSocket-Protocol": {protocol.BearerSubprotocol + token}}, "426"},
		{"another origin with a cookie", http.Header{
			"Sec-WebSocket-Protocol": {protocol.Subprotocol}, "Origin": {walletOrigin}, "Cookie": {"liaison=" + token},
		}, "403"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := newPeer(t, srv).tryDial(c.header)
			if c.status == "" && err != nil || c.status != "" && (err == nil || !strings.Contains(err.Error(), "status "+c.status)) {
				t.Fatalf("dial: %v, want status %q", err, c.status)
			}
			if err == nil && s.selected != protocol.Subprotocol {
				t.Errorf("selected subprotocol = %q, want %q", s.selected, protocol.Subprotocol)
			}
		})
	}

	// The token that is shown is the one that counts, also beside a cookie.
	s, err := newPeer(t, srv).tryDial(http.Header{
		"Sec-WebSocket-Protocol": {shown}, "Origin": {string(srv.Origin)}, "Cookie": {"liaison=" + other.wallet.token},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.subscribe(protocol.OfferTopic(p.address), p.id, first)
}

// TestLogHidesTheSubprotocolsToken: a socket's handshake carries a token where logs
// like to look, whether it is taken or refused.
func TestLogHidesTheSubprotocolsToken(t *testing.T) {
	log := new(lockedBuffer)
	srv := liaisontest.NewServer(t, func(cfg *server.Config) {
		cfg.Logger = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	p := greeted(t, srv, testKey(t, 1))
	good, bad := walletPage{p.wallet}, protocol.NewToken()
	good.dial()
	for _, header := range []http.Header{
		{"Sec-WebSocket-Protocol": {protocol.Subprotocol + "," + protocol.BearerSubprotocol + bad}},
		{"Sec-WebSocket-Protocol": {protocol.BearerSubprotocol + good.token}},
		{"Sec-WebSocket-Protocol": {protocol.Subprotocol + "," + protocol.BearerSubprotocol + good.token}, "Authorization": {"Bearer " + bad}},
		{"Sec-WebSocket-Protocol": {protocol.Subprotocol + "," + protocol.BearerSubprotocol + good.token}, "Sec-WebSocket-Version": {"12"}},
	} {
		if _, err := good.tryDial(header); err == nil {
			t.Fatalf("%v opened a socket", header)
		}
	}
	text := log.String()
	if strings.Contains(text, good.token) || strings.Contains(text, bad) {
		t.Errorf("the log holds a token: %s", text)
	}
	if got := strings.Count(text, "request refused"); got != 4 {
		t.Errorf("the log tells of %d refusals, want 4: %s", got, text)
	}
}
