package client

import (
	"context"
	"time"

	"github.com/liaison-dev/liaison/protocol"
)

// gateTimeout is how long the other side may take to say that all is well. A
// person may have to read six digits off one screen and type them at another.
const gateTimeout = 3 * time.Minute

// gate stands between the open connection and the application: each side says ok
// when everything that it checks holds, and hands the channel over when it has
// said and heard it. Source: spec/sealed.md §6.
type gate struct {
	// Fixed.
	pairing *pairing
	prober  *prober
	heard   chan struct{} // closed when the other side said ok

	// Owned by listen.
	pinged   int
	farewell *Error // the other side said goodbye; nil if it has not
}

// mostPings is how many pings a side answers: some measurements.
const mostPings = 10 * pings

func newGate(p *pairing) *gate {
	return &gate{pairing: p, heard: make(chan struct{}), prober: newProber(p.envelope, p.peer.tell)}
}

// run waits for the connection, decides, and keeps the control channel.
func (g *gate) run() {
	p := g.pairing
	if !g.await() {
		return
	}
	if err := p.peer.checkRemote(); err != nil {
		p.refuse(wrap("check certificate", protocol.CertificateMismatch, err))
		return
	}
	if p.unsealed.Load() {
		g.stand()
		return
	}
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel() // when all is over, nobody need type a code any more
	p.goroutine.Go(func() { g.decide(ctx) })
	g.listen()
}

// stand lets the application have the channel at once: a dialect knows neither
// checks nor goodbyes. That its other end closes the channel is the goodbye.
func (g *gate) stand() {
	p := g.pairing
	close(p.opened)
	select {
	case <-p.peer.closed:
		p.finish(&Error{Code: protocol.ChannelClosed, Op: "use channel", Detail: "the other side ended it"})
	case <-p.over:
	case <-p.ctx.Done():
	}
}

// await waits until both channels are open. It reports false if they never will
// be.
func (g *gate) await() bool {
	p := g.pairing
	broken := p.peer.broken
	for {
		select {
		case <-p.peer.ready:
			return true
		case <-broken:
			if p.peer.sawStranger() {
				p.refuse(&Error{Code: protocol.CertificateMismatch, Op: "check certificate"})
				return false
			}
			broken = nil // the other side knows why, or ICE gives up
		case <-p.peer.closed:
			if isClosed(p.peer.ready) { // and what came before is still to be read
				return true
			}
			p.finish(peerLost())
			return false
		case <-p.over:
			return false
		case <-p.ctx.Done():
			return false
		}
	}
}

// lastWords is how long a goodbye may take to come through its channel once the
// other one was closed.
const lastWords = 250 * time.Millisecond

// listen takes what comes over the control channel, until all is over.
func (g *gate) listen() {
	p := g.pairing
	closed := p.peer.closed
	end := peerLost()
	var late <-chan time.Time
	unread := queuedMessages // so many may have come before it was late
	for {
		if g.farewell != nil && isClosed(p.peer.closed) {
			p.finish(g.farewell)
			return
		}
		var data []byte
		select {
		case data = <-p.peer.controls:
		case <-closed:
			closed, late = nil, time.After(lastWords)
			continue
		case <-late:
			if unread--; unread < 0 || len(p.peer.controls) == 0 {
				p.finish(end)
				return
			}
			data, late = <-p.peer.controls, time.After(0) // it had come, and this side was slow to read it
		case <-p.over:
			return
		case <-p.ctx.Done():
			return
		}
		if err := g.read(data); err != nil {
			p.refuse(wrap("read control message", protocol.InvalidPeer, err))
			return
		}
		if g.farewell != nil && end != g.farewell {
			end, late = g.farewell, time.After(flushTimeout)
		}
	}
}

func peerLost() *Error { return &Error{Code: protocol.PeerLost, Op: "use channel"} }

func (g *gate) read(data []byte) error {
	m, err := protocol.ParseControlMessage(data)
	if err != nil {
		return err
	}
	p := g.pairing
	switch m.T {
	case protocol.ControlOK:
		if isClosed(g.heard) {
			return protocol.Errorf(protocol.InvalidPeer, "the other side said ok twice")
		}
		p.confirmed()
		close(g.heard)
	case protocol.ControlPing:
		if g.pinged++; g.pinged > mostPings {
			return protocol.Errorf(protocol.InvalidPeer, "the other side pings too often")
		}
		g.prober.answer(m)
	case protocol.ControlPong:
		g.prober.pong(m, time.Now())
	case protocol.ControlBye:
		reason := p.dismissed(m.Code)
		if reason.Code != protocol.ChannelClosed {
			p.finish(reason)
			break
		}
		// What the other side said before may still be on its way, for channels
		// do not keep each other's order: the end of the other one is the end.
		g.farewell = reason
	}
	return nil
}

// decide carries out this side's checks, and what hangs on them, says ok, and
// waits for the other's.
func (g *gate) decide(over context.Context) {
	p := g.pairing
	ctx, cancel := context.WithTimeout(over, gateTimeout)
	defer cancel()
	err := g.check(ctx, over)
	if err == nil {
		err = p.role.passed(ctx)
	}
	if err != nil {
		p.refuse(wrap("check the other side", protocol.Internal, err))
		return
	}
	_ = p.peer.tell(protocol.ControlMessage{T: protocol.ControlOK}) // if nobody is there, listen notices
	select {
	case <-g.heard:
		close(p.opened)
	case <-p.over:
	case <-ctx.Done():
		p.refuse(&Error{Code: protocol.TimedOut, Op: "open channel", Detail: "the other side did not say that all is well"})
	}
}

// check returns nil once locality and, where it is asked for, the short code
// hold. A report may take as long as the connection lives.
func (g *gate) check(ctx, over context.Context) error {
	p := g.pairing
	level := p.localityLevel()
	askCode := p.asksCode
	switch level {
	case protocol.LocalityOff:
	case protocol.LocalityReport:
		p.goroutine.Go(func() { g.measure(over, level) }) // nobody waits for a report
	default:
		report := g.measure(ctx, level)
		if report.Local {
			break
		}
		if level == protocol.LocalityRequire {
			return &Error{Code: protocol.NotLocal, Op: "check locality", Detail: report.String()}
		}
		if err := p.insist(ctx, report); err != nil {
			return err
		}
		askCode = p.side == protocol.SiteSide
	}
	if !askCode {
		return nil
	}
	return p.checkCode(ctx)
}

// measure finds out how near the other side is, and reports it.
func (g *gate) measure(ctx context.Context, level protocol.Locality) LocalityReport {
	p := g.pairing
	rtt, known := g.prober.measure(ctx)
	report := LocalityReport{Path: p.peer.path().Kind, RTT: rtt, RTTKnown: known, Network: p.network(ctx)}
	report.Local = report.nearEnough(level)
	p.mu.Lock()
	p.locality = report
	p.mu.Unlock()
	if ctx.Err() == nil {
		p.emit(Event{Kind: EventLocality, Locality: report})
	}
	return report
}
