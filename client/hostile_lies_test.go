package client_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
)

// TestServerEndsLinks has the server end a link for a reason of its own making,
// with each code of the table. Nobody is left waiting, and what is open already
// stays open.
func TestServerEndsLinks(t *testing.T) {
	codes := []protocol.Code{"", "from_the_future"}
	for _, info := range protocol.Codes() {
		codes = append(codes, info.Code)
	}
	want := func(code protocol.Code) protocol.Code {
		if !code.Known() {
			return protocol.LinkClosed
		}
		return code
	}
	t.Run("before", func(t *testing.T) {
		t.Parallel()
		h := liaisontest.NewHostile(t)
		for _, code := range codes {
			ended := protocol.ServerMessage{Op: protocol.OpClosed, Code: code}
			h.OnFrame(one(protocol.WalletSide, 0, func(protocol.Frame) []protocol.Frame {
				h.Inject(protocol.SiteSide, ended)
				h.Inject(protocol.WalletSide, ended)
				return nil
			}))
			r := newRun(t, h)
			r.many = true
			r.meet().failed(fmt.Sprintf("ended with %q", code), want(code), want(code))
		}
	})
	t.Run("for the wallet alone", func(t *testing.T) {
		t.Parallel()
		h := liaisontest.NewHostile(t)
		h.OnFrame(one(protocol.WalletSide, 0, func(protocol.Frame) []protocol.Frame {
			h.Inject(protocol.WalletSide, protocol.ServerMessage{Op: protocol.OpClosed, Code: protocol.UserRejected})
			return nil
		}))
		r := newRun(t, h)
		r.oneKnows = true
		r.meet().failed("ended for the wallet alone", protocol.TimedOut, protocol.UserRejected)
	})
	t.Run("after", func(t *testing.T) {
		t.Parallel()
		h := liaisontest.NewHostile(t)
		r := newRun(t, h).meet()
		r.opened("not ended yet")
		for _, code := range codes {
			ended := protocol.ServerMessage{Op: protocol.OpClosed, RequestID: r.link.RequestID, Code: code}
			h.Inject(protocol.SiteSide, ended)
			h.Inject(protocol.WalletSide, ended)
		}
		r.site.expect(t, "socket down", func(e client.Event) bool { return e.Kind == client.EventSignaling && !e.Up })
		r.wallet.expect(t, "socket down", func(e client.Event) bool { return e.Kind == client.EventSignaling && !e.Up })
		r.decided("ended after the channel was open")
	})
}

// TestServerRefusesAMessage: a side that the server refuses to serve gives up,
// and says so while it can.
func TestServerRefusesAMessage(t *testing.T) {
	for _, side := range []protocol.Side{protocol.SiteSide, protocol.WalletSide} {
		t.Run(side.String(), func(t *testing.T) {
			t.Parallel()
			h := liaisontest.NewHostile(t)
			h.OnFrame(one(side.Other(), 0, func(f protocol.Frame) []protocol.Frame {
				h.Inject(side, protocol.ServerMessage{Op: protocol.OpError, Code: protocol.FrameConflict})
				return nil
			}))
			newRun(t, h).meet().failed("the "+side.String()+" is refused", protocol.FrameConflict, protocol.FrameConflict)
		})
	}
}

// TestServerLiesAboutOrigins: the server says that the right page opened the
// link. That alone makes no origin verified: it must also be that of the link's
// host, or say itself that this host acts for it.
func TestServerLiesAboutOrigins(t *testing.T) {
	h := liaisontest.NewHostile(t)
	page := httptest.NewTLSServer(nil)
	defer page.Close()
	bank := protocol.Origin(page.URL)
	roots := page.Client().Transport.(*http.Transport).TLSClientConfig
	for _, c := range []struct {
		name            string
		claimed, opened protocol.Origin
		publishes       string // what the claimed origin says at its well-known place; empty: nothing
		verified        bool
	}{
		{"its own origin", h.Origin, h.Origin, "", true},
		{"its own origin, and nothing of the page", h.Origin, "", "", false},
		{"its own origin, and another page", h.Origin, bank, "", false},
		{"an origin that publishes nothing", bank, bank, "", false},
		{"an origin that names somebody else", bank, bank, `{"brokers":["auth.example.com"]}`, false},
		{"an origin that names a part of the host", bank, bank, `{"brokers":["` + h.Origin.Hostname() + `"]}`, false},
		{"an origin that does not name it as a list", bank, bank, `{"brokers":"` + h.Origin.Host() + `"}`, false},
		{"an origin that publishes too much", bank, bank, `{"brokers":["` + h.Origin.Host() + `"]}` + strings.Repeat(" ", 4<<10), false},
		{"an origin that sends the wallet elsewhere", bank, bank, "redirect", false},
		{"an origin that names the host", bank, bank, `{"brokers":["` + h.Origin.Host() + `"]}`, true},
		{"the same, and another page", bank, h.Origin, `{"brokers":["` + h.Origin.Host() + `"]}`, false},
	} {
		page.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/elsewhere":
				fmt.Fprintf(w, `{"brokers":[%q]}`, h.Origin.Host())
			case c.publishes == "" || r.URL.Path != "/.well-known/liaison.json":
				w.WriteHeader(http.StatusNotFound)
			case c.publishes == "redirect":
				http.Redirect(w, r, "/elsewhere", http.StatusFound)
			default:
				fmt.Fprint(w, c.publishes)
			}
		})
		h.OnChallenge(func(answer *protocol.Challenge) {
			answer.SignIn.Domain, answer.SignIn.URI = c.claimed.Host(), string(c.claimed)
		})
		h.OnJoined(func(answer *protocol.Joined) { answer.Origin = c.opened })
		r := newRun(t, h)
		r.siteCfg.Site = protocol.Site{Name: "Bank", Origin: c.claimed}
		r.walCfg.TLS = roots
		verified := !c.verified
		r.consent = func(request *client.Request) { verified = request.Verified() }
		r.meet()
		if verified != c.verified {
			t.Errorf("%s: verified = %t, want %t (site %v, wallet %v)", c.name, verified, c.verified, r.siteErr, r.walletErr)
		}
		r.decided(c.name)
	}
}

// TestServerAsksInAnothersName: the fields of the text come from the server, and
// the wallet holds them against the site that asks.
func TestServerAsksInAnothersName(t *testing.T) {
	h := liaisontest.NewHostile(t)
	for _, c := range []struct {
		name string
		lie  func(*protocol.Challenge)
	}{
		{"another domain", func(c *protocol.Challenge) { c.SignIn.Domain = "bank.example" }},
		{"another URI", func(c *protocol.Challenge) { c.SignIn.URI = "https://bank.example" }},
		{"a URI with a user in it", func(c *protocol.Challenge) {
			c.SignIn.URI = strings.Replace(string(h.Origin), "://", "://bank@", 1)
		}},
		{"another site", func(c *protocol.Challenge) { c.Site.Origin = "https://bank.example" }},
		{"a site that is none", func(c *protocol.Challenge) {
			c.Site.Origin, c.SignIn.Domain, c.SignIn.URI = "ftp://bank.example", "bank.example", "ftp://bank.example"
		}},
		{"a site in capitals", func(c *protocol.Challenge) {
			c.Site.Origin, c.SignIn.Domain, c.SignIn.URI = "https://Bank.example", "Bank.example", "https://Bank.example"
		}},
		{"no site", func(c *protocol.Challenge) { c.Site.Origin = "" }},
		{"a site whose name steers the screen", func(c *protocol.Challenge) { c.Site.Name = "Bank\x1b[2J" }},
		{"a text from the future", func(c *protocol.Challenge) {
			c.SignIn.IssuedAt = c.SignIn.IssuedAt.Add(time.Hour)
			c.SignIn.ExpirationTime = c.SignIn.ExpirationTime.Add(time.Hour)
		}},
		{"a text of the past", func(c *protocol.Challenge) {
			c.SignIn.IssuedAt = c.SignIn.IssuedAt.Add(-time.Hour)
			c.SignIn.ExpirationTime = c.SignIn.ExpirationTime.Add(-time.Hour)
		}},
		{"a text for ever", func(c *protocol.Challenge) { c.SignIn.ExpirationTime = c.SignIn.ExpirationTime.AddDate(10, 0, 0) }},
		{"a nonce that breaks the line", func(c *protocol.Challenge) { c.SignIn.Nonce += "\nResources:" }},
		{"a statement that breaks the line", func(c *protocol.Challenge) { c.SignIn.Statement = "Hello\n\nURI: https://bank.example" }},
		{"no chain", func(c *protocol.Challenge) { c.SignIn.Chains = nil }},
		{"a chain that nobody knows", func(c *protocol.Challenge) { c.SignIn.Chains = []protocol.ChainID{"x"} }},
	} {
		h.OnChallenge(c.lie)
		r := newRun(t, h)
		r.many = true
		signed := 0
		r.key = counting{r.key, &signed}
		r.meet().failed(c.name, protocol.InvalidPeer, protocol.InvalidPeer)
		if signed > 0 {
			t.Errorf("%s: the wallet signed", c.name)
		}
	}
}

// counting counts how often a key signs.
type counting struct {
	chain.Key
	signed *int
}

func (c counting) Sign(ctx context.Context, text string) (protocol.Proof, error) {
	*c.signed++
	return c.Key.Sign(ctx, text)
}

// TestServerLeadsElsewhere: what the page shows must lead to where it is.
func TestServerLeadsElsewhere(t *testing.T) {
	h := liaisontest.NewHostile(t)
	other := protocol.NewRequestID()
	for _, c := range []struct {
		name string
		lie  func(*protocol.Challenge)
	}{
		{"another server", func(c *protocol.Challenge) {
			c.Link = protocol.Link{Server: "https://evil.example", RequestID: c.RequestID}.Reveal()
		}},
		{"another link", func(c *protocol.Challenge) { c.Link = protocol.Link{Server: h.Origin, RequestID: other}.Reveal() }},
		{"a link with an invitation of the server's", func(c *protocol.Challenge) {
			c.Link = protocol.Link{Server: h.Origin, RequestID: c.RequestID, Invitation: protocol.Invitation{Seed: protocol.Seed{1}}}.Reveal()
		}},
		{"a link with an empty invitation", func(c *protocol.Challenge) { c.Link += "#" }},
		{"no link", func(c *protocol.Challenge) { c.Link = "" }},
		{"a request id that is none", func(c *protocol.Challenge) { c.RequestID = "../session" }},
	} {
		h.OnChallenge(c.lie)
		newRun(t, h).meet().failed(c.name, protocol.InvalidPeer, protocol.InvalidPeer)
	}
}

// TestServerLiesAboutTime: the ends have clocks of their own.
func TestServerLiesAboutTime(t *testing.T) {
	for _, c := range []struct {
		name string
		at   time.Time
		want protocol.Code // at the site; empty: the channel opens
	}{
		{"it expired long ago", time.Unix(0, 0), protocol.LinkExpired},
		{"it never had a time", time.Time{}, protocol.LinkExpired},
		{"it lives for ever", time.Now().AddDate(1000, 0, 0), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := liaisontest.NewHostile(t)
			h.OnChallenge(func(answer *protocol.Challenge) { answer.ExpiresAt = c.at })
			h.OnJoined(func(answer *protocol.Joined) { answer.ExpiresAt = c.at })
			r := newRun(t, h).meet()
			if c.want == "" {
				r.opened(c.name)
				return
			}
			r.failed(c.name, c.want, protocol.LinkClosed)
		})
	}
}

// TestServerNamesUselessICEServers: addresses that are none are refused in plain
// words, and those that do not answer do not keep two near ends apart.
func TestServerNamesUselessICEServers(t *testing.T) {
	long := make([]protocol.ICEServer, 200)
	for i := range long {
		long[i] = protocol.ICEServer{URLs: []string{"stun:127.0.0.1:1"}}
	}
	for _, c := range []struct {
		name    string
		servers []protocol.ICEServer
		want    protocol.Code // empty: the channel opens
	}{
		{"none", []protocol.ICEServer{}, ""},
		{"null", nil, ""},
		{"a dead one", []protocol.ICEServer{{URLs: []string{"stun:127.0.0.1:1"}}}, ""},
		{"too many", long, ""},
		{"no address", []protocol.ICEServer{{}}, ""},
		{"an empty address", []protocol.ICEServer{{URLs: []string{""}}}, protocol.ICEFailed},
		{"a web address", []protocol.ICEServer{{URLs: []string{"https://evil.example"}}}, protocol.ICEFailed},
		{"a port that is none", []protocol.ICEServer{{URLs: []string{"stun:127.0.0.1:99999999"}}}, ""},
		{"a relay without a password", []protocol.ICEServer{{URLs: []string{"turn:127.0.0.1:1"}}}, protocol.ICEFailed},
		{"noise", []protocol.ICEServer{{URLs: []string{"stun:\x00\x1b[2J\n"}}}, protocol.ICEFailed},
		{"far too long an address", []protocol.ICEServer{{URLs: []string{"stun:[" + strings.Repeat(":", 5000)}}}, protocol.ICEFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := liaisontest.NewHostile(t)
			lying := newRun(t, h)
			h.OnChallenge(func(answer *protocol.Challenge) { answer.ICEServers = c.servers })
			lying.siteCfg.ICE = client.ICE{}
			if c.want != "" {
				lying.meet().failed(c.name+", for the site", c.want, c.want)
				h.OnChallenge(nil)
			}
			h.OnJoined(func(answer *protocol.Joined) { answer.ICEServers = c.servers })
			r := newRun(t, h)
			r.siteCfg.ICE, r.walCfg.ICE = client.ICE{}, client.ICE{}
			if c.want == "" {
				r.meet().opened(c.name)
				return
			}
			r.oneKnows = true
			r.meet().failedOneOf(c.name+", for the wallet", hearsNothing, []protocol.Code{c.want})
		})
	}
}

// TestServerLiesAboutNetworks: near or far is measured by the ends.
func TestServerLiesAboutNetworks(t *testing.T) {
	for _, c := range []struct {
		lie   protocol.Network
		delay time.Duration
		level protocol.Locality
		want  protocol.Code    // empty: the channel opens
		told  protocol.Network // what the site then reports
	}{
		{protocol.NetworkSameAddress, 60 * time.Millisecond, protocol.LocalityRequire, protocol.NotLocal, ""},
		{protocol.NetworkSame, 60 * time.Millisecond, protocol.LocalityRequire, protocol.NotLocal, ""},
		{protocol.NetworkDifferent, 0, protocol.LocalityRequire, "", protocol.NetworkDifferent},
		{"the-moon", 0, protocol.LocalityRequire, "", protocol.NetworkUnknown},
		{"the-moon", 0, protocol.LocalityReport, "", protocol.NetworkUnknown},
	} {
		name := fmt.Sprintf("%s at %v under %s", c.lie, c.delay, c.level)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := liaisontest.NewHostile(t)
			h.OnNetwork(func(view *protocol.NetworkView) { view.Network = c.lie })
			r := newRun(t, h)
			r.siteCfg.Locality = c.level
			if c.delay > 0 {
				r.siteCfg.ICE, r.walCfg.ICE = far(t, c.delay)
			}
			r.meet()
			if c.want != "" {
				r.failed(name, c.want, c.want) // whoever measures first says so
				return
			}
			r.opened(name)
			measured := func(e client.Event) bool { return e.Kind == client.EventLocality }
			if got := r.site.expect(t, "locality", measured).Locality.Network; got != c.told {
				t.Errorf("the site reports network %q, want %q", got, c.told)
			}
		})
	}
}

// TestServerBreaksConnections cuts the connection of a side in place of the
// first, the second, the third message to it: what was meant for it comes after.
func TestServerBreaksConnections(t *testing.T) {
	for _, side := range []protocol.Side{protocol.SiteSide, protocol.WalletSide} {
		for at := range 6 {
			t.Run(fmt.Sprintf("%s, message %d", side, at), func(t *testing.T) {
				t.Parallel()
				h := liaisontest.NewHostile(t)
				count := 0
				h.OnMessage(func(to protocol.Side, m protocol.ServerMessage) []protocol.ServerMessage {
					if to == side {
						if count++; count == at+1 {
							h.Cut(side)
							return nil
						}
					}
					return []protocol.ServerMessage{m}
				})
				newRun(t, h).meet().opened("cut")
			})
		}
	}
}

// TestServerShutsSockets closes sockets with every close code: after one that
// invites to come back all is well, after any other both ends know that it is
// over.
func TestServerShutsSockets(t *testing.T) {
	for _, c := range []struct {
		close    int
		want     protocol.Code // of the wallet; empty: the channel opens
		siteWant protocol.Code
	}{
		{1000, "", ""},
		{1001, "", ""},
		{1011, "", ""},
		{3000, "", ""},
		{4000, "", ""},
		{protocol.SessionRotated.Info().Close, "", ""},
		{protocol.SlowReader.Info().Close, "", ""},
		{protocol.ShuttingDown.Info().Close, "", ""},
		{protocol.RateLimited.Info().Close, "", ""},
		{protocol.OriginDenied.Info().Close, protocol.OriginDenied, protocol.TimedOut},
		{protocol.LinkUnknown.Info().Close, protocol.LinkUnknown, protocol.TimedOut},
		{protocol.Replaced.Info().Close, protocol.Replaced, protocol.TimedOut},
		{4999, protocol.UnsupportedVersion, protocol.TimedOut},
	} {
		t.Run(fmt.Sprint(c.close), func(t *testing.T) {
			t.Parallel()
			h := liaisontest.NewHostile(t)
			h.Shut(protocol.WalletSide, c.close)
			r := newRun(t, h)
			if c.want == "" {
				r.meet().opened("shut")
				return
			}
			r.oneKnows = true
			r.meet().failed("shut", c.siteWant, c.want)
		})
	}
}

// TestServerSaysNonsense: what no server of this protocol says is ignored, or
// costs a connection, and never more.
func TestServerSaysNonsense(t *testing.T) {
	frame := func(head string) func(*liaisontest.Hostile, protocol.Side) {
		return func(h *liaisontest.Hostile, to protocol.Side) { h.InjectBytes(to, []byte(head)) }
	}
	text := func(text string) func(*liaisontest.Hostile, protocol.Side) {
		return func(h *liaisontest.Hostile, to protocol.Side) { h.InjectText(to, text) }
	}
	message := func(m protocol.ServerMessage) func(*liaisontest.Hostile, protocol.Side) {
		return func(h *liaisontest.Hostile, to protocol.Side) { h.Inject(to, m) }
	}
	far := time.Unix(1<<40, 0)
	ignored := []func(*liaisontest.Hostile, protocol.Side){
		text("null"),
		text(`{"op":"dance"}`),
		text(`{"op":"acked","tempo":"allegro"}`),
		text(`{"op":"frame","requestId":"00000000-0000-4000-8000-000000000000","n":0,"d":"AAAA"}`),
		text(`{"op":"closed","requestId":"00000000-0000-4000-8000-000000000000","code":"link_closed"}`),
		text(`{"op":"closed","code":"link_closed"}`),
		message(protocol.ServerMessage{Op: protocol.OpFrame, N: 1<<64 - 1, D: "AAAA"}),
		message(protocol.ServerMessage{Op: protocol.OpAcked, Next: 1 << 40}),
		message(protocol.ServerMessage{Op: protocol.OpSubscribed, Next: 1<<64 - 1, ExpiresAt: &far}),
		message(protocol.ServerMessage{Op: protocol.OpNotice}),
		message(protocol.ServerMessage{Op: protocol.OpPeer, State: "asleep"}),
		message(protocol.ServerMessage{Op: protocol.OpPeer, State: protocol.PeerGone}),
		message(protocol.ServerMessage{Op: protocol.OpError, Code: protocol.Overloaded}),
	}
	t.Run("ignored", func(t *testing.T) {
		t.Parallel()
		h := liaisontest.NewHostile(t)
		for _, say := range ignored {
			say(h, protocol.SiteSide)
			say(h, protocol.WalletSide)
		}
		newRun(t, h).meet().opened("after what means nothing")
	})
	for name, say := range map[string]func(*liaisontest.Hostile, protocol.Side){
		"nothing":                       text(""),
		"not JSON":                      text("hello"),
		"half of JSON":                  text(`{"op":`),
		"another type of a field":       text(`{"op":7}`),
		"a number":                      text("1e999"),
		"deep nesting":                  text(strings.Repeat("[", 60000)),
		"bytes that are no text":        text("\xff\xfe"),
		"too much":                      text(`{"op":"` + strings.Repeat("x", 70000) + `"}`),
		"far too much":                  text(strings.Repeat(" ", 1<<20)),
		"a frame without a payload":     message(protocol.ServerMessage{Op: protocol.OpFrame}),
		"a frame that is too long":      message(protocol.ServerMessage{Op: protocol.OpFrame, D: strings.Repeat("A", protocol.MaxFrameBytes+1)}),
		"a frame with a length of 2^63": frame("\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff"),
		"a masked frame":                frame("\x81\x81aaaax"),
		"a frame with reserved bits":    frame("\xf1\x01x"),
		"an opcode that nobody knows":   frame("\x8f\x01x"),
		"a part of nothing":             frame("\x80\x01x"),
		"a long ping":                   frame("\x89\x7e\x01\x00" + strings.Repeat("x", 256)),
		"a close frame of one byte":     frame("\x88\x01\x03"),
		"no WebSocket at all":           frame("HTTP/1.1 200 OK\r\n\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := liaisontest.NewHostile(t)
			say(h, protocol.SiteSide)
			say(h, protocol.WalletSide)
			newRun(t, h).meet().opened(name)
		})
	}
}

// TestServerAnswersNonsense: each call is answered by something that is no
// answer. The ends say so, and soon.
func TestServerAnswersNonsense(t *testing.T) {
	var elsewhere sync.Map // paths at which somebody else was asked
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { elsewhere.Store(r.URL.Path, true) }))
	t.Cleanup(other.Close)
	answers := map[string]func(http.ResponseWriter, *http.Request){
		"nothing":   func(http.ResponseWriter, *http.Request) {},
		"no JSON":   func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"a list":    func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "[]") },
		"too much":  func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat(" ", 1<<20)+"{}") },
		"much more": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}"+strings.Repeat(" ", 1<<20)) },
		"elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
		},
		"a strange 404": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
		"hangs up":      func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}
	calls := map[string]func(*http.Request) bool{
		"open": func(r *http.Request) bool { return r.URL.Path == protocol.PathChallenge },
		"join": func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/join") },
	}
	for call, is := range calls {
		for name, answer := range answers {
			t.Run(call+", "+name, func(t *testing.T) {
				t.Parallel()
				h := liaisontest.NewHostile(t)
				h.OnCall(func(w http.ResponseWriter, r *http.Request) bool {
					if !is(r) {
						return false
					}
					answer(w, r)
					return true
				})
				r := newRun(t, h)
				r.patience, r.oneKnows = patience, true
				clear := []protocol.Code{protocol.InvalidPeer, protocol.SignalingUnreachable, protocol.TimedOut}
				r.meet().failedOneOf(name, clear, clear)
			})
		}
	}
	t.Cleanup(func() {
		elsewhere.Range(func(path, _ any) bool {
			t.Errorf("a client followed the server to another one, at %v", path)
			return true
		})
	})
}

// TestSiteWaitsForTheWallet: the server holds up the one answer that the wallet
// waits for before it agrees. Until it does, the site has no channel either.
func TestSiteWaitsForTheWallet(t *testing.T) {
	h := liaisontest.NewHostile(t)
	asked, answer := make(chan struct{}), make(chan struct{})
	ask := sync.OnceFunc(func() { close(asked) })
	h.OnCall(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/network") {
			ask()
			<-answer
		}
		return false
	})
	r := newRun(t, h)
	r.siteCfg.Locality, r.walCfg.Locality = protocol.LocalityOff, protocol.LocalityRequire
	met := make(chan struct{})
	go func() {
		defer close(met)
		r.meet()
	}()
	<-asked // so the site has answered pings, and has nothing left to check
	timer := time.NewTimer(200 * time.Millisecond)
	for waiting := true; waiting; {
		select {
		case <-r.site.news:
		case <-timer.C:
			waiting = false
		}
	}
	r.site.mu.Lock()
	for _, e := range r.site.all {
		if e.Kind == client.EventOpen {
			t.Error("the site has the channel before the wallet agreed")
		}
	}
	r.site.mu.Unlock()
	close(answer)
	<-met
	r.opened("the wallet agreed at last")
}
