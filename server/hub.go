package server

import (
	"log/slog"
	"sync"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/internal/metrics"
	"github.com/liaison-dev/liaison/protocol"
)

// hub knows the rooms and the sockets of this node.
//
// Lock order: hub.mu, then room.mu, then socket.mu or space.mu.
type hub struct {
	// Fixed.
	store   liaison.Store
	bus     liaison.Bus
	metrics *metrics.Metrics
	log     *slog.Logger
	cancel  func() // ends the subscription for sessions
	space   *space // for the mailboxes of all rooms

	mu sync.Mutex
	// Guarded by mu.
	rooms map[protocol.RequestID]*room
	// sockets holds the first of each session's sockets, which lead on to the
	// others: a session that changes must find its own among those of all.
	sockets map[liaison.SessionID]*socket
	closed  bool
}

func newHub(cfg Config, m *metrics.Metrics) (*hub, error) {
	h := &hub{
		store: cfg.Store, bus: cfg.Bus, metrics: m, log: cfg.Logger,
		rooms:   make(map[protocol.RequestID]*room),
		sockets: make(map[liaison.SessionID]*socket),
		space:   newSpace(cfg.Limits),
	}
	var err error
	h.cancel, err = h.bus.Subscribe(liaison.SessionsSubject, func(signal liaison.Signal) {
		if signal.Kind == liaison.SignalRotated {
			h.closeOlderSockets(signal.Session, signal.Generation, signal.Link)
		}
	})
	return h, err
}

// acquire returns the room of a link, a new one if there is none. It stays
// until it is released as often as it was acquired and holds no frame.
func (h *hub) acquire(id protocol.RequestID) (*room, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r, ok := h.rooms[id]
	if !ok {
		if h.closed {
			return nil, protocol.ShuttingDown
		}
		r = &room{hub: h, id: id}
		for s := range r.ends {
			r.ends[s].inbox.space = h.space
		}
		cancel, err := h.bus.Subscribe(liaison.LinkSubject(id), r.handle)
		if err != nil {
			return nil, unavailable("join the bus", err)
		}
		r.cancel = cancel
		h.rooms[id] = r
		h.metrics.Rooms.Inc()
	}
	r.users++
	return r, nil
}

// find returns the room of a link, or nil if this node has no part in it.
func (h *hub) find(id protocol.RequestID) *room {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.rooms[id]
}

// release ends one use of a room.
func (h *hub) release(r *room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.users--
	if r.users == 0 && r.empty() {
		h.removeLocked(r)
	}
}

// removeIfIdle removes a room that has neither users nor frames.
func (h *hub) removeIfIdle(r *room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.users == 0 && r.empty() {
		h.removeLocked(r)
	}
}

func (h *hub) removeLocked(r *room) {
	if h.rooms[r.id] != r {
		return
	}
	delete(h.rooms, r.id)
	h.metrics.Rooms.Dec()
	r.cancel()
}

// publish sends a signal about a link to the other nodes.
func (h *hub) publish(signal liaison.Signal) {
	h.bus.Publish(liaison.LinkSubject(signal.Link), signal)
}

// put takes a frame from a client for one side of a link.
func (h *hub) put(link liaison.Link, to protocol.Side, f protocol.Frame, from sender) error {
	r, err := h.acquire(link.ID)
	if err != nil {
		return err
	}
	defer h.release(r)
	r.note(link)
	return r.put(to, f, from)
}

// linkClaimed tells the site who claimed its link, on whichever node it is, and
// keeps the wallet's first frame for it. It does so again, without that frame,
// when a claim that was held is released.
func (h *hub) linkClaimed(link liaison.Link, answer *protocol.Frame, from sender) {
	r, err := h.acquire(link.ID)
	if err == nil {
		err = r.claimed(link, answer, from)
		h.release(r)
	}
	if err != nil {
		// The wallet sends a frame that is not acknowledged again.
		h.log.Warn("answer of a claim not kept", "cause", logText(err))
	}
	h.publish(liaison.Signal{Kind: liaison.SignalClaimed, Link: link.ID, Frame: answer})
}

// warnSite tells the site that a second wallet tried to join its link.
func (h *hub) warnSite(id protocol.RequestID) {
	if r := h.find(id); r != nil && r.warnSite() {
		return
	}
	h.publish(liaison.Signal{Kind: liaison.SignalNotice, Link: id})
}

// linkClosed tells both sides on all nodes that the link ended.
func (h *hub) linkClosed(id protocol.RequestID, reason protocol.Code) {
	h.closeRoom(id, reason)
	h.publish(liaison.Signal{Kind: liaison.SignalClosed, Link: id, Code: reason})
}

// linkReopened ends, on all nodes, what was open under the id of a resumption
// before its link had this version.
func (h *hub) linkReopened(id protocol.RequestID, version uint64) {
	h.reopenRoom(id, version)
	h.publish(liaison.Signal{Kind: liaison.SignalClosed, Link: id, Code: protocol.Replaced, Generation: version})
}

// reopenRoom ends this node's part in what was open before.
func (h *hub) reopenRoom(id protocol.RequestID, version uint64) {
	r := h.find(id)
	if r == nil {
		return
	}
	for range r.reopen(version) {
		h.release(r)
	}
	h.removeIfIdle(r)
}

// closeRoom ends this node's part in a link.
func (h *hub) closeRoom(id protocol.RequestID, reason protocol.Code) {
	h.mu.Lock()
	r := h.rooms[id]
	if r != nil {
		h.removeLocked(r)
	}
	h.mu.Unlock()
	if r != nil {
		r.close(reason)
	}
}

// rotated closes the sockets of a session that were opened with an older token,
// on all nodes, save those that are attached to the link keep.
func (h *hub) rotated(session liaison.Session, keep protocol.RequestID) {
	h.closeOlderSockets(session.ID, session.Generation, keep)
	h.bus.Publish(liaison.SessionsSubject, liaison.Signal{
		Kind: liaison.SignalRotated, Session: session.ID, Generation: session.Generation, Link: keep,
	})
}

func (h *hub) closeOlderSockets(id liaison.SessionID, generation uint64, keep protocol.RequestID) {
	for _, s := range h.socketsOf(id) {
		if !s.adopt(generation, keep) {
			s.close(protocol.SessionRotated)
		}
	}
}

// socketsOf returns the sockets of a session on this node.
func (h *hub) socketsOf(id liaison.SessionID) (open []*socket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := h.sockets[id]; s != nil; s = s.sibling {
		open = append(open, s)
	}
	return open
}

// openSockets returns the sockets of this node.
func (h *hub) openSockets() []*socket {
	h.mu.Lock()
	defer h.mu.Unlock()
	open := make([]*socket, 0, len(h.sockets))
	for _, s := range h.sockets {
		for ; s != nil; s = s.sibling {
			open = append(open, s)
		}
	}
	return open
}

// addSocket notes a new socket, unless the hub is closed.
func (h *hub) addSocket(s *socket) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	s.server.readers.Add(1) // here, so that Close waits for every socket that was let in
	s.sibling = h.sockets[s.session]
	h.sockets[s.session] = s
	h.metrics.Sockets.Inc()
	return true
}

func (h *hub) removeSocket(s *socket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.metrics.Sockets.Dec()
	first := h.sockets[s.session]
	switch {
	case first != s:
		for first.sibling != s {
			first = first.sibling
		}
		first.sibling = s.sibling
	case s.sibling == nil:
		delete(h.sockets, s.session)
	default:
		h.sockets[s.session] = s.sibling
	}
}

// close refuses what is new and closes every socket. Clients come back to
// another node, or to this one when it has started again.
func (h *hub) close() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	for _, s := range h.openSockets() {
		s.close(protocol.ShuttingDown)
	}
	h.cancel()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.rooms {
		h.removeLocked(r)
	}
}
