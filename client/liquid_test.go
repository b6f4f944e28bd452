package client_test

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
)

// liquidSite is a website of Liquid Auth, as its SDKs are: it waits for an offer.
type liquidSite struct {
	t      testing.TB
	origin protocol.Origin
	jar    http.CookieJar
	socket *packets
	pc     *webrtc.PeerConnection
	data   chan *webrtc.DataChannel
	heard  chan string
}

// newLiquidSite opens a site that shows a request id, and returns how to wait for who
// has signed in with it.
func newLiquidSite(t testing.TB, origin protocol.Origin, requestID any) (s *liquidSite, linked func() (wallet, credential string)) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s = &liquidSite{t: t, origin: origin, jar: jar, socket: openPackets(t, origin, jar), data: make(chan *webrtc.DataChannel, 1), heard: make(chan string, 16)}
	data, err := json.Marshal([]any{"link", map[string]any{"requestId": requestID}})
	if err != nil {
		t.Fatal(err)
	}
	s.socket.conn.WriteString("420" + string(data))
	return s, func() (string, string) {
		t.Helper()
		var args []struct {
			Data struct {
				CredID, Wallet string
				RequestID      any
			}
		}
		packet := s.socket.expect("430")
		if err := json.Unmarshal([]byte(packet), &args); err != nil || len(args) != 1 {
			t.Fatalf("acknowledgement %s: %v", packet, err)
		}
		if got := args[0].Data.RequestID; fmt.Sprint(got) != fmt.Sprint(requestID) {
			t.Errorf("linked with %v, want %v", got, requestID)
		}
		return args[0].Data.Wallet, args[0].Data.CredID
	}
}

// answer answers the wallet's offer.
func (s *liquidSite) answer() {
	s.t.Helper()
	var settings webrtc.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.pc = pc
	s.t.Cleanup(func() { pc.GracefulClose() })
	pc.OnDataChannel(func(d *webrtc.DataChannel) {
		d.OnMessage(func(m webrtc.DataChannelMessage) { s.heard <- string(m.Data) })
		s.data <- d
	})
	pc.OnICECandidate(func(c *webrtc.ICECandidate) {
		if c != nil {
			s.socket.emit("answer-candidate", c.ToJSON())
		}
	})
	var sdp string
	if err := json.Unmarshal([]byte(s.socket.event("offer-description")), &sdp); err != nil {
		s.t.Fatal(err)
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: sdp}); err != nil {
		s.t.Fatalf("offer: %v\n%s", err, sdp)
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.socket.emit("answer-description", answer.SDP)
	if err := pc.SetLocalDescription(answer); err != nil {
		s.t.Fatal(err)
	}
	var candidate webrtc.ICECandidateInit
	if err := json.Unmarshal([]byte(s.socket.event("offer-candidate")), &candidate); err != nil {
		s.t.Fatal(err)
	}
	if candidate.SDPMid == nil || *candidate.SDPMid != "0" || candidate.SDPMLineIndex == nil {
		s.t.Errorf("candidate %+v: want sdpMid 0, and a line", candidate)
	}
	if err := pc.AddICECandidate(candidate); err != nil {
		s.t.Fatalf("candidate: %v", err)
	}
}

// approved is what comes of an answer.
type approved struct {
	channel *client.Channel
	err     error
}

// scanUnsealed answers a link without a secret.
func scanUnsealed(t testing.TB, link string, key client.ChallengeSigner, changes ...walletChange) <-chan approved {
	t.Helper()
	config := client.WalletConfig{ICE: loopback, App: "Test wallet"}
	for _, change := range changes {
		change(&config)
	}
	request, err := client.ReadUnsealedLink(link, config)
	if err != nil {
		t.Fatalf("ReadUnsealedLink(%s): %v", link, err)
	}
	done := make(chan approved, 1)
	go func() {
		channel, err := request.Approve(limited(t), key)
		done <- approved{channel, err}
	}()
	return done
}

// TestLiquidSite: the Go wallet signs in at a site of Liquid Auth and talks to it. It is
// the same passkey each time.
func TestLiquidSite(t *testing.T) {
	srv := liaisontest.NewLiquidServer(t, liaisontest.Unlimited)
	key := walletKey(t, 3)
	var first string
	for _, id := range []any{"0193a6f0-7c1e-7a51-8d2c-5f5e6e0c2f11", 424242, "not-a-uuid"} {
		t.Run(fmt.Sprint(id), func(t *testing.T) {
			site, linked := newLiquidSite(t, srv.Origin, id)
			link := fmt.Sprintf("liquid://%s/?requestId=%v", srv.Origin.Host(), id)
			saw := newEvents()
			done := scanUnsealed(t, link, key, func(c *client.WalletConfig) { c.Observe = saw.observe })
			wallet, credential := linked()
			if wallet != key.Address() {
				t.Errorf("the site is told %s, want %s", wallet, key.Address())
			}
			if first == "" {
				first = credential
			}
			if credential != first {
				t.Errorf("passkey %s, want the one from before, %s", credential, first)
			}
			site.answer()
			got := <-done
			if got.err != nil {
				t.Fatalf("Approve: %v; saw %+v", got.err, saw.seen())
			}
			t.Cleanup(func() { got.channel.Close() })
			if got.channel.Account() != key.Account() || got.channel.Assurance() != protocol.ServerAsserted {
				t.Errorf("channel of %s, %s; want %s, %s", got.channel.Account(), got.channel.Assurance(), key.Account(), protocol.ServerAsserted)
			}
			data := <-site.data
			if data.Label() != protocol.LiquidLabel {
				t.Errorf("channel labelled %q, want %q", data.Label(), protocol.LiquidLabel)
			}
			if err := got.channel.SendText(limited(t), "wallet says hello"); err != nil {
				t.Fatalf("SendText: %v", err)
			}
			if heard := <-site.heard; heard != "wallet says hello" {
				t.Errorf("the site heard %q", heard)
			}
			if err := data.SendText("site says hello"); err != nil {
				t.Fatal(err)
			}
			if heard, err := got.channel.Receive(limited(t)); err != nil || string(heard) != "site says hello" {
				t.Errorf("Receive = %q, %v", heard, err)
			}
			site.pc.GracefulClose()
			wait(t, "the wallet's channel ends", got.channel.Done())
			codeIs(t, "Err", got.channel.Err(), protocol.ChannelClosed)
		})
	}
}

// TestUnsealedAtNativeSite: the code of a native site without its secret, which a server
// says in its challenge. Both ends are ours, and neither seals.
func TestUnsealedAtNativeSite(t *testing.T) {
	for policy, want := range map[client.Legacy]protocol.Code{client.LegacyWarn: "", client.LegacyDeny: protocol.UnsealedRefused} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			srv := liaisontest.NewLiquidServer(t, liaisontest.Unlimited)
			s := openLink(t, srv.Origin, func(c *client.SiteConfig) { c.Legacy = policy })
			s.accept()
			key := walletKey(t, 3)
			done := scanUnsealed(t, s.pending.Challenge().Link, key)
			<-s.acceptDone
			if want != "" {
				codeIs(t, "Accept", s.siteErr, want)
				s.pending.Close()
				codeIs(t, "Approve", (<-done).err, want)
				return
			}
			got := <-done
			if got.err != nil || s.siteErr != nil {
				t.Fatalf("Approve: %v; Accept: %v", got.err, s.siteErr)
			}
			t.Cleanup(func() { got.channel.Close(); s.siteEnd.Close() })
			exchange(t, got.channel, s.siteEnd, "wallet says hello")
			exchange(t, s.siteEnd, got.channel, "site says hello")
			got.channel.Close()
			wait(t, "the site's channel ends", s.siteEnd.Done())
			codeIs(t, "Err of the site", s.siteEnd.Err(), protocol.ChannelClosed)
		})
	}
}

// TestUnsealedLinks are those that are not answered, whoever agrees.
func TestUnsealedLinks(t *testing.T) {
	sealed := someLink("https://example.com").Reveal()
	_, err := client.ReadUnsealedLink(sealed, client.WalletConfig{})
	codeIs(t, "a sealed link", err, protocol.UnsealedRefused)
	_, err = client.ReadUnsealedLink("hello", client.WalletConfig{})
	codeIs(t, "no link", err, protocol.InvalidLink)
	for _, level := range []protocol.Locality{protocol.LocalityPrefer, protocol.LocalityRequire} {
		_, err = client.ReadUnsealedLink("liquid://example.com/?requestId=424242", client.WalletConfig{Locality: level})
		codeIs(t, "a site that has to be near", err, protocol.UnsealedRefused)
	}
	request, err := client.ReadUnsealedLink("liquid://localhost:1/?requestId=424242", client.WalletConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if got := request.Server(); got != "http://localhost:1" {
		t.Errorf("Server() = %s", got)
	}
	evm, err := chain.GenerateKey("evm")
	if err != nil {
		t.Fatal(err)
	}
	_, err = request.Approve(limited(t), foreign{evm})
	codeIs(t, "an account of another chain", err, protocol.InvalidPeer)
	_, err = request.Approve(limited(t), walletKey(t, 1))
	codeIs(t, "a second answer", err, protocol.LinkClosed)
}

// foreign is an account of another chain that would sign anything.
type foreign struct{ chain.Key }

func (foreign) SignChallenge([]byte) ([]byte, error)      { return []byte("signed"), nil }
func (foreign) Passkey(string) (*ecdsa.PrivateKey, error) { return nil, nil }

// careless is an account of Algorand that signs whatever it is given.
type careless struct{ *chain.AlgorandKey }

func (careless) SignChallenge([]byte) ([]byte, error) { return []byte("signed"), nil }

// TestLyingLiquidServer asks for signatures that would be worth something elsewhere.
// Nothing is signed, not even by a signer that would.
func TestLyingLiquidServer(t *testing.T) {
	random := bytes.Repeat([]byte{0x9a}, 32)
	prefixed := func(prefix string) []byte { return append([]byte(prefix), random...)[:32] }
	options := func(challenge []byte, domain string) string {
		return fmt.Sprintf(`{"challenge":%q,"rp":{"id":%q}}`, base64.RawURLEncoding.EncodeToString(challenge), domain)
	}
	for name, answer := range map[string]string{
		"a transaction":           options(prefixed("TX"), "localhost"),
		"a group of transactions": options(prefixed("TG"), "localhost"),
		"a program":               options(prefixed("Program"), "localhost"),
		"a message":               options(prefixed("MX"), "localhost"),
		"too short":               options(random[:31], "localhost"),
		"too long":                options(append(random, 0x9a), "localhost"),
		"nothing":                 options(nil, "localhost"),
		"another domain":          options(random, "example.com"),
		"no domain":               options(random, ""),
		"no JSON":                 "<html>",
		"an error":                `{"error":"Challenge not found"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var responses, requests atomic.Int32
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/response") {
					responses.Add(1)
				}
				requests.Add(1)
				w.WriteHeader(http.StatusCreated)
				w.Write([]byte(answer))
			}))
			defer web.Close()
			link := strings.Replace(web.URL, "http://127.0.0.1", "liquid://localhost", 1) + "/?requestId=424242"
			for _, key := range []client.ChallengeSigner{walletKey(t, 1), careless{walletKey(t, 1)}} {
				got := <-scanUnsealed(t, link, key)
				codeIs(t, "Approve", got.err, protocol.InvalidPeer)
			}
			if responses.Load() != 0 || requests.Load() == 0 {
				t.Errorf("%d responses to %d requests, want none", responses.Load(), requests.Load())
			}
		})
	}
}

// TestLiquidServerRefuses: what a server says becomes a code.
func TestLiquidServerRefuses(t *testing.T) {
	for status, want := range map[int]protocol.Code{
		http.StatusUnauthorized: protocol.ProofRejected, http.StatusForbidden: protocol.OriginDenied, http.StatusNotFound: protocol.InvalidPeer,
		http.StatusNotImplemented: protocol.InvalidPeer, http.StatusTooManyRequests: protocol.RateLimited,
		http.StatusServiceUnavailable: protocol.Unavailable, http.StatusFound: protocol.InvalidPeer,
	} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(status)
			}))
			defer web.Close()
			link := strings.Replace(web.URL, "http://127.0.0.1", "liquid://localhost", 1) + "/?requestId=424242"
			codeIs(t, "Approve", (<-scanUnsealed(t, link, walletKey(t, 1))).err, want)
		})
	}
	codeIs(t, "Approve where nothing listens", (<-scanUnsealed(t, "liquid://localhost:1/?requestId=424242", walletKey(t, 1))).err, protocol.SignalingUnreachable)
}

// TestLiquidSocketBreaks: an offer that was lost with its connection is said again.
func TestLiquidSocketBreaks(t *testing.T) {
	srv := liaisontest.NewLiquidServer(t, liaisontest.Unlimited)
	site, linked := newLiquidSite(t, srv.Origin, "0193a6f0-7c1e")
	saw := newEvents()
	done := scanUnsealed(t, "liquid://"+srv.Origin.Host()+"/?requestId=0193a6f0-7c1e", walletKey(t, 3), func(c *client.WalletConfig) { c.Observe = saw.observe })
	linked()
	saw.expect(t, "socket up", socketUp)
	site.socket.event("offer-description")
	saw.forget()
	srv.Stop()
	srv.Start()
	saw.expect(t, "socket back", socketUp)
	site.socket = openPackets(t, srv.Origin, site.jar)
	site.answer()
	got := <-done
	if got.err != nil {
		t.Fatalf("Approve: %v; saw %+v", got.err, saw.seen())
	}
	defer got.channel.Close()
	if err := got.channel.SendText(limited(t), "after all"); err != nil {
		t.Fatal(err)
	}
	if heard := <-site.heard; heard != "after all" {
		t.Errorf("the site heard %q", heard)
	}
}
