package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/protocol"
)

// typing is a person at the site, who types one thing after the other.
type typing struct {
	ask   func(try int) (string, error)
	tries atomic.Int32
}

func (p *typing) option(c *client.SiteConfig) {
	c.AskCode = func(_ context.Context, left int) (string, error) {
		try := int(p.tries.Add(1))
		if left != protocol.CodeTries+1-try {
			return "", errors.New("the tries are not counted down")
		}
		return p.ask(try)
	}
}

// countCollections counts how often the site asks for the session of its account.
func countCollections(f *front) *atomic.Int32 {
	var count atomic.Int32
	f.onRequest(func(_ http.ResponseWriter, r *http.Request) bool {
		if isCollection(r) {
			count.Add(1)
		}
		return false
	})
	return &count
}

// wrong returns another code of the same form.
func wrong(code string) string {
	last := code[len(code)-1]
	return code[:len(code)-1] + string('0'+(last-'0'+1)%10)
}

func TestShortCode(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	for name, c := range map[string]struct {
		typed func(code string, try int) string
		tries int32
	}{
		"at once":       {func(code string, _ int) string { return code }, 1},
		"without space": {func(code string, _ int) string { return strings.ReplaceAll(code, " ", "") }, 1},
		"with spaces":   {func(code string, _ int) string { return " " + strings.ReplaceAll(code, " ", "") + "\n" }, 1},
		"with a hyphen": {func(code string, _ int) string { return strings.ReplaceAll(code, " ", "-") }, 1},
		"at the third": {func(code string, try int) string {
			switch try {
			case 1:
				return wrong(code)
			case 2:
				return ""
			}
			return code
		}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			collections := countCollections(f)
			var s *sides
			person := &typing{}
			person.ask = func(try int) (string, error) {
				if got := collections.Load(); got != 0 {
					t.Errorf("the session was collected before the code was right")
				}
				return c.typed(s.request.ShortCode(), try), nil
			}
			s = openLink(t, f.origin, person.option)
			if s.pending.Link().Invitation.Flags&protocol.FlagShortCode == 0 {
				t.Error("the link does not say that the code is asked for")
			}
			s.read()
			if !s.request.AsksCode() {
				t.Error("AsksCode() = false, want true")
			}
			s.meet()
			if got := person.tries.Load(); got != c.tries {
				t.Errorf("the code was asked for %d times, want %d", got, c.tries)
			}
			e := s.wallet.expect(t, "code", func(e client.Event) bool { return e.Kind == client.EventCode })
			if code := s.request.ShortCode(); e.ShortCode != code || len(code) != 7 || code[3] != ' ' {
				t.Errorf("the code in the event is %q, that of the request %q, want the same, as ddd ddd", e.ShortCode, code)
			}
			s.talk(name)
			s.collected()
		})
	}
}

// TestNoCodeIsAskedFor where the site does not want one.
func TestNoCodeIsAskedFor(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	s := openLink(t, f.origin)
	s.read()
	if s.request.AsksCode() {
		t.Error("AsksCode() = true, want false")
	}
	s.meet()
	for _, e := range s.wallet.seen() {
		if e.Kind == client.EventCode {
			t.Error("the wallet shows a code that nobody asks for")
		}
	}
}

// TestWrongCode ends both sides, and leaves the session as it was.
func TestWrongCode(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	for name, c := range map[string]struct {
		ask          func(code string) (string, error)
		site, wallet protocol.Code
		tries        int32
	}{
		"wrong":     {func(code string) (string, error) { return wrong(code), nil }, protocol.CodeMismatch, protocol.CodeMismatch, 3},
		"empty":     {func(string) (string, error) { return "", nil }, protocol.CodeMismatch, protocol.CodeMismatch, 3},
		"too much":  {func(code string) (string, error) { return code + "0", nil }, protocol.CodeMismatch, protocol.CodeMismatch, 3},
		"gives up":  {func(string) (string, error) { return "", errors.New("no") }, protocol.Canceled, protocol.Canceled, 1},
		"says code": {func(string) (string, error) { return "", &client.Error{Code: protocol.UserRejected} }, protocol.UserRejected, protocol.UserRejected, 1},
	} {
		t.Run(name, func(t *testing.T) {
			collections := countCollections(f)
			var s *sides
			person := &typing{}
			person.ask = func(int) (string, error) { return c.ask(s.request.ShortCode()) }
			s = openLink(t, f.origin, person.option)
			s.read()
			s.refused(c.site, c.wallet)
			s.pending.Close()
			if got := person.tries.Load(); got != c.tries {
				t.Errorf("the code was asked for %d times, want %d", got, c.tries)
			}
			if got := collections.Load(); got != 0 {
				t.Errorf("the session was collected %d times, want never", got)
			}
			if view, err := s.pending.Session(limited(t)); !errors.Is(err, protocol.SessionRotated) {
				t.Errorf("the site's session = %+v, %v, want it not collected", view, err)
			}
		})
	}
}

// TestSocketBreaksBeforeTheCode: a site whose connection breaks while the person
// types must not take that for a reason to collect its session, not even if it is
// told that its token is retired.
func TestSocketBreaksBeforeTheCode(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	var collections, refusals atomic.Int32
	f.onRequest(func(w http.ResponseWriter, r *http.Request) bool {
		if isCollection(r) {
			collections.Add(1)
		}
		if !isSocket(r) || refusals.Add(-1) < 0 {
			return false
		}
		w.WriteHeader(http.StatusUnauthorized)
		json.NewEncoder(w).Encode(protocol.Problem{Code: protocol.SessionRotated})
		return true
	})
	var s *sides
	person := &typing{}
	person.ask = func(try int) (string, error) {
		if try == 1 {
			s.site.forget()
			refusals.Store(2)
			f.cut()
			s.site.expect(t, "socket back", socketUp)
			return "", nil
		}
		if got := collections.Load(); got != 0 {
			t.Error("the session was collected before the code was right")
		}
		return s.request.ShortCode(), nil
	}
	s = openLink(t, f.origin, person.option)
	s.read()
	s.meet()
	s.collected()
}

// TestSlowPerson takes longer than a session otherwise waits for its channel.
func TestSlowPerson(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	collections := countCollections(f)
	var s *sides
	person := &typing{}
	person.ask = func(int) (string, error) {
		<-time.After(client.CollectAfter + 300*time.Millisecond)
		if got := collections.Load(); got != 0 {
			t.Error("the session was collected before the code was right")
		}
		return s.request.ShortCode(), nil
	}
	s = openLink(t, f.origin, person.option)
	s.read()
	s.meet()
	s.collected()
}

// TestPersonNeedNotTypeForNobody: the question ends with the pairing.
func TestPersonNeedNotTypeForNobody(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	asked, ended := newGate(), newGate()
	s := openLink(t, f.origin, func(c *client.SiteConfig) {
		c.AskCode = func(ctx context.Context, _ int) (string, error) {
			asked.open()
			<-ctx.Done()
			ended.open()
			return "", ctx.Err()
		}
	})
	s.accept()
	s.read()
	approved := make(chan struct{})
	go func() {
		defer close(approved)
		_, s.walletErr = s.request.Approve(limited(t), s.key)
	}()
	wait(t, "the code is asked for", asked.done)
	s.request.Close()
	wait(t, "the question ends", ended.done) // and not when the site is closed
	<-approved
	<-s.acceptDone
	codeIs(t, "Approve", s.walletErr, protocol.Canceled)
	codeIs(t, "Accept when the wallet went away", s.siteErr, protocol.PeerLost)
}
