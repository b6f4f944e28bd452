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
	expiresAt time.Time
	reason    protocol.Code // why the link ended; empty while it lives
	warned    bool          // the site knows that a second wallet came
}

// end is one side of a room.
type end struct {
	socket *socket // attached here; nil if not
	frames bool    // the socket asked for frames, not only for the link's fate
	remote bool    // attached to another node
	cursor uint64  // the frame that the socket gets next
	inbox  mailbox // frames for this side
}

// attached reports whether the side can receive frames on some node.
func (e *end) attached() bool { return e.remote || e.socket != nil && e.frames }

// put keeps a frame for a side and hands over what can be handed over.
func (r *room) put(to protocol.Side, f protocol.Frame) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reason != "" {
		return r.reason
	}
	if r.address == "" && f.N > 0 { // the offer is all that may wait for a wallet
		return protocol.LinkNotClaimed
	}
	e := &r.ends[to]
	if f.N < e.inbox.base { // its sender does not know yet that it has arrived
		r.tellAckedLocked(to)
		return nil
	}
	fresh, err := e.inbox.put(f)
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

// flushLocked hands the attached socket every frame that is next in order.
func (r *room) flushLocked(to protocol.Side) {
	e := &r.ends[to]
	if e.socket == nil || !e.frames {
		return
	}
	for {
		f, ok := e.inbox.get(e.cursor)
		if !ok || !e.socket.send(protocol.AppendFrame(nil, to.Topic(r.address), r.id, f)) {
			return
		}
		e.cursor++
	}
}

// subscription is one socket's wish to hear from a link.
type subscription struct {
	topic protocol.Topic
	since uint64 // frames it has received
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
		e.socket, e.remote = socket, false
		r.hub.publish(liaison.Signal{Kind: liaison.SignalAttached, Link: r.id, Side: s})
	}
	if sub.topic == protocol.TopicLink {
		socket.sendMessage(r.subscribed(link, sub.topic, 0))
		if link.State == liaison.Claimed {
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
	e.frames, e.cursor = true, sub.since
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
	if link.State == liaison.Claimed { // whoever read it earlier may come later
		r.address = link.Account.Address()
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
	if !r.ends[s].inbox.trim(next) {
		return
	}
	if r.ends[s.Other()].socket != nil {
		r.tellAckedLocked(s)
		return
	}
	r.hub.publish(liaison.Signal{Kind: liaison.SignalAck, Link: r.id, Side: s, Next: next})
}

// tellAckedLocked tells the sender of the frames for side s how many arrived.
func (r *room) tellAckedLocked(s protocol.Side) {
	sender := &r.ends[s.Other()]
	if sender.socket != nil && sender.frames {
		sender.socket.send(protocol.AppendAcked(nil, r.id, r.ends[s].inbox.base))
	}
}

// firstOffer returns the site's first frame if it is here.
func (r *room) firstOffer() *protocol.Frame {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f, ok := r.ends[protocol.WalletSide].inbox.get(0); ok {
		return &f
	}
	return nil
}

// claimed tells the site, if it is attached here, who claimed the link.
func (r *room) claimed(link liaison.Link, answer *protocol.Frame) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noteLocked(link)
	site := &r.ends[protocol.SiteSide]
	var err error
	if answer != nil {
		_, err = site.inbox.put(*answer)
	}
	r.tellClaimedLocked(link)
	return err
}

// tellClaimedLocked sends the site the claim of its link, with the wallet's
// first frame if that is here.
func (r *room) tellClaimedLocked(link liaison.Link) {
	site := &r.ends[protocol.SiteSide]
	if site.socket == nil {
		return
	}
	m := protocol.ServerMessage{Op: protocol.OpLink, RequestID: r.id, Account: link.Account, Proof: &link.Proof}
	if f, ok := site.inbox.get(0); ok {
		m.Answer = &f
	}
	site.socket.sendMessage(m)
}

// warnSite tells the site that a second wallet tried to claim its link: once,
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
	for s := range r.ends {
		if socket := r.ends[s].socket; socket != nil && socket.detach(r) {
			socket.sendMessage(closedMessage(r.id, reason))
		}
		r.ends[s].inbox.trim(r.ends[s].inbox.end())
		r.ends[s] = end{}
	}
}

func closedMessage(id protocol.RequestID, reason protocol.Code) protocol.ServerMessage {
	return protocol.ServerMessage{Op: protocol.OpClosed, RequestID: id, Code: reason, Remedy: reason.Info().Remedy}
}

func peerMessage(id protocol.RequestID, state protocol.PeerState) protocol.ServerMessage {
	return protocol.ServerMessage{Op: protocol.OpPeer, RequestID: id, State: state}
}
