package client_test

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
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
	joins          arrow = "5 POST join"
	helloArrives   arrow = "frame 0 on link"
	postsOffer     arrow = "13 POST offer with the channel"
	welcomeArrives arrow = "frame 0 on join"
	claims         arrow = "6 POST claim"
	proofHolds     arrow = "7 nonce spent, proof of the channel verified"
	siteUpgraded   arrow = "8 site's session upgraded"
	walletSession  arrow = "9 claim accepted with an HTTP-only session"
	siteTold       arrow = "10 link"
	bothSubscribed arrow = "12 subscribe answer-ADDR and offer-ADDR"
	siteCandidate  arrow = "15 frame on offer-ADDR"
	walletFinds    arrow = "16 frame on answer-ADDR"
	channelOpen    arrow = "17 channel open"
	offerArrives   arrow = "13 frame on offer-ADDR: offer"
	answerArrives  arrow = "14 frame on answer-ADDR: answer"
	pathRenewed    arrow = "17 channel open on a new path"
)

// recordOrder is the order of the record; arrows of one line come in either
// order. 9 and 10 leave the server at the same moment, over two connections: it
// emits link before it writes the answer to the claim. The first offer comes
// before the claim, so that the account signs what both ends said before; 13 and
// 14 are as in the record whenever ICE starts again.
var recordOrder = [][]arrow{
	{asksChallenge},
	{getsChallenge},
	{showsLink},
	{awaitsWallet},
	{joins},
	{helloArrives},
	{postsOffer},
	{welcomeArrives},
	{claims},
	{proofHolds},
	{siteUpgraded},
	{walletSession, siteTold},
	{bothSubscribed},
	{siteCandidate, walletFinds},
	{channelOpen},
	{offerArrives},
	{answerArrives},
	{pathRenewed},
}

// TestDecisionRecord sees every arrow of the record but 11, in its order. The
// network is slow where the record leaves the order to chance: the socket of the
// site waits for the link's text, and one side's candidates for the other's. What
// passes the server is sealed, so which frame is the later offer, and which the
// answer, is learned from the two ends.
func TestDecisionRecord(t *testing.T) {
	t.Parallel()
	r := newRecord(walletKey(t, 1).Address())
	defer r.check(t)
	f := newFront(t, func(cfg *server.Config) { cfg.Verifier = notingVerifier{cfg.Verifier, r} })
	r.watch(t, f)
	s := openLink(t, f.origin)
	r.shown(t, s.pending.Link())
	s.pending.Lie(r.spy(protocol.SiteSide))
	s.accept()
	r.wait(awaitsWallet)
	s.read()
	s.request.Lie(r.spy(protocol.WalletSide))
	s.meet()
	r.note(channelOpen)
	s.talk("on the first path")
	if err := s.siteEnd.Restart(limited(t)); err != nil {
		t.Fatalf("Restart: %v", err)
	}
	r.note(pathRenewed)
	f.server.Stop()
	down := func(e client.Event) bool { return e.Kind == client.EventSignaling && !e.Up }
	s.site.expect(t, "socket down", down)
	s.wallet.expect(t, "socket down", down)
	s.talk("without a server")
	r.checkSealed(t)
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
	joinToken string // the wallet's first
	topics    map[protocol.Topic]bool
	restart   [2]uint64 // numbers of the later offer and its answer, by who sent them
	passed    []string  // payloads
	texts     []string  // everything else that was said
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

// spy learns which frame holds a description after the first.
func (r *record) spy(side protocol.Side) client.Lie {
	return func(n uint64, m *protocol.PeerMessage) {
		first := n == uint64(side) // 0 of the site, 1 of the wallet
		if m.SDP != "" && !first {
			r.mu.Lock()
			r.restart[side] = n
			r.mu.Unlock()
		}
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
	if again, err := protocol.ParseLink(link.Reveal()); err != nil || again != link {
		t.Fatalf("ParseLink(%q) = %+v, %v, want %+v", link, again, err, link)
	}
	r.mu.Lock()
	r.id = link.RequestID
	r.mu.Unlock()
	r.note(showsLink)
}

// checkSealed looks for what only the two ends may know in everything that passed
// the server.
func (r *record) checkSealed(t *testing.T) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.passed) < 8 || len(r.texts) < 20 {
		t.Fatalf("saw %d payloads and %d texts, want more", len(r.passed), len(r.texts))
	}
	texts := r.texts
	for _, payload := range r.passed {
		data, err := base64.RawURLEncoding.Strict().DecodeString(payload)
		if err != nil || len(data) < 16 || json.Valid(data) {
			t.Errorf("payload %q: %v, want sealed bytes", payload, err)
		}
		texts = append(texts, string(data))
	}
	for _, text := range texts {
		for _, word := range []string{`"sdp"`, "candidate", "fingerprint", "ice-ufrag", "webrtc-datachannel", `"confirm"`, `"verified"`} {
			if strings.Contains(text, word) {
				t.Errorf("the server could read %s in %q", word, text)
			}
		}
	}
}
