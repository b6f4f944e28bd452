package client

import (
	"context"
	"errors"
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

// goodbyeTimeout is how long the server may take to end a link.
const goodbyeTimeout = time.Second

// collectAfter is how long the site's new token may wait for the channel.
const collectAfter = 2 * time.Second

// maxRefused is how many sockets a wallet without a session tries, which takes a
// few seconds.
const maxRefused = 6

// listener is told what comes through the server. Its methods are called by
// the one goroutine of signaling, in the order of arrival.
type listener interface {
	// claimed checks who claimed the site's link; an error ends the link.
	claimed(protocol.ServerMessage) error
	// mustOpen reports whether the sign-in stands only once the channel is open:
	// then the right wallet, and near enough for this side, is at the other end.
	mustOpen() bool
	// message takes the next message of the other side; an error ends the link.
	message(protocol.PeerMessage) error
	// signal tells whether the socket is up.
	signal(up bool)
	// present tells whether the other side's socket is there.
	present(here bool)
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
	in   codec // of the frames that come
	to   listener
	left chan struct{} // closed by leave
	once sync.Once     // for left
	why  protocol.Code // written before left is closed

	claimedBy  chan protocol.Account // brings the account to the wallet's side, once
	collection protocol.Collection   // the same in each attempt
	settled    <-chan struct{}       // closed when the channel is open
	released   chan struct{}         // closed by run when the claim is not held, or no longer

	// Owned by run.
	received   uint64           // frames of the other side
	address    string           // of the account; empty while nobody claimed the link
	dialect    protocol.Dialect // of the wallet that did
	refused    int              // sockets in a row for want of a session
	collectors sync.WaitGroup   // the goroutine of afterClaim
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
type fatal struct {
	err *Error
	// ours means that this side found it out, and the other shall hear of it.
	ours bool
}

// errLeft means that leave was called.
var errLeft = errors.New("left")

func (f fatal) Error() string { return f.err.Error() }

func (f fatal) Unwrap() error { return f.err }

func end(code protocol.Code, detail string) error {
	return fatal{err: &Error{Code: code, Op: "signaling", Detail: detail}}
}

func newSignaling(r *rest, side protocol.Side, id protocol.RequestID, out *outbox, to listener, settled <-chan struct{}) *signaling {
	return &signaling{
		rest: r, side: side, id: id, out: out, in: out.codec, to: to, settled: settled, left: make(chan struct{}),
		released: make(chan struct{}), claimedBy: make(chan protocol.Account, 1), collection: protocol.NewCollection(id),
	}
}

// leave ends the link for both sides, if the server can be told at once, and
// ends run. The other side learns why, if the code is one that it can be told.
func (s *signaling) leave(why protocol.Code) {
	s.once.Do(func() {
		s.why = why
		close(s.left)
	})
}

// follow tells that the wallet's claim was accepted.
func (s *signaling) follow(account protocol.Account) { s.claimedBy <- account }

// goodbye ends the link for a reason, if the server can be told at once; the link
// also ends by itself. It waits until the server says so, since a connection that
// is closed with something unread in it takes along what was written last.
func (s *signaling) goodbye(ctx context.Context, why protocol.Code) {
	if info := why.Info(); info.Status == 0 || info.Retry {
		why = "" // it is of no use to the other side
	}
	if s.socket.send(protocol.ClientMessage{Op: protocol.OpClose, RequestID: s.id, Code: why}) != nil {
		return
	}
	late := time.After(goodbyeTimeout)
	for {
		select {
		case m := <-s.socket.in:
			if m.RequestID == s.id && (m.Op == protocol.OpClosed || m.Op == protocol.OpError) {
				return
			}
		case <-s.socket.done:
			return
		case <-late:
			return
		case <-ctx.Done():
			return
		}
	}
}

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
	if s.side == protocol.SiteSide && s.address != "" && !isClosed(s.released) { // it may have been released meanwhile
		again := protocol.ClientMessage{Op: protocol.OpSubscribe, Topic: protocol.TopicLink, RequestID: s.id, Since: s.received}
		if err := socket.send(again); err != nil {
			return err
		}
	}
	if err := s.subscribe(); err != nil {
		return err
	}
	err = s.serve(ctx)
	var f fatal
	if errors.As(err, &f) && f.ours {
		s.goodbye(ctx, f.err.Code)
	}
	return err
}

// dial connects. A token that the server does not take any more is exchanged
// first: the link was claimed while this side was away.
func (s *signaling) dial(ctx context.Context) (*socket, error) {
	token := s.rest.bearer()
	socket, err := dialSocket(ctx, s.rest)
	if err == nil {
		return socket, nil
	}
	if s.retired(err) {
		if err := s.collect(ctx); err != nil && protocol.CodeOf(err).Info().Retry {
			return nil, err
		}
		if s.rest.bearer() != token {
			return dialSocket(ctx, s.rest)
		}
	}
	var known *Error
	if errors.As(err, &known) && !known.Code.Info().Retry && known.Code != protocol.Canceled && !s.renewing(known.Code) {
		return nil, fatal{err: known}
	}
	return nil, err
}

// retired reports whether the site's token was refused because a wallet has claimed
// the link: it has to be exchanged, or was and the answer got lost. While the code
// may still be wrong, it is not.
func (s *signaling) retired(err error) bool {
	if s.side != protocol.SiteSide || !s.mayCollect() {
		return false
	}
	return errors.Is(err, protocol.SessionRotated) || s.address != "" && errors.Is(err, protocol.SessionRequired)
}

// mayCollect reports whether the sign-in stands, as far as is known here.
func (s *signaling) mayCollect() bool {
	return isClosed(s.settled) || isClosed(s.released) && !s.to.mustOpen()
}

// renewing reports whether a wallet's token may just be on its way to being
// replaced: the answer to its claim was lost, and the claim is made again.
func (s *signaling) renewing(code protocol.Code) bool {
	if s.side != protocol.WalletSide || code != protocol.SessionRequired {
		return false
	}
	s.refused++
	return s.refused < maxRefused
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
	if !s.awaitSignIn(ctx) {
		return
	}
	var wait backoff
	for {
		err := s.collect(ctx)
		if err == nil || !protocol.CodeOf(err).Info().Retry || !wait.wait(ctx, s.left) {
			return
		}
	}
}

// awaitSignIn waits until the sign-in stands: when the channel is open, which the
// wallet lets happen after it has released its claim; or, if nothing but that is
// waited for, a moment after the release. It reports false if all is over before.
func (s *signaling) awaitSignIn(ctx context.Context) bool {
	released := s.released
	if s.to.mustOpen() {
		released = nil
	}
	var late <-chan time.Time
	for {
		select {
		case <-s.settled:
			return true
		case <-released:
			released = nil
			timer := time.NewTimer(collectAfter)
			defer timer.Stop()
			late = timer.C
		case <-late:
			return true
		case <-s.left:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// subscribe asks for the other side's frames: under the topic of the link until
// it is claimed. Our own frames need not wait for the answer: the server reads
// messages in their order.
func (s *signaling) subscribe() error {
	topic := protocol.TopicLink
	switch {
	case s.address != "":
		topic = s.side.Topic(s.address)
	case s.side == protocol.WalletSide:
		topic = protocol.TopicJoin
	}
	s.sent, _ = s.out.start()
	s.attached = true
	return s.socket.send(protocol.ClientMessage{
		Op: protocol.OpSubscribe, Topic: topic, RequestID: s.id, Since: s.received, Next: s.sent,
	})
}

// subscribeAs does so under the topics of an account that has claimed the link.
func (s *signaling) subscribeAs(account protocol.Account) error {
	s.address = account.Address()
	return s.subscribe()
}

func (s *signaling) serve(ctx context.Context) error {
	s.retransmit = time.NewTimer(s.silence)
	defer s.retransmit.Stop()
	ping := time.NewTicker(pingInterval)
	defer ping.Stop()
	for {
		if s.write() != nil {
			s.socket.close()
			return s.drain(ctx)
		}
		var err error
		select {
		case m := <-s.socket.in:
			err = s.handle(ctx, m)
		case <-s.out.ready:
		case account := <-s.claimedBy:
			err = s.subscribeAs(account)
		case <-s.retransmit.C:
			s.sent, _ = s.out.start()
			s.silence = min(2*s.silence, maxRetransmit)
			s.retransmit.Reset(s.silence)
		case <-ping.C:
			err = s.socket.ping()
		case <-s.socket.done:
			return s.drain(ctx)
		case <-s.left:
			s.goodbye(ctx, s.why)
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
	select { // what is said after the claim comes after its subscription
	case account := <-s.claimedBy:
		if err := s.subscribeAs(account); err != nil {
			return err
		}
	default:
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
		s.refused = 0
		s.progress(m.Next)
	case protocol.OpLink:
		return s.linked(ctx, m)
	case protocol.OpFrame:
		return s.frame(protocol.Frame{N: m.N, D: m.D})
	case protocol.OpAcked:
		s.progress(m.Next)
	case protocol.OpPeer:
		s.to.present(m.State == protocol.PeerHere)
	case protocol.OpNotice:
		s.to.notice(m.Code)
	case protocol.OpClosed:
		return end(known(m.Code), "")
	case protocol.OpError:
		if !known(m.Code).Info().Retry {
			// The link itself may live on, and the other side would wait in vain.
			return fatal{err: &Error{Code: known(m.Code), Op: "signaling", Detail: remark(m.Detail)}, ours: true}
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

// linked is where a site learns who claimed its link (arrows 10 and 12), and that
// the wallet holds its claim no longer. The server repeats it at each subscription.
func (s *signaling) linked(ctx context.Context, m protocol.ServerMessage) error {
	if s.side != protocol.SiteSide {
		return nil
	}
	if s.address != "" {
		if m.Dialect != s.dialect {
			return fatal{err: &Error{Code: protocol.UnsealedRefused, Op: "check claim", Detail: "the server says that another wallet answered"}, ours: true}
		}
		s.release(m)
		return nil
	}
	if err := s.to.claimed(m); err != nil {
		return fatal{err: wrap("check claim", protocol.InvalidPeer, err), ours: true}
	}
	s.address, s.dialect = m.Account.Address(), m.Dialect
	s.release(m)
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

// release notes that a claim is not held. What was said before may come later.
func (s *signaling) release(m protocol.ServerMessage) {
	if !m.Held && !isClosed(s.released) {
		close(s.released)
	}
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
	message, err := s.in.open(f.N, f.D)
	if err != nil {
		return message, fatal{err: wrap("read frame", protocol.InvalidPeer, err), ours: true}
	}
	s.received++
	s.gap, s.ackDue = false, true
	return message, nil
}

func (s *signaling) pass(m protocol.PeerMessage) error {
	if err := s.to.message(m); err != nil {
		return fatal{err: wrap("apply message of the other side", protocol.InvalidPeer, err), ours: true}
	}
	return nil
}
