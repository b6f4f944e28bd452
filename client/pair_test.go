package client_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

// limit bounds every wait of these tests; nothing takes nearly as long.
const limit = 45 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func limited(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

func walletKey(t testing.TB, fill byte) *chain.AlgorandKey {
	t.Helper()
	key, err := chain.NewAlgorandKey(bytes.Repeat([]byte{fill}, 32))
	if err != nil {
		t.Fatalf("make key: %v", err)
	}
	return key
}

var loopback = client.ICE{LoopbackOnly: true}

// someLink is a sealed link of a server that nobody has opened.
func someLink(origin protocol.Origin) protocol.Link {
	link := protocol.Link{Server: origin, RequestID: protocol.NewRequestID()}
	link.Invitation.Key[0], link.Invitation.Seed[0] = 9, 1
	return link
}

// events collects what one side observed.
type events struct {
	mu   sync.Mutex
	all  []client.Event
	news chan struct{}
}

func newEvents() *events { return &events{news: make(chan struct{}, 1)} }

func (e *events) observe(event client.Event) {
	e.mu.Lock()
	e.all = append(e.all, event)
	e.mu.Unlock()
	select {
	case e.news <- struct{}{}:
	default:
	}
}

// expect waits for an event.
func (e *events) expect(t testing.TB, what string, match func(client.Event) bool) client.Event {
	t.Helper()
	deadline := time.After(limit)
	for {
		seen := e.seen()
		for _, event := range seen {
			if match(event) {
				return event
			}
		}
		select {
		case <-e.news:
		case <-deadline:
			t.Fatalf("no event: %s; saw %+v", what, seen)
		}
	}
}

func (e *events) seen() []client.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.all)
}

func (e *events) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = nil
}

// sides are the two ends of one link, before it is claimed.
type sides struct {
	t          testing.TB
	origin     protocol.Origin
	pending    *client.PendingLink
	site       *events
	wallet     *events
	key        chain.Key
	request    *client.Request
	siteEnd    *client.Channel
	walletEnd  *client.Channel
	siteErr    error
	walletErr  error
	acceptDone chan struct{}
}

// siteChange and walletChange change what a side is configured with.
type (
	siteChange   = func(*client.SiteConfig)
	walletChange = func(*client.WalletConfig)
)

func openLink(t testing.TB, origin protocol.Origin, changes ...siteChange) *sides {
	t.Helper()
	s := &sides{t: t, origin: origin, site: newEvents(), wallet: newEvents(), key: walletKey(t, 1)}
	config := client.SiteConfig{Server: origin, ICE: loopback, Observe: s.site.observe}
	for _, change := range changes {
		change(&config)
	}
	var err error
	s.pending, err = client.OpenLink(limited(t), config)
	if err != nil {
		t.Fatalf("OpenLink(%s): %v", origin, err)
	}
	t.Cleanup(func() { s.pending.Close() })
	return s
}

// scan reads the link. No site of these tests is a page, so none is verified.
func (s *sides) scan(changes ...walletChange) (*client.Request, error) {
	config := client.WalletConfig{ICE: loopback, Observe: s.wallet.observe, UnsafeAllowUnverified: true}
	for _, change := range changes {
		change(&config)
	}
	return client.ReadLink(limited(s.t), s.pending.Link().Reveal(), config)
}

func (s *sides) read(changes ...walletChange) {
	s.t.Helper()
	var err error
	if s.request, err = s.scan(changes...); err != nil {
		s.t.Fatalf("ReadLink(%s): %v", s.pending.Link(), err)
	}
	s.t.Cleanup(func() { s.request.Close() })
}

// accept begins to wait for the wallet.
func (s *sides) accept() {
	s.acceptDone = make(chan struct{})
	go func() {
		defer close(s.acceptDone)
		s.siteEnd, s.siteErr = s.pending.Accept(limited(s.t))
	}()
}

// attempt lets the person agree, and waits for what both sides make of it.
func (s *sides) attempt() {
	if s.acceptDone == nil {
		s.accept()
	}
	s.walletEnd, s.walletErr = s.request.Approve(limited(s.t), s.key)
	<-s.acceptDone
	for _, end := range []*client.Channel{s.walletEnd, s.siteEnd} {
		if end != nil {
			s.t.Cleanup(func() { end.Close() })
		}
	}
}

// refused is an attempt that ends with a code on each side.
func (s *sides) refused(site, wallet protocol.Code) {
	s.t.Helper()
	s.attempt()
	codeIs(s.t, "Accept", s.siteErr, site)
	codeIs(s.t, "Approve", s.walletErr, wallet)
}

// meet lets the person agree, and waits for both ends of the channel.
func (s *sides) meet() {
	s.t.Helper()
	s.attempt()
	if s.walletErr != nil || s.siteErr != nil {
		s.t.Fatalf("Approve: %v; Accept: %v; want a channel on both sides\nsite saw %+v\nwallet saw %+v", s.walletErr, s.siteErr, s.site.seen(), s.wallet.seen())
	}
}

// linked returns two ends of an open channel.
func linked(t testing.TB, origin protocol.Origin, changes ...siteChange) *sides {
	t.Helper()
	s := openLink(t, origin, changes...)
	s.read()
	s.meet()
	return s
}

// wait fails if a channel is not closed in time.
func wait(t testing.TB, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(limit):
		t.Fatalf("%s: nothing happens", what)
	}
}

// talk sends one message each way.
func (s *sides) talk(text string) {
	s.t.Helper()
	exchange(s.t, s.siteEnd, s.walletEnd, "site says "+text)
	exchange(s.t, s.walletEnd, s.siteEnd, "wallet says "+text)
}

func exchange(t testing.TB, from, to *client.Channel, message string) {
	t.Helper()
	if err := from.SendText(limited(t), message); err != nil {
		t.Fatalf("Send(%q): %v", message, err)
	}
	got, err := to.Receive(limited(t))
	if err != nil || string(got) != message {
		t.Fatalf("Receive = %q, %v, want %q", got, err, message)
	}
}

// codeIs fails unless err is an *Error with the code.
func codeIs(t testing.TB, what string, err error, want protocol.Code) {
	t.Helper()
	var typed *client.Error
	if !errors.As(err, &typed) || typed.Code != want {
		t.Errorf("%s: error %v, want a *client.Error with code %s", what, err, want)
	}
}

// front stands before a server, under whose origin the server is known, and can
// cut connections, refuse them, and see each request.
type front struct {
	origin  protocol.Origin
	options []liaisontest.Option
	server  *liaisontest.Server // changed by another alone
	proxy   *httputil.ReverseProxy

	mu sync.Mutex
	// Guarded by mu.
	behind *url.URL
	refuse bool
	open   map[net.Conn]struct{}
	hook   func(http.ResponseWriter, *http.Request) bool // reports whether it answered
}

func newFront(t testing.TB, options ...liaisontest.Option) *front {
	t.Helper()
	f := &front{open: make(map[net.Conn]struct{})}
	web := httptest.NewUnstartedServer(nil)
	f.origin = protocol.Origin("http://" + web.Listener.Addr().String())
	f.options = append(options, liaisontest.Unlimited, func(cfg *server.Config) { cfg.Origin = f.origin })
	f.another(t)
	transport := &http.Transport{DisableKeepAlives: true}
	f.proxy = &httputil.ReverseProxy{
		Transport: transport,
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(f.target()) },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			w.WriteHeader(http.StatusBadGateway)
		},
	}
	web.Listener = frontListener{web.Listener, f}
	web.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		hook := f.hook
		f.mu.Unlock()
		if hook == nil || !hook(w, r) {
			f.proxy.ServeHTTP(w, r)
		}
	})
	web.Config.ErrorLog = quiet
	f.proxy.ErrorLog = quiet
	web.Start()
	t.Cleanup(func() { f.cut(); web.Close() })
	return f
}

// another puts another server in the place of the one behind, which has never
// heard of anybody.
func (f *front) another(t testing.TB) {
	t.Helper()
	if f.server != nil {
		f.server.Stop()
	}
	f.server = liaisontest.NewServer(t, f.options...)
	target, err := url.Parse(string(f.server.Origin))
	if err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	f.behind = target
	f.mu.Unlock()
}

func (f *front) target() *url.URL {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.behind
}

func (f *front) onRequest(hook func(http.ResponseWriter, *http.Request) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hook = hook
}

// cut breaks every connection without a word.
func (f *front) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for conn := range f.open {
		conn.Close()
	}
	clear(f.open)
}

// away cuts every connection and refuses new ones until back.
func (f *front) away() {
	f.mu.Lock()
	f.refuse = true
	f.mu.Unlock()
	f.cut()
}

func (f *front) back() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refuse = false
}

type frontListener struct {
	net.Listener
	front *front
}

func (l frontListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		l.front.mu.Lock()
		refuse := l.front.refuse
		if !refuse {
			l.front.open[conn] = struct{}{}
		}
		l.front.mu.Unlock()
		if !refuse {
			return conn, nil
		}
		conn.Close()
	}
}
