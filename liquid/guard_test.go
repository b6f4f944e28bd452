package liquid_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/liquid"
	"github.com/liaison-dev/liaison/membus"
	"github.com/liaison-dev/liaison/passkey"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
	"github.com/liaison-dev/liaison/sqlite"
)

// TestLimits: an address that asks too much is told to wait, with a body that
// clients take for an error; the same for sockets.
func TestLimits(t *testing.T) {
	n := newNode(t, clockStopped, func(n *node) {
		n.limits.RequestsPerMinute, n.limits.SocketsPerMinute, n.limits.SocketsPerAddress = 20, 3, 2
	})
	c := n.newClient()
	last := reply{}
	for range 21 {
		last = c.call("POST", "/assertion/request/AAAA", `{}`)
	}
	var body map[string]any
	if err := json.Unmarshal(last.body, &body); err != nil || last.status != http.StatusTooManyRequests || body["error"] == nil {
		t.Errorf("the 21st request: %d %s, want 429 with an error", last.status, last.body)
	}
	c.open()
	c.open()
	third := c.call("GET", "/socket.io/?EIO=4&transport=polling", nil)
	var open struct{ Sid string }
	if third.status != 200 || json.Unmarshal(third.body[1:], &open) != nil {
		t.Fatalf("the third socket: %d %s", third.status, third.body)
	}
	p := &polling{client: c, sid: open.Sid}
	p.post("40")
	p.get(func(packets string) bool { return strings.HasPrefix(packets, "44{") }) // two are open
	if r := c.call("GET", "/socket.io/?EIO=4&transport=polling", nil); r.status != http.StatusTooManyRequests {
		t.Errorf("the fourth socket of a minute: %d %s, want 429", r.status, r.body)
	}
}

// TestLimitsOfLinksAndChallenges: a wallet that signs in with codes that no site
// shows uses up what its address may open, and challenges are counted, too.
func TestLimitsOfLinksAndChallenges(t *testing.T) {
	n := newNode(t, clockStopped, func(n *node) { n.limits.LinksPerAddress, n.limits.ChallengesPerAddress = 2, 8 })
	w := n.newWallet()
	w.attest("early 1")
	w.assert("early 2")
	if r := w.call("POST", "/assertion/response", w.assertion("early 3")); r.status != http.StatusTooManyRequests {
		t.Errorf("the third code that nobody shows: %d %s, want 429", r.status, r.body)
	}
	for range 5 {
		w.challenge()
	}
	if r := w.call("POST", "/attestation/request", liquidRequest); r.status != http.StatusTooManyRequests {
		t.Errorf("the ninth challenge: %d %s, want 429", r.status, r.body)
	}
	sum := sha256.Sum256([]byte("liaison/1 liquid link\x00text\x00early 1"))
	id := protocol.RequestID("liquid." + base64.RawURLEncoding.EncodeToString(sum[:]))
	if r := n.newClient().call("POST", "/v1/resumptions", protocol.Resumption{RequestID: id}); r.status != http.StatusForbidden {
		t.Errorf("a resumption under the id of a link of the dialect: %d %s, want 403", r.status, r.body)
	}
}

// TestPasskeyOfTheDialect: one that came by the dialect proves no more natively than
// the dialect does.
func TestPasskeyOfTheDialect(t *testing.T) {
	n := newNode(t)
	w := n.newWallet()
	w.attest(nil)
	native := n.newClient()
	native.origin = string(n.origin)
	asked := want[struct{ Nonce protocol.Nonce }](t, native.call("POST", "/v1/passkeys/authentication", `{}`), 200)
	challenge := protocol.PasskeyChallenge("", asked.Nonce)
	var response struct {
		ID       string
		Response struct{ ClientDataJSON, AuthenticatorData, Signature string }
	}
	if err := json.Unmarshal(w.device.Get("localhost", challenge[:], w.device.Passkeys[0].ID), &response); err != nil {
		t.Fatal(err)
	}
	view := want[protocol.SessionView](t, native.call("POST", "/v1/session/passkey", map[string]any{
		"key": protocol.NewNonce(), "credentialId": response.ID, "clientDataJSON": response.Response.ClientDataJSON,
		"authenticatorData": response.Response.AuthenticatorData, "signature": response.Response.Signature,
	}), 200)
	if view.Account.Address() != w.key.Address() || view.Assurance != protocol.ServerAsserted {
		t.Errorf("the native session is %+v, want it server-asserted", view)
	}
}

// TestEventsOfOneSocket: what is more than a socket may emit is dropped, and the
// socket lives on.
func TestEventsOfOneSocket(t *testing.T) {
	n := newNode(t, func(n *node) { n.events = 1 })
	c := n.newClient()
	c.open()
	for range 50 {
		c.socket.emit(false, "link")
	}
	for range 6 {
		c.socket.event("exception")
	}
	c.call("GET", "/auth/session", nil) // the 44 others were read meanwhile
	c.socket.mu.Lock()
	defer c.socket.mu.Unlock()
	if len(c.socket.heard) > 6 || c.socket.closed { // a few seconds may have passed
		t.Errorf("heard %q, closed %t; want few answers more, and the socket open", c.socket.heard, c.socket.closed)
	}
}

// TestRequestIDIsGoodOnce: once a link has come to its end, nobody can open it
// again, and a wallet that names it signs in by itself alone.
func TestRequestIDIsGoodOnce(t *testing.T) {
	var passed atomic.Int64
	n := newNode(t, func(n *node) { n.now = func() time.Time { return time.Now().Add(time.Duration(passed.Load())) } })
	site, w := n.newClient(), n.newWallet()
	wait := site.open().link("once")
	w.attest("once")
	wait()
	site.socket.close()
	passed.Store(int64(protocol.ClaimedTTL + time.Minute))
	later := n.newClient()
	later.open().link("once")
	later.socket.event("exception")
	w.assert("once")
	if got := w.signedInAs(); got != w.key.Address() {
		t.Errorf("the wallet is signed in as %q", got)
	}
	later.socket.link("once")
	later.socket.event("exception")
	if got := later.signedInAs(); got != "" {
		t.Errorf("a site that came later is signed in as %s", got)
	}
}

// TestSessionView: who is signed in, and nothing else of the session.
func TestSessionView(t *testing.T) {
	n := newNode(t)
	w := n.newWallet()
	challenge := w.challenge()
	wantBody(t, "with a challenge open", w.call("GET", "/auth/session", nil), 200, `{"user":null,"session":{}}`)
	made := want[record](t, w.call("POST", "/attestation/response", w.response(challenge, nil)), 201)
	w.challenge()
	credential := made.Credentials[0]
	wantBody(t, "signed in", w.call("GET", "/auth/session", nil), 200, fmt.Sprintf(
		`{"user":{"id":"%s","wallet":"%s","credentials":[{"device":"Test device","publicKey":"%s","credId":"%s","prevCounter":%d}]},"session":{"wallet":"%s"}}`,
		made.ID, made.Wallet, credential.PublicKey, credential.CredID, credential.PrevCounter, made.Wallet))
}

// TestSecureCookie: with TLS the cookie is for TLS, and for the site's own pages.
func TestSecureCookie(t *testing.T) {
	ctx := context.Background()
	store, err := sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(t.TempDir(), "liaison.db")})
	if err != nil {
		t.Fatal(err)
	}
	bus := membus.New().Join()
	accounts := chain.Default()
	const origin = "https://auth.example.com"
	srv, err := server.New(server.Config{Origin: origin, Store: store, Bus: bus, Verifier: accounts, Chains: accounts.Chains()})
	if err != nil {
		t.Fatal(err)
	}
	party, err := passkey.New(passkey.Config{RPID: "auth.example.com", Origins: []string{origin}})
	if err != nil {
		t.Fatal(err)
	}
	h, err := liquid.New(ctx, liquid.Config{Server: srv, Store: store, Origin: origin, Chain: protocol.AlgorandMainNet, Passkeys: party, Wallets: accounts})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, err := range []error{h.Close(ctx), srv.Close(ctx), bus.Close(), store.Close()} {
			if err != nil {
				t.Errorf("close: %v", err)
			}
		}
	})
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest("GET", "/auth/session", nil))
	if got := answer.Header().Get("Set-Cookie"); !strings.HasSuffix(got, "; Path=/; HttpOnly; Secure; SameSite=Lax") {
		t.Errorf("Set-Cookie %q, want it Secure and SameSite=Lax", got)
	}
}

// ledger keeps what is logged.
type ledger struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *ledger) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// TestLogs: a whole run, with what goes wrong on the way, leaves nothing of its
// secrets and addresses in the log.
func TestLogs(t *testing.T) {
	var log ledger
	n := newNode(t, func(n *node) { n.log = slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}) })
	site, w, stranger := n.newClient(), n.newWallet(), n.newClient()
	const secretID = "request-id-of-this-test"
	wait := site.open().link(secretID)
	body := w.response(w.challenge(), secretID)
	want[record](t, w.call("POST", "/attestation/response", body), 201)
	wait()
	exchange(t, site.socket, w.open())
	stranger.open().link(secretID)
	stranger.socket.emit(false, "offer-description", json.RawMessage(someOffer))
	stranger.socket.event("exception")
	w.call("POST", "/attestation/response", body)
	site.call("GET", "/auth/logout", nil)
	secrets := []string{
		secretID, "v=0", "IN IP4", "192.0.2.1", "candidate:", w.key.Address(), site.cookies[0][len("connect.sid=s%3A"):][:20], w.cookies[0][len("connect.sid=s%3A"):][:20],
		clientChallenge(t, body), extensionOf(body)["signature"].(string), body["id"].(string), "127.0.0.1", w.userAgent,
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	if !strings.Contains(log.text.String(), "request refused") || !strings.Contains(log.text.String(), "event not passed on") {
		t.Errorf("the log does not tell what went wrong: %s", log.text.String())
	}
	for _, secret := range secrets {
		if strings.Contains(log.text.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

// TestFaultOfTheServer: what goes wrong while a site is told of its wallet costs it its
// socket, and it hears when it comes again.
func TestFaultOfTheServer(t *testing.T) {
	turns := new(turns)
	n := newNode(t, func(n *node) { n.turns = turns })
	site, w := n.newClient(), n.newWallet()
	site.open().link("fault")
	site.socket.settle()
	signedIn := func() {
		fault := func() { panic("a fault of ours") }
		turns.afterLink.Store(&fault) // whoever reads the link next does so to tell its site
	}
	turns.afterSignIn.Store(&signedIn)
	w.attest("fault")
	site.socket.gone()
	if got := site.open().link("fault")(); got.Wallet != w.key.Address() {
		t.Errorf("acknowledged %+v, want the wallet", got)
	}
	exchange(t, site.socket, w.open())
}
