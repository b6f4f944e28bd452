package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

// TestCookie: the attributes of the session's cookie, with and without TLS.
func TestCookie(t *testing.T) {
	for _, c := range []struct {
		name   string
		option liaisontest.Option
		want   string
	}{
		{"loopback", func(*server.Config) {}, "liaison=TOKEN; Path=/; HttpOnly; SameSite=Lax"},
		{"TLS", func(cfg *server.Config) { cfg.Origin = "https://auth.example.com" }, "__Host-liaison=TOKEN; Path=/; HttpOnly; Secure; SameSite=Lax"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPeer(t, liaisontest.NewServer(t, c.option))
			r := p.call("GET", protocol.PathChallenge, nil)
			got := strings.Replace(r.header.Get("Set-Cookie"), p.token, "TOKEN", 1)
			if got != c.want || len(p.token) != 43 {
				t.Fatalf("Set-Cookie = %q (token of %d characters), want %q (43)", got, len(p.token), c.want)
			}
			if cache := r.header.Get("Cache-Control"); cache != "no-store" {
				t.Errorf("Cache-Control = %q, want no-store", cache)
			}
		})
	}
}

// TestOrigins: which requests of a browser are taken.
func TestOrigins(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	ours := string(srv.Origin)
	header := func(pairs ...string) func(*http.Request) {
		return func(r *http.Request) {
			for i := 0; i < len(pairs); i += 2 {
				r.Header.Set(pairs[i], pairs[i+1])
			}
		}
	}
	for _, c := range []struct {
		name string
		edit func(*http.Request)
		ok   bool
	}{
		{"no browser", header(), true},
		{"our page", header("Origin", ours, "Sec-Fetch-Site", "same-origin"), true},
		{"our page, GET", header("Sec-Fetch-Site", "same-origin"), true},
		{"address bar", header("Sec-Fetch-Site", "none"), true},
		{"another site", header("Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"), false},
		{"another site, GET", header("Sec-Fetch-Site", "cross-site"), false},
		{"a neighbour of the same site", header("Sec-Fetch-Site", "same-site"), false},
		{"our name as a prefix", header("Origin", ours+".evil.example"), false},
		{"our name in capitals", header("Origin", strings.ToUpper(ours)), false},
		{"another scheme", header("Origin", strings.Replace(ours, "http:", "https:", 1)), false},
		{"another port", header("Origin", ours[:len(ours)-1]), false},
		{"null", header("Origin", "null"), false},
		{"another name for this machine", func(r *http.Request) { r.Host = "evil.example:8080"; r.Header.Set("Sec-Fetch-Site", "same-origin") }, false},
		{"an origin of a page that lies about Sec-Fetch-Site", header("Origin", "https://evil.example", "Sec-Fetch-Site", "same-origin"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPeer(t, srv)
			r := p.call("GET", protocol.PathChallenge, nil, c.edit)
			if c.ok {
				want[protocol.Challenge](t, r)
				return
			}
			wantProblem(t, r, protocol.OriginDenied)
			if p.token != "" {
				t.Error("a refused request got a session")
			}
			wantProblem(t, p.call("POST", protocol.PathSession, protocol.NewCollection(protocol.NewRequestID()), c.edit), protocol.OriginDenied)
		})
	}
}

// TestSocketOrigins: a WebSocket takes a cookie from a page of ours only.
func TestSocketOrigins(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	p := newPeer(t, srv)
	p.challenge()
	cookie, bearer := "liaison="+p.token, "Bearer "+p.token
	for _, c := range []struct {
		name                         string
		origin, cookie, bearer, prot string
		status                       string // empty if it opens
	}{
		{"our page with a cookie", string(srv.Origin), cookie, "", protocol.Subprotocol, ""},
		{"native with a bearer token", "", "", bearer, protocol.Subprotocol, ""},
		{"several subprotocols", "", "", bearer, "other, " + protocol.Subprotocol, ""},
		{"native with a cookie", "", cookie, "", protocol.Subprotocol, "401"},
		{"another site with a cookie", "https://evil.example", cookie, "", protocol.Subprotocol, "403"},
		{"another site with a bearer token, which it knows", "https://evil.example", "", bearer, protocol.Subprotocol, ""},
		{"null origin", "null", cookie, "", protocol.Subprotocol, "403"},
		{"no session", "", "", "", protocol.Subprotocol, "401"},
		{"unknown token", "", "", "Bearer " + protocol.NewToken(), protocol.Subprotocol, "401"},
		{"no subprotocol", "", "", bearer, "", "426"},
		{"another subprotocol", "", "", bearer, "liaison.2", "426"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := http.Header{}
			for k, v := range map[string]string{"Origin": c.origin, "Cookie": c.cookie, "Authorization": c.bearer, "Sec-WebSocket-Protocol": c.prot} {
				if v != "" {
					h.Set(k, v)
				}
			}
			_, err := p.tryDial(h)
			if c.status == "" && err != nil || c.status != "" && (err == nil || !strings.Contains(err.Error(), "status "+c.status)) {
				t.Fatalf("dial: %v, want status %q", err, c.status)
			}
		})
	}
	wantProblem(t, p.call("GET", protocol.PathSocket, nil), protocol.InvalidMessage)
}

// TestFixation: an id that somebody planted in the victim's browser is not the
// one that signs in, and the sockets that he opened with it are closed.
func TestFixation(t *testing.T) {
	srv := liaisontest.NewServer(t)
	attacker := newPeer(t, srv)
	attacker.challenge()
	socket := attacker.dial()

	victim := newPeer(t, srv)
	victim.token = attacker.token
	c := victim.challenge()
	socket.expectClose(protocol.SessionRotated)
	if victim.token == attacker.token {
		t.Fatal("opening a link did not replace the id of an anonymous session")
	}
	wantProblem(t, attacker.call("GET", protocol.PathSession, nil), protocol.SessionRequired)

	// Neither does the id that was good until the wallet came.
	before := victim.token
	p := pair{site: victim, wallet: newPeer(t, srv), id: c.RequestID, signIn: c.SignIn, key: testKey(t, 1)}
	p.greet()
	want[any](t, p.post(p.claim()))
	want[any](t, victim.call("POST", protocol.PathSession, protocol.NewCollection(c.RequestID)))
	attacker.token = before
	wantProblem(t, attacker.call("GET", protocol.PathSession, nil), protocol.SessionRequired)
	wantProblem(t, attacker.call("POST", protocol.PathSession, protocol.NewCollection(c.RequestID)), protocol.SessionRequired)
	if _, err := attacker.tryDial(nil); err == nil {
		t.Fatal("a socket opened with the old id")
	}
}

// TestSignInKeepsSocket: the socket that waits for the claim lives through the
// change of the session's id; another one of the same session does not.
func TestSignInKeepsSocket(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := greeted(t, srv, testKey(t, 1))
	idle := p.site.dial()
	waiting := p.site.dial()
	waiting.subscribe(protocol.TopicLink, p.id, 0)
	want[any](t, p.post(p.claim()))
	p.collect()
	idle.expectClose(protocol.SessionRotated)
	waiting.subscribe(protocol.AnswerTopic(p.address), p.id, 0)
	again := p.site.call("POST", protocol.PathSession, protocol.NewCollection(p.id))
	if view := want[protocol.SessionView](t, again); view.Account == "" || again.header.Get("Set-Cookie") != "" {
		t.Fatalf("collected again: account %q, Set-Cookie %q; want the account and no new id", view.Account, again.header.Get("Set-Cookie"))
	}
}

// TestOnlyTheOwner: the claim of a link upgrades the session that opened it and
// no other, whatever else that knows of the link.
func TestOnlyTheOwner(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p, other, key := greeted(t, srv, testKey(t, 1)), newPeer(t, srv), testKey(t, 1)
	other.challenge()
	other.dial()
	for _, topic := range []protocol.Topic{protocol.TopicLink, protocol.TopicJoin} {
		other.socket.send(protocol.ClientMessage{Op: protocol.OpSubscribe, Topic: topic, RequestID: p.id})
		other.socket.expectError(protocol.LinkForbidden)
	}
	want[any](t, p.post(p.claim()))
	wantProblem(t, other.call("POST", protocol.PathSession, protocol.NewCollection(p.id)), protocol.LinkForbidden)
	for _, topic := range []protocol.Topic{protocol.TopicLink, protocol.TopicJoin, protocol.AnswerTopic(key.Address()), protocol.OfferTopic(key.Address())} {
		other.socket.send(protocol.ClientMessage{Op: protocol.OpSubscribe, Topic: topic, RequestID: p.id})
		other.socket.expectError(protocol.LinkForbidden)
	}
	if got := want[protocol.SessionView](t, other.call("GET", protocol.PathSession, nil)); got.Account != "" {
		t.Fatalf("the other session's account = %q, want nobody", got.Account)
	}
	other.socket.settle()
	other.socket.quiet(protocol.OpLink)
}

// TestTopics: which end may subscribe to what, and when.
func TestTopics(t *testing.T) {
	srv := liaisontest.NewServer(t)
	key := testKey(t, 1)
	before := greeted(t, srv, key)
	for end, topic := range map[*peer]protocol.Topic{before.site: protocol.AnswerTopic(key.Address()), before.wallet: protocol.OfferTopic(key.Address())} {
		end.dial().send(protocol.ClientMessage{Op: protocol.OpSubscribe, Topic: topic, RequestID: before.id})
		end.socket.expectError(protocol.LinkNotClaimed)
	}
	before.site.socket.send(protocol.ClientMessage{Op: protocol.OpSubscribe, Topic: protocol.TopicJoin, RequestID: before.id})
	before.site.socket.expectError(protocol.LinkForbidden)
	before.wallet.socket.send(protocol.ClientMessage{Op: protocol.OpSubscribe, Topic: protocol.TopicLink, RequestID: before.id})
	before.wallet.socket.expectError(protocol.LinkForbidden)

	p := newPair(t, srv, key)
	p.site.dial()
	p.wallet.dial()
	for _, c := range []struct {
		name  string
		peer  *peer
		topic protocol.Topic
		ok    bool
	}{
		{"site, answers", p.site, protocol.AnswerTopic(p.address), true},
		{"site, offers", p.site, protocol.OfferTopic(p.address), false},
		{"site, another address", p.site, protocol.AnswerTopic(testKey(t, 2).Address()), false},
		{"wallet, offers", p.wallet, protocol.OfferTopic(p.address), true},
		{"wallet, answers", p.wallet, protocol.AnswerTopic(p.address), false},
		{"wallet, another address", p.wallet, protocol.OfferTopic(testKey(t, 2).Address()), false},
		{"site, link", p.site, protocol.TopicLink, true},
		{"site, join", p.site, protocol.TopicJoin, false},
		{"wallet, join", p.wallet, protocol.TopicJoin, true},
		{"wallet, link", p.wallet, protocol.TopicLink, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.ok {
				c.peer.socket.subscribe(c.topic, p.id, 0)
				return
			}
			c.peer.socket.send(protocol.ClientMessage{Op: protocol.OpSubscribe, Topic: c.topic, RequestID: p.id})
			c.peer.socket.expectError(protocol.LinkForbidden)
		})
	}
}

// TestLogout ends the session and its sockets at once.
func TestLogout(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := newPair(t, srv, testKey(t, 1))
	p.subscribe()
	token := p.site.token
	r := p.site.call("DELETE", protocol.PathSession, nil)
	want[any](t, r)
	if got := r.header.Get("Set-Cookie"); !strings.Contains(got, "Max-Age=0") {
		t.Errorf("Set-Cookie = %q, want one that removes the cookie", got)
	}
	p.site.socket.expectClose(protocol.SessionRotated)
	p.site.token = token
	wantProblem(t, p.site.call("GET", protocol.PathSession, nil), protocol.SessionRequired)
	// The wallet's session is another one.
	want[any](t, p.wallet.call("GET", protocol.PathSession, nil))
}

// TestSessionEnds: unused after half an hour, used after half a day.
func TestSessionEnds(t *testing.T) {
	clock := newClock()
	srv := liaisontest.NewServer(t, func(cfg *server.Config) { cfg.Now = clock.now })
	p := newPair(t, srv, testKey(t, 1))
	alive := func() bool { return p.site.call("GET", protocol.PathSession, nil).status == http.StatusOK }
	for range 20 {
		clock.add(29 * time.Minute)
		if !alive() {
			t.Fatal("a session that was used ended early")
		}
	}
	idle := p.wallet
	wantProblem(t, idle.call("GET", protocol.PathSession, nil), protocol.SessionRequired)
	clock.add(30 * time.Minute)
	if alive() {
		t.Fatal("a session lives that was not used for 30 minutes")
	}
	p = newPair(t, srv, testKey(t, 1))
	end := clock.now().Add(12 * time.Hour)
	for clock.now().Add(20 * time.Minute).Before(end) {
		clock.add(20 * time.Minute)
		alive()
	}
	clock.add(20 * time.Minute)
	if alive() {
		t.Fatal("a session lives after 12 hours")
	}
}

// TestStoredSession: what is stored of a session does not open it.
func TestStoredSession(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := newPair(t, srv, testKey(t, 1))
	session, err := srv.Store.SessionByToken(t.Context(), liaison.Token(p.site.token).Hash())
	if err != nil {
		t.Fatal(err)
	}
	p.site.token = string(session.ID)
	wantProblem(t, p.site.call("GET", protocol.PathSession, nil), protocol.SessionRequired)
}

// TestLostCollection: a browser that never saw the answer gets its new id by
// asking again with the same key. The old id without the key gets nothing, nor
// does the key without the old id.
func TestLostCollection(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := greeted(t, srv, testKey(t, 1))
	site := p.site
	want[any](t, p.post(p.claim()))
	retired, body := site.token, protocol.NewCollection(p.id)
	want[protocol.SessionView](t, site.call("POST", protocol.PathSession, body))
	collected := site.token

	site.token = retired
	wantProblem(t, site.call("GET", protocol.PathSession, nil), protocol.SessionRequired)
	wantProblem(t, site.call("POST", protocol.PathSession, protocol.NewCollection(p.id)), protocol.SessionRequired)
	stranger := newPeer(t, srv)
	stranger.challenge()
	wantProblem(t, stranger.call("POST", protocol.PathSession, body), protocol.LinkForbidden)

	view := want[protocol.SessionView](t, site.call("POST", protocol.PathSession, body))
	if view.Account != testKey(t, 1).Account() || site.token != collected {
		t.Fatalf("collected again: account %q, same id %v; want the account and the id of the first answer", view.Account, site.token == collected)
	}
	want[protocol.SessionView](t, site.call("GET", protocol.PathSession, nil))
	wantProblem(t, stranger.call("POST", protocol.PathSession, `{"requestId":"`+string(p.id)+`","key":""}`), protocol.InvalidMessage)
}
