package client

import (
	"context"
	"encoding/json"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/liaison-dev/liaison/protocol"
)

const (
	// queuedMessages that came over the channel and were not received yet. More
	// wait at the other side.
	queuedMessages = 64
	// maxBuffered is how much may wait to be sent before Send waits, too.
	maxBuffered = 1 << 20
)

// peer is one end of the direct connection: a peer connection and the two
// channels on it.
type peer struct {
	// Fixed after newPeer.
	pc       *webrtc.PeerConnection
	send     func(protocol.PeerMessage) error // to the other side, through the server
	pathed   func(*webrtc.ICECandidatePair)   // the path changed
	inbox    chan []byte                      // of the application's channel
	controls chan []byte                      // of the control channel
	ready    chan struct{}                    // closed when both channels are open
	closed   chan struct{}                    // closed when one of them was closed
	broken   chan struct{}                    // closed when DTLS has failed
	quit     chan struct{}                    // closed by close
	low      chan struct{}                    // holds a token when everything was sent
	gone     func()                           // closes closed
	once     sync.Once

	mu sync.Mutex
	// Guarded by mu.
	channel *webrtc.DataChannel
	control *webrtc.DataChannel
	liquid  bool // the wallet speaks the dialect: one channel, and that is its own
	opening int  // channels that are not open yet
	state   webrtc.ICEConnectionState
	checks  int           // how often ICE began to look for a path
	changed chan struct{} // closed at the next change of state

	// Atomic.
	enforcing atomic.Bool // a description of ours comes into force
	endDue    atomic.Bool // and meanwhile all candidates were found

	describing sync.Mutex
	// Guarded by describing: one description at a time, and no candidate of ours
	// before the description that it belongs to.
	remote protocol.Fingerprint      // of the other side's certificate
	local  webrtc.SessionDescription // made, but not in force: nothing is gathered
	ufrag  string                    // names the present start of ICE
	held   bool                      // keep candidates back
	kept   []protocol.PeerMessage
	early  []webrtc.ICECandidateInit // the other side's, before its description
	taken  int                       // candidates for the present description
}

func newPeer(pc *webrtc.PeerConnection, send func(protocol.PeerMessage) error, pathed func(*webrtc.ICECandidatePair)) *peer {
	p := &peer{
		pc: pc, send: send, pathed: pathed, held: true, opening: 2,
		inbox: make(chan []byte, queuedMessages), controls: make(chan []byte, queuedMessages),
		ready: make(chan struct{}), closed: make(chan struct{}), broken: make(chan struct{}), quit: make(chan struct{}),
		low: make(chan struct{}, 1), changed: make(chan struct{}),
	}
	p.gone = sync.OnceFunc(func() { close(p.closed) })
	pc.OnICECandidate(p.found)
	pc.OnICEConnectionStateChange(p.moved)
	pc.OnDataChannel(p.offered)
	broke := sync.OnceFunc(func() { close(p.broken) })
	pc.SCTP().Transport().OnStateChange(func(state webrtc.DTLSTransportState) {
		if state == webrtc.DTLSTransportStateFailed {
			broke()
		}
	})
	return p
}

// expect says which certificate the other side must have.
func (p *peer) expect(remote protocol.Fingerprint) {
	p.describing.Lock()
	defer p.describing.Unlock()
	p.remote = remote
}

// checkRemote compares the certificate that DTLS really used with the one that
// is expected.
func (p *peer) checkRemote() error {
	p.describing.Lock()
	defer p.describing.Unlock()
	return checkCertificate(p.pc.SCTP().Transport().GetRemoteCertificate(), p.remote)
}

// sawStranger reports whether DTLS, which failed, was shown a certificate that is
// not the other side's.
func (p *peer) sawStranger() bool {
	return p.pc.SCTP().Transport().GetRemoteCertificate() != nil && p.checkRemote() != nil
}

// offer makes the site's first description, without gathering candidates: they
// would be stale when a wallet comes, and nobody shall know them before.
func (p *peer) offer() (sdp string, err error) {
	for _, label := range []string{protocol.ControlLabel, protocol.ChannelLabel} {
		channel, err := p.pc.CreateDataChannel(label, nil)
		if err != nil {
			return "", err
		}
		p.adopt(channel)
	}
	p.describing.Lock()
	defer p.describing.Unlock()
	p.local, err = p.pc.CreateOffer(nil)
	return p.local.SDP, err
}

// answer makes the wallet's description for the first offer, without gathering
// candidates.
func (p *peer) answer(offer string) (sdp string, err error) {
	p.describing.Lock()
	defer p.describing.Unlock()
	if err := p.setRemote(webrtc.SDPTypeOffer, offer, true); err != nil {
		return "", err
	}
	p.local, err = p.pc.CreateAnswer(nil)
	return p.local.SDP, err
}

// answered applies the wallet's first description.
func (p *peer) answered(sdp string) error {
	p.describing.Lock()
	defer p.describing.Unlock()
	return p.setRemote(webrtc.SDPTypeAnswer, sdp, true)
}

// gather puts the description that was made in force. The candidates are kept
// until release.
func (p *peer) gather() error {
	p.describing.Lock()
	defer p.describing.Unlock()
	return p.enforce(p.local)
}

// release sends the candidates that were kept, and from now on each when it is
// found.
func (p *peer) release() error {
	p.describing.Lock()
	defer p.describing.Unlock()
	return p.releaseLocked()
}

func (p *peer) releaseLocked() error {
	p.held = false
	for _, m := range p.kept {
		if err := p.send(m); err != nil {
			return err
		}
	}
	p.kept = nil
	return nil
}

// take applies a message of the other side.
func (p *peer) take(side protocol.Side, m protocol.PeerMessage) error {
	p.describing.Lock()
	defer p.describing.Unlock()
	switch {
	case m.T == protocol.PeerICE:
		p.candidate(webrtc.ICECandidateInit{Candidate: m.Candidate, SDPMid: m.SDPMid, SDPMLineIndex: m.SDPMLineIndex})
		return nil
	case m.T == protocol.PeerAnswer && side == protocol.SiteSide:
		return p.setRemote(webrtc.SDPTypeAnswer, m.SDP, false)
	case m.T == protocol.PeerOffer && side == protocol.WalletSide:
		return p.answerNow(m.SDP)
	}
	return protocol.Errorf(protocol.InvalidPeer, "%s does not come from this side", m.T)
}

// answerNow is for an offer that comes after the claim: nothing has to wait.
func (p *peer) answerNow(offer string) error {
	p.held = true
	if err := p.setRemote(webrtc.SDPTypeOffer, offer, false); err != nil {
		return err
	}
	answer, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return err
	}
	return p.describe(protocol.PeerAnswer, answer)
}

// speakLiquid prepares for an end of the dialect: one channel, and a certificate
// that nobody has named beforehand.
func (p *peer) speakLiquid() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.liquid, p.opening = true, 1
}

// offerUnsealed is a wallet's part in the dialect: it opens the one channel, and
// offers.
func (p *peer) offerUnsealed() error {
	channel, err := p.pc.CreateDataChannel(protocol.LiquidLabel, nil)
	if err != nil {
		return err
	}
	p.adopt(channel)
	p.describing.Lock()
	defer p.describing.Unlock()
	offer, err := p.pc.CreateOffer(nil)
	if err != nil {
		return err
	}
	return p.describe(protocol.PeerOffer, offer)
}

// takeUnsealed applies a message of the end of a dialect, whose descriptions are of
// the given type. The first one says what its certificate is, and the later ones
// cannot change that. Nothing that it says is looked up: to be given a name is to be
// told to ask for it.
func (p *peer) takeUnsealed(described protocol.PeerType, m protocol.PeerMessage) error {
	p.describing.Lock()
	defer p.describing.Unlock()
	switch {
	case m.T == protocol.PeerICE && namesNobody(m.Candidate):
		p.candidate(webrtc.ICECandidateInit{Candidate: m.Candidate, SDPMid: m.SDPMid, SDPMLineIndex: m.SDPMLineIndex})
		return nil
	case m.T == protocol.PeerICE:
		return nil
	case m.T != described:
		return protocol.Errorf(protocol.InvalidPeer, "%s does not come from this side", m.T)
	}
	if m.T == protocol.PeerAnswer && p.pc.SignalingState() != webrtc.SignalingStateHaveLocalOffer {
		return nil // to an offer that was sent twice
	}
	remote, err := protocol.CheckUnsealedSDP(m.SDP)
	if err != nil {
		return err
	}
	if p.pc.RemoteDescription() == nil {
		p.remote = remote
	}
	sdp, candidates := takeCandidates(m.SDP)
	if m.T == protocol.PeerOffer {
		err = p.answerNow(sdp)
	} else {
		err = p.setRemote(webrtc.SDPTypeAnswer, sdp, false)
	}
	if err != nil {
		return err
	}
	for _, c := range candidates {
		if namesNobody(c) {
			p.candidate(webrtc.ICECandidateInit{Candidate: c, SDPMLineIndex: new(uint16)})
		}
	}
	return nil
}

// takeCandidates takes the candidates out of a description.
func takeCandidates(sdp string) (rest string, candidates []string) {
	var b strings.Builder
	for line := range strings.SplitAfterSeq(sdp, "\r\n") {
		if name, _, _ := strings.Cut(line, ":"); strings.EqualFold(name, "a=candidate") {
			candidates = append(candidates, strings.TrimRight(line[len("a="):], "\r\n"))
			continue
		}
		b.WriteString(line)
	}
	return b.String(), candidates
}

// namesNobody reports whether a candidate says where it is with an address, or says
// nothing.
func namesNobody(candidate string) bool {
	fields := strings.Fields(candidate)
	if len(fields) == 0 {
		return true
	}
	return len(fields) > 4 && net.ParseIP(fields[4]) != nil
}

// describe puts a description in force, sends it, and its candidates after it.
func (p *peer) describe(t protocol.PeerType, local webrtc.SessionDescription) error {
	if err := p.enforce(local); err != nil {
		return err
	}
	if err := p.send(protocol.PeerMessage{T: t, SDP: local.SDP}); err != nil {
		return err
	}
	return p.releaseLocked()
}

// restart offers a new start of ICE. One that is under way is enough.
func (p *peer) restart() error {
	p.describing.Lock()
	defer p.describing.Unlock()
	if p.pc.SignalingState() != webrtc.SignalingStateStable {
		return nil
	}
	p.held, p.kept = true, nil
	offer, err := p.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: true})
	if err != nil {
		return err
	}
	return p.describe(protocol.PeerOffer, offer)
}

// setRemote puts a description of the other side in force. The first of a side
// holds no candidate: to look up the name in one would tell the local network
// that the code was scanned, before the person has agreed to anything.
func (p *peer) setRemote(t webrtc.SDPType, sdp string, first bool) error {
	if err := protocol.CheckSDP(sdp, p.remote, first); err != nil {
		return err
	}
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: t, SDP: sdp}); err != nil {
		return protocol.Errorf(protocol.InvalidPeer, "the session description is not usable")
	}
	p.taken = 0
	early := p.early
	p.early = nil
	for _, c := range early {
		p.candidate(c)
	}
	return nil
}

// candidate adds a candidate of the other side. One that cannot be used, or one
// too many, is left out: another may do.
func (p *peer) candidate(c webrtc.ICECandidateInit) {
	if p.taken++; p.taken > protocol.MaxCandidates {
		return
	}
	if p.pc.RemoteDescription() == nil {
		p.early = append(p.early, c)
		return
	}
	_ = p.pc.AddICECandidate(c)
}

// found is called by ICE for each candidate of ours, and with nil after the
// last.
func (p *peer) found(c *webrtc.ICECandidate) {
	if c == nil && p.enforcing.Load() { // the library may call from within SetLocalDescription
		p.endDue.Store(true)
		return
	}
	p.describing.Lock()
	defer p.describing.Unlock()
	p.foundLocked(c)
}

func (p *peer) foundLocked(c *webrtc.ICECandidate) {
	m := protocol.PeerMessage{T: protocol.PeerICE}
	if c != nil {
		if p.stale(c) {
			return
		}
		json := c.ToJSON()
		m.Candidate, m.SDPMid, m.SDPMLineIndex = json.Candidate, json.SDPMid, json.SDPMLineIndex
	}
	if p.held {
		p.kept = append(p.kept, m)
		return
	}
	_ = p.send(m) // one candidate less; too long, or the codec is spent
}

// stale reports whether a candidate was found before the last restart of ICE.
// (The library's own answer, GetLocalParameters, races with its start.)
func (p *peer) stale(c *webrtc.ICECandidate) bool {
	_, rest, ok := strings.Cut(c.ToJSON().Candidate, " ufrag ")
	ufrag, _, _ := strings.Cut(rest, " ")
	return ok && ufrag != p.ufrag
}

// enforce puts a description of ours in force.
func (p *peer) enforce(local webrtc.SessionDescription) error {
	_, rest, _ := strings.Cut(local.SDP, "\na=ice-ufrag:")
	ufrag, _, _ := strings.Cut(rest, "\n")
	p.ufrag = strings.TrimSuffix(ufrag, "\r")
	p.enforcing.Store(true)
	err := p.pc.SetLocalDescription(local)
	p.enforcing.Store(false)
	if p.endDue.Swap(false) {
		p.foundLocked(nil)
	}
	return err
}

// moved is called when ICE changes its state.
func (p *peer) moved(state webrtc.ICEConnectionState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = state
	if state == webrtc.ICEConnectionStateChecking {
		p.checks++
	}
	close(p.changed)
	p.changed = make(chan struct{})
}

// ice returns the state of ICE, how often it began to look for a path, and a
// channel that is closed when either changes.
func (p *peer) ice() (state webrtc.ICEConnectionState, checks int, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state, p.checks, p.changed
}

func iceUp(state webrtc.ICEConnectionState) bool {
	return state == webrtc.ICEConnectionStateConnected || state == webrtc.ICEConnectionStateCompleted
}

// offered is called for each channel that the other side opens.
func (p *peer) offered(channel *webrtc.DataChannel) {
	p.mu.Lock()
	known := channel.Label() == protocol.ChannelLabel && p.channel == nil ||
		channel.Label() == protocol.ControlLabel && p.control == nil
	if p.liquid {
		known = channel.Label() == protocol.LiquidLabel && p.channel == nil
	}
	p.mu.Unlock()
	if !known {
		_ = channel.Close()
		return
	}
	p.adopt(channel)
}

func (p *peer) adopt(channel *webrtc.DataChannel) {
	into := p.inbox
	p.mu.Lock()
	if channel.Label() == protocol.ControlLabel {
		p.control, into = channel, p.controls
	} else {
		p.channel = channel
		channel.OnBufferedAmountLow(func() {
			select {
			case p.low <- struct{}{}:
			default:
			}
		})
	}
	p.mu.Unlock()
	channel.OnOpen(p.channelOpen)
	channel.OnClose(p.gone)
	channel.OnMessage(func(m webrtc.DataChannelMessage) {
		select {
		case into <- m.Data:
		case <-p.quit:
		}
	})
}

// channelOpen is called once for each of the two channels.
func (p *peer) channelOpen() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.opening--; p.opening == 0 {
		p.pc.SCTP().Transport().ICETransport().OnSelectedCandidatePairChange(p.pathed)
		close(p.ready)
	}
}

// tell sends a message on the control channel.
func (p *peer) tell(m protocol.ControlMessage) error {
	p.mu.Lock()
	control := p.control
	p.mu.Unlock()
	if control == nil {
		return &Error{Code: protocol.ChannelClosed, Op: "send control message"}
	}
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return control.SendText(string(data))
}

// drainControl waits until the other side has taken what was told.
func (p *peer) drainControl(ctx context.Context) {
	p.mu.Lock()
	control := p.control
	p.mu.Unlock()
	if control == nil {
		return
	}
	taken := make(chan struct{}, 1)
	control.OnBufferedAmountLow(func() {
		select {
		case taken <- struct{}{}:
		default:
		}
	})
	for control.BufferedAmount() > 0 && ctx.Err() == nil && !isClosed(p.closed) {
		timer := time.NewTimer(50 * time.Millisecond) // it may have been low before
		select {
		case <-taken:
		case <-timer.C:
		case <-p.closed:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// dataChannel returns the channel; nil before there is one.
func (p *peer) dataChannel() *webrtc.DataChannel {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.channel
}

func (p *peer) path() Path {
	transport := p.pc.SCTP().Transport().ICETransport()
	pair, err := transport.GetSelectedCandidatePair()
	if err != nil || pair == nil {
		return Path{}
	}
	path := Path{Kind: pathKind(pair)}
	if stats, ok := transport.GetSelectedCandidatePairStats(); ok {
		path.RTT = seconds(stats.CurrentRoundTripTime)
	}
	return path
}

// close ends everything and waits for the library's goroutines. It must not be
// called from one of them.
func (p *peer) close() {
	p.once.Do(func() {
		close(p.quit)
		_ = p.pc.GracefulClose() // there is nothing that could still be done
	})
}
