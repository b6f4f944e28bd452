package engineio

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"
)

// poll is a GET that waits for something to tell the client.
type poll struct {
	answer chan pollAnswer // one answer, never blocks
}

// pollAnswer is what a poll gets.
type pollAnswer struct {
	body []byte
	// refused is set for a poll that came too late: the session has moved on to a
	// WebSocket.
	refused bool
}

// post is a POST.
type post struct {
	control *http.ResponseController
	// Guarded by the session's mu.
	reading bool
}

// interruptLocked makes the reading of the body fail, if it goes on. Without it,
// the connection of a half-sent POST would outlive its session.
func (p *post) interruptLocked() {
	if p.reading {
		// Not every ResponseWriter can; then the server's own timeout does it.
		_ = p.control.SetReadDeadline(time.Unix(1, 0))
	}
}

func (s *Session) answerPollLocked(answer pollAnswer) {
	s.poll.answer <- answer
	s.poll = nil
}

// servePoll answers a GET ("HTTP long-polling").
func (s *Session) servePoll(w http.ResponseWriter, r *http.Request) {
	p, delay := s.beginPoll()
	if p == nil {
		s.refuseLate(w, r)
		return
	}
	// A server's ReadTimeout would end the poll: it counts from its beginning.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	var probed <-chan time.Time
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		probed = timer.C
	}
	for {
		select {
		case answer := <-p.answer:
			if answer.refused {
				s.server.refuse(w, r, faultRequest)
				return
			}
			s.answer(w, answer)
			return
		case <-probed:
			s.endPoll(p)
		case <-r.Context().Done():
			s.cutPoll(p)
			return
		}
	}
}

// beginPoll registers a poll, and answers it if it can be answered. If a
// WebSocket was probed, the poll has to return after the delay in any case.
func (s *Session) beginPoll() (*poll, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expireLocked()
	switch {
	case s.state == closed || s.socket != nil:
		return nil, 0
	case s.poll != nil: // the first one gets the farewell
		s.endLocked(TransportError)
		return nil, 0
	}
	p := &poll{answer: make(chan pollAnswer, 1)}
	s.poll = p
	s.flushLocked()
	if s.probed {
		return p, probedPollDelay
	}
	return p, 0
}

// cutPoll handles a poll whose client hung up. The session cannot go on: what
// it got is not known. Only one that has moved on to a WebSocket does not mind.
func (s *Session) cutPoll(p *poll) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.poll == p || s.socket == nil {
		s.endLocked(TransportError)
	}
}

// endPoll lets a poll return with nothing in it.
func (s *Session) endPoll(p *poll) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.poll == p {
		s.answerPollLocked(pollAnswer{body: []byte{kindNoop}})
	}
}

// refuseLate answers a request of a session that has ended, has moved on to a
// WebSocket, or got two requests of a kind at once.
func (s *Session) refuseLate(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	upgraded := s.socket != nil && s.state == open
	s.mu.Unlock()
	if upgraded {
		s.server.refuse(w, r, faultRequest)
		return
	}
	s.server.answerError(w, r, http.StatusBadRequest, nil)
}

// answer writes a poll's answer. If that fails, the session has lost packets.
func (s *Session) answer(w http.ResponseWriter, answer pollAnswer) {
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=UTF-8")
	if err := s.writeBody(w, answer.body); err != nil {
		s.end(TransportError)
	}
}

func (s *Session) writeBody(w http.ResponseWriter, body []byte) error {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	control := http.NewResponseController(w)
	// Counted from now: a server's WriteTimeout counts from when the poll began,
	// which may be long over. Not every ResponseWriter has deadlines.
	_ = control.SetWriteDeadline(time.Now().Add(s.server.cfg.WriteTimeout))
	if _, err := w.Write(body); err != nil {
		return err
	}
	if err := control.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	// The next request of this connection must not inherit the deadline.
	_ = control.SetWriteDeadline(time.Time{})
	return nil
}

// servePost answers a POST ("HTTP long-polling").
func (s *Session) servePost(w http.ResponseWriter, r *http.Request) {
	p := &post{control: http.NewResponseController(w), reading: true}
	if ok, ignored := s.beginPost(p); !ok {
		w.Header().Set("Connection", "close")
		if ignored {
			s.accept(w)
			return
		}
		s.refuseLate(w, r)
		return
	}
	packets, status := s.readPost(w, r, p)
	if status == 0 {
		s.receiving.Lock()
		if s.Transport() == Polling {
			s.carryOut(packets)
		}
		s.receiving.Unlock()
	}
	// Before the answer: the client may send the next POST as soon as it has it.
	s.mu.Lock()
	s.post = nil
	s.mu.Unlock()
	if status != 0 {
		w.Header().Set("Connection", "close")
		s.server.answerError(w, r, status, nil)
		return
	}
	s.accept(w)
}

// beginPost registers a POST. It is ignored if the session is leaving: its
// client must not take it for an error before it has the last words.
func (s *Session) beginPost(p *post) (ok, ignored bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expireLocked()
	switch {
	case s.state == leaving && s.socket == nil:
		return false, true
	case s.state != open || s.socket != nil:
		return false, false
	case s.post != nil:
		s.endLocked(TransportError)
		return false, false
	}
	s.post = p
	// Until after the next ping has timed out, since a client that is still sending
	// cannot answer it. This is for sessions that have moved on to a WebSocket.
	_ = p.control.SetReadDeadline(time.Now().Add(s.server.cfg.PingInterval + s.server.cfg.PingTimeout + lingerTimeout))
	return true, false
}

// readPost reads and parses the body. It returns an HTTP status unless all went
// well. A body that is too large leaves the session as it is; one that makes no
// sense ends it.
func (s *Session) readPost(w http.ResponseWriter, r *http.Request, p *post) ([]packet, int) {
	limit := int64(s.server.cfg.MaxPayload)
	if r.ContentLength > limit {
		s.endReading(p, time.Now().Add(lingerTimeout))
		return nil, http.StatusRequestEntityTooLarge
	}
	// Revision 4 knows text only. Like every POST it gets an answer.
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "application/octet-stream" {
		s.endReading(p, time.Now().Add(lingerTimeout))
		s.end(ParseError)
		return nil, http.StatusBadRequest
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		s.endReading(p, time.Now().Add(lingerTimeout))
		return nil, http.StatusRequestEntityTooLarge
	case err != nil: // the deadline stays, since net/http tries to read the rest
		s.end(TransportError)
		return nil, http.StatusBadRequest
	case !s.endReading(p, time.Time{}):
		return nil, http.StatusBadRequest
	}
	packets, err := parsePayload(body, s.server.cfg.MaxPackets)
	if err != nil {
		s.end(ParseError)
		return nil, http.StatusBadRequest
	}
	return packets, 0
}

// endReading sets the deadline for what may still be unread, which net/http
// tries to read before it closes the connection. It returns false if the session
// ended meanwhile.
func (s *Session) endReading(p *post, deadline time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.reading = false
	if s.state == closed {
		return false
	}
	_ = p.control.SetReadDeadline(deadline)
	return true
}

func (s *Session) accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	_ = s.writeBody(w, []byte("ok")) // what was received has been carried out
}
