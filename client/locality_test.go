package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/logging"
	"github.com/pion/transport/v4/vnet"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/sealed"
)

// TestNearEnough is the table of the specification.
func TestNearEnough(t *testing.T) {
	t.Parallel()
	const (
		ms   = time.Millisecond
		near = client.NearRTT
		pair = client.NearPair
	)
	for _, c := range []struct {
		report          client.LocalityReport
		prefer, require bool
	}{
		{client.LocalityReport{}, false, false},
		// The pair in use.
		{client.LocalityReport{Path: client.PathHost, RTT: ms, RTTKnown: true}, true, true},
		{client.LocalityReport{Path: client.PathHost, RTT: pair, RTTKnown: true}, true, true},
		{client.LocalityReport{Path: client.PathHost, RTT: pair + 1, RTTKnown: true}, false, false},
		{client.LocalityReport{Path: client.PathHost, RTT: ms}, false, false}, // too few answers
		// The round trip.
		{client.LocalityReport{Path: client.PathSrflx, RTT: near, RTTKnown: true}, true, true},
		{client.LocalityReport{Path: client.PathSrflx, RTT: near + 1, RTTKnown: true}, false, false},
		{client.LocalityReport{Path: client.PathSrflx, RTT: ms}, false, false},
		{client.LocalityReport{Path: "", RTT: ms, RTTKnown: true}, false, false},
		// A relay may stand beside either of the two.
		{client.LocalityReport{Path: client.PathRelay, RTT: ms, RTTKnown: true}, false, false},
		{client.LocalityReport{Path: client.PathRelay, RTT: 0, RTTKnown: true}, false, false},
		// The server's word does for prefer alone.
		{client.LocalityReport{Network: protocol.NetworkSameAddress}, true, false},
		{client.LocalityReport{Network: protocol.NetworkSame}, true, false},
		{client.LocalityReport{Network: protocol.NetworkDifferent}, false, false},
		{client.LocalityReport{Network: protocol.NetworkUnknown}, false, false},
		{client.LocalityReport{Network: protocol.NetworkSameAddress, Path: client.PathHost, RTT: pair + 1, RTTKnown: true}, true, false},
		{client.LocalityReport{Network: protocol.NetworkSameAddress, Path: client.PathRelay, RTT: ms, RTTKnown: true}, true, false},
		// And it takes nothing away.
		{client.LocalityReport{Network: protocol.NetworkDifferent, Path: client.PathHost, RTT: ms, RTTKnown: true}, true, true},
	} {
		for level, want := range map[protocol.Locality]bool{
			protocol.LocalityReport: c.prefer, protocol.LocalityPrefer: c.prefer, protocol.LocalityRequire: c.require,
		} {
			if got := client.NearEnough(c.report, level); got != want {
				t.Errorf("%+v under %s: near enough %t, want %t", c.report, level, got, want)
			}
		}
	}
}

// handshake returns the sessions of both ends of a resumption.
func handshake(t *testing.T) (site, wallet *sealed.Session) {
	t.Helper()
	r := sealed.Resumption{ID: "AAAAAAAAAAAAAAAAAAAAAA", Secret: sealed.Secret{1}}
	s, err := sealed.ResumeSite(r)
	if err != nil {
		t.Fatal(err)
	}
	w, err := sealed.ResumeWallet(r)
	if err != nil {
		t.Fatal(err)
	}
	pass := func(from, to *sealed.Handshake) {
		message, err := from.Write(nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := to.Read(message); err != nil {
			t.Fatal(err)
		}
	}
	pass(w, s)
	pass(s, w)
	if site, err = s.Session(); err != nil {
		t.Fatal(err)
	}
	if wallet, err = w.Session(); err != nil {
		t.Fatal(err)
	}
	return site, wallet
}

// TestMeasure lets the other side answer pings as it likes.
func TestMeasure(t *testing.T) {
	t.Parallel()
	type pong = protocol.ControlMessage
	for name, c := range map[string]struct {
		// answers are what comes back for the n-th ping, whose honest answer is
		// given, with those before.
		answers func(n int, honest []pong) []pong
		known   bool
	}{
		"honest":   {func(n int, h []pong) []pong { return h[n:] }, true},
		"replayed": {func(_ int, h []pong) []pong { return append(h[:1:1], h...) }, true}, // each counts once
		"reordered": {func(n int, h []pong) []pong {
			if n%2 == 0 {
				return nil
			}
			return []pong{h[n], h[n-1]}
		}, true},
		"as few as will do": {func(n int, h []pong) []pong {
			if n < client.FewestPongs {
				return h[n:]
			}
			return nil
		}, true},
		"too few": {func(n int, h []pong) []pong {
			if n < client.FewestPongs-1 {
				return h[n:]
			}
			return nil
		}, false},
		"too few, repeated": {func(_ int, h []pong) []pong { return h[:min(len(h), client.FewestPongs-1)] }, false},
		"none":              {func(int, []pong) []pong { return nil }, false},
		"of another key": {func(n int, h []pong) []pong {
			p := h[n]
			p.MAC = append(protocol.Base64(nil), p.MAC...)
			p.MAC[0] ^= 1
			return []pong{p}
		}, false},
		"of another ping": {func(n int, h []pong) []pong {
			p := h[n]
			p.MAC = h[max(n-1, 0)].MAC
			if n == 0 {
				return nil
			}
			return []pong{p}
		}, false},
		"not asked for": {func(n int, h []pong) []pong {
			p := h[n]
			p.Nonce = append(protocol.Base64(nil), p.Nonce...)
			p.Nonce[0] ^= 1
			return []pong{p}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			siteKeys, walletKeys := handshake(t)
			ctx, cancel := context.WithCancel(limited(t))
			defer cancel()
			var site client.Prober
			var honest []pong
			wallet := client.NewProber(walletKeys, func(m protocol.ControlMessage) error {
				honest = append(honest, m)
				return nil
			})
			site = client.NewProber(siteKeys, func(m protocol.ControlMessage) error {
				wallet.Answer(m)
				for _, p := range c.answers(len(honest)-1, honest) {
					site.Pong(p, time.Now())
				}
				if len(honest) == client.Pings {
					cancel() // nothing more is coming
				}
				return nil
			})
			if _, known := site.Measure(ctx); known != c.known || len(honest) != client.Pings {
				t.Errorf("Measure = known %t after %d pings, want %t after %d", known, len(honest), c.known, client.Pings)
			}
		})
	}
}

// TestMeasureOwnEcho: who only throws the pings back has not answered them.
func TestMeasureOwnEcho(t *testing.T) {
	t.Parallel()
	siteKeys, _ := handshake(t)
	ctx, cancel := context.WithCancel(limited(t))
	count := 0
	var site, mirror client.Prober
	mirror = client.NewProber(siteKeys, func(m protocol.ControlMessage) error {
		site.Pong(m, time.Now())
		return nil
	})
	site = client.NewProber(siteKeys, func(m protocol.ControlMessage) error {
		mirror.Answer(m)
		if count++; count == client.Pings {
			cancel()
		}
		return nil
	})
	if _, known := site.Measure(ctx); known {
		t.Error("a side's own answers count, want the other side's alone")
	}
}

// TestMeasureTheLeast: the least of the round trips counts, in whichever order
// they come.
func TestMeasureTheLeast(t *testing.T) {
	t.Parallel()
	siteKeys, walletKeys := handshake(t)
	var site client.Prober
	var last protocol.ControlMessage
	wallet := client.NewProber(walletKeys, func(m protocol.ControlMessage) error { last = m; return nil })
	n := 0
	site = client.NewProber(siteKeys, func(m protocol.ControlMessage) error {
		wallet.Answer(m)
		late := time.Duration(100+n) * time.Second
		if n == 7 {
			late = 40 * time.Second
		}
		n++
		site.Pong(last, time.Now().Add(late))
		return nil
	})
	if least, known := site.Measure(limited(t)); !known || least < 40*time.Second || least >= 100*time.Second {
		t.Errorf("Measure = %v, %t, want 40 s", least, known)
	}
}

// building is held while a virtual network is put together: pion counts the
// hardware addresses of all of them in one variable without a lock.
var building sync.Mutex

// far puts the two sides into one network with a distance between them.
func far(t testing.TB, oneWay time.Duration) (site, wallet client.ICE) {
	t.Helper()
	building.Lock()
	defer building.Unlock()
	router, err := vnet.NewRouter(&vnet.RouterConfig{
		CIDR: "10.7.0.0/24", MinDelay: oneWay, LoggerFactory: &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled},
	})
	if err != nil {
		t.Fatalf("virtual network: %v", err)
	}
	var ends [2]client.ICE
	for i := range ends {
		end, err := vnet.NewNet(&vnet.NetConfig{StaticIPs: []string{fmt.Sprintf("10.7.0.%d", 2+i)}})
		if err != nil {
			t.Fatalf("virtual network: %v", err)
		}
		if err := router.AddNet(end); err != nil {
			t.Fatalf("virtual network: %v", err)
		}
		ends[i] = client.ICE{}.Over(end)
	}
	if err := router.Start(); err != nil {
		t.Fatalf("virtual network: %v", err)
	}
	t.Cleanup(func() {
		if err := router.Stop(); err != nil {
			t.Errorf("virtual network: %v", err)
		}
	})
	return ends[0], ends[1]
}

// distance is one way, and too much for anything that is local.
const distance = 40 * time.Millisecond

// place is a network with the two sides in it.
type place struct{ site, wallet client.ICE }

func nearby(testing.TB) place { return place{loopback, loopback} }

func faraway(t testing.TB) place {
	site, wallet := far(t, distance)
	return place{site, wallet}
}

// asks has the site ask for a level.
func (p place) asks(level protocol.Locality) siteChange {
	return func(c *client.SiteConfig) { c.ICE, c.Locality = p.site, level }
}

// own has the wallet want a level of its own.
func (p place) own(level protocol.Locality) walletChange {
	return func(c *client.WalletConfig) { c.ICE, c.Locality = p.wallet, level }
}

func locality(e client.Event) bool { return e.Kind == client.EventLocality }

// differentNetworks is a server that sees its clients in two networks.
func differentNetworks(t testing.TB) *liaisontest.Hostile {
	t.Helper()
	h := liaisontest.NewHostile(t)
	h.OnNetwork(func(v *protocol.NetworkView) { v.Network = protocol.NetworkDifferent })
	return h
}

// TestOffMeasuresNothing: no ping, no question, no report.
func TestOffMeasuresNothing(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	var asked atomic.Int32
	f.onRequest(func(_ http.ResponseWriter, r *http.Request) bool {
		if isNetwork(r) {
			asked.Add(1)
		}
		return false
	})
	s := openLink(t, f.origin, nearby(t).asks(protocol.LocalityOff))
	s.read()
	if got := s.request.Locality(); got != protocol.LocalityOff {
		t.Errorf("Locality() = %s, want off", got)
	}
	s.meet()
	s.talk("unmeasured")
	for what, end := range map[string]*client.Channel{"site": s.siteEnd, "wallet": s.walletEnd} {
		if got := end.Pinged(); got != 0 {
			t.Errorf("%s: %d pings came, want none", what, got)
		}
		if got := end.Locality(); got != (client.LocalityReport{}) {
			t.Errorf("%s: Locality() = %+v, want nothing", what, got)
		}
	}
	s.walletEnd.Close()
	s.siteEnd.Close()
	for _, e := range append(s.site.seen(), s.wallet.seen()...) {
		if e.Kind == client.EventLocality {
			t.Errorf("a side reports %+v", e.Locality)
		}
	}
	if got := asked.Load(); got != 0 {
		t.Errorf("the server was asked for the network %d times, want never", got)
	}
}

// TestReportNeverRefuses, near or far, and says what it found.
func TestReportNeverRefuses(t *testing.T) {
	t.Parallel()
	h := differentNetworks(t)
	for name, c := range map[string]struct {
		where func(testing.TB) place
		local bool
	}{"near": {nearby, true}, "far": {faraway, false}} {
		t.Run(name, func(t *testing.T) {
			p := c.where(t)
			s := openLink(t, h.Origin, p.asks("")) // the default
			s.read(p.own(""))
			if got := s.request.Locality(); got != protocol.LocalityReport {
				t.Errorf("Locality() = %s, want report", got)
			}
			s.meet()
			s.talk(name)
			for what, e := range map[string]client.Event{"site": s.site.expect(t, "report", locality), "wallet": s.wallet.expect(t, "report", locality)} {
				r := e.Locality
				if r.Local != c.local || !r.RTTKnown || r.Path != client.PathHost || r.Network != protocol.NetworkDifferent || (r.RTT >= 2*distance) == c.local {
					t.Errorf("%s: report %+v, want local %t", what, r, c.local)
				}
			}
			if s.siteEnd.Locality() == (client.LocalityReport{}) {
				t.Error("Locality() is empty after the report")
			}
		})
	}
}

// TestReportWaitsForNobody: what the server says may never come.
func TestReportWaitsForNobody(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	held := newGate()
	f.onRequest(func(_ http.ResponseWriter, r *http.Request) bool {
		if isNetwork(r) {
			held.wait(r)
		}
		return false
	})
	s := openLink(t, f.origin)
	s.read()
	s.meet()
	s.talk("before any report")
	if got := s.siteEnd.Locality(); got != (client.LocalityReport{}) {
		t.Errorf("Locality() = %+v, want nothing yet", got)
	}
	s.walletEnd.Close()
	s.siteEnd.Close() // comes back although the question is open
	held.open()
}

// TestPrefer asks for the code and for consent once more where the other side is
// not near.
func TestPrefer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		where        func(testing.TB) place
		network      protocol.Network
		confirm      func(context.Context, client.LocalityReport) (bool, error)
		asks         bool // for the code
		site, wallet protocol.Code
	}{
		"near":             {where: nearby, network: protocol.NetworkDifferent},
		"far, one network": {where: faraway, network: protocol.NetworkSameAddress},
		"far, and the person says yes": {
			where: faraway, network: protocol.NetworkDifferent, asks: true,
			confirm: func(context.Context, client.LocalityReport) (bool, error) { return true, nil },
		},
		"far, and the person says no": {
			where: faraway, network: protocol.NetworkDifferent, asks: true, site: protocol.NotLocal, wallet: protocol.NotLocal,
			confirm: func(context.Context, client.LocalityReport) (bool, error) { return false, nil },
		},
		"far, and nobody can be asked": {
			where: faraway, network: protocol.NetworkDifferent, asks: true, site: protocol.NotLocal, wallet: protocol.NotLocal,
		},
		"far, and the person is gone": {
			where: faraway, network: protocol.NetworkUnknown, asks: true, site: protocol.Canceled, wallet: protocol.Canceled,
			confirm: func(context.Context, client.LocalityReport) (bool, error) { return false, errors.New("gone") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := liaisontest.NewHostile(t)
			h.OnNetwork(func(v *protocol.NetworkView) { v.Network = c.network })
			p := c.where(t)
			var confirmed atomic.Int32
			var s *sides
			asked := newGate()
			s = openLink(t, h.Origin, p.asks(protocol.LocalityPrefer), func(config *client.SiteConfig) {
				config.AskCode = func(ctx context.Context, _ int) (string, error) {
					asked.open()
					if c.wallet != "" {
						<-ctx.Done()
						return "", ctx.Err()
					}
					return s.request.ShortCode(), nil
				}
			})
			s.read(p.own(""), func(config *client.WalletConfig) {
				if c.confirm != nil {
					config.ConfirmRemote = func(ctx context.Context, r client.LocalityReport) (bool, error) {
						confirmed.Add(1)
						<-asked.done // both are asked
						if r.Local || r.RTT < 2*distance {
							t.Errorf("the person is asked about %+v", r)
						}
						return c.confirm(ctx, r)
					}
				}
			})
			if s.request.AsksCode() {
				t.Error("AsksCode() = true, want it to depend on locality")
			}
			if c.wallet != "" {
				s.refused(c.site, c.wallet)
			} else {
				s.meet()
				s.talk(name)
			}
			if closed(asked) != c.asks && c.wallet == "" {
				t.Errorf("the code was asked for: %t, want %t", closed(asked), c.asks)
			}
			if got, want := confirmed.Load() == 1, c.confirm != nil; got != want {
				t.Errorf("the person was asked once more: %t, want %t", got, want)
			}
			s.wallet.expect(t, "code, in case it is asked for", func(e client.Event) bool { return e.Kind == client.EventCode })
		})
	}
}

func TestPreferNeedsSomebodyToType(t *testing.T) {
	t.Parallel()
	_, err := client.OpenLink(limited(t), client.SiteConfig{Server: "http://127.0.0.1:1", Locality: protocol.LocalityPrefer})
	codeIs(t, "OpenLink with prefer and without AskCode", err, protocol.InvalidMessage)
	_, err = client.OpenLink(limited(t), client.SiteConfig{Server: "http://127.0.0.1:1", Locality: "galaxy"})
	codeIs(t, "OpenLink with an unknown level", err, protocol.InvalidMessage)
	_, err = client.ReadLink(limited(t), someLink("http://127.0.0.1:1").Reveal(), client.WalletConfig{Locality: "galaxy"})
	codeIs(t, "ReadLink with an unknown level", err, protocol.InvalidMessage)
}

// TestRequire opens near, and refuses from afar whatever the server says; either
// side may ask for it, and the stricter one counts.
func TestRequire(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		where        func(testing.TB) place
		site, wallet protocol.Locality
		want         protocol.Code
	}{
		"near, the site asks":             {nearby, protocol.LocalityRequire, "", ""},
		"near, the wallet asks":           {nearby, protocol.LocalityOff, protocol.LocalityRequire, ""},
		"far, the site asks":              {faraway, protocol.LocalityRequire, "", protocol.NotLocal},
		"far, the site asks, wallet less": {faraway, protocol.LocalityRequire, protocol.LocalityReport, protocol.NotLocal},
		"far, the wallet asks":            {faraway, protocol.LocalityReport, protocol.LocalityRequire, protocol.NotLocal},
		"far, nobody asks":                {faraway, protocol.LocalityOff, protocol.LocalityReport, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := liaisontest.NewHostile(t)
			h.OnNetwork(func(v *protocol.NetworkView) { v.Network = protocol.NetworkSameAddress }) // it lies
			p := c.where(t)
			s := openLink(t, h.Origin, p.asks(c.site))
			s.read(p.own(c.wallet))
			if c.want == "" {
				s.meet()
				s.talk(name)
				return
			}
			s.refused(c.want, c.want)
		})
	}
}

// TestCodeFromAfar: an attacker in another country opens the real page, and shows
// its code to a person here. The person agrees. Under require there is no channel
// and nobody is signed in at the page, even if the attacker's page says that
// nobody asked for anything.
func TestCodeFromAfar(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lie    client.Lie
		wallet protocol.Locality
	}{
		"the page as it is":         {func(uint64, *protocol.PeerMessage) {}, ""},
		"the page changed, require": {welcoming(func(m *protocol.PeerMessage) { m.Locality = protocol.LocalityOff }), protocol.LocalityRequire},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFront(t)
			collections := countCollections(f)
			attacker, victim := far(t, 80*time.Millisecond)
			p := place{attacker, victim}
			level := protocol.LocalityRequire
			if c.wallet != "" {
				level = protocol.LocalityOff // the attacker's page checks nothing
			}
			s := openLink(t, f.origin, p.asks(level))
			s.pending.Lie(c.lie)
			s.read(p.own(c.wallet))
			s.refused(protocol.NotLocal, protocol.NotLocal)
			if c.wallet == "" && collections.Load() != 0 {
				t.Error("the page has collected the session")
			}
		})
	}
}

// TestLyingAboutDistance: a far side that says ok at once, answers its pings before
// they come, and tells what nobody asked, is far all the same.
func TestLyingAboutDistance(t *testing.T) {
	t.Parallel()
	h := differentNetworks(t)
	p := faraway(t)
	s := openLink(t, h.Origin, p.asks(protocol.LocalityOff))
	s.read(p.own(protocol.LocalityRequire))
	s.accept()
	lying := make(chan struct{})
	go func() {
		defer close(lying)
		for {
			select {
			case <-s.acceptDone:
				return
			case <-time.After(time.Millisecond): // others measure at the same time
			}
			s.pending.Tell(protocol.ControlMessage{T: protocol.ControlPong, Nonce: make([]byte, protocol.PingBytes), MAC: make([]byte, protocol.PongBytes)})
		}
	}()
	s.refused(protocol.NotLocal, protocol.NotLocal)
	<-lying
}

// TestLocalityOnResume is judged anew: the two have parted near each other, and
// are far from each other now. That does not end the pairing.
func TestLocalityOnResume(t *testing.T) {
	t.Parallel()
	h := liaisontest.NewHostile(t)
	c := paired(t, h.Origin, nearby(t).asks(protocol.LocalityRequire))
	c.parted()
	p := faraway(t)
	opened := make(chan error, 1)
	go func() {
		_, err := c.reopen(limited(t), func(s *client.SiteConfig) { s.ICE = p.site })
		opened <- err
	}()
	_, err := c.resume(limited(t), p.own(""))
	codeIs(t, "Resume from afar", err, protocol.NotLocal)
	codeIs(t, "Accept from afar", <-opened, protocol.NotLocal)
	c.again()
	c.talk("near again")
}

// TestFloodOfPings ends with who sends it.
func TestFloodOfPings(t *testing.T) {
	t.Parallel()
	s := linked(t, liaisontest.NewServer(t).Origin)
	ping := protocol.ControlMessage{T: protocol.ControlPing, Nonce: make([]byte, protocol.PingBytes)}
	for range client.MostPings + 1 {
		if err := s.walletEnd.Tell(ping); err != nil {
			break
		}
	}
	wait(t, "the site's channel", s.siteEnd.Done())
	codeIs(t, "the site's channel", s.siteEnd.Err(), protocol.InvalidPeer)
	wait(t, "the wallet's channel", s.walletEnd.Done())
	codeIs(t, "the wallet's channel", s.walletEnd.Err(), protocol.InvalidPeer)
}

// TestControlMessages that nobody may send end the channel.
func TestControlMessages(t *testing.T) {
	t.Parallel()
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	for name, c := range map[string]struct {
		message protocol.ControlMessage
		want    protocol.Code
	}{
		"ok twice":       {protocol.ControlMessage{T: protocol.ControlOK}, protocol.InvalidPeer},
		"unknown":        {protocol.ControlMessage{T: "hi"}, protocol.InvalidPeer},
		"short ping":     {protocol.ControlMessage{T: protocol.ControlPing, Nonce: make([]byte, 15)}, protocol.InvalidPeer},
		"pong, no MAC":   {protocol.ControlMessage{T: protocol.ControlPong, Nonce: make([]byte, 16)}, protocol.InvalidPeer},
		"bye for reason": {protocol.ControlMessage{T: protocol.ControlBye, Code: protocol.UserRejected}, protocol.UserRejected},
		"bye, made up":   {protocol.ControlMessage{T: protocol.ControlBye, Code: "because"}, protocol.ChannelClosed},
	} {
		t.Run(name, func(t *testing.T) {
			s := linked(t, srv.Origin)
			if err := s.siteEnd.Tell(c.message); err != nil {
				t.Fatalf("Tell: %v", err)
			}
			wait(t, "the wallet's channel", s.walletEnd.Done())
			codeIs(t, "the wallet's channel", s.walletEnd.Err(), c.want)
		})
	}
}

// TestNothingIsHandedOverBeforeBothAgree: what the site sends while the wallet has
// not said that all is well waits, and is lost to a wallet that refuses.
func TestNothingIsHandedOverBeforeBothAgree(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	agree := newGate()
	f.onRequest(func(_ http.ResponseWriter, r *http.Request) bool {
		if isNetwork(r) {
			agree.wait(r)
		}
		return false
	})
	s := openLink(t, f.origin, nearby(t).asks(protocol.LocalityOff))
	s.accept()
	s.read(nearby(t).own(protocol.LocalityRequire))
	var order []string
	var mu sync.Mutex
	note := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, what)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-s.acceptDone
		note("site")
	}()
	go func() {
		s.pending.WhenReady(limited(t))
		note("agree")
		agree.open()
	}()
	s.meet()
	<-done
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(order, []string{"agree", "site"}) {
		t.Errorf("order %q, want the site to wait until the wallet agrees", order)
	}
	s.talk("at last")
}
