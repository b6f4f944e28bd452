package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

func TestReject(t *testing.T) {
	t.Parallel()
	s := openLink(t, liaisontest.NewServer(t).Origin)
	s.accept()
	s.read()
	if err := s.request.Reject(limited(t)); err != nil {
		t.Fatalf("Reject: %v", err)
	}
	<-s.acceptDone
	codeIs(t, "Accept after a rejection", s.siteErr, protocol.UserRejected)
	_, err := s.request.Approve(limited(t), s.key)
	codeIs(t, "Approve after Reject", err, protocol.LinkClosed)
	codeIs(t, "Reject after Reject", s.request.Reject(limited(t)), protocol.LinkClosed)
	_, err = s.scan()
	codeIs(t, "ReadLink after a rejection", err, protocol.UserRejected)
}

// TestRejectWhoseAnswerIsLost is made again, and is the same one.
func TestRejectWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	s := openLink(t, f.origin)
	s.accept()
	s.read()
	lost := false
	f.onRequest(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/reject") || lost {
			return false
		}
		lost = true
		f.proxy.ServeHTTP(httptest.NewRecorder(), r)
		w.WriteHeader(http.StatusBadGateway)
		return true
	})
	if err := s.request.Reject(limited(t)); err != nil {
		t.Errorf("Reject: %v, want nil", err)
	}
	<-s.acceptDone
	codeIs(t, "Accept after a rejection", s.siteErr, protocol.UserRejected)
}

// clock is a server's, that can jump.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *clock) jump(d time.Duration) { c.ahead.Add(int64(d)) }

func (c *clock) option(cfg *server.Config) { cfg.Now = c.now }

// TestExpiryWhileWaiting lets nobody scan the code in time.
func TestExpiryWhileWaiting(t *testing.T) {
	t.Parallel()
	var clock clock
	s := openLink(t, liaisontest.NewServer(t, clock.option).Origin)
	s.site.expect(t, "socket up", socketUp)
	clock.jump(protocol.LinkTTL)
	_, err := s.scan()
	codeIs(t, "ReadLink of an expired link", err, protocol.LinkExpired)
	s.accept()
	<-s.acceptDone
	codeIs(t, "Accept of a link that expired", s.siteErr, protocol.LinkExpired)
}

// TestExpiryWhileThePersonReads gives the person more time than the code had, and
// not for ever.
func TestExpiryWhileThePersonReads(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reads time.Duration
		want  protocol.Code
	}{
		"long":     {protocol.LinkTTL + time.Second, ""},
		"too long": {protocol.ConsentTTL, protocol.LinkExpired},
	} {
		t.Run(name, func(t *testing.T) {
			var clock clock
			s := openLink(t, liaisontest.NewServer(t, clock.option).Origin)
			s.read()
			if in := time.Until(s.request.ExpiresAt()); in > protocol.ConsentTTL || in < protocol.ConsentTTL-time.Minute {
				t.Errorf("ExpiresAt is in %v, want %v after the scan", in, protocol.ConsentTTL)
			}
			clock.jump(c.reads)
			if c.want == "" {
				s.meet()
				return
			}
			s.refused(c.want, c.want)
		})
	}
}

// TestExpiryWithoutTheServer lets a link end that nobody can end any more: its
// server is gone. Its clock was behind, so that the link seems old.
func TestExpiryWithoutTheServer(t *testing.T) {
	t.Parallel()
	srv := liaisontest.NewServer(t, func(cfg *server.Config) {
		cfg.Now = func() time.Time { return time.Now().Add(-time.Hour) }
	})
	s := openLink(t, srv.Origin)
	srv.Stop()
	s.accept()
	<-s.acceptDone
	codeIs(t, "Accept of a link whose server is gone", s.siteErr, protocol.LinkExpired)
}

func TestAcceptCanBeCanceledAndCalledAgain(t *testing.T) {
	t.Parallel()
	s := openLink(t, liaisontest.NewServer(t).Origin)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := s.pending.Accept(ctx)
	codeIs(t, "Accept with a canceled context", err, protocol.Canceled)
	ctx, cancel = context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	_, err = s.pending.Accept(ctx)
	codeIs(t, "Accept with a passed deadline", err, protocol.TimedOut)
	s.read()
	s.meet()
	s.talk("after all")
}

// TestClosingTheLinkTellsTheWallet closes the site while the person reads.
func TestClosingTheLinkTellsTheWallet(t *testing.T) {
	t.Parallel()
	s := openLink(t, liaisontest.NewServer(t).Origin)
	s.accept()
	s.read()
	s.pending.Close()
	<-s.acceptDone
	codeIs(t, "Accept of a closed link", s.siteErr, protocol.Canceled)
	s.wallet.expect(t, "closed", closedWith(protocol.LinkClosed))
	_, err := s.request.Approve(limited(t), s.key)
	codeIs(t, "Approve of a closed link", err, protocol.LinkClosed)
}

func closedWith(code protocol.Code) func(client.Event) bool {
	return func(e client.Event) bool { return e.Kind == client.EventClosed && e.Code == code }
}

// TestClosingTheRequestTellsTheSite gives up on a request without an answer.
func TestClosingTheRequestTellsTheSite(t *testing.T) {
	t.Parallel()
	s := openLink(t, liaisontest.NewServer(t).Origin)
	s.accept()
	s.read()
	s.request.Close()
	<-s.acceptDone
	codeIs(t, "Accept when the wallet left", s.siteErr, protocol.LinkClosed)
	_, err := s.request.Approve(limited(t), s.key)
	codeIs(t, "Approve after Close", err, protocol.LinkClosed)
}

// TestClosedRequestClaimsNoMore gives up while the claim does not get through: it
// must not get through later.
func TestClosedRequestClaimsNoMore(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	s := openLink(t, f.origin)
	s.read()
	tried := newGate()
	f.onRequest(func(w http.ResponseWriter, r *http.Request) bool {
		if !isClaim(r) {
			return false
		}
		tried.open()
		w.WriteHeader(http.StatusBadGateway)
		return true
	})
	approved := make(chan error, 1)
	go func() {
		_, err := s.request.Approve(limited(t), s.key)
		approved <- err
	}()
	wait(t, "the claim is made", tried.done)
	s.request.Close()
	codeIs(t, "Approve of a request that was closed meanwhile", <-approved, protocol.Canceled)
}

// TestCloseAtEachStep closes one side at each thing that it notices: it comes
// back, and the other side hears of it. (That no goroutine is left is seen when
// all tests are over.)
func TestCloseAtEachStep(t *testing.T) {
	t.Parallel()
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	for _, side := range []protocol.Side{protocol.SiteSide, protocol.WalletSide} {
		for _, kind := range []client.EventKind{client.EventSignaling, client.EventJoined, client.EventLinked, client.EventLocality, client.EventOpen} {
			t.Run(side.String()+" "+string(kind), func(t *testing.T) {
				s := openLink(t, srv.Origin)
				noticed := func(e client.Event) bool { return e.Kind == kind }
				s.accept()
				var err error
				if s.request, err = s.scan(); err != nil {
					t.Fatalf("ReadLink: %v", err)
				}
				approved := make(chan struct{})
				go func() {
					defer close(approved)
					s.walletEnd, s.walletErr = s.request.Approve(limited(t), s.key)
				}()
				at, stop := s.site, func() { s.pending.Close() }
				if side == protocol.WalletSide {
					at, stop = s.wallet, func() { s.request.Close() }
				}
				if side == protocol.SiteSide || kind != client.EventJoined {
					at.expect(t, string(kind), noticed)
				}
				stop()
				<-s.acceptDone
				<-approved
				for what, end := range map[string]*client.Channel{"site": s.siteEnd, "wallet": s.walletEnd} {
					if end != nil {
						end.Close()
						if end.Err() == nil {
							t.Errorf("%s: Err() = nil on a closed channel", what)
						}
					}
				}
				s.pending.Close()
				s.request.Close()
			})
		}
	}
}

// TestSecondWalletIsRefusedAndTheSiteTold has the code scanned twice.
func TestSecondWalletIsRefusedAndTheSiteTold(t *testing.T) {
	t.Parallel()
	s := openLink(t, liaisontest.NewServer(t).Origin)
	s.read()
	_, err := s.scan()
	codeIs(t, "second ReadLink", err, protocol.LinkTaken)
	s.site.expect(t, "notice of a second wallet", func(e client.Event) bool {
		return e.Kind == client.EventNotice && e.Code == protocol.LinkTaken
	})
	s.meet()
	s.talk("undisturbed")
}

func TestNothingListens(t *testing.T) {
	t.Parallel()
	const origin = "http://127.0.0.1:1" // of no server
	_, err := client.OpenLink(limited(t), client.SiteConfig{Server: origin})
	codeIs(t, "OpenLink where nothing listens", err, protocol.SignalingUnreachable)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second) // ends while it waits to try again
	defer cancel()
	_, err = client.ReadLink(ctx, someLink(origin).Reveal(), client.WalletConfig{})
	codeIs(t, "ReadLink where nothing listens", err, protocol.SignalingUnreachable)
}

func TestNotALiaisonServer(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	_, err := client.OpenLink(limited(t), client.SiteConfig{Server: protocol.Origin(web.URL)})
	codeIs(t, "OpenLink at some web server", err, protocol.SignalingUnreachable)
}

func TestBadLinks(t *testing.T) {
	t.Parallel()
	srv := liaisontest.NewServer(t)
	unknown := someLink(srv.Origin)
	unsealed := protocol.Link{Server: unknown.Server, RequestID: unknown.RequestID}.Reveal()
	opened := openLink(t, srv.Origin).pending.Challenge().Link
	for link, want := range map[string]protocol.Code{
		"":                   protocol.InvalidLink,
		"hello":              protocol.InvalidLink,
		unsealed + "#1.x":    protocol.InvalidLink,
		unsealed + "#2.AAAA": protocol.UnsupportedVersion,
		unsealed + "#1.AgAA": protocol.UnsupportedVersion,
		unsealed:             protocol.UnsealedRefused,
		opened:               protocol.UnsealedRefused,
		unknown.Reveal():     protocol.LinkUnknown,
		unknown.Reveal()[:len(unknown.Reveal())-22]: protocol.InvalidLink, // the seed is cut off
	} {
		_, err := client.ReadLink(limited(t), link, client.WalletConfig{})
		codeIs(t, "ReadLink("+link+")", err, want)
	}
}

// TestLinkOfAnotherPage changes the key or the seed of a link: the page does not
// understand the wallet, and says so.
func TestLinkOfAnotherPage(t *testing.T) {
	t.Parallel()
	srv := liaisontest.NewServer(t)
	for name, change := range map[string]func(*protocol.Invitation){
		"other seed":  func(i *protocol.Invitation) { i.Seed[3] ^= 1 },
		"other key":   func(i *protocol.Invitation) { i.Key[3] ^= 1 },
		"other flags": func(i *protocol.Invitation) { i.Flags ^= protocol.FlagShortCode },
	} {
		t.Run(name, func(t *testing.T) {
			s := openLink(t, srv.Origin)
			s.accept()
			link := s.pending.Link()
			change(&link.Invitation)
			_, err := client.ReadLink(limited(t), link.Reveal(), client.WalletConfig{ICE: loopback})
			codeIs(t, "ReadLink", err, protocol.HandshakeFailed)
			<-s.acceptDone
			codeIs(t, "Accept", s.siteErr, protocol.HandshakeFailed)
		})
	}
}

// TestPageIsGone lets the person scan the code of a page that was closed: one
// that said so, and one that could not.
func TestPageIsGone(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	s := openLink(t, f.origin)
	s.site.expect(t, "socket up", socketUp)
	s.pending.Close()
	_, err := s.scan()
	codeIs(t, "ReadLink when the page was closed", err, protocol.LinkClosed)

	s = openLink(t, f.origin)
	f.onRequest(func(w http.ResponseWriter, r *http.Request) bool {
		if isOffer(r) { // the page would have answered
			w.WriteHeader(http.StatusBadGateway)
		}
		return isOffer(r)
	})
	ctx, over := newPatient(t, limit)
	_, err = client.ReadLink(ctx, s.pending.Link().Reveal(), client.WalletConfig{ICE: loopback, Observe: func(event client.Event) {
		if socketUp(event) {
			over()
		}
	}})
	codeIs(t, "ReadLink when nobody is there", err, protocol.TimedOut)
	s.accept()
	<-s.acceptDone
	codeIs(t, "Accept when the wallet went away", s.siteErr, protocol.LinkClosed)
}

// stubbornSigner is a wallet's key that does not do what it is told.
type stubbornSigner struct {
	chain.Key
	sign func(ctx context.Context, text string) (protocol.Proof, error)
}

func (s stubbornSigner) Sign(ctx context.Context, text string) (protocol.Proof, error) {
	return s.sign(ctx, text)
}

// TestSignerFails: what the signer says counts, and nothing is claimed.
func TestSignerFails(t *testing.T) {
	t.Parallel()
	srv := liaisontest.NewServer(t)
	broken := errors.New("no battery")
	for name, c := range map[string]struct {
		sign func(context.Context, string) (protocol.Proof, error)
		want protocol.Code
	}{
		"fails":     {func(context.Context, string) (protocol.Proof, error) { return protocol.Proof{}, broken }, protocol.Internal},
		"says no":   {func(context.Context, string) (protocol.Proof, error) { return protocol.Proof{}, protocol.UserRejected }, protocol.Internal},
		"other key": {walletKey(t, 2).Sign, protocol.InvalidMessage},
		"other text": {func(ctx context.Context, text string) (protocol.Proof, error) {
			proof, err := walletKey(t, 1).Sign(ctx, text)
			proof.Message += " "
			return proof, err
		}, protocol.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			s := openLink(t, srv.Origin)
			s.read()
			_, err := s.request.Approve(limited(t), stubbornSigner{s.key, c.sign})
			codeIs(t, "Approve", err, c.want)
			if _, err := s.pending.Session(limited(t)); err != nil {
				t.Errorf("the site's session: %v, want it as it was", err)
			}
		})
	}
}

// TestWalletWithoutAnAcceptedChain has a site that takes accounts of other chains.
func TestWalletWithoutAnAcceptedChain(t *testing.T) {
	t.Parallel()
	s := openLink(t, liaisontest.NewServer(t, func(cfg *server.Config) { cfg.Chains = []protocol.ChainID{chain.SolanaMainNet} }).Origin)
	s.read()
	_, err := s.request.Text(s.key)
	codeIs(t, "Text for a wallet of another chain", err, protocol.InvalidPeer)
	_, err = s.request.Approve(limited(t), s.key)
	codeIs(t, "Approve by a wallet of another chain", err, protocol.InvalidPeer)
}
