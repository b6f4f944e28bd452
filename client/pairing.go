package client

import (
	"context"
	"sync"
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
	// lostTimeout is how long an open channel may be without a path.
	lostTimeout = 2 * time.Minute
	// openGrace is how long a channel whose link was just closed may take to
	// open: the other side may have said all it had to say and left.
	openGrace = 2 * time.Second
)

// pairing is one side of one link: the server, the peer, and what became of it.
type pairing struct {
	// Fixed after newPairing.
	side      protocol.Side
	rest      *rest
	peer      *peer
	out       *outbox
	signaling *signaling
	check     func(protocol.ServerMessage) error // the site's look at a claim
	linked    chan struct{}                      // closed when the account is known
	over      chan struct{}                      // closed when all is over
	ctx       context.Context                    // ends with close
	cancel    context.CancelFunc
	goroutine sync.WaitGroup
	once      sync.Once // for close

	observing sync.Mutex
	observe   func(Event) // called under observing; may be nil

	mu sync.Mutex
	// Guarded by mu.
	account protocol.Account
	up      bool // the socket
	err     *Error
}

func newPairing(side protocol.Side, r *rest, id protocol.RequestID, config ICE, servers []protocol.ICEServer, observe func(Event)) (*pairing, error) {
	pc, err := newConnection(config, r.origin, servers)
	if err != nil {
		return nil, &Error{Code: protocol.ICEFailed, Op: "prepare connection", Err: err}
	}
	p := &pairing{
		side: side, rest: r, out: newOutbox(plain{}), observe: observe,
		linked: make(chan struct{}), over: make(chan struct{}),
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.peer = newPeer(pc, func(m protocol.PeerMessage) error { _, err := p.out.add(m); return err }, p.pathed)
	p.signaling = newSignaling(r, side, id, p.out, p, p.peer.opened)
	return p, nil
}

// start begins to work through the server.
func (p *pairing) start() {
	p.goroutine.Go(func() { p.signaling.run(p.ctx) })
	p.goroutine.Go(p.watch)
}

func (p *pairing) emit(e Event) {
	p.observing.Lock()
	defer p.observing.Unlock()
	if p.observe != nil {
		p.observe(e)
	}
}

// claimed is part of listener: a wallet claimed the site's link (arrow 10).
func (p *pairing) claimed(m protocol.ServerMessage) error {
	if err := p.check(m); err != nil {
		return err
	}
	p.link(m.Account)
	if err := p.peer.gather(); err != nil {
		return err
	}
	return p.peer.release()
}

func (p *pairing) link(account protocol.Account) {
	p.mu.Lock()
	p.account = account
	p.mu.Unlock()
	close(p.linked)
	p.emit(Event{Kind: EventLinked, Account: account})
}

// message is part of listener.
func (p *pairing) message(m protocol.PeerMessage) error { return p.peer.take(p.side, m) }

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
		case <-p.peer.opened:
		case <-timer.C:
		case <-p.ctx.Done():
		}
	}
	if !isClosed(p.peer.opened) {
		p.finish(err)
	}
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
		case <-p.peer.closed:
			p.finish(&Error{Code: protocol.ChannelClosed, Op: "use channel", Detail: "the other side closed it"})
			return
		case <-p.over:
			return
		case <-p.ctx.Done():
			return
		}
	}
}

func (p *pairing) lostForGood(state webrtc.ICEConnectionState, since time.Duration) bool {
	if !isClosed(p.peer.opened) {
		return state == webrtc.ICEConnectionStateFailed
	}
	return since > lostTimeout
}

// mayRestart reports whether it is time for the site to look for a new path.
func (p *pairing) mayRestart(state webrtc.ICEConnectionState, now, lost, tried time.Time) bool {
	if p.side != protocol.SiteSide || !isClosed(p.peer.opened) || !p.signalUp() {
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

// open waits until the channel is open.
func (p *pairing) open(ctx context.Context) (*Channel, error) {
	const op = "open channel"
	waiting, cancel := withDeadline(ctx, connectTimeout)
	defer cancel()
	select {
	case <-p.peer.opened:
		channel := newChannel(p)
		p.emit(Event{Kind: EventOpen, Path: channel.Path(), Account: channel.Account()})
		return channel, nil
	case <-p.over:
		return nil, p.reason()
	case <-waiting.Done():
	}
	if _, own := ctx.Deadline(); own || ctx.Err() != nil {
		return nil, contextError(waiting, op)
	}
	if !p.signalUp() {
		return nil, &Error{Code: protocol.SignalingUnreachable, Op: op}
	}
	return nil, &Error{Code: protocol.ICEFailed, Op: op, Detail: "the other side did not get through in time"}
}

// close ends the link and waits for every goroutine.
func (p *pairing) close(reason *Error) {
	p.once.Do(func() {
		p.signaling.leave()
		p.finish(reason)
		timer := time.AfterFunc(time.Second, p.cancel) // a server that hangs
		p.goroutine.Wait()
		timer.Stop()
		if conn := early(p.ctx, p.signaling.dialed); conn != nil { // never used
			conn.Close()
		}
		p.cancel()
		p.peer.close()
		p.rest.close()
	})
}
