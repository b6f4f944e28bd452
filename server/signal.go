package server

import (
	"context"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// handle acts on a signal from another node about this room's link.
func (r *room) handle(signal liaison.Signal) {
	if signal.Side > protocol.WalletSide {
		return
	}
	switch signal.Kind {
	case liaison.SignalClaimed:
		r.hub.remoteClaim(r, signal.Frame)
		return
	case liaison.SignalNotice:
		r.warnSite()
		return
	case liaison.SignalClosed:
		if signal.Code == protocol.Replaced { // and opened anew: some may be attached to that already
			r.hub.reopenRoom(r.id, signal.Generation)
		} else {
			r.hub.closeRoom(r.id, signal.Code)
		}
		return
	}
	if replaced := r.handleFlow(signal); replaced != nil {
		r.hub.release(r)
		return
	}
	r.hub.removeIfIdle(r)
}

// handleFlow acts on a signal about frames and attachments. It returns a socket
// that was replaced, whose use of the room the caller has to release.
func (r *room) handleFlow(signal liaison.Signal) (replaced *socket) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch signal.Kind {
	case liaison.SignalFrame:
		r.remoteFrameLocked(signal)
	case liaison.SignalAck:
		if r.trimLocked(signal.Side, signal.Next) {
			r.tellAckedLocked(signal.Side)
		}
	case liaison.SignalWant:
		r.republishLocked(signal.Side, signal.Next)
	case liaison.SignalPeer:
		r.remotePeerLocked(signal)
	case liaison.SignalAttached:
		// That it can hear there is told by a signal of its own.
		replaced = r.replaceLocked(signal.Side)
	}
	return replaced
}

// remoteFrameLocked keeps a frame that another node took, if the side it is for
// is attached here, and asks for what is missing before it.
func (r *room) remoteFrameLocked(signal liaison.Signal) {
	e := &r.ends[signal.Side]
	if e.socket == nil || signal.Frame == nil || signal.Frame.Validate() != nil {
		return
	}
	if _, err := e.inbox.put(*signal.Frame, sender{}); err != nil {
		return // full or in conflict: its sender will send it again
	}
	r.flushLocked(signal.Side)
	// What only waits for room is here.
	if missing := e.inbox.missing(e.cursor); e.frames && signal.Frame.N > missing {
		r.hub.publish(liaison.Signal{Kind: liaison.SignalWant, Link: r.id, Side: signal.Side, Next: missing})
	}
}

// republishLocked sends the frames for a side from next on to the other nodes,
// and says whether the sender's side is attached here.
func (r *room) republishLocked(to protocol.Side, next uint64) {
	inbox := &r.ends[to].inbox
	for n := max(next, inbox.base); n < inbox.end(); n++ {
		if f, ok := inbox.get(n); ok {
			r.hub.publish(liaison.Signal{Kind: liaison.SignalFrame, Link: r.id, Side: to, Frame: &f})
		}
	}
	if sender := &r.ends[to.Other()]; sender.socket != nil && sender.frames {
		r.hub.publish(liaison.Signal{Kind: liaison.SignalPeer, Link: r.id, Side: to.Other(), State: protocol.PeerHere})
	}
}

func (r *room) remotePeerLocked(signal liaison.Signal) {
	here := signal.State == protocol.PeerHere
	if r.ends[signal.Side].socket != nil || r.ends[signal.Side].remote == here {
		return
	}
	r.ends[signal.Side].remote = here
	if other := &r.ends[signal.Side.Other()]; other.socket != nil && other.frames {
		other.socket.sendMessage(peerMessage(r.id, signal.State))
	}
}

// remoteClaim tells the site that is attached here of a claim that another node
// took. What the signal says is not believed; the store is asked.
func (h *hub) remoteClaim(r *room, answer *protocol.Frame) {
	link, err := h.store.Link(context.Background(), r.id)
	if err != nil || link.State != liaison.Claimed {
		return // the site hears of it when it asks again
	}
	if answer != nil && (answer.N != answerFrame || answer.Validate() != nil) {
		answer = nil
	}
	if err := r.claimed(link, answer, sender{}); err != nil {
		h.log.Warn("answer of a claim not kept", "cause", logText(err))
	}
}
