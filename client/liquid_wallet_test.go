package client_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lxzan/gws"
	"github.com/pion/webrtc/v4"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/internal/authenticator"
	"github.com/liaison-dev/liaison/protocol"
)

// packets is one Socket.IO connection at the level of its packets.
type packets struct {
	t    testing.TB
	conn *gws.Conn
	read chan struct{} // closed when its reader has ended

	mu    sync.Mutex
	heard []string
	news  chan struct{}
}

type packetEvents struct {
	gws.BuiltinEventHandler
	p *packets
}

func (e packetEvents) OnMessage(conn *gws.Conn, message *gws.Message) {
	defer message.Close()
	packet := message.Data.String()
	if packet == "2" {
		conn.WriteString("3")
		return
	}
	e.p.mu.Lock()
	e.p.heard = append(e.p.heard, packet)
	e.p.mu.Unlock()
	select {
	case e.p.news <- struct{}{}:
	default:
	}
}

// openPackets opens one in the session that a jar has the cookie of.
func openPackets(t testing.TB, origin protocol.Origin, jar http.CookieJar) *packets {
	t.Helper()
	p := &packets{t: t, read: make(chan struct{}), news: make(chan struct{}, 1)}
	header := http.Header{}
	base, err := url.Parse(string(origin))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range jar.Cookies(base) {
		header.Add("Cookie", c.Name+"="+c.Value)
	}
	conn, res, err := gws.NewClient(packetEvents{p: p}, &gws.ClientOption{
		Addr: "ws://" + origin.Host() + "/socket.io/?EIO=4&transport=websocket", RequestHeader: header,
	})
	if err != nil {
		t.Fatalf("open socket: %v", err)
	}
	jar.SetCookies(base, res.Cookies())
	p.conn = conn
	go func() {
		defer close(p.read)
		conn.ReadLoop()
	}()
	t.Cleanup(p.close)
	p.expect(`0{"sid"`)
	conn.WriteString("40")
	p.expect(`40{"sid"`)
	return p
}

func (p *packets) close() {
	p.conn.NetConn().Close()
	<-p.read
}

// expect waits for a packet and leaves the others for later.
func (p *packets) expect(prefix string) string {
	p.t.Helper()
	late := time.After(limit)
	for {
		p.mu.Lock()
		for i, packet := range p.heard {
			if rest, ok := strings.CutPrefix(packet, prefix); ok {
				p.heard = append(p.heard[:i:i], p.heard[i+1:]...)
				p.mu.Unlock()
				return rest
			}
		}
		heard := fmt.Sprintf("%.400q", p.heard)
		p.mu.Unlock()
		select {
		case <-p.news:
		case <-late:
			p.t.Fatalf("no packet that begins with %s; heard %s", prefix, heard)
		}
	}
}

// event waits for an event and returns its argument.
func (p *packets) event(name string) string {
	p.t.Helper()
	return strings.TrimSuffix(p.expect(`42["`+name+`",`), "]")
}

func (p *packets) emit(name string, argument any) {
	p.t.Helper()
	data, err := json.Marshal([]any{name, argument})
	if err == nil {
		err = p.conn.WriteString("42" + string(data))
	}
	if err != nil {
		p.t.Errorf("emit %s: %v", name, err)
	}
}

// liquidWallet is a wallet of Liquid Auth, as its SDKs are: it offers.
type liquidWallet struct {
	t      testing.TB
	origin protocol.Origin
	key    *chain.AlgorandKey
	http   *http.Client
	socket *packets
	pc     *webrtc.PeerConnection
	data   *webrtc.DataChannel
	opened chan struct{}
	heard  chan string
}

func newLiquidWallet(t testing.TB, origin protocol.Origin) *liquidWallet {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &liquidWallet{
		t: t, origin: origin, key: walletKey(t, 7), http: &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}},
		opened: make(chan struct{}), heard: make(chan string, 16),
	}
}

// post makes a request that has to be answered with 201.
func (w *liquidWallet) post(path string, body, out any) {
	w.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	res, err := w.http.Post(string(w.origin)+path, "application/json", bytes.NewReader(data))
	if err != nil {
		w.t.Fatalf("%s: %v", path, err)
	}
	defer res.Body.Close()
	answer, _ := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusCreated || json.Unmarshal(answer, out) != nil {
		w.t.Fatalf("%s: %d %s, want 201", path, res.StatusCode, answer)
	}
}

// signIn signs in at the server, and with it whoever shows the request id, and
// opens a socket.
func (w *liquidWallet) signIn(requestID string) {
	w.t.Helper()
	var options struct{ Challenge string }
	w.post("/attestation/request", map[string]any{"extensions": map[string]any{"liquid": true}}, &options)
	challenge, err := base64.RawURLEncoding.DecodeString(options.Challenge)
	if err != nil {
		w.t.Fatal(err)
	}
	signature, err := w.key.SignChallenge(challenge)
	if err != nil {
		w.t.Fatalf("sign challenge: %v", err)
	}
	device := &authenticator.Device{Origin: string(w.origin)}
	var response map[string]any
	if err := json.Unmarshal(device.Create(w.origin.Hostname(), challenge, []byte(w.key.Address())), &response); err != nil {
		w.t.Fatal(err)
	}
	response["clientExtensionResults"] = map[string]any{"liquid": map[string]any{
		"type": "algorand", "requestId": requestID, "address": w.key.Address(), "device": "Test device",
		"signature": base64.RawURLEncoding.EncodeToString(signature),
	}}
	w.post("/attestation/response", response, new(map[string]any))
	w.socket = openPackets(w.t, w.origin, w.http.Jar)
}

// connect makes a connection and returns the offer, which is not sent yet.
func (w *liquidWallet) connect() string {
	w.t.Helper()
	var settings webrtc.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.pc = pc
	w.t.Cleanup(func() { pc.GracefulClose() })
	pc.OnICECandidate(func(c *webrtc.ICECandidate) {
		if c != nil {
			w.socket.emit("offer-candidate", c.ToJSON())
		}
	})
	if w.data, err = pc.CreateDataChannel(protocol.LiquidLabel, nil); err != nil {
		w.t.Fatal(err)
	}
	w.data.OnOpen(func() { close(w.opened) })
	w.data.OnMessage(func(m webrtc.DataChannelMessage) { w.heard <- string(m.Data) })
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return offer.SDP
}

// offer lets candidates go, and the description after them: some clients do.
func (w *liquidWallet) offer() {
	w.t.Helper()
	sdp := w.connect()
	gathered := webrtc.GatheringCompletePromise(w.pc)
	if err := w.pc.SetLocalDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: sdp}); err != nil {
		w.t.Fatal(err)
	}
	wait(w.t, "gather", gathered)
	w.socket.emit("offer-description", sdp)
	w.take()
}

// take takes an answer and the candidates that come with it.
func (w *liquidWallet) take() {
	w.t.Helper()
	var sdp string
	if err := json.Unmarshal([]byte(w.socket.event("answer-description")), &sdp); err != nil {
		w.t.Fatal(err)
	}
	if err := w.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}); err != nil {
		w.t.Fatalf("answer: %v\n%s", err, sdp)
	}
	var candidate webrtc.ICECandidateInit
	if err := json.Unmarshal([]byte(w.socket.event("answer-candidate")), &candidate); err != nil {
		w.t.Fatal(err)
	}
	if err := w.pc.AddICECandidate(candidate); err != nil {
		w.t.Fatalf("candidate %+v: %v", candidate, err)
	}
}

// talk sends a message each way between the wallet and a site.
func (w *liquidWallet) talk(site *client.Channel) {
	w.t.Helper()
	wait(w.t, "the wallet's channel opens", w.opened)
	if err := w.data.SendText("wallet says hello"); err != nil {
		w.t.Fatalf("wallet sends: %v", err)
	}
	if got, err := site.Receive(limited(w.t)); err != nil || string(got) != "wallet says hello" {
		w.t.Fatalf("Receive = %q, %v", got, err)
	}
	if err := site.SendText(limited(w.t), "site says hello"); err != nil {
		w.t.Fatalf("SendText: %v", err)
	}
	select {
	case got := <-w.heard:
		if got != "site says hello" {
			w.t.Errorf("the wallet heard %q", got)
		}
	case <-time.After(limit):
		w.t.Fatal("the wallet heard nothing")
	}
}
