package client_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

// arrow is a step of the decision record, under its number there.
type arrow string

const (
	asksChallenge  arrow = "1 GET challenge"
	getsChallenge  arrow = "2 challenge with an HTTP-only session"
	showsLink      arrow = "3 link as text"
	awaitsWallet   arrow = "4 subscribe link"
	readsLink      arrow = "5 GET link"
	claims         arrow = "6 POST claim"
	proofHolds     arrow = "7 nonce spent, proof verified"
	siteUpgraded   arrow = "8 site's session upgraded"
	walletSession  arrow = "9 claim accepted with an HTTP-only session"
	siteTold       arrow = "10 link"
	bothSubscribed arrow = "12 subscribe answer-ADDR and offer-ADDR"
	postsOffer     arrow = "13 POST offer"
	offerArrives   arrow = "13 frame on offer-ADDR: offer"
	sendsAnswer    arrow = "14 send answer"
	answerArrives  arrow = "14 frame on answer-ADDR: answer"
	siteCandidate  arrow = "15 frame on offer-ADDR: candidate"
	walletFinds    arrow = "16 frame on answer-ADDR: candidate"
	channelOpen    arrow = "17 channel open"
)

// recordOrder is the order of the record; arrows of one line come in either
// order. 9 and 10 leave the server at the same moment, over two connections: it
// emits link before it writes the answer to the claim.
var recordOrder = [][]arrow{
	{asksChallenge},
	{getsChallenge},
	{showsLink},
	{awaitsWallet},
	{readsLink},
	{claims},
	{proofHolds},
	{siteUpgraded},
	{walletSession, siteTold},
	{bothSubscribed},
	{postsOffer},
	{offerArrives},
	{sendsAnswer},
	{answerArrives},
	{siteCandidate, walletFinds},
	{channelOpen},
}

// TestDecisionRecord sees every arrow of the record but 11, in its order. The
// network is slow where the record leaves the order to chance: the socket of the
// site waits for the link's text, its offer for both subscriptions, what it sends
// over the socket for the answer.
func TestDecisionRecord(t *testing.T) {
	r := newRecord(walletKey(t, 1).Address())
	defer r.check(t)
	f := newFront(t, func(cfg *server.Config) { cfg.Verifier = notingVerifier{cfg.Verifier, r} })
	r.watch(t, f)
	s := openLink(t, f.origin)
	r.shown(t, s.pending.Link())
	s.accept()
	r.wait(awaitsWallet)
	s.read()
	if s.request.HasOffer() {
		t.Fatal("the offer came with the link, want it held back")
	}
	s.meet()
	r.note(channelOpen)
	f.server.Stop()
	down := func(e client.Event) bool { return e.Kind == client.EventSignaling && !e.Up }
	s.site.expect(t, "socket down", down)
	s.wallet.expect(t, "socket down", down)
	s.talk("without a server")
}

// record notes each arrow when it is first seen, before it is let through.
type record struct {
	// Fixed.
	address string
	gates   map[arrow]*gate // opened when the arrow is noted

	mu sync.Mutex
	// Guarded by mu.
	over      <-chan struct{} // closed when the test ends
	server    *liaisontest.Server
	id        protocol.RequestID
	siteToken string // the site's first
	topics    map[protocol.Topic]bool
	seen      []arrow
}

func newRecord(address string) *record {
	r := &record{address: address, gates: make(map[arrow]*gate), topics: make(map[protocol.Topic]bool)}
	for _, arrows := range recordOrder {
		for _, a := range arrows {
			r.gates[a] = newGate()
		}
	}
	return r
}

func (r *record) note(a arrow) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(r.seen, a) {
		r.seen = append(r.seen, a)
		r.gates[a].open()
	}
}

// wait waits for an arrow; it reports false if the test is over before.
func (r *record) wait(a arrow) bool {
	r.mu.Lock()
	over := r.over
	r.mu.Unlock()
	select {
	case <-r.gates[a].done:
		return true
	case <-over:
		return false
	}
}

func (r *record) check(t *testing.T) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	rest := r.seen
	for _, want := range recordOrder {
		got := rest[:min(len(want), len(rest))]
		rest = rest[len(got):]
		for _, a := range want {
			if !slices.Contains(got, a) {
				t.Fatalf("saw %q, want %q there; the whole order was\n%q", got, want, r.seen)
			}
		}
	}
}

// shown is where a page draws the code: before its socket gets through.
func (r *record) shown(t *testing.T, link protocol.Link) {
	t.Helper()
	if again, err := protocol.ParseLink(link.String()); err != nil || again != link {
		t.Fatalf("ParseLink(%q) = %+v, %v, want %+v", link, again, err, link)
	}
	r.mu.Lock()
	r.id = link.RequestID
	r.mu.Unlock()
	r.note(showsLink)
}
