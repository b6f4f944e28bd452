package server

import (
	"net/http"
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
	if wait := s.linksByAddress.wait(s.address(r), s.cfg.Now()); wait > 0 {
		return rateLimited("links", wait)
	}
	if !s.linksOpened.take(s.cfg.Now()) {
		return &liaison.Error{Code: protocol.Overloaded, Op: "open link", Msg: "too many links wait"}
	}
	var opened opening
	err := s.update(r.Context(), "open link", func() (change liaison.Change, err error) {
		opened, err = s.prepareLink(r)
		return opened.change, err
	})
	if err != nil {
		return err
	}
	for _, old := range opened.evicted {
		s.hub.linkClosed(old.ID, old.Reason)
	}
	if opened.rotated {
		s.hub.rotated(opened.session, "")
	}
	if opened.token != "" {
		s.setCookie(w, opened.token)
	}
	s.metrics.LinksOpened.Inc()
	s.log.DebugContext(r.Context(), "link opened", "link", s.alias(opened.link.ID))
	return writeJSON(w, s.challenge(opened.link))
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

func (s *Server) prepareLink(r *http.Request) (opening, error) {
	var o opening
	now := s.cfg.Now()
	session, err := s.session(r)
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
		o.session, o.token = liaison.NewSession("", now, s.cfg.Sessions)
	}
	if err == nil {
		if err := o.evict(s, r); err != nil {
			return o, err
		}
	}
	o.link = liaison.NewLink(o.session.ID, now)
	o.change.Links = append(o.change.Links, o.link)
	if o.token != "" {
		o.change.Sessions = []liaison.Session{o.session}
	}
	return o, nil
}

// evict closes the session's oldest links until there is room for one more: a
// person who reloads the page often must not be told to wait.
func (o *opening) evict(s *Server, r *http.Request) error {
	waiting, err := s.cfg.Store.WaitingLinks(r.Context(), o.session.ID)
	if err != nil {
		return unavailable("find links of session", err)
	}
	for len(waiting) >= s.cfg.Limits.LinksPerSession {
		closed, _, err := waiting[0].Transition(liaison.Event{Kind: liaison.Expire, Now: s.cfg.Now()})
		if err != nil {
			return err
		}
		o.evicted = append(o.evicted, closed)
		o.change.Links = append(o.change.Links, closed)
		waiting = waiting[1:]
	}
	return nil
}

func (s *Server) challenge(link liaison.Link) protocol.Challenge {
	return protocol.Challenge{
		RequestID:  link.ID,
		Link:       protocol.Link{Server: s.cfg.Origin, RequestID: link.ID}.String(),
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
