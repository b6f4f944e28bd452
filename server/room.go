package server

import (
	"sync"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// room is the part of a link that lives on this node: who is attached, and the
// frames that were not acknowledged yet. Whoever takes a frame from a client
// keeps it; a node to which the other side is attached keeps a copy until that
// side has it. Correctness lies in the cursors: a signal between nodes that is
// lost is asked for again.
type room struct {
	// Fixed.
	hub    *hub
	id     protocol.RequestID
	cancel func() // ends the subscription to the bus

	// Guarded by hub.mu.
	users int // sockets that are attached, and calls under way

	mu sync.Mutex
	// Guarded by mu.
	ends      [2]end // by protocol.Side
	address   string // of the account that claimed the link; empty before
	resuming  bool   // the link is a resumption: nobody claims it
	dialect   bool   // one of its ends speaks a dialect
	joined    bool   // a wallet has come to this opening
	bound     bool   // the site has named the channel
	by        openedBy
	version   uint64 // of the link, the newest that is known here
	expiresAt time.Time
	reason    protocol.Code // why the link ended; empty while it lives
	warned    bool          // the site knows that a second wallet came
}

// openedBy tells one opening of a resumption from another.
type openedBy struct {
	site     liaison.SessionID
	issuedAt int64 // in Unix seconds
}

// end is one side of a room.
type end struct {
	socket *socket        // attached here; nil if not
	opened uint64         // version that the link had when the socket attached
	frames bool           // the socket asked for frames
	topic  protocol.Topic // what it asked for last that brings them
	remote bool           // attached to another node
	cursor uint64         // the frame that the socket gets next
	inbox  mailbox        // frames for this side
}

// attached reports whether the side can receive frames on some node.
func (e *end) attached() bool { return e.remote || e.socket != nil && e.frames }

// put keeps a frame for a side and hands over what can be handed over.
func (r *room) put(to protocol.Side, f protocol.Frame, from sender) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.putLocked(to, f, from)
}

// add keeps a frame that comes without a number, from a client that knows of none.
// Anew means that it takes the place of all that still waits.
func (r *room) add(to protocol.Side, d string, anew bool, from sender) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := &r.ends[to]
	if anew && e.inbox.trim(e.inbox.end()) {
		e.cursor = max(e.cursor, e.inbox.base)
	}
	return r.putLocked(to, protocol.Frame{N: e.inbox.end(), D: d}, from)
}

func (r *room) putLocked(to protocol.Side, f protocol.Frame, from sender) error {
	if r.reason != "" {
		return r.reason
	}
	if err := r.admitsLocked(to, f.N); err != nil {
		return err
	}
	e := &r.ends[to]
	if f.N < e.inbox.base { // its sender does not know yet that it has arrived
		r.tellAckedLocked(to)
		return nil
	}
	fresh, err := e.inbox.put(f, from)
	if err != nil {
		return err
	}
	if fresh {
		r.hub.metrics.Frames.Inc()
		r.hub.metrics.FrameBytes.Add(float64(len(f.D)))
	}
	r.flushLocked(to)
	if e.socket == nil {
		// Also a frame that was sent before: the first signal may be lost.
		r.hub.publish(liaison.Signal{Kind: liaison.SignalFrame, Link: r.id, Side: to, Frame: &f})
	}
	return nil
}

// admitsLocked says whether a frame may come now. Until the link is claimed that
// is the handshake alone, and the site's part of it after it named the channel. A
// resumption needs no claim, but somebody for whom more than that can be.
func (r *room) admitsLocked(to protocol.Side, n uint64) error {
	switch {
	case r.resuming && n > 0 && !r.joined:
		return protocol.LinkNotJoined
	case r.resuming || r.address != "":
		return nil
	case n > 0:
		return protocol.LinkNotClaimed
	case to == protocol.WalletSide && !r.bound:
		return protocol.LinkNotJoined
	}
	return nil
}

// carriesLocked reports whether frames for a side go out under a topic: under
// that of the link's fate as long as nobody has claimed it, then under that of
// the account's address.
func (r *room) carriesLocked(s protocol.Side, topic protocol.Topic) bool {
	if r.address == "" {
		return topic == fateTopic(s)
	}
	return topic == s.Topic(r.address)
}

// flush hands the attached socket what it had no room for.
func (r *room) flush(to protocol.Side) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flushLocked(to)
}

// flushLocked hands the attached socket every frame that is next in order.
func (r *room) flushLocked(to protocol.Side) {
	e := &r.ends[to]
	if e.socket == nil || !e.frames || !r.carriesLocked(to, e.topic) {
		return
	}
	for {
		f, ok := e.inbox.get(e.cursor)
		if !ok || !e.socket.offer(protocol.AppendFrame(nil, e.topic, r.id, f)) {
			return
		}
		e.cursor++
	}
}

// subscription is one socket's wish to hear from a link.
type subscription struct {
	topic protocol.Topic
	since uint64 // frames it has received
	rest  bool   // in place of since: whatever still waits
	acked uint64 // frames of its own that it knows to be acknowledged
}

// attach makes the socket the one that a side hears through, in place of an
// older one: a connection that died without a word must not keep its successor
// out. It returns the socket that was replaced, for the caller to release.
func (r *room) attach(s protocol.Side, socket *socket, link liaison.Link, sub subscription) (replaced *socket, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reason != "" {
		return nil, r.reason
	}
	r.noteLocked(link)
	e := &r.ends[s]
	if e.socket != socket {
		replaced = r.replaceLocked(s)
		e.socket, e.opened, e.remote = socket, link.Version, false
		r.hub.publish(liaison.Signal{Kind: liaison.SignalAttached, Link: r.id, Side: s})
	}
	if !r.carriesLocked(s, sub.topic) {
		socket.sendMessage(r.subscribed(link, sub.topic, 0))
		if s == protocol.SiteSide && link.State == liaison.Claimed {
			r.tellClaimedLocked(link)
		}
		return replaced, nil
	}
	r.attachFramesLocked(s, link, sub)
	return replaced, nil
}

// attachFramesLocked lets the frames for a side flow to its socket, from the
// first that it has not received.
func (r *room) attachFramesLocked(s protocol.Side, link liaison.Link, sub subscription) {
	e, outgoing := &r.ends[s], &r.ends[s.Other()].inbox
	news := !e.frames
	if sub.rest {
		sub.since = e.inbox.base
	}
	e.frames, e.topic, e.cursor = true, sub.topic, sub.since
	outgoing.trim(sub.acked)
	e.socket.sendMessage(r.subscribed(link, sub.topic, outgoing.base))
	r.ackedLocked(s, sub.since)
	r.flushLocked(s)
	if r.ends[s.Other()].attached() {
		e.socket.sendMessage(peerMessage(r.id, protocol.PeerHere))
	}
	if news {
		r.tellPeerLocked(s, protocol.PeerHere)
	}
	r.hub.publish(liaison.Signal{Kind: liaison.SignalWant, Link: r.id, Side: s, Next: e.cursor})
}

func (r *room) subscribed(link liaison.Link, topic protocol.Topic, next uint64) protocol.ServerMessage {
	return protocol.ServerMessage{Op: protocol.OpSubscribed, Topic: topic, RequestID: r.id, ExpiresAt: &link.ExpiresAt, Next: next}
}

// replaceLocked lets go of the socket of a side, if there is one, and tells it.
func (r *room) replaceLocked(s protocol.Side) *socket {
	e := &r.ends[s]
	old := e.socket
	e.socket, e.frames = nil, false
	if old == nil || !old.detach(r) {
		return nil
	}
	old.sendMessage(closedMessage(r.id, protocol.Replaced))
	return old
}

// note takes over what the stored link says.
func (r *room) note(link liaison.Link) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noteLocked(link)
}

// noteLocked takes over what the stored link says.
func (r *room) noteLocked(link liaison.Link) {
	if link.ExpiresAt.After(r.expiresAt) {
		r.expiresAt = link.ExpiresAt
	}
	// Whoever read the link earlier may come later, so nothing is taken back.
	if link.State == liaison.Claimed {
		r.address = link.Account.Address()
	}
	r.noteOpeningLocked(link)
	r.resuming = r.resuming || link.Resumption
	r.dialect = r.dialect || link.Dialect != ""
	r.bound = r.bound || link.Channel != ""
}

// noteOpeningLocked forgets the frames of an earlier opening of a resumption. Its
// end may be told here later than what follows it.
func (r *room) noteOpeningLocked(link liaison.Link) {
	if link.Version < r.version {
		return
	}
	by := openedBy{link.Site, link.IssuedAt.Unix()}
	if r.resuming && by != r.by {
		r.forgetLocked()
	}
	r.version, r.by, r.joined = link.Version, by, link.Wallet != ""
}

// forgetLocked forgets all frames, and how many there have been.
func (r *room) forgetLocked() {
	for s := range r.ends {
		r.ends[s].inbox.reset()
	}
}

// tellPeerLocked tells the other side of s, wherever it is, about s.
func (r *room) tellPeerLocked(s protocol.Side, state protocol.PeerState) {
	other := &r.ends[s.Other()]
	if other.socket != nil && other.frames {
		other.socket.sendMessage(peerMessage(r.id, state))
		return
	}
	r.hub.publish(liaison.Signal{Kind: liaison.SignalPeer, Link: r.id, Side: s, State: state})
}

// detach forgets a socket that is gone.
func (r *room) detach(socket *socket) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for s := range r.ends {
		e := &r.ends[s]
		if e.socket != socket {
			continue
		}
		e.socket = nil
		if e.frames {
			e.frames = false
			r.tellPeerLocked(protocol.Side(s), protocol.PeerGone)
		}
	}
}

// empty reports whether the room holds no frame.
func (r *room) empty() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ends[protocol.SiteSide].inbox.empty() && r.ends[protocol.WalletSide].inbox.empty()
}

// ack notes that side s has received all frames below next.
func (r *room) ack(s protocol.Side, next uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ackedLocked(s, next)
}

func (r *room) ackedLocked(s protocol.Side, next uint64) {
	if !r.trimLocked(s, next) {
		return
	}
	if r.ends[s.Other()].socket != nil {
		r.tellAckedLocked(s)
		return
	}
	r.hub.publish(liaison.Signal{Kind: liaison.SignalAck, Link: r.id, Side: s, Next: next})
}

// trimLocked forgets the frames for a side below next, and goes on from there: what
// is forgotten cannot be handed over, and must not hold up the rest. It reports
// whether that is news.
func (r *room) trimLocked(s protocol.Side, next uint64) bool {
	e := &r.ends[s]
	if !e.inbox.trim(next) {
		return false
	}
	if e.cursor < next {
		e.cursor = next
		r.flushLocked(s)
	}
	return true
}

// tellAckedLocked tells the sender of the frames for side s how many arrived.
func (r *room) tellAckedLocked(s protocol.Side) {
	sender := &r.ends[s.Other()]
	if sender.socket != nil && sender.frames {
		sender.socket.acked(r, protocol.AppendAcked(nil, r.id, r.ends[s].inbox.base))
	}
}

// claimed tells the site, if it is attached here, who claimed the link.
func (r *room) claimed(link liaison.Link, answer *protocol.Frame, from sender) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noteLocked(link)
	site := &r.ends[protocol.SiteSide]
	var err error
	if answer != nil {
		_, err = site.inbox.put(*answer, from)
	}
	r.tellClaimedLocked(link)
	return err
}

// answerFrame is the number of the wallet's frame that comes with its claim.
const answerFrame = 1

// tellClaimedLocked sends the site the claim of its link, with the wallet's
// answer if that is here.
func (r *room) tellClaimedLocked(link liaison.Link) {
	site := &r.ends[protocol.SiteSide]
	if site.socket == nil {
		return
	}
	m := protocol.ServerMessage{Op: protocol.OpLink, RequestID: r.id, Account: link.Account, Held: link.Held}
	if link.Dialect != "" { // nothing was proved to anybody but this server
		m.Dialect = link.Dialect
		site.socket.sendMessage(m)
		return
	}
	m.Proof = &link.Proof
	if f, ok := site.inbox.get(answerFrame); ok {
		m.Answer = &f
	}
	site.socket.sendMessage(m)
}

// warnSite tells the site that a second wallet tried to join its link: once,
// or a wallet that tries often enough would fill the site's queue. It reports
// whether the site is attached here.
func (r *room) warnSite() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	site := r.ends[protocol.SiteSide].socket
	if site != nil && !r.warned {
		r.warned = true
		site.sendMessage(protocol.ServerMessage{Op: protocol.OpNotice, RequestID: r.id, Code: protocol.LinkTaken})
	}
	return site != nil
}

// close tells both sides that the link ended and forgets everything. The room
// is no longer in the hub.
func (r *room) close(reason protocol.Code) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reason = reason
	r.forgetLocked()
	for s := range r.ends {
		if socket := r.ends[s].socket; socket != nil && socket.detach(r) {
			socket.sendMessage(closedMessage(r.id, reason))
		}
		r.ends[s] = end{}
	}
}

// reopen forgets what was kept for the link before it had this version, and lets
// go of the sockets that attached before. It returns how many they are, for the
// caller to release.
func (r *room) reopen(version uint64) (replaced int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.warned = false
	if r.version < version {
		r.forgetLocked()
	}
	for s := range r.ends {
		e := &r.ends[s]
		if e.socket == nil {
			e.remote = false
		} else if e.opened < version && r.replaceLocked(protocol.Side(s)) != nil {
			replaced++
		}
	}
	return replaced
}

func closedMessage(id protocol.RequestID, reason protocol.Code) protocol.ServerMessage {
	return protocol.ServerMessage{Op: protocol.OpClosed, RequestID: id, Code: reason, Remedy: reason.Info().Remedy}
}

func peerMessage(id protocol.RequestID, state protocol.PeerState) protocol.ServerMessage {
	return protocol.ServerMessage{Op: protocol.OpPeer, RequestID: id, State: state}
}
