package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

func TestReject(t *testing.T) {
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
	_, err = client.ReadLink(limited(t), s.pending.Link().String(), client.WalletConfig{})
	codeIs(t, "ReadLink after a rejection", err, protocol.UserRejected)
}

// TestExpiry lets the server's clock jump over the end of a link.
func TestExpiry(t *testing.T) {
	var jumped atomic.Bool
	srv := liaisontest.NewServer(t, func(cfg *server.Config) {
		cfg.Now = func() time.Time {
			if jumped.Load() {
				return time.Now().Add(protocol.LinkTTL)
			}
			return time.Now()
		}
	})
	s := openLink(t, srv.Origin)
	s.site.expect(t, "socket up", socketUp)
	s.accept()
	s.read()
	jumped.Store(true)
	_, err := s.request.Approve(limited(t), s.key)
	codeIs(t, "Approve of an expired link", err, protocol.LinkExpired)
	_, err = client.ReadLink(limited(t), s.pending.Link().String(), client.WalletConfig{ICE: loopback})
	codeIs(t, "ReadLink of an expired link", err, protocol.LinkExpired)
	<-s.acceptDone
	codeIs(t, "Accept of a link that expired", s.siteErr, protocol.LinkExpired)
}

// TestExpiryWithoutTheServer lets a link end that nobody can end any more: its
// server is gone. Its clock was behind, so that the link seems old.
func TestExpiryWithoutTheServer(t *testing.T) {
	srv := liaisontest.NewServer(t, func(cfg *server.Config) {
		cfg.Now = func() time.Time { return time.Now().Add(time.Second - protocol.LinkTTL) }
	})
	s := openLink(t, srv.Origin)
	srv.Stop()
	s.accept()
	<-s.acceptDone
	codeIs(t, "Accept of a link whose server is gone", s.siteErr, protocol.LinkExpired)
}

func TestAcceptCanBeCanceledAndCalledAgain(t *testing.T) {
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

func TestClosingTheLinkTellsTheWallet(t *testing.T) {
	s := openLink(t, liaisontest.NewServer(t).Origin)
	s.site.expect(t, "socket up", func(e client.Event) bool { return e.Kind == client.EventSignaling && e.Up })
	s.accept()
	s.read()
	s.pending.Close()
	<-s.acceptDone
	codeIs(t, "Accept of a closed link", s.siteErr, protocol.Canceled)
	_, err := s.request.Approve(limited(t), s.key)
	codeIs(t, "Approve of a closed link", err, protocol.LinkClosed)
}

func TestSecondWalletIsRefusedAndTheSiteTold(t *testing.T) {
	s := openLink(t, liaisontest.NewServer(t).Origin)
	s.read()
	second, err := client.ReadLink(limited(t), s.pending.Link().String(), client.WalletConfig{ICE: loopback})
	if err != nil {
		t.Fatalf("second ReadLink: %v", err)
	}
	defer second.Close()
	s.meet()
	_, err = second.Approve(limited(t), walletKey(t, 2))
	codeIs(t, "Approve by a second wallet", err, protocol.LinkTaken)
	s.site.expect(t, "notice of a second wallet", func(e client.Event) bool {
		return e.Kind == client.EventNotice && e.Code == protocol.LinkTaken
	})
	s.talk("undisturbed")
}

func TestNothingListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	origin := protocol.Origin("http://" + listener.Addr().String())
	listener.Close()
	_, err = client.OpenLink(limited(t), client.SiteConfig{Server: origin})
	codeIs(t, "OpenLink where nothing listens", err, protocol.SignalingUnreachable)
	link := protocol.Link{Server: origin, RequestID: protocol.NewRequestID()}
	_, err = client.ReadLink(limited(t), link.String(), client.WalletConfig{})
	codeIs(t, "ReadLink where nothing listens", err, protocol.SignalingUnreachable)
}

func TestNotALiaisonServer(t *testing.T) {
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	_, err := client.OpenLink(limited(t), client.SiteConfig{Server: protocol.Origin(web.URL)})
	codeIs(t, "OpenLink at some web server", err, protocol.SignalingUnreachable)
}

func TestBadLinks(t *testing.T) {
	unknown := protocol.Link{Server: liaisontest.NewServer(t).Origin, RequestID: protocol.NewRequestID()}
	for link, want := range map[string]protocol.Code{
		"":                        protocol.InvalidLink,
		"hello":                   protocol.InvalidLink,
		unknown.String() + "#1.x": protocol.UnsupportedVersion,
		unknown.String():          protocol.LinkUnknown,
	} {
		_, err := client.ReadLink(limited(t), link, client.WalletConfig{})
		codeIs(t, "ReadLink("+link+")", err, want)
	}
}

// spend uses up the link's nonce with a proof that does not hold, as anybody
// can who saw the link.
func spend(t *testing.T, srv protocol.Origin, id protocol.RequestID) {
	path := string(srv) + protocol.PathLinks + string(id)
	response, err := http.Get(path)
	if err != nil {
		t.Errorf("view link: %v", err)
		return
	}
	defer response.Body.Close()
	var view protocol.LinkView
	if err := json.NewDecoder(response.Body).Decode(&view); err != nil {
		t.Errorf("view link: %v", err)
		return
	}
	proof := protocol.Proof{Type: protocol.ProofMX, Chain: protocol.AlgorandMainNet, Address: "A", Message: "x", Signature: []byte("y")}
	body, _ := json.Marshal(protocol.Claim{Nonce: view.SignIn.Nonce, Proof: proof})
	claimed, err := http.Post(path, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Errorf("claim link: %v", err)
		return
	}
	claimed.Body.Close()
	if claimed.StatusCode != http.StatusUnauthorized {
		t.Errorf("a claim with a bad proof: status %d, want 401", claimed.StatusCode)
	}
}

// TestStolenNonce lets somebody use up the nonce right before each of the
// wallet's claims arrives.
func TestStolenNonce(t *testing.T) {
	for _, c := range []struct {
		stolen int
		want   protocol.Code
	}{{1, ""}, {2, ""}, {3, protocol.ProofRejected}} {
		f := newFront(t)
		s := openLink(t, f.origin)
		s.read()
		left := c.stolen
		f.onRequest(func(_ http.ResponseWriter, r *http.Request) bool {
			if isClaim(r) && left > 0 {
				left--
				spend(t, f.server.Origin, s.pending.Link().RequestID)
			}
			return false
		})
		if c.want == "" {
			s.meet()
			s.talk("after all")
			continue
		}
		_, err := s.request.Approve(limited(t), s.key)
		codeIs(t, "Approve when the nonce is gone each time", err, c.want)
		http.DefaultClient.CloseIdleConnections()
	}
	http.DefaultClient.CloseIdleConnections()
}

// dataOffer is what a site offers before the claim.
var dataOffer = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n" +
	"a=fingerprint:sha-256 " + strings.Repeat("AB:", 31) + "AB\r\n" +
	"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=setup:actpass\r\na=mid:0\r\n" +
	"a=sctp-port:5000\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"

// TestWalletChecksWhatItIsAsked changes the server's answer to the wallet.
func TestWalletChecksWhatItIsAsked(t *testing.T) {
	for name, change := range map[string]func(*protocol.LinkView){
		"other origin": func(v *protocol.LinkView) { v.Site.Origin = "https://bank.example" },
		"other domain": func(v *protocol.LinkView) { v.SignIn.Domain = "bank.example" },
		"other URI":    func(v *protocol.LinkView) { v.SignIn.URI = "https://bank.example/login" },
		"other port":   func(v *protocol.LinkView) { v.SignIn.URI = "http://127.0.0.1:1/login" },
		"URI with a host in its user": func(v *protocol.LinkView) {
			v.SignIn.URI = strings.Replace(v.SignIn.URI, "http://", "http://bank.example@", 1)
		},
		"other link": func(v *protocol.LinkView) { v.RequestID = protocol.NewRequestID() },
		"from the future": func(v *protocol.LinkView) {
			v.SignIn.IssuedAt = v.SignIn.IssuedAt.Add(time.Hour)
			v.SignIn.ExpirationTime = v.SignIn.ExpirationTime.Add(time.Hour)
		},
		"expired": func(v *protocol.LinkView) {
			v.SignIn.IssuedAt = v.SignIn.IssuedAt.Add(-time.Hour)
			v.SignIn.ExpirationTime = v.SignIn.ExpirationTime.Add(-time.Hour)
		},
		"valid for too long": func(v *protocol.LinkView) { v.SignIn.ExpirationTime = v.SignIn.ExpirationTime.Add(time.Second) },
		"escape in name":     func(v *protocol.LinkView) { v.Site.Name = "\x1b[2J" },
		"reversed name":      func(v *protocol.LinkView) { v.Site.Name = "a\u202eb" },
		"invisible name":     func(v *protocol.LinkView) { v.Site.Name = "bank\u061c\u2060.example" },
		"long name":          func(v *protocol.LinkView) { v.Site.Name = strings.Repeat("x", protocol.MaxNameBytes+1) },
		"offer is a candidate": func(v *protocol.LinkView) {
			d, _ := protocol.PeerMessage{T: protocol.PeerICE}.Payload()
			v.Offer = &protocol.Frame{D: d}
		},
		"offer holds a candidate": func(v *protocol.LinkView) {
			sdp := dataOffer + "a=candidate:1 1 udp 2122260223 6f3e2d1c-0000-4000-8000-000000000000.local 9 typ host\r\n"
			d, _ := protocol.PeerMessage{T: protocol.PeerOffer, SDP: sdp}.Payload()
			v.Offer = &protocol.Frame{D: d}
		},
		"offer is nonsense":  func(v *protocol.LinkView) { v.Offer = &protocol.Frame{D: "AAAA"} },
		"offer has number 1": func(v *protocol.LinkView) { v.Offer = &protocol.Frame{N: 1, D: "AAAA"} },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFront(t)
			s := openLink(t, f.origin)
			f.onRequest(changeView(t, f.server.Origin, change))
			_, err := client.ReadLink(limited(t), s.pending.Link().String(), client.WalletConfig{ICE: loopback})
			codeIs(t, "ReadLink of a changed request", err, protocol.InvalidPeer)
			http.DefaultClient.CloseIdleConnections()
		})
	}
}

func TestWalletWithoutAnAcceptedChain(t *testing.T) {
	f := newFront(t)
	s := openLink(t, f.origin)
	f.onRequest(changeView(t, f.server.Origin, func(v *protocol.LinkView) { v.SignIn.Chains = []protocol.ChainID{"algorand:other"} }))
	s.read()
	_, err := s.request.Text(s.key)
	codeIs(t, "Text for a wallet of another chain", err, protocol.InvalidPeer)
	_, err = s.request.Approve(limited(t), s.key)
	codeIs(t, "Approve by a wallet of another chain", err, protocol.InvalidPeer)
	http.DefaultClient.CloseIdleConnections()
}

func changeView(t *testing.T, origin protocol.Origin, change func(*protocol.LinkView)) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || !strings.HasPrefix(r.URL.Path, protocol.PathLinks) {
			return false
		}
		response, err := http.Get(string(origin) + r.URL.Path)
		if err != nil {
			t.Errorf("view link: %v", err)
			return false
		}
		defer response.Body.Close()
		data, _ := io.ReadAll(response.Body)
		var view protocol.LinkView
		if err := json.Unmarshal(data, &view); err != nil {
			t.Errorf("view link: %v", err)
			return false
		}
		change(&view)
		json.NewEncoder(w).Encode(view)
		return true
	}
}
