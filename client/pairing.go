package client

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/liaison-dev/liaison/protocol"
)

const (
	// connectTimeout is how long two peers that know of each other may look for
	// a path.
	connectTimeout = 30 * time.Second
	// restartAfter is how long a path may be lost before the site looks for
	// another one, and restartAgain when it tries once more.
	restartAfter = 3 * time.Second
	restartAgain = 10 * time.Second
	// lostTimeout is how long an open channel may be without a path; resumeTimeout
	// if there is another way to come back, and goneTimeout if the other side's
	// socket is gone as well.
	lostTimeout   = 2 * time.Minute
	resumeTimeout = 20 * time.Second
	goneTimeout   = 2 * time.Second
	// openGrace is how long a channel whose link was just closed may take to
	// open: the other side may have said all it had to say and left.
	openGrace = 2 * time.Second
)

// pairing is one side of one link: the server, the peer, and what became of it.
type pairing struct {
	// Fixed before start.
	side      protocol.Side
	rest      *rest
	identity  identity
	envelope  *envelope
	peer      *peer
	out       *outbox
	signaling *signaling // nil for a wallet that speaks a dialect
	wire      wire       // the way to the other side through the server
	gate      *gate
	role      role
	keeper    Keeper // may be nil
	own       protocol.Locality
	resumes   *Resumption   // what is resumed; nil if this is a link
	joined    chan struct{} // closed when a wallet has come to the site
	linked    chan struct{} // closed when the account is known
	opened    chan struct{} // closed when both sides said ok
	over      chan struct{} // closed when all is over
	ctx       context.Context
	cancel    context.CancelFunc // ends ctx; called by close
	goroutine sync.WaitGroup
	once      sync.Once // for close

	keeping   sync.Mutex // held while the keeper is called
	observing sync.Mutex
	observe   func(Event) // called under observing; may be nil

	mu sync.Mutex
	// Guarded by mu.
	account   protocol.Account
	assurance protocol.Assurance
	locality  LocalityReport
	asked     protocol.PeerMessage // welcome, as it was sent or received
	kept      *Resumption          // what the keeper has of this pairing
	up        bool                 // the socket
	gone      bool                 // the other side's socket, as the server says
	err       *Error

	unsealed atomic.Bool // the other side speaks a dialect; set before linked is closed

	asksCode bool // fixed before the gate opens: the short code must be typed here
}

// role is what the two sides of a link do differently.
type role interface {
	// claimed notes what the server says of a claim; the site's.
	claimed(protocol.ServerMessage) error
	// take applies a message of the other side.
	take(protocol.PeerMessage) error
	// insist is called under prefer when the other side is not near; nil means
	// that it may go on.
	insist(context.Context, LocalityReport) error
	// checkCode has the short code typed; the site's.
	checkCode(context.Context) error
	// passed is called when all that this side checks holds, before it says ok;
	// an error ends the pairing.
	passed(context.Context) error
	// confirmed is called when the other side has said ok.
	confirmed()
}

// wire is the way to the other side through the server.
type wire interface {
	// run works until ctx ends, the link does, or leave is called.
	run(ctx context.Context)
	// leave ends the link, and run.
	leave(why protocol.Code)
}

// setup is what a pairing is made of.
type setup struct {
	side     protocol.Side
	rest     *rest
	id       protocol.RequestID
	identity identity
	envelope *envelope
	ice      ICE
	servers  []protocol.ICEServer
	observe  func(Event)
	keeper   Keeper
	locality protocol.Locality
	resumes  *Resumption
	// wire makes another way through the server than the native one; it may be nil.
	wire func(*pairing) wire
}

func newPairing(s setup, out *outbox) (*pairing, error) {
	pc, err := newConnection(s.ice, s.identity, s.rest.origin, s.servers)
	if err != nil {
		return nil, &Error{Code: protocol.ICEFailed, Op: "prepare connection", Err: err}
	}
	p := &pairing{
		side: s.side, rest: s.rest, identity: s.identity, envelope: s.envelope, out: out, observe: s.observe,
		keeper: s.keeper, own: s.locality, resumes: s.resumes,
		joined: make(chan struct{}), linked: make(chan struct{}), opened: make(chan struct{}), over: make(chan struct{}),
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.peer = newPeer(pc, func(m protocol.PeerMessage) error { _, err := p.out.add(m); return err }, p.pathed)
	p.gate = newGate(p)
	if s.wire != nil {
		p.wire = s.wire(p)
		return p, nil
	}
	p.signaling = newSignaling(s.rest, s.side, s.id, out, p, p.opened)
	p.wire = p.signaling
	return p, nil
}

// start begins to work through the server.
func (p *pairing) start() {
	p.goroutine.Go(func() { p.wire.run(p.ctx) })
	p.goroutine.Go(p.watch)
	p.goroutine.Go(p.gate.run)
}

func (p *pairing) emit(e Event) {
	p.observing.Lock()
	defer p.observing.Unlock()
	if p.observe != nil {
		p.observe(e)
	}
}

// claimed is part of listener: a wallet claimed the site's link (arrow 10).
func (p *pairing) claimed(m protocol.ServerMessage) error { return p.role.claimed(m) }

// message is part of listener.
func (p *pairing) message(m protocol.PeerMessage) error { return p.role.take(m) }

// mustOpen is part of listener.
func (p *pairing) mustOpen() bool { return p.asksCode || p.measuresFirst() }

// measuresFirst reports whether this side measures before it says ok.
func (p *pairing) measuresFirst() bool {
	level := p.localityLevel()
	return level == protocol.LocalityPrefer || level == protocol.LocalityRequire
}

// present is part of listener. A wallet that comes to resume and goes away has
// used up the handshake: the site must open the resumption anew.
func (p *pairing) present(here bool) {
	p.mu.Lock()
	p.gone = !here
	p.mu.Unlock()
	if !here && p.resumes != nil && p.side == protocol.SiteSide && !isClosed(p.peer.ready) {
		p.finish(peerLost())
	}
}

// link notes who the wallet is, and lets the candidates go.
func (p *pairing) link(account protocol.Account, assurance protocol.Assurance) {
	p.mu.Lock()
	p.account, p.assurance = account, assurance
	p.mu.Unlock()
	close(p.linked)
	p.emit(Event{Kind: EventLinked, Account: account, Assurance: assurance})
}

// welcomed notes what the site asks.
func (p *pairing) welcomed(m protocol.PeerMessage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = m
}

func (p *pairing) welcome() protocol.PeerMessage {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// localityLevel returns the stricter of what the two sides ask for.
func (p *pairing) localityLevel() protocol.Locality { return p.own.Stricter(p.welcome().Locality) }

// network asks the server how the two addresses compare.
func (p *pairing) network(ctx context.Context) protocol.Network {
	var view protocol.NetworkView
	if p.rest.call(ctx, "compare networks", http.MethodGet, linkPath(p.signaling.id, "network"), nil, &view) != nil {
		return protocol.NetworkUnknown
	}
	switch view.Network {
	case protocol.NetworkSameAddress, protocol.NetworkSame, protocol.NetworkDifferent:
		return view.Network
	}
	return protocol.NetworkUnknown
}

func (p *pairing) insist(ctx context.Context, report LocalityReport) error {
	return p.role.insist(ctx, report)
}

func (p *pairing) checkCode(ctx context.Context) error { return p.role.checkCode(ctx) }

func (p *pairing) confirmed() { p.role.confirmed() }

// refuse ends everything for a reason that the other side shall hear, by
// whichever way is open.
func (p *pairing) refuse(err *Error) {
	if p.reason() != nil {
		return
	}
	if isClosed(p.peer.ready) {
		_ = p.peer.tell(protocol.ControlMessage{T: protocol.ControlBye, Code: err.Code}) // or by the server
	}
	if p.resumes == nil {
		p.forget() // what was resumed can be again, when whatever is in the way is gone
	}
	p.wire.leave(err.Code)
	p.finish(err)
}

// dismissed is called when the other side said goodbye or refused to go on. It
// returns why all is over.
func (p *pairing) dismissed(code protocol.Code) *Error {
	if !code.Known() {
		code = protocol.ChannelClosed
	}
	if code == protocol.ChannelClosed || p.resumes == nil {
		p.forget()
	}
	return &Error{Code: code, Op: "use channel", Detail: "the other side ended it"}
}

// signal is part of listener.
func (p *pairing) signal(up bool) {
	p.mu.Lock()
	p.up = up
	p.mu.Unlock()
	p.emit(Event{Kind: EventSignaling, Up: up})
}

func (p *pairing) signalUp() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.up
}

// notice is part of listener.
func (p *pairing) notice(code protocol.Code) { p.emit(Event{Kind: EventNotice, Code: code}) }

// ended is part of listener. A channel that is open needs the server no more.
func (p *pairing) ended(err *Error) {
	if err.Code == protocol.LinkClosed && isClosed(p.linked) {
		timer := time.NewTimer(openGrace)
		defer timer.Stop()
		select {
		case <-p.opened:
		case <-p.over:
		case <-timer.C:
		case <-p.ctx.Done():
		}
	}
	if isClosed(p.opened) {
		return
	}
	if p.resumes == nil && err.Code != protocol.LinkClosed {
		p.forget() // the other side has refused, and told the server first
	}
	p.finish(err)
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// finish notes why all is over. The first reason counts.
func (p *pairing) finish(err *Error) {
	p.mu.Lock()
	first := p.err == nil
	if first {
		p.err = err
		close(p.over)
	}
	p.mu.Unlock()
	if first {
		p.emit(Event{Kind: EventClosed, Code: err.Code})
	}
}

func (p *pairing) reason() *Error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

func (p *pairing) pathed(*webrtc.ICECandidatePair) {
	p.emit(Event{Kind: EventPath, Path: p.peer.path()})
}

// watch sees to it that a lost path is replaced, or the loss reported.
func (p *pairing) watch() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var lost, tried time.Time
	for {
		state, _, changed := p.peer.ice()
		now := time.Now()
		if iceUp(state) || state == webrtc.ICEConnectionStateNew || state == webrtc.ICEConnectionStateClosed {
			lost, tried = time.Time{}, time.Time{}
		} else if lost.IsZero() {
			lost = now
		}
		switch {
		case lost.IsZero():
			timer.Reset(time.Hour)
		case p.lostForGood(state, now.Sub(lost)):
			p.finish(&Error{Code: protocol.ICEFailed, Op: "connect to the other side"})
			return
		default:
			timer.Reset(time.Second)
			if p.mayRestart(state, now, lost, tried) {
				tried = now
				_ = p.restart() // tried again soon
			}
		}
		select {
		case <-changed:
		case <-timer.C:
		case <-p.over:
			return
		case <-p.ctx.Done():
			return
		}
	}
}

func (p *pairing) lostForGood(state webrtc.ICEConnectionState, since time.Duration) bool {
	if !isClosed(p.opened) {
		return state == webrtc.ICEConnectionStateFailed
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.kept == nil:
		return since > lostTimeout
	case p.gone:
		return since > goneTimeout
	}
	return since > resumeTimeout
}

// mayRestart reports whether it is time for the site to look for a new path.
func (p *pairing) mayRestart(state webrtc.ICEConnectionState, now, lost, tried time.Time) bool {
	if p.side != protocol.SiteSide || p.unsealed.Load() || !isClosed(p.opened) || !p.signalUp() {
		return false
	}
	if now.Sub(tried) < restartAgain {
		return false
	}
	return state == webrtc.ICEConnectionStateFailed || now.Sub(lost) >= restartAfter
}

func (p *pairing) restart() error {
	p.emit(Event{Kind: EventRestart})
	return p.peer.restart()
}

// open waits until the channel is open: for so long to be connected, and then for
// as long as a person may take who has to confirm something.
func (p *pairing) open(ctx context.Context) (*Channel, error) {
	const op = "open channel"
	waiting, cancel := withDeadline(ctx, connectTimeout)
	defer cancel()
	select {
	case <-p.peer.ready:
	case <-p.opened:
	case <-p.over:
		return nil, p.reason()
	case <-waiting.Done():
		return nil, p.notConnected(ctx, waiting, op)
	}
	select {
	case <-p.opened:
		channel := newChannel(p)
		p.emit(Event{Kind: EventOpen, Path: channel.Path(), Account: channel.Account(), Assurance: channel.Assurance()})
		return channel, nil
	case <-p.over:
		return nil, p.reason()
	case <-ctx.Done():
		return nil, contextError(ctx, op)
	}
}

func (p *pairing) notConnected(ctx, waiting context.Context, op string) *Error {
	if _, own := ctx.Deadline(); own || ctx.Err() != nil {
		return contextError(waiting, op)
	}
	if !p.signalUp() {
		return &Error{Code: protocol.SignalingUnreachable, Op: op}
	}
	return &Error{Code: protocol.ICEFailed, Op: op, Detail: "the other side did not get through in time"}
}

// close ends the link and waits for every goroutine.
func (p *pairing) close(reason *Error) {
	p.once.Do(func() {
		p.wire.leave(reason.Code)
		p.finish(reason)
		timer := time.AfterFunc(time.Second, p.cancel) // a server that hangs
		p.goroutine.Wait()
		timer.Stop()
		p.cancel()
		p.peer.close()
		p.rest.close()
	})
}
