package server

import (
	"context"
	"errors"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// Times of the house-keeping.
const (
	// expiryInterval is how late a client may learn that its link expired.
	expiryInterval = time.Second
	// removalInterval is how often expired records are removed from the store.
	removalInterval = 30 * time.Second
	// graceForRemoval keeps expired records for a while, so that whoever comes
	// late learns that the link expired and not that it never was.
	graceForRemoval = 10 * time.Minute
)

// keepHouse expires links, keeps alive what is in use, pings sockets, and
// removes old records, until ctx ends.
func (s *Server) keepHouse(ctx context.Context) {
	expiry, removal := time.NewTicker(expiryInterval), time.NewTicker(removalInterval)
	defer expiry.Stop()
	defer removal.Stop()
	for round := int64(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-expiry.C:
			s.expireRooms(ctx)
			s.pingSockets(round)
			round++
		case <-removal.C:
			s.removeExpired(ctx)
		}
	}
}

// pingSockets asks those whose turn it is. A few each second: all at once would
// need a stack for each of their writers.
func (s *Server) pingSockets(round int64) {
	const rounds = int64(pingInterval / expiryInterval)
	for _, socket := range s.hub.openSockets() {
		if (socket.opened+round)%rounds == 0 {
			socket.tick(time.Now())
		}
	}
}

// expireRooms ends the links whose time ran out, and renews those that are
// claimed, or resumptions, and to which a side is attached.
func (s *Server) expireRooms(ctx context.Context) {
	now := s.cfg.Now()
	for _, r := range s.hub.openRooms() {
		expiresAt, renewable, sessions := r.lease()
		switch left := expiresAt.Sub(now); {
		case renewable && len(sessions) > 0 && left < protocol.ClaimedTTL/2:
			s.renew(ctx, r, sessions)
		case left <= 0:
			s.expire(ctx, r)
		}
	}
}

// expire ends a link unless another node has renewed it.
func (s *Server) expire(ctx context.Context, r *room) {
	link, err := s.storedLink(ctx, r.id)
	switch {
	case errors.Is(err, protocol.LinkUnknown):
		s.hub.closeRoom(r.id, protocol.LinkExpired)
		return
	case err != nil:
		s.log.WarnContext(ctx, "link not expired", "cause", logText(err))
		return
	case link.State == liaison.Closed:
		s.hub.closeRoom(r.id, link.Reason)
		return
	case s.cfg.Now().Before(link.ExpiresAt):
		r.note(link)
		return
	}
	if _, err := s.updateLink(ctx, "expire link", r.id, liaison.Event{Kind: liaison.Expire, Now: s.cfg.Now()}, nil); err != nil {
		s.log.WarnContext(ctx, "link not expired", "cause", logText(err))
	}
}

// renew lets a link and the sessions that use it live on. A session that has
// come to its end all the same takes its sockets with it.
func (s *Server) renew(ctx context.Context, r *room, sessions []liaison.SessionID) {
	link, err := s.updateLink(ctx, "renew link", r.id, liaison.Event{Kind: liaison.Renew, Now: s.cfg.Now()}, nil)
	switch code := protocol.CodeOf(err); {
	case err == nil:
	case code.Info().Retry, ctx.Err() != nil: // no word on the link itself
		s.log.WarnContext(ctx, "link not renewed", "cause", logText(err))
		return
	default:
		s.hub.closeRoom(r.id, code)
		return
	}
	r.note(link)
	for _, id := range sessions {
		session, err := s.cfg.Store.Session(ctx, id)
		switch {
		case errors.Is(err, liaison.ErrNotFound), err == nil && !session.Live(s.cfg.Now(), s.cfg.Sessions):
			for _, socket := range s.hub.socketsOf(id) {
				socket.close(protocol.SessionRequired)
			}
		case err == nil:
			s.touch(ctx, s.keptFor(link, session))
		}
	}
}

// keptFor lets an anonymous session live on with what it is attached to, for as
// long as any session may: a resumption, where what was proved before is not proved
// again, or a link of a dialect, whose site shows its code until somebody comes.
func (s *Server) keptFor(link liaison.Link, session liaison.Session) liaison.Session {
	if !link.Resumption && link.Dialect == "" || session.Account != "" {
		return session
	}
	until, end := s.cfg.Now().Add(s.cfg.Sessions.Idle), link.IssuedAt.Add(s.cfg.Sessions.Absolute)
	if until.After(end) {
		until = end
	}
	if until.After(session.ExpiresAt) {
		session.ExpiresAt = until
	}
	return session
}

// removeExpired removes from the store what nobody will ask for any more.
func (s *Server) removeExpired(ctx context.Context) {
	for {
		n, err := s.cfg.Store.Sweep(ctx, s.cfg.Now().Add(-graceForRemoval))
		if err != nil {
			s.log.WarnContext(ctx, "expired records not removed", "cause", logText(err))
			return
		}
		if n == 0 {
			return
		}
	}
}

// lease says until when the link lives, and who uses it here.
func (r *room) lease() (expiresAt time.Time, renewable bool, sessions []liaison.SessionID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.address == "" && !r.resuming && !r.dialect,
		r.dialect && r.by.site == "": // whoever comes to it late must not come at any time
		return r.expiresAt, false, nil
	}
	for i := range r.ends {
		if socket := r.ends[i].socket; socket != nil {
			sessions = append(sessions, socket.session)
		}
	}
	return r.expiresAt, true, sessions
}

// openRooms returns the rooms of this node.
func (h *hub) openRooms() []*room {
	h.mu.Lock()
	defer h.mu.Unlock()
	open := make([]*room, 0, len(h.rooms))
	for _, r := range h.rooms {
		open = append(open, r)
	}
	return open
}
