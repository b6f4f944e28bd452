package client

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/liaison-dev/liaison/protocol"
)

// Retransmission while the socket is up: a frame that was lost on the way, say
// with a server that was restarted, is sent again.
const (
	firstRetransmit = 3 * time.Second
	maxRetransmit   = 24 * time.Second
)

// collectAfter is how long the site's new token may wait for the channel.
const collectAfter = 2 * time.Second

// listener is told what comes through the server. Its methods are called by
// the one goroutine of signaling, in the order of arrival.
type listener interface {
	// claimed checks who claimed the site's link; an error ends the link.
	claimed(protocol.ServerMessage) error
	// message takes the next message of the other side; an error ends the link.
	message(protocol.PeerMessage) error
	// signal tells whether the socket is up.
	signal(up bool)
	// notice brings a code that changes nothing.
	notice(protocol.Code)
	// ended says that the link is over on the server, or cannot be reached any
	// more. It comes at most once, as the last call.
	ended(*Error)
}

// signaling keeps a WebSocket to the server for one side of one link. Each
// message of the other side reaches the listener once and in order, and each
// frame of the outbox reaches the other side, however often the connection
// breaks. Source: spec/protocol.md §7 and §8.
type signaling struct {
	// Fixed.
	rest *rest
	side protocol.Side
	id   protocol.RequestID
	out  *outbox
	to   listener
	left chan struct{} // closed by leave
	once sync.Once     // for left

	collection protocol.Collection // the same in each attempt
	settled    <-chan struct{}     // closed when nobody waits for frames any more
	dialed     <-chan net.Conn     // brings a connection for the first socket; may be nil

	// Owned by run.
	received   uint64         // frames of the other side
	address    string         // of the account; empty while nobody claimed the link
	collectors sync.WaitGroup // the goroutine of afterClaim
	wait       backoff

	// Owned by run, for the present socket.
	socket     *socket
	attached   bool   // frames flow
	sent       uint64 // frames below were written to the socket
	ackDue     bool
	gap        bool // a frame is missing and was asked for
	silence    time.Duration
	retransmit *time.Timer

	mu sync.Mutex
	// Guarded by mu.
	collected bool // the site has the token of its upgraded session
}

// fatal marks an error after which the link cannot be used through the server.
type fatal struct{ err *Error }

// errLeft means that leave was called.
var errLeft = errors.New("left")

func (f fatal) Error() string { return f.err.Error() }

func (f fatal) Unwrap() error { return f.err }

func end(code protocol.Code, detail string) error {
	return fatal{&Error{Code: code, Op: "signaling", Detail: detail}}
}

func newSignaling(r *rest, side protocol.Side, id protocol.RequestID, out *outbox, to listener, settled <-chan struct{}) *signaling {
	return &signaling{
		rest: r, side: side, id: id, out: out, to: to, settled: settled, left: make(chan struct{}),
		collection: protocol.NewCollection(id),
	}
}

// leave ends the link for both sides, if the server can be told at once, and
// ends run.
func (s *signaling) leave() { s.once.Do(func() { close(s.left) }) }

// run works until ctx ends, the link does, or leave is called.
func (s *signaling) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer s.collectors.Wait()
	defer cancel()
	for ctx.Err() == nil {
		err := s.connect(ctx)
		var f fatal
		if errors.As(err, &f) {
			s.to.ended(f.err)
			return
		}
		if errors.Is(err, errLeft) || !s.wait.wait(ctx, s.left) {
			return
		}
	}
}

// connect opens one socket and serves it until it breaks.
func (s *signaling) connect(ctx context.Context) error {
	socket, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer socket.close()
	s.socket, s.attached, s.gap, s.ackDue = socket, false, false, false
	s.silence = firstRetransmit
	s.to.signal(true)
	defer s.to.signal(false)
	if err := s.subscribe(); err != nil {
		return err
	}
	return s.serve(ctx)
}

// dial connects. A token that the server does not take any more is exchanged
// first: the link was claimed while this side was away.
func (s *signaling) dial(ctx context.Context) (*socket, error) {
	first := s.dialed
	s.dialed = nil
	socket, err := dialSocket(ctx, s.rest, first)
	if err == nil {
		return socket, nil
	}
	if s.side == protocol.SiteSide && errors.Is(err, protocol.SessionRotated) {
		if err := s.collect(ctx); err == nil {
			return dialSocket(ctx, s.rest, nil)
		}
	}
	var known *Error
	if errors.As(err, &known) && !known.Code.Info().Retry && known.Code != protocol.Canceled {
		return nil, fatal{known}
	}
	return nil, err
}

// collect fetches the token of the site's upgraded session, once.
func (s *signaling) collect(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.collected {
		return nil
	}
	err := s.rest.call(ctx, "collect session", http.MethodPost, protocol.PathSession, s.collection, nil)
	s.collected = err == nil
	return err
}

// keepCollecting fetches the token however often it takes. That it fails for
// good harms nothing while the present socket lives.
func (s *signaling) keepCollecting(ctx context.Context) {
	timer := time.NewTimer(collectAfter)
	defer timer.Stop()
	select {
	case <-s.settled:
	case <-timer.C:
	case <-s.left:
	case <-ctx.Done():
	}
	var wait backoff
	for {
		err := s.collect(ctx)
		if err == nil || !protocol.CodeOf(err).Info().Retry || !wait.wait(ctx, s.left) {
			return
		}
	}
}

// subscribe asks for the link's claimant or, once there is one, for the other
// side's frames. Our own frames need not wait for the answer: the server reads
// messages in their order.
func (s *signaling) subscribe() error {
	if s.address == "" {
		return s.socket.send(protocol.ClientMessage{Op: protocol.OpSubscribe, Topic: protocol.TopicLink, RequestID: s.id})
	}
	s.sent, _ = s.out.start()
	s.attached = true
	return s.socket.send(protocol.ClientMessage{
		Op: protocol.OpSubscribe, Topic: s.side.Topic(s.address), RequestID: s.id, Since: s.received, Next: s.sent,
	})
}

func (s *signaling) serve(ctx context.Context) error {
	s.retransmit = time.NewTimer(s.silence)
	defer s.retransmit.Stop()
	ping := time.NewTicker(pingInterval)
	defer ping.Stop()
	for {
		if err := s.write(); err != nil {
			return err
		}
		var err error
		select {
		case m := <-s.socket.in:
			err = s.handle(ctx, m)
		case <-s.out.ready:
		case <-s.retransmit.C:
			s.sent, _ = s.out.start()
			s.silence = min(2*s.silence, maxRetransmit)
			s.retransmit.Reset(s.silence)
		case <-ping.C:
			err = s.socket.ping()
		case <-s.socket.done:
			return s.drain(ctx)
		case <-s.left:
			_ = s.socket.send(protocol.ClientMessage{Op: protocol.OpClose, RequestID: s.id}) // the link also ends by itself
			return errLeft
		case <-ctx.Done():
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// write sends what is due: an acknowledgement once nothing more is at hand, and
// the frames that the socket has not seen.
func (s *signaling) write() error {
	if !s.attached {
		return nil
	}
	if s.ackDue && len(s.socket.in) == 0 {
		s.ackDue = false
		if err := s.socket.send(protocol.ClientMessage{Op: protocol.OpAck, RequestID: s.id, Next: s.received}); err != nil {
			return err
		}
	}
	for _, f := range s.out.from(s.sent) {
		if err := s.socket.send(protocol.ClientMessage{Op: protocol.OpSend, RequestID: s.id, N: f.N, D: f.D}); err != nil {
			return err
		}
		s.sent = f.N + 1
	}
	return nil
}

// drain handles what a broken socket had brought before: the reason, perhaps.
func (s *signaling) drain(ctx context.Context) error {
	for {
		select {
		case m := <-s.socket.in:
			if err := s.handle(ctx, m); err != nil && errors.As(err, new(fatal)) {
				return err
			}
		default:
			if code := s.socket.refusal(); code != "" {
				return end(code, "")
			}
			return s.socket.err
		}
	}
}

func (s *signaling) handle(ctx context.Context, m protocol.ServerMessage) error {
	if m.RequestID != s.id && !(m.Op == protocol.OpError && m.RequestID == "") {
		return nil // not ours
	}
	switch m.Op {
	case protocol.OpSubscribed:
		s.wait.reset()
		s.progress(m.Next)
	case protocol.OpLink:
		return s.linked(ctx, m)
	case protocol.OpFrame:
		return s.frame(protocol.Frame{N: m.N, D: m.D})
	case protocol.OpAcked:
		s.progress(m.Next)
	case protocol.OpNotice:
		s.to.notice(m.Code)
	case protocol.OpClosed:
		return end(known(m.Code), "")
	case protocol.OpError:
		if !known(m.Code).Info().Retry {
			return end(known(m.Code), remark(m.Detail))
		}
	}
	return nil
}

// known returns a code from the table also for one of a newer server.
func known(code protocol.Code) protocol.Code {
	if code.Known() {
		return code
	}
	return protocol.LinkClosed
}

// progress notes how many frames the other side has.
func (s *signaling) progress(next uint64) {
	if s.out.acked(next) {
		s.silence = firstRetransmit
		s.retransmit.Reset(s.silence)
	}
}

// linked is where a site learns who claimed its link (arrows 10 and 12). The
// server repeats it at each subscription.
func (s *signaling) linked(ctx context.Context, m protocol.ServerMessage) error {
	if s.side != protocol.SiteSide || s.address != "" {
		return nil
	}
	if err := s.to.claimed(m); err != nil {
		return fatal{wrap("check proof", protocol.InvalidPeer, err)}
	}
	s.address = m.Account.Address()
	if m.Answer == nil || m.Answer.N != s.received {
		return s.afterClaim(ctx)
	}
	message, err := s.open(*m.Answer)
	if err != nil {
		return err
	}
	s.progress(1) // who answers has the offer
	broken := s.afterClaim(ctx)
	if err := s.pass(message); err != nil { // it counts as received, socket or not
		return err
	}
	return broken
}

// afterClaim asks for the wallet's frames and, when the channel is open or a
// moment has passed, for the site's new token: the frames are what a person
// waits for, and this socket does not need the token.
func (s *signaling) afterClaim(ctx context.Context) error {
	s.collectors.Go(func() { s.keepCollecting(ctx) })
	return s.subscribe()
}

// frame takes a frame if it is the next one. An older one was received before,
// a later one means that something is missing.
func (s *signaling) frame(f protocol.Frame) error {
	switch {
	case f.N < s.received:
		s.ackDue = true // the other side may not have heard
		return nil
	case f.N > s.received:
		if s.gap {
			return nil
		}
		s.gap = true
		return s.subscribe()
	}
	message, err := s.open(f)
	if err != nil {
		return err
	}
	return s.pass(message)
}

// open decodes the next frame. After it the frame counts as received: what the
// codec has seen once it cannot see again.
func (s *signaling) open(f protocol.Frame) (protocol.PeerMessage, error) {
	message, err := s.out.codec.open(f.N, f.D)
	if err != nil {
		return message, fatal{wrap("read frame", protocol.InvalidPeer, err)}
	}
	s.received++
	s.gap, s.ackDue = false, true
	return message, nil
}

func (s *signaling) pass(m protocol.PeerMessage) error {
	if err := s.to.message(m); err != nil {
		return fatal{wrap("apply message of the other side", protocol.InvalidPeer, err)}
	}
	return nil
}
