package liquid_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const (
	someOffer  = `"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"`
	someAnswer = `"v=0\r\no=- 2 2 IN IP4 127.0.0.1\r\n"`
)

func candidateOf(n int) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"candidate":"candidate:%d 1 udp 1 192.0.2.1 9 typ host","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"u"}`, n))
}

// exchange lets a wallet offer and a site answer, with candidates from both.
func exchange(t testing.TB, site, wallet *socket) {
	t.Helper()
	wallet.emit(false, "offer-description", json.RawMessage(someOffer))
	if got := site.event("offer-description"); got != someOffer {
		t.Fatalf("the site hears the offer %s, want %s", got, someOffer)
	}
	site.emit(false, "answer-description", json.RawMessage(someAnswer))
	if got := wallet.event("answer-description"); got != someAnswer {
		t.Fatalf("the wallet hears the answer %s, want %s", got, someAnswer)
	}
	for n := range 3 {
		wallet.emit(false, "offer-candidate", candidateOf(n))
		site.emit(false, "answer-candidate", candidateOf(n))
	}
	for n := range 3 {
		if got := site.event("offer-candidate"); got != string(candidateOf(n)) {
			t.Fatalf("the site hears candidate %s, want %s", got, candidateOf(n))
		}
		if got := wallet.event("answer-candidate"); got != string(candidateOf(n)) {
			t.Fatalf("the wallet hears candidate %s, want %s", got, candidateOf(n))
		}
	}
}

// TestWholeRun: a site names a link, a wallet signs in with it, the site hears of
// it and is signed in, and the two signal. Texts and numbers are answered in kind.
func TestWholeRun(t *testing.T) {
	for name, requestID := range map[string]any{"text": "019ab5d0-77aa-7cc0-8f2e-5f3e6a7b8c9d", "number": 424242} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t)
			site, w := n.newClient(), n.newWallet()
			wait := site.open().link(requestID)
			made := w.attest(requestID)
			ack := wait()
			want, _ := json.Marshal(requestID)
			if string(ack.RequestID) != string(want) || ack.Wallet != w.key.Address() || ack.CredID == "" || ack.CredID != made.Credentials[0].CredID {
				t.Errorf("acknowledged %+v, want wallet, passkey and the request id %s", ack, want)
			}
			for _, c := range []*client{site, w.client} {
				if got := c.signedInAs(); got != w.key.Address() {
					t.Errorf("signed in as %q, want %q", got, w.key.Address())
				}
			}
			exchange(t, site.socket, w.open())

			// The wallet comes again, with its passkey alone, to a second site.
			second := n.newClient()
			wait = second.open().link("second")
			w.assert("second")
			if got := wait().Wallet; got != w.key.Address() {
				t.Errorf("the second site hears of %q", got)
			}
			w.socket.close()
			exchange(t, second.socket, w.open())

			for _, c := range []*client{site, second, w.client} {
				if r := c.call("GET", "/auth/logout", nil); r.status != 302 || r.header.Get("Location") != "/" {
					t.Errorf("logout: %d to %q, want 302 to /", r.status, r.header.Get("Location"))
				}
				if got := c.signedInAs(); got != "" {
					t.Errorf("still signed in as %s after the logout", got)
				}
			}
		})
	}
}

// TestSignInBeforeTheLink: a site that comes a moment late, or asks once more, gets
// its answer.
func TestSignInBeforeTheLink(t *testing.T) {
	n := newNode(t)
	site, w := n.newClient(), n.newWallet()
	w.attest("late")
	w.open().emit(false, "offer-description", json.RawMessage(someOffer))
	w.socket.settle()
	if got := site.open().link("late")(); got.Wallet != w.key.Address() {
		t.Fatalf("acknowledged %+v", got)
	}
	if got := site.socket.event("offer-description"); got != someOffer {
		t.Errorf("the offer that came first is %s", got)
	}
	site.socket.close()
	if got := site.open().link("late")(); got.Wallet != w.key.Address() {
		t.Errorf("asked again, acknowledged %+v", got)
	}
}

// TestSocketEndsWithoutAWord: what a client was sent and may not have got comes
// once more when it connects again, and what it has answered does not.
func TestSocketEndsWithoutAWord(t *testing.T) {
	n := newNode(t)
	site, w := n.newClient(), n.newWallet()
	wait := site.open().link("drop")
	w.attest("drop")
	wait()
	w.open().emit(false, "offer-description", json.RawMessage(someOffer))
	site.socket.event("offer-description")
	site.socket.close()
	w.socket.emit(false, "offer-candidate", candidateOf(1))
	w.socket.settle()

	site.open()
	if got := site.socket.event("offer-description"); got != someOffer {
		t.Errorf("the offer comes again as %s", got)
	}
	if got := site.socket.event("offer-candidate"); got != string(candidateOf(1)) {
		t.Errorf("the candidate that came meanwhile is %s", got)
	}
	site.socket.emit(false, "answer-description", json.RawMessage(someAnswer))
	w.socket.event("answer-description")
	site.socket.close()
	site.open().settle()
	site.socket.quiet("offer-description")

	// A wallet that offers anew does not want what came of the earlier offer.
	w.socket.close()
	w.open()
	w.socket.event("answer-description") // it may not have got it
	w.socket.emit(false, "offer-description", json.RawMessage(someOffer))
	site.socket.event("offer-description")
	w.socket.close()
	w.open().settle()
	w.socket.quiet("answer-description")
}

// eventOf waits for the next event of an end and returns it.
func (s *socket) eventOf(end string) string {
	s.t.Helper()
	return s.expect(func(p string) bool { return strings.HasPrefix(p, `42["`+end+`-`) })
}

// TestOfferOutlastsItsCandidates: however many candidates follow it, a socket that
// comes again hears the offer first. What the server cannot keep waits.
func TestOfferOutlastsItsCandidates(t *testing.T) {
	n := newNode(t)
	site, w := n.newClient(), n.newWallet()
	wait := site.open().link("many")
	w.attest("many")
	wait()
	w.open().emit(false, "offer-description", json.RawMessage(someOffer))
	for k := range 70 {
		w.socket.emit(false, "offer-candidate", candidateOf(k))
	}
	for k := range 40 {
		if got := site.socket.event("offer-candidate"); got != string(candidateOf(k)) {
			t.Fatalf("candidate %d is %s", k, got)
		}
	}
	site.open() // the other one may be dead
	if got := site.socket.eventOf("offer"); got != `42["offer-description",`+someOffer+`]` {
		t.Fatalf("it hears %s first, want the offer", got)
	}
	for k := range 63 { // as many as the server keeps
		if got := site.socket.event("offer-candidate"); got != string(candidateOf(k)) {
			t.Fatalf("candidate %d is %s", k, got)
		}
	}
	site.socket.emit(false, "answer-description", json.RawMessage(someAnswer))
	for k := range 7 {
		if got := site.socket.event("offer-candidate"); got != string(candidateOf(63+k)) {
			t.Fatalf("candidate %d is %s", 63+k, got)
		}
	}
	w.socket.event("answer-description")
	w.socket.quiet("exception")

	for k := range 70 {
		site.socket.emit(false, "answer-candidate", candidateOf(k))
	}
	for range 70 {
		w.socket.event("answer-candidate")
	}
	w.open()
	if got := w.socket.eventOf("answer"); got != `42["answer-description",`+someAnswer+`]` {
		t.Fatalf("the wallet hears %s first, want the answer", got)
	}
}

// TestSecondOfferAlone: a wallet gives its offer up and makes another one. A socket
// of the site that comes again hears that one alone.
func TestSecondOfferAlone(t *testing.T) {
	n := newNode(t)
	site, w := n.newClient(), n.newWallet()
	wait := site.open().link("anew")
	w.attest("anew")
	wait()
	const second = `"v=0\r\no=- 3 3 IN IP4 127.0.0.1\r\n"`
	w.open().emit(false, "offer-description", json.RawMessage(someOffer))
	w.socket.emit(false, "offer-candidate", candidateOf(1))
	w.socket.emit(false, "offer-description", json.RawMessage(second))
	for range 2 {
		site.socket.event("offer-description")
	}
	site.open() // the other one may be dead
	if got := site.socket.event("offer-description"); got != second {
		t.Errorf("the site hears %s first, want the second offer", got)
	}
	site.socket.quiet("offer-candidate")
}

// TestSignInForgetsTheAnswer: what came of a wallet's attempt before is no answer to
// what it offers after it has signed in once more.
func TestSignInForgetsTheAnswer(t *testing.T) {
	n := newNode(t)
	site, w := n.newClient(), n.newWallet()
	wait := site.open().link("retry")
	w.attest("retry")
	wait()
	exchange(t, site.socket, w.open())
	w.assert(nil)
	for range 2 { // the second comes when the new session hears all that waits
		w.socket.event("presence")
	}
	w.socket.quiet("answer-description")
	exchange(t, site.socket, w.socket)
}

// TestManyLinksOfOneSocket: a site that stays open shows one code after another, and
// each gets its answer.
func TestManyLinksOfOneSocket(t *testing.T) {
	n := newNode(t)
	site, w := n.newClient(), n.newWallet()
	site.open()
	w.attest(nil)
	w.open()
	for k := range 20 {
		wait := site.socket.link(fmt.Sprint("many ", k))
		w.assert(fmt.Sprint("many ", k))
		if got := wait(); got.Wallet != w.key.Address() {
			t.Fatalf("link %d: acknowledged %+v", k, got)
		}
	}
	exchange(t, site.socket, w.socket)
	site.socket.quiet("exception")
}

// TestRestarts: a server that is killed at any step loses nothing that a client
// cannot ask for again.
func TestRestarts(t *testing.T) {
	n := newNode(t)
	site, w := n.newClient(), n.newWallet()
	site.open().link("x")
	site.socket.settle()
	n.restart()
	challenge := w.challenge()
	n.restart()
	made := want[record](t, w.call("POST", "/attestation/response", w.response(challenge, "x")), 201)
	n.restart()
	wait := site.open().link("x")
	if got := wait(); got.Wallet != made.Wallet {
		t.Errorf("after the restarts the site hears of %+v", got)
	}
	n.restart()
	exchange(t, site.open(), w.open())
}

// TestLinkIsForWhoNamedIt: another session that knows the request id is neither
// told nor signed in, a second wallet does not take the link over, and a request
// id is good once.
func TestLinkIsForWhoNamedIt(t *testing.T) {
	n := newNode(t)
	site, thief, w, late := n.newClient(), n.newClient(), n.newWallet(), n.newWallet()
	wait := site.open().link("mine")
	site.socket.settle()
	thief.open().link("mine")
	thief.socket.quiet("exception") // not even that there is such a link
	w.attest("mine")
	wait()
	thief.socket.link("mine")
	thief.socket.quiet("exception")
	if got := thief.signedInAs(); got != "" {
		t.Errorf("whoever knows the request id is signed in as %s", got)
	}
	wantBody(t, "a second wallet", late.call("POST", "/attestation/response", late.response(late.challenge(), "mine")), 401,
		`{"reason":"unauthorized","error":"User verification failed"}`)
	if got := site.signedInAs(); got != w.key.Address() {
		t.Errorf("the site is signed in as %s, want the first wallet", got)
	}
	w.open().emit(false, "offer-description", json.RawMessage(someOffer))
	site.socket.event("offer-description")
	thief.socket.emit(false, "answer-description", json.RawMessage(someAnswer))
	thief.socket.event("exception")
	thief.socket.quiet("offer-description")
	w.socket.quiet("answer-description")
}

// TestWalletThatLinks: some wallets send "link" for the site's request id, after
// they signed in, and want no acknowledgement.
func TestWalletThatLinks(t *testing.T) {
	n := newNode(t)
	site, w := n.newClient(), n.newWallet()
	wait := site.open().link("ios")
	w.attest("ios")
	w.open().emit(false, "link", map[string]any{"requestId": "ios"})
	wait()
	exchange(t, site.socket, w.socket)
	if got := site.signedInAs(); got != w.key.Address() {
		t.Errorf("the site is signed in as %q", got)
	}
}

// TestRoomsAreLinks: two sites that are open for one account do not hear each
// other's wallet, and what a session has become decides what its sockets hear.
func TestRoomsAreLinks(t *testing.T) {
	n := newNode(t)
	first, second, w := n.newClient(), n.newClient(), n.newWallet()
	wait := first.open().link("first")
	w.attest("first")
	wait()
	wait = second.open().link("second")
	w.open()
	w.assert("second")
	wait()
	w.socket.emit(false, "offer-description", json.RawMessage(someOffer))
	second.socket.event("offer-description")
	first.socket.quiet("offer-description")

	second.call("GET", "/auth/logout", nil)
	second.socket.gone()
	w.socket.emit(false, "offer-candidate", candidateOf(7))
	w.socket.event("exception")
	second.open().emit(false, "answer-description", json.RawMessage(someAnswer))
	second.socket.event("exception")
	second.socket.quiet("offer-candidate")
	w.socket.quiet("answer-description")
}

// TestNumbersCanBeGuessed: there are few enough to hold all of them. A number that
// two sessions name is nobody's.
func TestNumbersCanBeGuessed(t *testing.T) {
	n := newNode(t)
	site, thief, w := n.newClient(), n.newClient(), n.newWallet()
	thief.open().link(424242)
	thief.socket.settle()
	site.open().link(424242)
	site.socket.event("exception")
	w.attest(nil)
	wantBody(t, "a number that two sessions have named", w.call("POST", "/assertion/response", w.assertion(424242)), 401, assertionUnverified)
	for _, c := range []*client{site, thief} {
		if got := c.signedInAs(); got != "" {
			t.Errorf("one of two that named the number is signed in as %s", got)
		}
	}
	wait := site.socket.link(424243)
	w.assert(424243)
	wait()
}

// TestTextsAndNumbers: an id that is a text and one that is a number are two ids.
func TestTextsAndNumbers(t *testing.T) {
	n := newNode(t)
	text, number, w := n.newClient(), n.newClient(), n.newWallet()
	text.open().link("424242")
	text.socket.settle()
	wait := number.open().link(424242)
	w.attest(json.RawMessage("424242.0"))
	wait()
	if got := text.signedInAs(); got != "" {
		t.Errorf("the site with the text is signed in as %s", got)
	}
}

// TestMalformedEvents: what is malformed is refused, and the socket lives on.
func TestMalformedEvents(t *testing.T) {
	n := newNode(t)
	site, w := n.newClient(), n.newWallet()
	wait := site.open().link("ok")
	w.attest("ok")
	wait()
	w.open()
	for _, args := range [][]any{
		{"link"},
		{"link", nil},
		{"link", "x"},
		{"link", map[string]any{}},
		{"link", map[string]any{"requestId": ""}},
		{"link", map[string]any{"requestId": true}},
		{"link", map[string]any{"requestId": []int{1}}},
		{"link", map[string]any{"requestId": strings.Repeat("x", 129)}},
		{"offer-description"},
		{"offer-description", nil},
		{"offer-description", 7},
		{"offer-description", map[string]any{"type": "offer"}},
		{"offer-description", "a", "b"},
		{"offer-description", strings.Repeat("x", 40<<10)},
		{"offer-candidate", "candidate"},
		{"offer-candidate", map[string]any{"candidate": strings.Repeat("x", 4<<10)}},
	} {
		w.socket.emit(true, args[0].(string), args[1:]...)
		w.socket.event("exception")
	}
	exchange(t, site.socket, w.socket)
	site.socket.quiet("exception")
}

// TestPresence: each end hears whether the other one is there.
func TestPresence(t *testing.T) {
	n := newNode(t)
	site, w := n.newClient(), n.newWallet()
	wait := site.open().link("here")
	w.attest("here")
	wait()
	w.open()
	for _, s := range []*socket{site.socket, w.socket} {
		if got := s.event("presence"); got != `{"state":"here"}` {
			t.Errorf("presence %s, want here", got)
		}
	}
	w.socket.close()
	if got := site.socket.event("presence"); got != `{"state":"gone"}` {
		t.Errorf("presence %s, want gone", got)
	}
}
