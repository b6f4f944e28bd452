package client_test

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
)

// TestVerifyOrigin asks origins whether a broker acts for them.
func TestVerifyOrigin(t *testing.T) {
	t.Parallel()
	const broker = protocol.Origin("https://broker.example")
	says := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/.well-known/liaison.json" || r.Header.Get("Cookie")+r.Header.Get("Authorization") != "" {
				http.NotFound(w, r)
				return
			}
			io.WriteString(w, body)
		}
	}
	const lists = `{"brokers":["other.example","broker.example"]}`
	for name, c := range map[string]struct {
		site  http.HandlerFunc
		plain bool // over http
		// opened is what the server says of the page; that of the site if nil.
		opened func(site protocol.Origin) protocol.Origin
		want   bool
	}{
		"lists the broker":       {site: says(lists), want: true},
		"lists it among more":    {site: says(`{"brokers":["broker.example"],"also":1}`), want: true},
		"lists it with its port": {site: says(`{"brokers":["broker.example:443"]}`)},
		"lists its origin":       {site: says(`{"brokers":["https://broker.example"]}`)},
		"lists a part of it":     {site: says(`{"brokers":["example"]}`)},
		"lists another":          {site: says(`{"brokers":["other.example"]}`)},
		"lists nothing":          {site: says(`{}`)},
		"is not JSON":            {site: says(`brokers: broker.example`)},
		"is JSON of other form":  {site: says(`{"brokers":"broker.example"}`)},
		"is cut off":             {site: says(`{"brokers":["broker.example"]`)},
		"has nothing there":      {site: http.NotFound},
		"fails": {site: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			io.WriteString(w, lists)
		}},
		"redirects": {site: func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/list" {
				io.WriteString(w, lists)
				return
			}
			http.Redirect(w, r, "/list", http.StatusFound)
		}},
		"is as large as may be": {site: says(lists + strings.Repeat(" ", 4<<10-len(lists))), want: true},
		"is too large":          {site: says(lists + strings.Repeat(" ", 4<<10-len(lists)+1))},
		"is endless": {site: func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, strings.Repeat(" ", 4<<10)); err != nil {
					return
				}
			}
		}},
		"is served without TLS":  {site: says(lists), plain: true},
		"did not open the link":  {site: says(lists), opened: func(protocol.Origin) protocol.Origin { return "https://other.example" }},
		"opened it from no page": {site: says(lists), opened: func(protocol.Origin) protocol.Origin { return "" }},
	} {
		t.Run(name, func(t *testing.T) {
			web := httptest.NewUnstartedServer(c.site)
			web.Config.ErrorLog = quiet
			if c.plain {
				web.Start()
			} else {
				web.StartTLS()
			}
			defer web.Close()
			config := &tls.Config{MinVersion: tls.VersionTLS12}
			if transport, ok := web.Client().Transport.(*http.Transport); ok && transport.TLSClientConfig != nil {
				config = transport.TLSClientConfig
			}
			site := protocol.Origin(web.URL)
			opened := site
			if c.opened != nil {
				opened = c.opened(site)
			}
			if got := client.VerifyOrigin(limited(t), site, broker, opened, config); got != c.want {
				t.Errorf("VerifyOrigin of a site that %s = %t, want %t", name, got, c.want)
			}
			web.Client().CloseIdleConnections()
		})
	}
}

// TestVerifyOriginAsksNobody where the answer is known: the site is the broker
// itself, or the server denies it.
func TestVerifyOriginAsksNobody(t *testing.T) {
	t.Parallel()
	web := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked for %s", r.URL) }))
	defer web.Close()
	config := web.Client().Transport.(*http.Transport).TLSClientConfig
	site := protocol.Origin(web.URL)
	if !client.VerifyOrigin(limited(t), site, site, site, config) {
		t.Error("VerifyOrigin of the broker's own site = false, want true")
	}
	for name, opened := range map[string]protocol.Origin{"another": "https://other.example", "none": ""} {
		for what, server := range map[string]protocol.Origin{"its own broker": site, "another broker": "https://broker.example"} {
			if client.VerifyOrigin(limited(t), site, server, opened, config) {
				t.Errorf("VerifyOrigin at %s, opened by %s = true, want false", what, name)
			}
		}
	}
}

// TestVerifyOriginStrangerCertificate: the answer counts only if it is the site's.
func TestVerifyOriginStrangerCertificate(t *testing.T) {
	t.Parallel()
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"brokers":["broker.example"]}`)
	}))
	web.Config.ErrorLog = quiet
	web.StartTLS()
	defer web.Close()
	site := protocol.Origin(web.URL)
	if client.VerifyOrigin(limited(t), site, "https://broker.example", site, nil) {
		t.Error("VerifyOrigin of a site with a certificate of nobody = true, want false")
	}
}

// TestVerifyOriginIsInNoHurryForEver gives up with its context on a site that says
// nothing.
func TestVerifyOriginIsInNoHurryForEver(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	deadline := make(chan struct{})
	web := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
		close(deadline)
	}))
	defer web.Close()
	site := protocol.Origin(web.URL)
	config := web.Client().Transport.(*http.Transport).TLSClientConfig
	if client.VerifyOrigin(ctx, site, "https://broker.example", site, config) {
		t.Error("VerifyOrigin of a site that says nothing = true, want false")
	}
	select {
	case <-deadline:
	case <-time.After(limit):
		t.Error("the connection to a site that says nothing stays")
	}
}

// TestNativeSiteIsNotVerified: no page opened the link, so nobody knows whose it
// is, although it leads to the origin that it claims.
func TestNativeSiteIsNotVerified(t *testing.T) {
	t.Parallel()
	s := openLink(t, liaisontest.NewServer(t).Origin)
	s.read()
	if s.request.Verified() {
		t.Error("Verified() = true for a site that is no page, want false")
	}
	s.meet()
	if got := s.siteEnd.Assurance(); got != protocol.Sealed {
		t.Errorf("Assurance() = %s, want %s", got, protocol.Sealed)
	}
}

// asPage has the server see the requests of sites as those of its own page.
func (f *front) asPage() {
	f.onRequest(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == protocol.PathChallenge {
			r.Header.Set("Origin", string(f.origin))
		}
		return false
	})
}

// TestSiteOfThePageIsVerified: the server says that a page of its own opened the
// link, and hears from the wallet that it showed that.
func TestSiteOfThePageIsVerified(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	f.asPage()
	s := openLink(t, f.origin)
	s.read()
	if !s.request.Verified() {
		t.Error("Verified() = false for a page of the link's server, want true")
	}
	s.meet()
	for what, end := range map[string]*client.Channel{"site": s.siteEnd, "wallet": s.walletEnd} {
		if got := end.Assurance(); got != protocol.SealedOrigin {
			t.Errorf("%s: Assurance() = %s, want %s", what, got, protocol.SealedOrigin)
		}
	}
	s.collected()
	if view, err := s.pending.Session(limited(t)); err != nil || view.Assurance != protocol.SealedOrigin {
		t.Errorf("the site's session = %+v, %v, want assurance %s", view, err, protocol.SealedOrigin)
	}
}

// strictly has the wallet sign for verified sites alone, which is the default.
func strictly(c *client.WalletConfig) { c.UnsafeAllowUnverified = false }

// TestNothingIsSignedForAnUnverifiedSite: a page that asks in the name of another
// site, with that site's nonce, would be signed in there by what the wallet signs.
// So the wallet signs nothing, whatever the page's server says.
func TestNothingIsSignedForAnUnverifiedSite(t *testing.T) {
	t.Parallel()
	bank := client.NewAttacker(liaisontest.NewServer(t).Origin)
	challenge, err := bank.Open(limited(t))
	if err != nil {
		t.Fatalf("open a link of the bank: %v", err)
	}
	inTheNameOf := welcoming(func(m *protocol.PeerMessage) { m.Site, m.SignIn = &challenge.Site, &challenge.SignIn })
	for name, c := range map[string]struct {
		says func(*protocol.Joined)
		lie  client.Lie
	}{
		"the page of another site":         {func(*protocol.Joined) {}, inTheNameOf},
		"and its server says that it is":   {func(j *protocol.Joined) { j.Origin = challenge.Site.Origin }, inTheNameOf},
		"no page":                          {func(*protocol.Joined) {}, func(uint64, *protocol.PeerMessage) {}},
		"a page of another origin than it": {func(j *protocol.Joined) { j.Origin = challenge.Site.Origin }, func(uint64, *protocol.PeerMessage) {}},
	} {
		t.Run(name, func(t *testing.T) {
			h := liaisontest.NewHostile(t)
			h.OnJoined(c.says)
			s := openLink(t, h.Origin)
			s.pending.Lie(c.lie)
			s.read(strictly)
			if s.request.Verified() {
				t.Fatal("Verified() = true, want false")
			}
			signed := 0
			s.key = counting{s.key, &signed}
			s.refused(protocol.OriginDenied, protocol.OriginDenied)
			if signed != 0 || h.Saw(s.key.Address()) {
				t.Errorf("the wallet has signed %d texts, or its address was seen; want neither", signed)
			}
		})
	}
	// What it is about: this is why it takes more than a yes of the person.
	s := openLink(t, liaisontest.NewServer(t).Origin)
	s.pending.Lie(inTheNameOf)
	s.read()
	text, err := s.request.Text(s.key)
	if err != nil {
		t.Fatalf("Text: %v", err)
	}
	proof, err := s.key.Sign(limited(t), text)
	if err != nil {
		t.Fatalf("Sign: %v", err)
	}
	if view, err := bank.SignIn(limited(t), challenge, s.request.ChannelID(), proof); err != nil || view.Account != s.key.Account() {
		t.Errorf("with the signature the attacker is %+v, %v; if he is nobody, the wallet need not refuse", view, err)
	}
}

// TestVerifiedSiteIsSignedFor without any option.
func TestVerifiedSiteIsSignedFor(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	f.asPage()
	s := openLink(t, f.origin)
	s.read(strictly)
	s.meet()
}
