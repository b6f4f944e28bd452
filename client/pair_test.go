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
const limit = 20 * time.Second

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
		e.mu.Lock()
		seen := append([]client.Event(nil), e.all...)
		e.mu.Unlock()
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
	key        *chain.AlgorandKey
	siteICE    client.ICE
	walletICE  client.ICE
	request    *client.Request
	siteEnd    *client.Channel
	walletEnd  *client.Channel
	siteErr    error
	walletErr  error
	acceptDone chan struct{}
}

func openLink(t testing.TB, origin protocol.Origin) *sides {
	t.Helper()
	s := &sides{t: t, origin: origin, site: newEvents(), wallet: newEvents(), key: walletKey(t, 1), siteICE: loopback, walletICE: loopback}
	var err error
	s.pending, err = client.OpenLink(limited(t), client.SiteConfig{Server: origin, ICE: s.siteICE, Observe: s.site.observe})
	if err != nil {
		t.Fatalf("OpenLink(%s): %v", origin, err)
	}
	t.Cleanup(func() { s.pending.Close() })
	return s
}

func (s *sides) read() {
	s.t.Helper()
	var err error
	s.request, err = client.ReadLink(limited(s.t), s.pending.Link().String(), client.WalletConfig{ICE: s.walletICE, Observe: s.wallet.observe})
	if err != nil {
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

// meet lets the person agree, and waits for both ends of the channel.
func (s *sides) meet() {
	s.t.Helper()
	if s.acceptDone == nil {
		s.accept()
	}
	s.walletEnd, s.walletErr = s.request.Approve(limited(s.t), s.key)
	<-s.acceptDone
	if s.walletErr != nil || s.siteErr != nil {
		s.t.Fatalf("Approve: %v; Accept: %v; want a channel on both sides\nsite saw %+v\nwallet saw %+v", s.walletErr, s.siteErr, s.site.all, s.wallet.all)
	}
	s.t.Cleanup(func() { s.walletEnd.Close() })
	s.t.Cleanup(func() { s.siteEnd.Close() })
}

// linked returns two ends of an open channel.
func linked(t testing.TB, origin protocol.Origin) *sides {
	t.Helper()
	s := openLink(t, origin)
	s.read()
	s.meet()
	return s
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
	origin protocol.Origin
	server *liaisontest.Server

	mu sync.Mutex
	// Guarded by mu.
	refuse bool
	open   map[net.Conn]struct{}
	hook   func(http.ResponseWriter, *http.Request) bool // reports whether it answered
}

func newFront(t testing.TB, options ...liaisontest.Option) *front {
	t.Helper()
	f := &front{open: make(map[net.Conn]struct{})}
	web := httptest.NewUnstartedServer(nil)
	f.origin = protocol.Origin("http://" + web.Listener.Addr().String())
	options = append(options, liaisontest.Unlimited, func(cfg *server.Config) { cfg.Origin = f.origin })
	f.server = liaisontest.NewServer(t, options...)
	target, err := url.Parse(string(f.server.Origin))
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	proxy := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
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
			proxy.ServeHTTP(w, r)
		}
	})
	web.Config.ErrorLog = quiet
	proxy.ErrorLog = quiet
	web.Start()
	t.Cleanup(func() { f.cut(); web.Close() })
	return f
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
