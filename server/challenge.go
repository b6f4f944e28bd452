package server

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// openLink answers GET /v1/challenge (arrows 1 and 2): a new link, owned by the
// session of the browser that asks. An anonymous session gets a new id with
// every link, so that an id that somebody planted in the browser never becomes
// the one that signs in.
func (s *Server) openLink(w http.ResponseWriter, r *http.Request) error {
	opened, err := s.open(w, r, s.session, func(session liaison.SessionID, now time.Time) (liaison.Link, error) {
		return liaison.NewLink(session, s.pageOrigin(r), now), nil
	})
	if err != nil {
		return err
	}
	return writeJSON(w, s.challenge(opened.link))
}

// openResumption answers POST /v1/resumptions: two ends that know each other meet
// under an id that only they know, whatever the server has forgotten. Whoever
// opens what is open takes it over: a page that was loaded anew must not wait
// for its own past.
func (s *Server) openResumption(w http.ResponseWriter, r *http.Request) error {
	var body protocol.Resumption
	if err := parseBody(r, &body); err != nil {
		return err
	}
	if strings.HasPrefix(string(body.RequestID), liaison.DialectLinkPrefix) {
		return &liaison.Error{Code: protocol.LinkForbidden, Op: "open resumption", Msg: "ids of this form are of a dialect"}
	}
	// A session whose token is just being replaced keeps it: a new session's cookie would
	// take the place of the one that another page has asked for.
	session := func(r *http.Request) (liaison.Session, error) {
		session, err := s.anySession(r)
		if err == nil && !session.Retired {
			s.touch(r.Context(), session)
		}
		return session, err
	}
	opened, err := s.open(w, r, session, func(session liaison.SessionID, now time.Time) (liaison.Link, error) {
		link := liaison.NewResumption(body.RequestID, session, s.pageOrigin(r), now)
		before, err := s.storedLink(r.Context(), body.RequestID)
		switch {
		case errors.Is(err, protocol.LinkUnknown):
			return link, nil
		case err != nil:
			return link, err
		case !before.Resumption:
			return link, &liaison.Error{Code: protocol.LinkForbidden, Op: "open resumption", Msg: "this is the id of a link"}
		}
		link.Version = before.Version
		return link, nil
	})
	if err != nil {
		return err
	}
	return writeJSON(w, protocol.Resumed{
		RequestID: opened.link.ID, ExpiresAt: opened.link.ExpiresAt, ICEServers: s.cfg.ICEServers,
	})
}

// open stores a new link for the session of a request, which sessionOf finds, and
// tells who must know.
func (s *Server) open(w http.ResponseWriter, r *http.Request, sessionOf func(*http.Request) (liaison.Session, error),
	newLink func(liaison.SessionID, time.Time) (liaison.Link, error),
) (opening, error) {
	var opened opening
	if err := s.admitLink(s.address(r)); err != nil {
		return opened, err
	}
	err := s.update(r.Context(), "open link", func() (change liaison.Change, err error) {
		opened, err = s.prepareOpening(r, sessionOf, newLink)
		return opened.change, err
	})
	if err != nil {
		return opened, err
	}
	for _, old := range opened.evicted {
		s.hub.linkClosed(old.ID, old.Reason)
	}
	if before := opened.link.Version; before > 0 {
		s.hub.linkReopened(opened.link.ID, before+1)
	}
	if opened.rotated {
		s.hub.rotated(opened.session, "")
	}
	if opened.token != "" {
		s.setCookie(w, r, opened.token)
	}
	s.metrics.LinksOpened.Inc()
	s.log.DebugContext(r.Context(), "link opened", "link", s.alias(opened.link.ID), "resumption", opened.link.Resumption)
	return opened, nil
}

// admitLink says whether the client at an address may open a link now.
func (s *Server) admitLink(addr netip.Addr) error {
	if wait := s.linksByAddress.wait(addr, s.cfg.Now()); wait > 0 {
		return rateLimited("links", wait)
	}
	if !s.linksOpened.take(s.cfg.Now()) {
		return &liaison.Error{Code: protocol.Overloaded, Op: "open link", Msg: "too many links wait"}
	}
	return nil
}

// pageOrigin returns the origin of the page that makes a request, as its browser
// says; empty if no browser says that it is one of ours.
func (s *Server) pageOrigin(r *http.Request) protocol.Origin {
	if r.Header.Get("Origin") == string(s.cfg.Origin) || r.Header.Get("Sec-Fetch-Site") == "same-origin" {
		return s.cfg.Origin
	}
	return ""
}

// opening is a link on its way into the store.
type opening struct {
	change  liaison.Change
	link    liaison.Link
	session liaison.Session
	token   liaison.Token // empty if the session keeps its id
	rotated bool          // the session had another id before
	evicted []liaison.Link
}

func (s *Server) prepareOpening(r *http.Request, sessionOf func(*http.Request) (liaison.Session, error),
	newLink func(liaison.SessionID, time.Time) (liaison.Link, error),
) (opening, error) {
	var o opening
	now := s.cfg.Now()
	session, err := sessionOf(r)
	switch {
	case err == nil && session.Account != "":
		o.session = session
	case err == nil:
		o.token = liaison.NewToken()
		o.session = session.Rotated(o.token, now, s.cfg.Sessions)
		o.rotated = true
	case protocol.CodeOf(err) == protocol.Unavailable:
		return o, err
	default:
		o.token = liaison.NewToken()
		o.session = s.newSession(r, o.token)
	}
	known := err == nil
	if o.link, err = newLink(o.session.ID, now); err != nil {
		return o, err
	}
	if known {
		if err := o.evict(s, r); err != nil {
			return o, err
		}
	}
	o.change.Links = append(o.change.Links, o.link)
	if o.token != "" {
		o.change.Sessions = []liaison.Session{o.session}
	}
	return o, nil
}

// evict closes the session's oldest links until there is room for one more: a
// person who reloads the page often must not be told to wait. What is opened
// anew is none of them.
func (o *opening) evict(s *Server, r *http.Request) (err error) {
	o.evicted, err = s.surplus(r.Context(), o.session.ID, o.link.ID)
	o.change.Links = append(o.change.Links, o.evicted...)
	return err
}

// surplus returns the oldest of the links of a session that wait, as they are when
// their time is over: as many as have to make room for one that is opened now.
func (s *Server) surplus(ctx context.Context, session liaison.SessionID, opened protocol.RequestID) (closed []liaison.Link, err error) {
	waiting, err := s.cfg.Store.WaitingLinks(ctx, session)
	if err != nil {
		return nil, unavailable("find links of session", err)
	}
	waiting = slices.DeleteFunc(waiting, func(l liaison.Link) bool { return l.ID == opened })
	for _, old := range waiting[:max(len(waiting)-s.cfg.Limits.LinksPerSession+1, 0)] {
		old, _, err = old.Transition(liaison.Event{Kind: liaison.Expire, Now: old.ExpiresAt})
		if err != nil {
			return nil, err
		}
		closed = append(closed, old)
	}
	return closed, nil
}

func (s *Server) challenge(link liaison.Link) protocol.Challenge {
	return protocol.Challenge{
		RequestID:  link.ID,
		Link:       protocol.Link{Server: s.cfg.Origin, RequestID: link.ID}.Reveal(),
		ExpiresAt:  link.ExpiresAt,
		Site:       s.site(),
		SignIn:     s.cfg.signInRequest(link),
		ICEServers: s.cfg.ICEServers,
	}
}

func (s *Server) site() protocol.Site {
	return protocol.Site{Name: s.cfg.SiteName, Origin: s.cfg.Origin}
}

// linkQuota bounds how many links are opened within the life of one. It counts
// by the second, which is near enough and costs the same for any number.
type linkQuota struct {
	max int

	mu      sync.Mutex
	perSlot [int(protocol.LinkTTL / time.Second)]int
	last    int64 // the second that was counted last
	sum     int
}

func (q *linkQuota) take(now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	second := now.Unix()
	slots := int64(len(q.perSlot))
	for t := max(q.last+1, second-slots+1); t <= second; t++ {
		q.sum -= q.perSlot[t%slots]
		q.perSlot[t%slots] = 0
	}
	q.last = max(q.last, second)
	if q.sum >= q.max {
		return false
	}
	q.perSlot[q.last%slots]++
	q.sum++
	return true
}
