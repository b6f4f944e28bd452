package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

// sessions lists the sessions of the peer's account.
func (p *peer) sessions() []protocol.AccountSession {
	p.t.Helper()
	return want[protocol.SessionList](p.t, p.call("GET", protocol.PathSessions, nil)).Sessions
}

// own returns the one of the list that is the peer's.
func (p *peer) own() protocol.AccountSession {
	p.t.Helper()
	var own []protocol.AccountSession
	for _, s := range p.sessions() {
		if s.Current {
			own = append(own, s)
		}
	}
	if len(own) != 1 {
		p.t.Fatalf("%d sessions of the list are the one that asks: %+v, want 1", len(own), own)
	}
	return own[0]
}

func sessionPath(id string) string { return protocol.PathSessions + "/" + id }

// serverAsserted changes the stored session of a peer into one that the server
// alone vouches for.
func serverAsserted(t testing.TB, srv *liaisontest.Server, p *peer) {
	t.Helper()
	session, err := srv.Store.SessionByToken(t.Context(), liaison.Token(p.token).Hash())
	if err != nil {
		t.Fatal(err)
	}
	session.Assurance = protocol.ServerAsserted
	if err := srv.Store.Commit(t.Context(), liaison.Change{Sessions: []liaison.Session{session}}); err != nil {
		t.Fatal(err)
	}
}

// TestSessionsOfAnAccount: what the list says, of whom, and to whom.
func TestSessionsOfAnAccount(t *testing.T) {
	clock := newClock()
	srv := liaisontest.NewServer(t, liaisontest.Unlimited, func(cfg *server.Config) { cfg.Now = clock.now })
	key := testKey(t, 1)
	began := clock.now().Truncate(time.Microsecond) // as a store keeps it
	p := opened(t, srv, key)
	clock.add(time.Second)
	p.greet()
	want[any](t, p.post(p.claim()))
	p.collect()
	newPair(t, srv, testKey(t, 2)) // another account's
	newPeer(t, srv).challenge()    // nobody's
	ended := newPair(t, srv, key)
	want[any](t, ended.site.call("DELETE", protocol.PathSession, nil))
	want[any](t, ended.wallet.call("DELETE", protocol.PathSession, nil))
	clock.add(5 * time.Minute)

	wallet := p.wallet.own()
	list := p.site.sessions()
	if len(list) != 2 {
		t.Fatalf("sessions = %+v, want the site's and the wallet's", list)
	}
	site := list[1] // the oldest comes last
	if !site.Current || list[0].Current || list[0].ID != wallet.ID {
		t.Errorf("sessions = %+v, want the wallet's and then the one that asks", list)
	}
	if site.Role != protocol.SiteRole || wallet.Role != protocol.WalletRole || site.Assurance != protocol.Sealed {
		t.Errorf("site's = %+v, wallet's = %+v: roles or assurance are not theirs", site, wallet)
	}
	if !site.CreatedAt.Equal(began) || !wallet.CreatedAt.Equal(began.Add(time.Second)) {
		t.Errorf("began at %v and %v, want %v and a second later", site.CreatedAt, wallet.CreatedAt, began)
	}
	if !site.LastSeenAt.Equal(clock.now().Truncate(time.Microsecond)) {
		t.Errorf("last used at %v, want now, %v", site.LastSeenAt, clock.now())
	}
	if end := began.Add(time.Second).Add(12 * time.Hour); !site.ExpiresAt.Equal(end) {
		t.Errorf("ends at %v, want %v", site.ExpiresAt, end)
	}

	// A session that was signed in and whose token waits to be fetched is one of them.
	third := greeted(t, srv, key)
	want[any](t, third.post(third.claim()))
	if got := len(p.site.sessions()); got != 4 {
		t.Errorf("%d sessions after another sign-in, want 4", got)
	}
	wantProblem(t, third.site.call("GET", protocol.PathSessions, nil), protocol.SessionRotated)

	// One that nobody used for half an hour has ended, though nobody has said so.
	clock.add(29 * time.Minute)
	p.site.own()
	clock.add(2 * time.Minute)
	if list := p.site.sessions(); len(list) != 1 || !list[0].Current {
		t.Errorf("sessions = %+v, want the one that is in use", list)
	}
	wantProblem(t, p.site.call("DELETE", sessionPath(wallet.ID), nil), protocol.SessionUnknown)
}

// TestSessionsWithoutRights: who may neither list nor end sessions.
func TestSessionsWithoutRights(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	p := newPair(t, srv, testKey(t, 1))
	target := p.wallet.own().ID
	anonymous := newPeer(t, srv)
	anonymous.challenge()
	asserted := newPair(t, srv, testKey(t, 1)).site
	serverAsserted(t, srv, asserted)
	for name, c := range map[string]struct {
		peer *peer
		code protocol.Code
	}{
		"no session":         {newPeer(t, srv), protocol.SessionRequired},
		"nobody signed in":   {anonymous, protocol.SessionRequired},
		"a server's word":    {asserted, protocol.AssuranceTooLow},
		"a token of nothing": {&peer{t: t, server: srv.Origin, token: protocol.NewToken()}, protocol.SessionRequired},
	} {
		for _, r := range []reply{c.peer.call("GET", protocol.PathSessions, nil), c.peer.call("DELETE", sessionPath(target), nil)} {
			if codeOf(r) != c.code {
				t.Errorf("%s: code %q, want %s", name, codeOf(r), c.code)
			}
		}
	}
	// But it can be seen, and ended, by those that may.
	list := p.wallet.sessions()
	i := slices.IndexFunc(list, func(s protocol.AccountSession) bool { return s.Assurance == protocol.ServerAsserted })
	if i < 0 || list[i].Role != "" {
		t.Fatalf("sessions = %+v, want one that is server-asserted, of no role that is known", list)
	}
	want[any](t, p.wallet.call("DELETE", sessionPath(list[i].ID), nil))
	wantProblem(t, asserted.call("GET", protocol.PathSession, nil), protocol.SessionRequired)
}

// TestEndSessionFromAnother: the wallet ends the site's session. Its token is dead
// at once, its sockets are closed, on every node, and the code that it shows is of no
// use to anybody.
func TestEndSessionFromAnother(t *testing.T) {
	nodes := liaisontest.NewNodes(t, 2)
	key := testKey(t, 1)
	p := newPair(t, nodes[0], key)
	p.subscribe()
	shown := p.site.challenge() // the next code, on the same session
	remote := *p.wallet
	remote.server = nodes[1].Origin
	site := p.site.own().ID
	r := remote.call("DELETE", sessionPath(site), nil)
	want[any](t, r)
	if got := r.header.Get("Set-Cookie"); got != "" {
		t.Errorf("Set-Cookie = %q, want none: the one that asked lives on", got)
	}
	p.site.socket.expectClose(protocol.SessionRotated)
	for _, path := range []string{protocol.PathSession, protocol.PathSessions, linkPath(p.id, "/network")} {
		wantProblem(t, p.site.call("GET", path, nil), protocol.SessionRequired)
	}
	if _, err := p.site.tryDial(nil); err == nil || !strings.Contains(err.Error(), "status 401") {
		t.Errorf("dial with the token that ended: %v, want status 401", err)
	}
	wantProblem(t, newPeer(t, nodes[0]).call("POST", linkPath(shown.RequestID, "/join"), newJoin()), protocol.LinkClosed)
	if list := p.wallet.sessions(); len(list) != 1 || !list[0].Current {
		t.Errorf("sessions = %+v, want the wallet's own", list)
	}
	p.wallet.socket.settle() // and its socket lives
	wantProblem(t, p.wallet.call("DELETE", sessionPath(site), nil), protocol.SessionUnknown)
}

// TestEndSessionOfAnotherAccount: whatever names no live session of the account has
// one answer, so that nobody learns what there is of others.
func TestEndSessionOfAnotherAccount(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	p, other := newPair(t, srv, testKey(t, 1)), newPair(t, srv, testKey(t, 2))
	anonymous := newPeer(t, srv)
	anonymous.challenge()
	nobodys, err := srv.Store.SessionByToken(t.Context(), liaison.Token(anonymous.token).Hash())
	if err != nil {
		t.Fatal(err)
	}
	other.site.dial()
	bodies := make(map[string]bool)
	for name, id := range map[string]string{
		"another account's": other.site.own().ID, "nobody's": string(nobodys.ID), "none": "no-such-session", "a token": other.site.token,
	} {
		r := p.wallet.call("DELETE", sessionPath(id), nil)
		if codeOf(r) != protocol.SessionUnknown {
			t.Errorf("%s: code %q, want %s", name, codeOf(r), protocol.SessionUnknown)
		}
		body, _, _ := strings.Cut(string(r.body), `"instance"`)
		bodies[body] = true
	}
	if len(bodies) != 1 {
		t.Errorf("the answers differ: %v", bodies)
	}
	other.site.own()
	other.site.socket.settle()
	want[any](t, anonymous.call("GET", protocol.PathSession, nil))
}

// TestNameOfASession: what the list shows opens nothing, in any place of a token,
// and is none.
func TestNameOfASession(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := newPair(t, srv, testKey(t, 1))
	r := p.wallet.call("GET", protocol.PathSessions, nil)
	for _, s := range want[protocol.SessionList](t, r).Sessions {
		named := newPeer(t, srv)
		named.token = s.ID
		wantProblem(t, named.call("GET", protocol.PathSession, nil), protocol.SessionRequired)
		wantProblem(t, named.call("DELETE", protocol.PathSession, nil), protocol.SessionRequired)
	}
	for _, token := range []string{p.site.token, p.wallet.token} {
		hash := liaison.Token(token).Hash()
		if strings.Contains(string(r.body), token) || strings.Contains(string(r.body), string(hash[:])) {
			t.Errorf("the list shows a token: %s", r.body)
		}
	}
}

// TestEndOwnSessionByName is a logout, cookie and all.
func TestEndOwnSessionByName(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := newPair(t, srv, testKey(t, 1))
	p.site.dial()
	token := p.site.token
	r := p.site.call("DELETE", sessionPath(p.site.own().ID), nil)
	want[any](t, r)
	if got := r.header.Get("Set-Cookie"); !strings.Contains(got, "Max-Age=0") {
		t.Errorf("Set-Cookie = %q, want one that removes the cookie", got)
	}
	p.site.socket.expectClose(protocol.SessionRotated)
	p.site.token = token
	wantProblem(t, p.site.call("GET", protocol.PathSession, nil), protocol.SessionRequired)
	p.wallet.own()
}

// TestLogoutWithCodes: whoever logs out leaves no code behind that works. One whose
// time is over, and a resumption, which is no code, do not stand in the way.
func TestLogoutWithCodes(t *testing.T) {
	clock := newClock()
	srv := liaisontest.NewServer(t, liaisontest.Unlimited, func(cfg *server.Config) { cfg.Now = clock.now })
	p := newPair(t, srv, testKey(t, 1))
	resumption := someResumption()
	p.site.resume(resumption)
	over := p.site.challenge()
	clock.add(protocol.LinkTTL)
	shown := p.site.challenge()
	p.site.dial().subscribe(protocol.TopicLink, shown.RequestID, 0)
	want[any](t, p.site.call("DELETE", protocol.PathSession, nil))
	p.site.socket.expectClose(protocol.SessionRotated)
	for id, code := range map[protocol.RequestID]protocol.Code{
		over.RequestID: protocol.LinkExpired, shown.RequestID: protocol.LinkClosed, resumption: "",
	} {
		if got := codeOf(newPeer(t, srv).call("POST", linkPath(id, "/join"), newJoin())); got != code {
			t.Errorf("join after the logout: code %q, want %q", got, code)
		}
	}
}

// TestLabelOfASession: which browsers and systems are told apart, in words of ours.
func TestLabelOfASession(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	for agent, label := range map[string]string{
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36":                            "Chrome on Android",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0":              "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15":                      "Safari on macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1":    "Safari on iPhone",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.0.0 Mobile/15E148 Safari/604.1": "Chrome on iPhone",
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                                     "Firefox on Linux",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36":        "Samsung Internet on Android",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 OPR/125.0.0.0":              "Opera on Windows",
		"Firefox/1 of a system that nobody knows": "Firefox",
		"Go-http-client/1.1":                      "",
		"<b>Linux</b> canary":                     "",
		"":                                        "",
	} {
		said := func(r *http.Request) { r.Header.Set("User-Agent", agent) }
		p := newPeer(t, srv)
		challenge := want[protocol.Challenge](t, p.call("GET", protocol.PathChallenge, nil, said))
		pair := pair{site: p, wallet: newPeer(t, srv), id: challenge.RequestID, signIn: challenge.SignIn, key: testKey(t, 1)}
		want[protocol.Joined](t, pair.wallet.call("POST", linkPath(pair.id, "/join"), newJoin(), said))
		pair.welcome()
		want[any](t, pair.post(pair.claim()))
		pair.collect()
		if site, wallet := p.own().Label, pair.wallet.own().Label; site != label || wallet != label {
			t.Errorf("%q: labels %q and %q, want %q", agent, site, wallet, label)
		}
		want[any](t, p.call("DELETE", protocol.PathSession, nil))
	}
}
