package client

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pion/transport/v4"
	"github.com/pion/webrtc/v4"

	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/sealed"
)

// PathKindOf says what way a pair is.
var PathKindOf = pathKind

// CheckProof is the site's look at a proof.
var CheckProof = checkProof

// plain is a codec that seals nothing: tests of signaling look at the numbers of
// frames and not into them.
type plain struct{}

func (plain) seal(_ uint64, m protocol.PeerMessage) (string, error) {
	data, err := m.Encode()
	return base64.RawURLEncoding.EncodeToString(data), err
}

func (plain) open(_ uint64, payload string) (protocol.PeerMessage, error) {
	data, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return protocol.PeerMessage{}, err
	}
	return protocol.ParsePeerMessage(data)
}

// Wires are the signaling of both sides of a claimed link, without WebRTC: tests
// send far more frames over them than two peers would.
type Wires struct {
	cancel context.CancelFunc
	group  sync.WaitGroup
	sides  [2]*signaling

	mu       sync.Mutex
	expected [2]int
	err      *Error
}

// NewWires opens and claims a link and connects both sides.
func NewWires(ctx context.Context, origin protocol.Origin, key Signer, got func(protocol.Side, string)) (*Wires, error) {
	site, wallet := newREST(origin, nil), newREST(origin, nil)
	var c protocol.Challenge
	if err := site.call(ctx, "open link", http.MethodGet, protocol.PathChallenge, nil, &c); err != nil {
		return nil, err
	}
	channel := protocol.ChannelID("l1." + strings.Repeat("A", 43))
	text, err := c.SignIn.For(key.Chain(), key.Address(), channel).Text()
	if err != nil {
		return nil, err
	}
	proof, err := key.Sign(ctx, text)
	if err != nil {
		return nil, err
	}
	hello := protocol.Join{Frame: protocol.Frame{D: "AAAA"}, Key: protocol.NewNonce()}
	if err := wallet.call(ctx, "join", http.MethodPost, linkPath(c.RequestID, "join"), hello, nil); err != nil {
		return nil, err
	}
	welcome := protocol.Offer{D: "AAAA", Channel: channel}
	if err := site.call(ctx, "offer", http.MethodPost, linkPath(c.RequestID, "offer"), welcome, nil); err != nil {
		return nil, err
	}
	claim := protocol.Claim{Nonce: c.SignIn.Nonce, Proof: proof, Answer: protocol.Frame{N: 1, D: "AAAA"}, Key: protocol.NewNonce()}
	if err := wallet.call(ctx, "claim", http.MethodPost, linkPath(c.RequestID), claim, nil); err != nil {
		return nil, err
	}
	if err := site.call(ctx, "collect", http.MethodPost, protocol.PathSession, protocol.NewCollection(c.RequestID), nil); err != nil {
		return nil, err
	}
	w := &Wires{}
	running, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	for side, r := range []*rest{site, wallet} {
		end := &wireEnd{wires: w, side: protocol.Side(side), got: got}
		out := newOutbox(plain{})
		out.base = uint64(1 + side) // the frames of the handshake, and the wallet's answer
		s := newSignaling(r, end.side, c.RequestID, out, end, nil)
		s.address, s.received = key.Address(), uint64(2-side)
		w.sides[side] = s
		w.group.Go(func() { s.run(running); r.close() })
	}
	return w, nil
}

// Send sends one frame from a side to the other.
func (w *Wires) Send(from protocol.Side, text string) error {
	_, err := w.sides[from].out.add(protocol.PeerMessage{T: protocol.PeerICE, Candidate: text})
	return err
}

// Expected returns how many frames a side has got.
func (w *Wires) Expected(side protocol.Side) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.expected[side]
}

// Count notes that a side has got a frame.
func (w *Wires) Count(side protocol.Side) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.expected[side]++
}

// Err returns why one of the sides gave up.
func (w *Wires) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		return nil
	}
	return w.err
}

// Close ends both sides.
func (w *Wires) Close() {
	w.cancel()
	w.group.Wait()
}

type wireEnd struct {
	wires *Wires
	side  protocol.Side
	got   func(protocol.Side, string)
}

func (e *wireEnd) claimed(protocol.ServerMessage) error { return nil }
func (e *wireEnd) message(m protocol.PeerMessage) error { e.got(e.side, m.Candidate); return nil }
func (e *wireEnd) signal(bool)                          {}
func (e *wireEnd) present(bool)                         {}
func (e *wireEnd) mustOpen() bool                       { return false }
func (e *wireEnd) notice(protocol.Code)                 {}
func (e *wireEnd) ended(err *Error) {
	e.wires.mu.Lock()
	defer e.wires.mu.Unlock()
	e.wires.err = err
}

// Over returns the configuration with another network under it.
func (i ICE) Over(net transport.Net) ICE {
	i.net = net
	return i
}

// ChannelID names the handshake that a channel came of.
func (c *Channel) ChannelID() string { return c.pairing.envelope.keys().ChannelID() }

// Description is what this side told the other one about its end, candidates
// included.
func (c *Channel) Description() string { return c.pairing.peer.pc.LocalDescription().SDP }

// Lie lets a test change what one end says before it is sealed. The number is
// that of the frame.
type Lie func(n uint64, m *protocol.PeerMessage)

type liar struct {
	codec
	lie Lie
}

func (l liar) seal(n uint64, m protocol.PeerMessage) (string, error) {
	l.lie(n, &m)
	return l.codec.seal(n, m)
}

func (o *outbox) believe(lie Lie) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.codec = liar{o.codec, lie}
}

// Lie has the site say something else from now on.
func (l *PendingLink) Lie(lie Lie) { l.pairing.out.believe(lie) }

// Lie has the wallet say something else from now on.
func (r *Request) Lie(lie Lie) { r.wallet.pairing.out.believe(lie) }

// Say has the wallet send a message that it does not have to.
func (r *Request) Say(m protocol.PeerMessage) error {
	_, err := r.wallet.pairing.out.add(m)
	return err
}

// Say has the site send a message that it does not have to.
func (l *PendingLink) Say(m protocol.PeerMessage) error {
	_, err := l.pairing.out.add(m)
	return err
}

// Hear has the wallet take a message, as if the server had let it through.
func (r *Request) Hear(m protocol.PeerMessage) error { return r.wallet.take(m) }

// Told has the site take what its server says of a claim.
func (l *PendingLink) Told(m protocol.ServerMessage) error { return l.pairing.claimed(m) }

// Hear has the site take a message, as if the server had let it through.
func (l *PendingLink) Hear(m protocol.PeerMessage) error { return l.pairing.message(m) }

// Unsealed reports whether the other side counts as one of a dialect.
func (l *PendingLink) Unsealed() bool {
	return l.pairing.unsealed.Load() || l.pairing.envelope.givenUp()
}

// RemoteAddresses returns where the other side is looked for, once there are so
// many.
func (l *PendingLink) RemoteAddresses(count int) (addresses []string) {
	for late := time.Now().Add(5 * time.Second); len(addresses) < count && time.Now().Before(late); time.Sleep(10 * time.Millisecond) {
		addresses = nil
		for _, stats := range l.pairing.peer.pc.GetStats() {
			if s, ok := stats.(webrtc.ICECandidateStats); ok && s.Type == webrtc.StatsTypeRemoteCandidate {
				addresses = append(addresses, s.IP)
			}
		}
	}
	slices.Sort(addresses)
	return addresses
}

// Expect has the wallet expect another certificate.
func (r *Request) Expect(fp protocol.Fingerprint) { r.wallet.pairing.peer.expect(fp) }

// ChannelID names the handshake that the request came by.
func (r *Request) ChannelID() protocol.ChannelID {
	return protocol.ChannelID(r.wallet.pairing.envelope.keys().ChannelID())
}

// Session asks the server who is signed in at the site.
func (l *PendingLink) Session(ctx context.Context) (protocol.SessionView, error) {
	var view protocol.SessionView
	err := l.pairing.rest.call(ctx, "get session", http.MethodGet, protocol.PathSession, nil, &view)
	return view, err
}

// Collect asks for the site's new token, whatever there is to wait for.
func (l *PendingLink) Collect(ctx context.Context) (protocol.SessionView, error) {
	var view protocol.SessionView
	err := l.pairing.rest.call(ctx, "collect session", http.MethodPost, protocol.PathSession, protocol.NewCollection(l.link.RequestID), &view)
	return view, err
}

// Attacker plays both ends of a link at a server, by bare calls.
type Attacker struct{ site, wallet *rest }

// NewAttacker returns one who has not called yet.
func NewAttacker(origin protocol.Origin) Attacker {
	return Attacker{newREST(origin, nil), newREST(origin, nil)}
}

// Open opens a link.
func (a Attacker) Open(ctx context.Context) (c protocol.Challenge, err error) {
	err = a.site.call(ctx, "open link", http.MethodGet, protocol.PathChallenge, nil, &c)
	return c, err
}

// SignIn claims the link with what was signed for a channel, and returns who the
// site's session speaks for then.
func (a Attacker) SignIn(ctx context.Context, c protocol.Challenge, channel protocol.ChannelID, proof protocol.Proof) (view protocol.SessionView, err error) {
	defer a.site.close()
	defer a.wallet.close()
	for _, step := range []struct {
		by   *rest
		path string
		body any
	}{
		{a.wallet, linkPath(c.RequestID, "join"), protocol.Join{Frame: protocol.Frame{D: "AAAA"}, Key: protocol.NewNonce()}},
		{a.site, linkPath(c.RequestID, "offer"), protocol.Offer{D: "AAAA", Channel: channel}},
		{a.wallet, linkPath(c.RequestID), protocol.Claim{Nonce: c.SignIn.Nonce, Proof: proof, Answer: protocol.Frame{N: 1, D: "AAAA"}, Key: protocol.NewNonce()}},
	} {
		if err := step.by.call(ctx, step.path, http.MethodPost, step.path, step.body, nil); err != nil {
			return view, err
		}
	}
	err = a.site.call(ctx, "collect session", http.MethodPost, protocol.PathSession, protocol.NewCollection(c.RequestID), &view)
	return view, err
}

// Join takes the wallet's place at a link with any first message.
func Join(ctx context.Context, link string, first protocol.PeerMessage) error {
	parsed, err := protocol.ParseLink(link)
	if err != nil {
		return err
	}
	envelope, err := newEnvelope(sealed.NewWallet(sealedLink(parsed)))
	if err != nil {
		return err
	}
	frame, err := newOutbox(envelope).add(first)
	if err != nil {
		return err
	}
	r := newREST(parsed.Server, nil)
	defer r.close()
	body := protocol.Join{Frame: frame, Key: protocol.NewNonce()}
	return r.callAgain(ctx, "join", linkPath(parsed.RequestID, "join"), body, nil)
}

// Tell sends a message on the control channel.
func (c *Channel) Tell(m protocol.ControlMessage) error { return c.pairing.peer.tell(m) }

// VerifyOrigin looks for an origin's consent.
var VerifyOrigin = verifyOrigin

// NearEnough decides by what was measured.
func NearEnough(r LocalityReport, level protocol.Locality) bool { return r.nearEnough(level) }

// Prober is one end of a measurement, without a connection.
type Prober struct{ prober *prober }

// NewProber returns the end whose session this is.
func NewProber(s *sealed.Session, tell func(protocol.ControlMessage) error) Prober {
	return Prober{newProber(&envelope{session: s}, tell)}
}

// Measure sends all pings.
func (p Prober) Measure(ctx context.Context) (time.Duration, bool) { return p.prober.measure(ctx) }

// Answer answers a ping.
func (p Prober) Answer(m protocol.ControlMessage) { p.prober.answer(m) }

// Pong takes an answer.
func (p Prober) Pong(m protocol.ControlMessage, now time.Time) { p.prober.pong(m, now) }

// CollectAfter is how long a session waits for its channel if nobody can say no.
const CollectAfter = collectAfter

// Bounds of locality.
const (
	NearPair    = nearPair
	NearRTT     = nearRTT
	Pings       = pings
	FewestPongs = fewestPongs
	MostPings   = mostPings
)

// RemoteCandidates counts the addresses at which the other side is looked for.
func (c *Channel) RemoteCandidates() (count int) {
	for _, stats := range c.pairing.peer.pc.GetStats() {
		if s, ok := stats.(webrtc.ICECandidateStats); ok && s.Type == webrtc.StatsTypeRemoteCandidate {
			count++
		}
	}
	return count
}

// RemoteFingerprint is that of the certificate that the other side has used.
func (c *Channel) RemoteFingerprint() protocol.Fingerprint {
	return sha256.Sum256(c.pairing.peer.pc.SCTP().Transport().GetRemoteCertificate())
}

// Tell sends a message on the site's control channel, if that is open.
func (l *PendingLink) Tell(m protocol.ControlMessage) error { return l.pairing.peer.tell(m) }

// WhenReady waits until the site's end of the connection stands.
func (l *PendingLink) WhenReady(ctx context.Context) {
	select {
	case <-l.pairing.peer.ready:
	case <-ctx.Done():
	}
}

// Pinged closes the channel and counts the pings that came.
func (c *Channel) Pinged() int {
	c.Close()
	return c.pairing.gate.pinged
}

// Gathers reports whether the wallet has begun to look for its own addresses.
func (r *Request) Gathers() bool {
	return r.wallet.pairing.peer.pc.ICEGatheringState() != webrtc.ICEGatheringStateNew
}

// Gathers reports whether the site has begun to look for its own addresses.
func (l *PendingLink) Gathers() bool {
	return l.pairing.peer.pc.ICEGatheringState() != webrtc.ICEGatheringStateNew
}
