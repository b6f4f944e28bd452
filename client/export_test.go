package client

import (
	"context"
	"net/http"
	"sync"

	"github.com/liaison-dev/liaison/protocol"
)

// HasOffer reports whether the site's offer came with the link.
func (r *Request) HasOffer() bool { return r.answer != nil }

// CheckClaim is the site's look at a claim.
var CheckClaim = checkClaim

// Wires are the signaling of both sides of a claimed link, without WebRTC: tests
// send far more frames over them than two peers would.
type Wires struct {
	cancel context.CancelFunc
	group  sync.WaitGroup
	sides  [2]*signaling

	mu       sync.Mutex
	expected [2]int
	err      *Error
}

// NewWires opens and claims a link and connects both sides.
func NewWires(ctx context.Context, origin protocol.Origin, key Signer, got func(protocol.Side, string)) (*Wires, error) {
	site, wallet := newREST(origin, nil), newREST(origin, nil)
	var c protocol.Challenge
	if err := site.call(ctx, "open link", http.MethodGet, protocol.PathChallenge, nil, &c); err != nil {
		return nil, err
	}
	text, err := c.SignIn.For(key.Chain(), key.Address(), c.RequestID).Text()
	if err != nil {
		return nil, err
	}
	proof, err := key.Sign(ctx, text)
	if err != nil {
		return nil, err
	}
	if err := wallet.call(ctx, "claim", http.MethodPost, linkPath(c.RequestID), protocol.Claim{Nonce: c.SignIn.Nonce, Proof: proof}, nil); err != nil {
		return nil, err
	}
	if err := site.call(ctx, "collect", http.MethodPost, protocol.PathSession, protocol.NewCollection(c.RequestID), nil); err != nil {
		return nil, err
	}
	w := &Wires{}
	running, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	for side, r := range []*rest{site, wallet} {
		end := &wireEnd{wires: w, side: protocol.Side(side), got: got}
		s := newSignaling(r, end.side, c.RequestID, newOutbox(plain{}), end, nil)
		s.address = key.Address()
		w.sides[side] = s
		w.group.Go(func() { s.run(running); r.close() })
	}
	return w, nil
}

// Send sends one frame from a side to the other.
func (w *Wires) Send(from protocol.Side, text string) error {
	_, err := w.sides[from].out.add(protocol.PeerMessage{T: protocol.PeerICE, Candidate: text})
	return err
}

// Expected returns how many frames a side has got.
func (w *Wires) Expected(side protocol.Side) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.expected[side]
}

// Count notes that a side has got a frame.
func (w *Wires) Count(side protocol.Side) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.expected[side]++
}

// Err returns why one of the sides gave up.
func (w *Wires) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		return nil
	}
	return w.err
}

// Close ends both sides.
func (w *Wires) Close() {
	w.cancel()
	w.group.Wait()
}

type wireEnd struct {
	wires *Wires
	side  protocol.Side
	got   func(protocol.Side, string)
}

func (e *wireEnd) claimed(protocol.ServerMessage) error { return nil }
func (e *wireEnd) message(m protocol.PeerMessage) error { e.got(e.side, m.Candidate); return nil }
func (e *wireEnd) signal(bool)                          {}
func (e *wireEnd) notice(protocol.Code)                 {}
func (e *wireEnd) ended(err *Error) {
	e.wires.mu.Lock()
	defer e.wires.mu.Unlock()
	e.wires.err = err
}
