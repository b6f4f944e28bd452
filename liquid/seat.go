package liquid

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

// seats are those of this node.
//
// Lock order: seat.mu, then seats.mu.
type seats struct {
	mu sync.Mutex
	// Guarded by mu.
	all map[liaison.SessionID]*seat
}

// seat is where all sockets of a session sit: they hear what is said to the
// session, as far as it is about the link that they speak through. A socket whose
// connection has died without a word takes nothing away from the one that came
// after it.
type seat struct {
	// Fixed.
	handler *Handler
	id      liaison.SessionID

	// Guarded by seats.mu, so that nobody who looks for a seat waits for another.
	peers map[*peer]struct{}
	taken bool // away, with its last socket

	mu sync.Mutex
	// Guarded by mu.
	port    *server.Port                   // nil while nothing is to be heard
	waiting map[protocol.RequestID][]asked // links that nobody has signed in with yet
	ends    map[protocol.RequestID]*end
	// generation is of the session as it was last taken over.
	generation uint64
}

// sockets returns those that sit here now.
func (s *seat) sockets() []*peer {
	s.handler.seats.mu.Lock()
	defer s.handler.seats.mu.Unlock()
	return slices.Collect(maps.Keys(s.peers))
}

// empty reports whether the last socket has gone.
func (s *seat) empty() bool {
	s.handler.seats.mu.Lock()
	defer s.handler.seats.mu.Unlock()
	return s.taken
}

// of returns the seat of a session; one that is away if it has none.
func (s *seats) of(h *Handler, id liaison.SessionID) *seat {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.all[id]; found != nil {
		return found
	}
	return &seat{handler: h, id: id, taken: true}
}

// find returns the seat of a session, nil if it has none.
func (s *seats) find(id liaison.SessionID) *seat {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all[id]
}

// take gives a socket its place.
func (s *seats) take(h *Handler, p *peer, id liaison.SessionID) *seat {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = make(map[liaison.SessionID]*seat)
	}
	if s.all[id] == nil {
		s.all[id] = &seat{
			handler: h, id: id, peers: make(map[*peer]struct{}),
			waiting: make(map[protocol.RequestID][]asked), ends: make(map[protocol.RequestID]*end),
		}
	}
	s.all[id].peers[p] = struct{}{}
	return s.all[id]
}

// give takes a socket's place away, and with the last one the seat. It returns the
// seat that the socket had.
func (s *seats) give(p *peer, id liaison.SessionID) *seat {
	s.mu.Lock()
	defer s.mu.Unlock()
	had := s.all[id]
	if had == nil {
		return nil
	}
	if delete(had.peers, p); len(had.peers) == 0 {
		had.taken = true
		delete(s.all, id)
	}
	return had
}

// sit gives a socket its place, and lets it speak through the session's link if
// there is one.
func (h *Handler) sit(p *peer, v visitor) {
	s := h.seats.take(h, p, v.session.ID)
	if p.gone() || p.connection.as().session.ID != v.session.ID { // meanwhile, and whoever noticed did not find it here
		h.leave(p, v.session.ID)
		return
	}
	// What has changed since the session was read did not find the socket here.
	ctx, cancel := context.WithTimeout(context.Background(), eventTimeout)
	defer cancel()
	session, err := h.current(ctx, v)
	if err != nil {
		h.log.Debug("session of a socket not read", "code", protocol.CodeOf(err))
		return
	}
	p.connection.now(session)
	s.refresh(session, p)
}

// leave takes a socket's place away.
func (h *Handler) leave(p *peer, id liaison.SessionID) {
	s := h.seats.give(p, id)
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, all := range s.waiting {
		s.waiting[id] = slices.DeleteFunc(all, func(a asked) bool { return a.peer == p })
	}
	if s.empty() && s.port != nil {
		s.port.Close()
		s.port = nil
	}
}

// dismiss closes the connections of a session that has ended: they come again, as
// whoever their client is then.
func (h *Handler) dismiss(id liaison.SessionID) {
	if s := h.seats.find(id); s != nil {
		for _, p := range s.sockets() {
			p.again()
		}
	}
}

// renew lets the sockets of a session go on in what a client has made of it. What
// they were told before is not theirs any more, and those that others have opened in
// it have to come again: somebody may have planted the cookie of the session that
// this client has signed in.
func (h *Handler) renew(session liaison.Session, client string) {
	s := h.seats.find(session.ID)
	if s == nil {
		return
	}
	for _, p := range s.sockets() {
		if p.connection.client != client {
			p.again()
		}
	}
	s.mu.Lock()
	if s.port != nil {
		s.forgetAnswersLocked()
		s.port.Close()
	}
	s.vacateLocked()
	s.askAgainLocked(session)
	s.mu.Unlock()
	s.refresh(session, nil)
}

// recall has the sockets come again that nothing rests on.
func (s *seat) recall() {
	for _, p := range s.sockets() {
		if p.connection.pristine() {
			p.again()
		}
	}
}

// refresh takes over what the session is now. Newcomer is a socket that has just
// come; nil stands for all of them.
func (s *seat) refresh(session liaison.Session, newcomer *peer) {
	if session.Link == "" || session.Account == "" || !session.Live(s.handler.now(), s.handler.dialect.Sessions()) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), eventTimeout)
	defer cancel()
	link, err := s.handler.dialect.Link(ctx, session.Link)
	if err != nil {
		s.handler.log.Debug("link of a session not found", "code", protocol.CodeOf(err))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if session.Generation < s.generation {
		return // whoever changed it meanwhile has found the newcomer here
	}
	s.generation = session.Generation
	if err := s.hearLocked(session, link); err != nil {
		s.handler.log.Debug("link not joined", "code", protocol.CodeOf(err))
		return
	}
	for _, p := range s.sockets() {
		if newcomer == nil && p.current != link.ID && !s.waitsLocked(p) || p == newcomer {
			s.turnLocked(p, link.ID)
		}
	}
}

// waitsLocked reports whether a socket shows a code of its own.
func (s *seat) waitsLocked(p *peer) bool {
	for _, all := range s.waiting {
		for _, a := range all {
			if a.peer == p {
				return true
			}
		}
	}
	return false
}
