package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/internal/authenticator"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/passkey"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

const (
	// rpID is the domain of these tests, since an address has no passkeys.
	rpID = "localhost"
	app  = "android:apk-key-hash:R8xO7rlQWaWL4BlFygptWRb5qcKWdfjzZIaSRit9XVw"
)

// siteOf is the origin of a server as its pages have it.
func siteOf(srv *liaisontest.Server) string { return "http://" + rpID + ":" + port(srv.Origin) }

func port(origin protocol.Origin) string {
	u, err := url.Parse(string(origin))
	if err != nil {
		panic(err)
	}
	return u.Port()
}

// passkeys gives a server the passkeys of its pages and of one app.
func passkeys(cfg *server.Config) {
	cfg.Origin = protocol.Origin("http://" + rpID + ":" + port(cfg.Origin))
	party, err := passkey.New(passkey.Config{RPID: rpID, Origins: []string{string(cfg.Origin), app}})
	if err != nil {
		panic(err)
	}
	cfg.Passkeys = party
}

// newPasskeyServer starts a server with passkeys, and a browser at its pages.
func newPasskeyServer(t testing.TB, options ...liaisontest.Option) (*liaisontest.Server, *authenticator.Device) {
	t.Helper()
	srv := liaisontest.NewServer(t, append([]liaisontest.Option{passkeys}, options...)...)
	return srv, &authenticator.Device{Origin: siteOf(srv)}
}

// begin asks to make a passkey.
func (p *peer) begin(id protocol.RequestID) reply {
	p.t.Helper()
	return p.call("POST", protocol.PathPasskeyRegistration, protocol.PasskeyRegistrationRequest{RequestID: id})
}

// response decodes what a device has answered.
type response struct {
	ID       protocol.Base64 `json:"rawId"`
	Response struct {
		ClientDataJSON    protocol.Base64 `json:"clientDataJSON"`
		AttestationObject protocol.Base64 `json:"attestationObject"`
		AuthenticatorData protocol.Base64 `json:"authenticatorData"`
		Signature         protocol.Base64 `json:"signature"`
		Transports        []string        `json:"transports"`
	} `json:"response"`
}

func responseOf(t testing.TB, data []byte) (r response) {
	t.Helper()
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// create has a device make a passkey on a channel.
func create(t testing.TB, device *authenticator.Device, c protocol.PasskeyCreation, channel protocol.ChannelID) protocol.PasskeyRegistration {
	t.Helper()
	challenge := protocol.PasskeyChallenge(channel, c.Nonce)
	return registrationOf(t, device.Create(c.Options.RP.ID, challenge[:], c.Options.User.ID))
}

func registrationOf(t testing.TB, data []byte) protocol.PasskeyRegistration {
	t.Helper()
	r := responseOf(t, data)
	return protocol.PasskeyRegistration{
		CredentialID: r.ID, ClientDataJSON: r.Response.ClientDataJSON, AttestationObject: r.Response.AttestationObject,
		Transports: r.Response.Transports, Label: "Phone",
	}
}

// make makes a passkey of the account that is signed in.
func (p *peer) makePasskey(device *authenticator.Device) protocol.PasskeyView {
	p.t.Helper()
	c := want[protocol.PasskeyCreation](p.t, p.begin(""))
	return want[protocol.PasskeyView](p.t, p.call("POST", protocol.PathPasskeys, create(p.t, device, c, "")))
}

// ask asks to use a passkey.
func (p *peer) ask() protocol.PasskeyRequest {
	p.t.Helper()
	return want[protocol.PasskeyRequest](p.t, p.call("POST", protocol.PathPasskeyAuthentication, struct{}{}))
}

// assert has a device sign.
func assert(t testing.TB, device *authenticator.Device, nonce protocol.Nonce, ids ...[]byte) protocol.PasskeyAssertion {
	t.Helper()
	challenge := protocol.PasskeyChallenge("", nonce)
	r := responseOf(t, device.Get(rpID, challenge[:], ids...))
	return protocol.PasskeyAssertion{
		CredentialID: r.ID, ClientDataJSON: r.Response.ClientDataJSON, AuthenticatorData: r.Response.AuthenticatorData,
		Signature: r.Response.Signature, Key: protocol.NewNonce(),
	}
}

// usePasskey signs in by passkey.
func (p *peer) usePasskey(device *authenticator.Device) reply {
	p.t.Helper()
	return p.call("POST", protocol.PathSessionPasskey, assert(p.t, device, p.ask().Nonce))
}

func passkeyPath(id protocol.Base64) string {
	return protocol.PathPasskeys + "/" + string(liaison.NewCredentialID(id))
}

// signedIn returns the browser of a person who has just signed in by a wallet.
func signedIn(t testing.TB, srv *liaisontest.Server, n byte) pair {
	t.Helper()
	return newPair(t, srv, testKey(t, n))
}

// edit changes the session of a peer behind the server's back.
func edit(t testing.TB, srv *liaisontest.Server, p *peer, change func(*liaison.Session)) {
	t.Helper()
	session, err := srv.Store.SessionByToken(t.Context(), liaison.Token(p.token).Hash())
	if err != nil {
		t.Fatal(err)
	}
	change(&session)
	if err := srv.Store.Commit(t.Context(), liaison.Change{Sessions: []liaison.Session{session}}); err != nil {
		t.Fatal(err)
	}
}

// TestPasskeyLife makes a passkey after a link, comes back with nothing but it,
// and takes it away again.
func TestPasskeyLife(t *testing.T) {
	srv, device := newPasskeyServer(t)
	p := signedIn(t, srv, 1)
	account := p.key.Account()
	c := want[protocol.PasskeyCreation](t, p.site.begin(""))
	options := c.Options
	if len(options.User.ID) != 32 || strings.Contains(string(options.User.ID), p.address) || options.User.Name != p.address {
		t.Errorf("user = %+v, want a handle that says nothing, and the address for its owner", options.User)
	}
	options.User = protocol.PasskeyUser{}
	if expect := (protocol.PasskeyCreationOptions{
		RP: protocol.PasskeyRP{ID: rpID, Name: "Example"}, PubKeyCredParams: []protocol.PasskeyParameter{{Type: "public-key", Alg: -7}, {Type: "public-key", Alg: -8}, {Type: "public-key", Alg: -257}},
		Timeout: 300_000, ExcludeCredentials: []protocol.PasskeyDescriptor{}, Attestation: "none",
		AuthenticatorSelection: protocol.PasskeySelection{ResidentKey: "required", RequireResidentKey: true, UserVerification: "required"},
	}); !reflect.DeepEqual(options, expect) {
		t.Errorf("options:\n got %+v\nwant %+v", options, expect)
	}
	made := want[protocol.PasskeyView](t, p.site.call("POST", protocol.PathPasskeys, create(t, device, c, "")))
	if made.Label != "Phone" || made.Origin != siteOf(srv) || made.CreatedAt.IsZero() {
		t.Errorf("made = %+v", made)
	}

	again := want[protocol.PasskeyCreation](t, p.site.begin(""))
	if ex := again.Options.ExcludeCredentials; len(ex) != 1 || !bytes.Equal(ex[0].ID, made.CredentialID) || !reflect.DeepEqual(ex[0].Transports, []string{"internal", "hybrid"}) {
		t.Errorf("excluded = %+v, want the one that there is", ex)
	}
	if !bytes.Equal(again.Options.User.ID, c.Options.User.ID) {
		t.Errorf("the user handle changed from %x to %x", c.Options.User.ID, again.Options.User.ID)
	}

	// A new browser, which knows nothing.
	fresh := newPeer(t, srv)
	asked := fresh.ask()
	if o := asked.Options; o.RPID != rpID || o.UserVerification != "required" || len(o.AllowCredentials) != 0 || o.Timeout != 300_000 {
		t.Errorf("request options = %+v", o)
	}
	before := fresh.token
	view := want[protocol.SessionView](t, fresh.call("POST", protocol.PathSessionPasskey, assert(t, device, asked.Nonce)))
	if view.Account != account || view.Assurance != protocol.PhishingResistant {
		t.Errorf("signed in by passkey: got %+v, want %s, phishing-resistant", view, account)
	}
	old := &peer{t: t, server: srv.Origin, token: before}
	if before == fresh.token {
		t.Error("the token was not replaced")
	}
	wantProblem(t, old.call("GET", protocol.PathSession, nil), protocol.SessionRequired)

	list := want[protocol.PasskeyList](t, fresh.call("GET", protocol.PathPasskeys, nil))
	if len(list.Passkeys) != 1 || !list.Passkeys[0].UsedAt.After(made.CreatedAt) {
		t.Errorf("list = %+v, want the one passkey, used since", list)
	}
	named := want[protocol.PasskeyView](t, fresh.call("PATCH", passkeyPath(made.CredentialID), protocol.PasskeyRename{Label: "Telefön"}))
	if named.Label != "Telefön" {
		t.Errorf("renamed = %+v", named)
	}
	if r := fresh.call("DELETE", passkeyPath(made.CredentialID), nil); r.status != http.StatusNoContent {
		t.Fatalf("remove: status %d (%s)", r.status, r.body)
	}
	wantProblem(t, fresh.call("DELETE", passkeyPath(made.CredentialID), nil), protocol.PasskeyUnknown)
	wantProblem(t, newPeer(t, srv).usePasskey(device), protocol.ProofRejected)
	if list := want[protocol.PasskeyList](t, fresh.call("GET", protocol.PathPasskeys, nil)); list.Passkeys == nil || len(list.Passkeys) != 0 {
		t.Errorf("list = %+v, want an empty one", list)
	}
}

func TestUserHandlesDiffer(t *testing.T) {
	srv, _ := newPasskeyServer(t)
	a := want[protocol.PasskeyCreation](t, signedIn(t, srv, 1).site.begin(""))
	b := want[protocol.PasskeyCreation](t, signedIn(t, srv, 2).site.begin(""))
	if bytes.Equal(a.Options.User.ID, b.Options.User.ID) {
		t.Errorf("two accounts have the user handle %x", a.Options.User.ID)
	}
}

func TestPasskeysOff(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := signedIn(t, srv, 1).site
	for _, route := range server.Routes() {
		if strings.Contains(route.Path, "passkey") {
			path := strings.Replace(route.Path, "{credentialId}", "YQ", 1)
			wantProblem(t, p.call(route.Method, path, struct{}{}), protocol.PasskeysOff)
		}
	}
}

// TestPasskeyOnAChannel: a challenge that is bound to a link's channel is worth
// nothing on another one.
func TestPasskeyOnAChannel(t *testing.T) {
	srv, device := newPasskeyServer(t)
	p := signedIn(t, srv, 1)
	for _, end := range []*peer{p.site, p.wallet} {
		c := want[protocol.PasskeyCreation](t, end.begin(p.id))
		if c.Channel != channelOf(p.id) {
			t.Errorf("channel = %q, want %q", c.Channel, channelOf(p.id))
		}
		want[protocol.PasskeyView](t, end.call("POST", protocol.PathPasskeys, create(t, device, c, channelOf(p.id))))
		for _, other := range []protocol.ChannelID{"", channelOf("another")} {
			c := want[protocol.PasskeyCreation](t, end.begin(p.id))
			wantProblem(t, end.call("POST", protocol.PathPasskeys, create(t, device, c, other)), protocol.ProofRejected)
		}
		c = want[protocol.PasskeyCreation](t, end.begin(""))
		wantProblem(t, end.call("POST", protocol.PathPasskeys, create(t, device, c, channelOf(p.id))), protocol.ProofRejected)
	}

	stranger := signedIn(t, srv, 2)
	wantProblem(t, stranger.site.begin(p.id), protocol.LinkForbidden)
	wantProblem(t, signedIn(t, srv, 1).site.begin(p.id), protocol.LinkForbidden) // the same account elsewhere
	wantProblem(t, p.site.begin("no-such-link-there-is"), protocol.LinkUnknown)
	wantProblem(t, p.site.begin(p.site.challenge().RequestID), protocol.LinkNotClaimed)
	edit(t, srv, p.site, func(s *liaison.Session) { s.Account = stranger.key.Account() })
	wantProblem(t, p.site.begin(p.id), protocol.LinkForbidden)
}

// TestWhoLooksAfterPasskeys goes through who may do what.
func TestWhoLooksAfterPasskeys(t *testing.T) {
	clock := newClock()
	srv, device := newPasskeyServer(t, func(cfg *server.Config) { cfg.Now = clock.now })
	p := signedIn(t, srv, 1)
	made := p.site.makePasskey(device)
	calls := func(p *peer) map[string]reply {
		return map[string]reply{
			"make": p.begin(""), "list": p.call("GET", protocol.PathPasskeys, nil),
			"rename": p.call("PATCH", passkeyPath(made.CredentialID), protocol.PasskeyRename{Label: "x"}),
			"remove": p.call("DELETE", passkeyPath(made.CredentialID), nil),
			"add":    p.call("POST", protocol.PathPasskeys, protocol.PasskeyRegistration{CredentialID: []byte{1}, ClientDataJSON: []byte("{}"), AttestationObject: []byte{1}}),
		}
	}
	anonymous := newPeer(t, srv)
	for name, r := range calls(anonymous) {
		t.Log("without a session:", name)
		wantProblem(t, r, protocol.SessionRequired)
	}
	anonymous.challenge()
	for name, r := range calls(anonymous) {
		t.Log("signed out:", name)
		wantProblem(t, r, protocol.SessionRequired)
	}
	// A website that is linked through a dialect has what only the server says.
	vouched := signedIn(t, srv, 1)
	edit(t, srv, vouched.site, func(s *liaison.Session) { s.Assurance = protocol.ServerAsserted })
	for name, r := range calls(vouched.site) {
		t.Log("server-asserted:", name)
		wantProblem(t, r, protocol.AssuranceTooLow)
	}
	if asked := vouched.site.ask(); len(asked.Options.AllowCredentials) != 0 {
		t.Errorf("a server-asserted session learns of %+v", asked.Options.AllowCredentials)
	}
	stranger := signedIn(t, srv, 2).site
	wantProblem(t, stranger.call("PATCH", passkeyPath(made.CredentialID), protocol.PasskeyRename{Label: "x"}), protocol.PasskeyUnknown)
	wantProblem(t, stranger.call("DELETE", passkeyPath(made.CredentialID), nil), protocol.PasskeyUnknown)

	clock.add(liaison.FreshTTL - time.Second)
	want[any](t, p.site.begin(""))
	clock.add(time.Second)
	for name, r := range map[string]reply{"make": p.site.begin(""), "remove": p.site.call("DELETE", passkeyPath(made.CredentialID), nil)} {
		t.Log("stale:", name)
		wantProblem(t, r, protocol.StepUpRequired)
	}
	if list := want[protocol.PasskeyList](t, p.site.call("GET", protocol.PathPasskeys, nil)); len(list.Passkeys) != 1 {
		t.Errorf("a stale session lists %+v", list)
	}
	want[any](t, p.site.call("PATCH", passkeyPath(made.CredentialID), protocol.PasskeyRename{}))
	// A passkey proves the account again.
	want[protocol.SessionView](t, p.site.usePasskey(device))
	want[any](t, p.site.begin(""))
	want[any](t, p.site.call("DELETE", passkeyPath(made.CredentialID), nil))
}

// TestPasskeyChallengeIsSpentOnce answers one challenge a thousand times at once.
func TestPasskeyChallengeIsSpentOnce(t *testing.T) {
	srv, device := newPasskeyServer(t, liaisontest.Unlimited)
	device.Uncounted = true
	p := signedIn(t, srv, 1)
	made := p.site.makePasskey(device)
	fresh := newPeer(t, srv)
	answer := assert(t, device, fresh.ask().Nonce)
	count := func(n int, path string, body func() any, from *peer) (won int) {
		codes := make(map[protocol.Code]int)
		var mu sync.Mutex
		var wait sync.WaitGroup
		slots := make(chan struct{}, 64)
		for range n {
			wait.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				one := *from
				r, err := one.tryCall("POST", path, body())
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Errorf("call: %v", err)
				} else if r.status == http.StatusOK {
					won++
				} else {
					var problem protocol.Problem
					json.Unmarshal(r.body, &problem)
					codes[problem.Code]++
				}
			})
		}
		wait.Wait()
		t.Logf("%s: %d of %d won, %v", path, won, n, codes)
		return won
	}
	// Each with a key of its own: none of them is another's repetition.
	keyed := func() any { a := answer; a.Key = protocol.NewNonce(); return a }
	if won := count(100, protocol.PathSessionPasskey, keyed, fresh); won != 1 {
		t.Errorf("%d of 100 answers to one challenge signed in, want 1", won)
	}
	registration := create(t, device, want[protocol.PasskeyCreation](t, p.site.begin("")), "")
	if won := count(1000, protocol.PathPasskeys, func() any { return registration }, p.site); won != 1 {
		t.Errorf("%d of 1000 answers to one challenge made a passkey, want 1", won)
	}
	if list := want[protocol.PasskeyList](t, p.site.call("GET", protocol.PathPasskeys, nil)); len(list.Passkeys) != 2 || !bytes.Equal(list.Passkeys[0].CredentialID, made.CredentialID) {
		t.Errorf("list = %+v, want two", list)
	}
}

// TestPasskeyRefusalsLookAlike: what is wrong with an answer is not told, and the
// challenge is spent by it.
func TestPasskeyRefusalsLookAlike(t *testing.T) {
	clock := newClock()
	srv, device := newPasskeyServer(t, func(cfg *server.Config) { cfg.Now = clock.now })
	p := signedIn(t, srv, 1)
	p.site.makePasskey(device)
	stranger := &authenticator.Device{Origin: device.Origin}
	stranger.Create(rpID, []byte("challenge"), nil)
	for range 2 {
		want[protocol.SessionView](t, newPeer(t, srv).usePasskey(device))
	}
	other := newPeer(t, srv)
	var texts []string
	for name, c := range map[string]struct {
		fault  authenticator.Fault
		device *authenticator.Device
		late   time.Duration
		nonce  func() protocol.Nonce // in place of the one that was given
		spent  bool                  // the right answer comes too late then
	}{
		"unknown passkey":    {device: stranger, spent: true},
		"another key":        {fault: authenticator.Fault{WrongKey: true}, spent: true},
		"another page":       {fault: authenticator.Fault{Origin: "https://evil.example"}, spent: true},
		"nobody verified":    {fault: authenticator.Fault{NoVerification: true}, spent: true},
		"nobody present":     {fault: authenticator.Fault{NoPresence: true}, spent: true},
		"another domain":     {fault: authenticator.Fault{RPID: "evil.example"}, spent: true},
		"counter goes back":  {fault: authenticator.Fault{Counter: 1}, spent: true},
		"too late":           {late: liaison.CeremonyTTL, spent: true},
		"nobody's challenge": {nonce: protocol.NewNonce},
		"another session's":  {nonce: func() protocol.Nonce { return other.ask().Nonce }},
		"for making one":     {nonce: func() protocol.Nonce { return want[protocol.PasskeyCreation](t, p.site.begin("")).Nonce }},
	} {
		fresh := newPeer(t, srv)
		given := fresh.ask().Nonce
		nonce := given
		if c.nonce != nil {
			nonce = c.nonce()
		}
		from := device
		if c.device != nil {
			from = c.device
		}
		from.Fault = c.fault
		body := assert(t, from, nonce)
		from.Fault = authenticator.Fault{}
		clock.add(c.late)
		r := fresh.call("POST", protocol.PathSessionPasskey, body)
		t.Log(name)
		wantProblem(t, r, protocol.ProofRejected)
		var problem protocol.Problem
		json.Unmarshal(r.body, &problem)
		problem.Instance = ""
		texts = append(texts, fmt.Sprintf("%+v", problem))
		right := fresh.call("POST", protocol.PathSessionPasskey, assert(t, device, given))
		if c.spent {
			wantProblem(t, right, protocol.ProofRejected)
		} else {
			want[protocol.SessionView](t, right)
		}
	}
	for _, text := range texts {
		if text != texts[0] {
			t.Errorf("two refusals differ:\n%s\n%s", texts[0], text)
		}
	}
	// The other session's challenge is still its own to answer.
	want[protocol.SessionView](t, other.usePasskey(device))
	// And one for using a passkey makes none.
	nonce := p.site.ask().Nonce
	body := create(t, device, protocol.PasskeyCreation{Nonce: nonce, Options: protocol.PasskeyCreationOptions{RP: protocol.PasskeyRP{ID: rpID}}}, "")
	wantProblem(t, p.site.call("POST", protocol.PathPasskeys, body), protocol.ProofRejected)
}

// TestOpenChallenges: a session has so many, and one more ends the oldest, also
// when they are asked for at once.
func TestOpenChallenges(t *testing.T) {
	clock := newClock()
	srv, device := newPasskeyServer(t, liaisontest.Unlimited, func(cfg *server.Config) { cfg.Now = clock.now })
	signedIn(t, srv, 1).site.makePasskey(device)
	fresh := newPeer(t, srv)
	var nonces []protocol.Nonce
	for range liaison.MaxCeremonies + 1 {
		nonces = append(nonces, fresh.ask().Nonce)
		clock.add(time.Millisecond)
	}
	wantProblem(t, fresh.call("POST", protocol.PathSessionPasskey, assert(t, device, nonces[0])), protocol.ProofRejected)
	want[protocol.SessionView](t, fresh.call("POST", protocol.PathSessionPasskey, assert(t, device, nonces[1])))

	// A session that has room: no call takes another's place.
	fresh = newPeer(t, srv)
	fresh.ask()
	var wait sync.WaitGroup
	for range 30 {
		one := *fresh
		wait.Go(func() {
			if r, err := one.tryCall("POST", protocol.PathPasskeyAuthentication, struct{}{}); err != nil || r.status != http.StatusOK && r.status != http.StatusServiceUnavailable {
				t.Errorf("ask: %d %s %v", r.status, r.body, err)
			}
		})
	}
	wait.Wait()
	session, err := srv.Store.SessionByToken(t.Context(), liaison.Token(fresh.token).Hash())
	if err != nil {
		t.Fatal(err)
	}
	if open, err := srv.Store.Ceremonies(t.Context(), session.ID); err != nil || len(open) != liaison.MaxCeremonies {
		t.Errorf("open challenges after many calls at once: got %d, %v, want %d", len(open), err, liaison.MaxCeremonies)
	}
}

// TestPasskeyOfAnotherAccount: a session stays with its account.
func TestPasskeyOfAnotherAccount(t *testing.T) {
	srv, device := newPasskeyServer(t)
	p, other := signedIn(t, srv, 1), signedIn(t, srv, 2)
	other.site.makePasskey(device)
	wantProblem(t, p.site.usePasskey(device), protocol.AccountMismatch)
	if view := want[protocol.SessionView](t, p.site.call("GET", protocol.PathSession, nil)); view.Account != p.key.Account() || view.Assurance != protocol.Sealed {
		t.Errorf("session = %+v, want it as it was", view)
	}
	theirs := protocol.PasskeyAuthenticationRequest{Account: other.key.Account()}
	wantProblem(t, p.site.call("POST", protocol.PathPasskeyAuthentication, theirs), protocol.AccountMismatch)
	// Who holds no passkey learns nothing by that.
	device.Fault = authenticator.Fault{WrongKey: true}
	wantProblem(t, p.site.usePasskey(device), protocol.ProofRejected)
	device.Fault = authenticator.Fault{}

	fresh := newPeer(t, srv)
	asked := want[protocol.PasskeyRequest](t, fresh.call("POST", protocol.PathPasskeyAuthentication, protocol.PasskeyAuthenticationRequest{Account: p.key.Account()}))
	wantProblem(t, fresh.call("POST", protocol.PathSessionPasskey, assert(t, device, asked.Nonce)), protocol.AccountMismatch)
	asked = want[protocol.PasskeyRequest](t, fresh.call("POST", protocol.PathPasskeyAuthentication, theirs))
	if len(asked.Options.AllowCredentials) != 0 {
		t.Errorf("a stranger learns of %+v", asked.Options.AllowCredentials)
	}
	want[protocol.SessionView](t, fresh.call("POST", protocol.PathSessionPasskey, assert(t, device, asked.Nonce)))
}

// TestPasskeyRaisesAssurance: it adds to what a wallet proved, gives the session a
// new id, and takes nothing away.
func TestPasskeyRaisesAssurance(t *testing.T) {
	srv, device := newPasskeyServer(t)
	p := signedIn(t, srv, 1)
	p.site.makePasskey(device)
	p.site.dial()
	asked := p.site.ask()
	if len(asked.Options.AllowCredentials) != 1 {
		t.Errorf("allowed = %+v, want the one that the account has", asked.Options.AllowCredentials)
	}
	// An app that holds the passkey is not the site's own browser.
	device.Origin = app
	view := want[protocol.SessionView](t, p.site.call("POST", protocol.PathSessionPasskey, assert(t, device, asked.Nonce)))
	if view.Assurance != protocol.Sealed {
		t.Errorf("assurance after an app's passkey = %q, want %q as before", view.Assurance, protocol.Sealed)
	}
	p.site.socket.expectClose(protocol.SessionRotated)
	fresh := newPeer(t, srv)
	if view := want[protocol.SessionView](t, fresh.usePasskey(device)); view.Assurance != protocol.ServerAsserted {
		t.Errorf("assurance of an app's passkey alone = %q, want %q", view.Assurance, protocol.ServerAsserted)
	}
	device.Origin = siteOf(srv)
	for _, session := range []*peer{p.site, fresh} {
		if view := want[protocol.SessionView](t, session.usePasskey(device)); view.Assurance != protocol.PhishingResistant || view.Account != p.key.Account() {
			t.Errorf("session = %+v, want it phishing-resistant", view)
		}
	}
	device.Origin = app
	if view := want[protocol.SessionView](t, fresh.usePasskey(device)); view.Assurance != protocol.PhishingResistant {
		t.Errorf("assurance = %q, want it as it was", view.Assurance)
	}
}

// TestPasskeyIDsOfOthers: an id stays with its account, and registering it again
// leaves it as it is.
func TestPasskeyIDsOfOthers(t *testing.T) {
	srv, device := newPasskeyServer(t)
	p, thief := signedIn(t, srv, 1), signedIn(t, srv, 2)
	made := p.site.makePasskey(device)
	again := func(from *peer, device *authenticator.Device) reply {
		challenge := protocol.PasskeyChallenge("", want[protocol.PasskeyCreation](t, from.begin("")).Nonce)
		body := registrationOf(t, device.Register(device.Passkeys[0], challenge[:]))
		body.Label = "Another"
		return from.call("POST", protocol.PathPasskeys, body)
	}
	if view := want[protocol.PasskeyView](t, again(p.site, device)); !reflect.DeepEqual(view, made) {
		t.Errorf("registered again:\n got %+v\nwant %+v", view, made)
	}
	forged := &authenticator.Device{Origin: device.Origin}
	forged.Create(rpID, nil, nil)
	forged.Passkeys[0].ID = device.Passkeys[0].ID // the thief's key under their id
	wantProblem(t, again(thief.site, forged), protocol.ProofRejected)
	fresh := newPeer(t, srv)
	if view := want[protocol.SessionView](t, fresh.usePasskey(device)); view.Account != p.key.Account() {
		t.Errorf("session = %+v, want that of the owner", view)
	}
	// The account may have changed between challenge and answer.
	c := want[protocol.PasskeyCreation](t, p.site.begin(""))
	edit(t, srv, p.site, func(s *liaison.Session) { s.Account = thief.key.Account() })
	wantProblem(t, p.site.call("POST", protocol.PathPasskeys, create(t, device, c, "")), protocol.ProofRejected)
}

// TestPasskeyAnswerLost: the call can be repeated by whoever has the old token
// and the key, and by nobody who has one of them.
func TestPasskeyAnswerLost(t *testing.T) {
	srv, device := newPasskeyServer(t)
	p := signedIn(t, srv, 1)
	p.site.makePasskey(device)
	fresh := newPeer(t, srv)
	body := assert(t, device, fresh.ask().Nonce)
	before := fresh.token
	first := want[protocol.SessionView](t, fresh.call("POST", protocol.PathSessionPasskey, body))
	lost := &peer{t: t, server: srv.Origin, token: before}
	first.ExpiresAt = first.ExpiresAt.Truncate(time.Microsecond) // as it is stored
	if view := want[protocol.SessionView](t, lost.call("POST", protocol.PathSessionPasskey, body)); view != first || lost.token != fresh.token {
		t.Errorf("repeated: got %+v, want %+v and the same token", view, first)
	}
	for name, from := range map[string]*peer{"another key": {t: t, server: srv.Origin, token: before}, "no session": newPeer(t, srv)} {
		other := body
		if from.token != "" {
			other.Key = protocol.NewNonce()
		}
		t.Log(name)
		wantProblem(t, from.call("POST", protocol.PathSessionPasskey, other), protocol.SessionRequired)
	}
}

// TestPasskeyNeedsACollectedSession: a retired id leads to its successor alone.
func TestPasskeyNeedsACollectedSession(t *testing.T) {
	srv, device := newPasskeyServer(t)
	signedIn(t, srv, 1).site.makePasskey(device)
	p := greeted(t, srv, testKey(t, 2))
	nonce := p.site.ask().Nonce
	want[protocol.SessionView](t, p.post(p.claim()))
	wantProblem(t, p.site.call("POST", protocol.PathPasskeyAuthentication, struct{}{}), protocol.SessionRotated)
	wantProblem(t, p.site.call("POST", protocol.PathSessionPasskey, assert(t, device, nonce)), protocol.SessionRotated)
	wantProblem(t, p.site.begin(""), protocol.SessionRotated)
}

func TestPasskeyLimits(t *testing.T) {
	srv, _ := newPasskeyServer(t, func(cfg *server.Config) { cfg.Limits.ChallengesPerAddress = 5 })
	p := signedIn(t, srv, 1)
	for range 5 {
		newPeer(t, srv).ask()
	}
	r := newPeer(t, srv).call("POST", protocol.PathPasskeyAuthentication, struct{}{})
	wantProblem(t, r, protocol.RateLimited)
	if r.header.Get("Retry-After") == "" || len(r.header.Values("Set-Cookie")) > 0 {
		t.Errorf("header = %v, want Retry-After and no session", r.header)
	}
	wantProblem(t, p.site.begin(""), protocol.RateLimited)

	srv, device := newPasskeyServer(t, func(cfg *server.Config) { cfg.Limits.Challenges = 2 })
	p = signedIn(t, srv, 1)
	fresh := newPeer(t, srv)
	fresh.ask()
	newPeer(t, srv).ask()
	wantProblem(t, newPeer(t, srv).call("POST", protocol.PathPasskeyAuthentication, struct{}{}), protocol.Overloaded)
	fresh.ask() // who has a session goes on

	c := want[protocol.PasskeyCreation](t, p.site.begin(""))
	var many liaison.Change
	for i := range protocol.MaxPasskeys {
		many.Credentials = append(many.Credentials, liaison.Credential{ID: liaison.NewCredentialID([]byte{byte(i)}), Account: p.key.Account(), PublicKey: []byte{1}})
	}
	if err := srv.Store.Commit(t.Context(), many); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, p.site.call("POST", protocol.PathPasskeys, create(t, device, c, "")), protocol.PasskeyLimit)
	wantProblem(t, p.site.begin(""), protocol.PasskeyLimit)
}

func TestPasskeyBodies(t *testing.T) {
	srv, device := newPasskeyServer(t)
	p := signedIn(t, srv, 1).site
	made := p.makePasskey(device)
	for _, label := range []string{strings.Repeat("x", 65), "a\nb", "a\u202eb", "\x00"} {
		wantProblem(t, p.call("PATCH", passkeyPath(made.CredentialID), protocol.PasskeyRename{Label: label}), protocol.InvalidMessage)
		body := create(t, device, want[protocol.PasskeyCreation](t, p.begin("")), "")
		body.Label = label
		wantProblem(t, p.call("POST", protocol.PathPasskeys, body), protocol.InvalidMessage)
	}
	for _, id := range []string{"YQ==", "Y+", "AB", strings.Repeat("A", 1400)} {
		wantProblem(t, p.call("DELETE", protocol.PathPasskeys+"/"+url.PathEscape(id), nil), protocol.InvalidMessage)
		wantProblem(t, p.call("PATCH", protocol.PathPasskeys+"/"+url.PathEscape(id), protocol.PasskeyRename{}), protocol.InvalidMessage)
	}
	for path, bodies := range map[string][]string{
		protocol.PathPasskeys:              {`{}`, `{"credentialId":"YQ","clientDataJSON":"e30","attestationObject":"YQ","extra":1}`, `{"credentialId":"YQ","clientDataJSON":"e30","attestationObject":"YQ"}`},
		protocol.PathSessionPasskey:        {`{}`, `{"credentialId":"YQ","clientDataJSON":"e30","authenticatorData":"YQ","signature":"YQ","key":"short"}`, `{"credentialId":{"$ne":""}}`},
		protocol.PathPasskeyRegistration:   {`[]`, `{"requestId":"?"}`},
		protocol.PathPasskeyAuthentication: {`{"account":"nobody"}`, `{"username":"x"}`},
	} {
		for _, body := range bodies {
			t.Log(path, body)
			wantProblem(t, p.call("POST", path, body), protocol.InvalidMessage)
		}
	}
}

// TestPasskeyOnTwoNodes: a challenge of one node is answered at another.
func TestPasskeyOnTwoNodes(t *testing.T) {
	nodes := liaisontest.NewNodes(t, 2, func(cfg *server.Config) {
		party, err := passkey.New(passkey.Config{RPID: rpID, Origins: []string{"https://localhost"}})
		if err != nil {
			t.Fatal(err)
		}
		cfg.Passkeys = party
	})
	device := &authenticator.Device{Origin: "https://localhost"}
	p := signedIn(t, nodes[0], 1)
	first := want[protocol.PasskeyCreation](t, p.site.begin(""))
	p.site.server = nodes[1].Origin
	want[protocol.PasskeyView](t, p.site.call("POST", protocol.PathPasskeys, create(t, device, first, "")))
	if second := want[protocol.PasskeyCreation](t, p.site.begin("")); !bytes.Equal(first.Options.User.ID, second.Options.User.ID) {
		t.Errorf("two nodes have two user handles for one account")
	}
}
