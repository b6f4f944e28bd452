package client

import (
	"strings"
	"sync"

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

// peer is one end of the direct connection: a peer connection and the one
// channel on it.
type peer struct {
	// Fixed after newPeer.
	pc     *webrtc.PeerConnection
	send   func(protocol.PeerMessage) error // to the other side, through the server
	pathed func(*webrtc.ICECandidatePair)   // the path changed
	inbox  chan []byte
	opened chan struct{} // closed when the channel is open
	closed chan struct{} // closed when the channel was closed
	quit   chan struct{} // closed by close
	low    chan struct{} // holds a token when everything was sent
	once   sync.Once

	mu sync.Mutex
	// Guarded by mu.
	channel *webrtc.DataChannel
	state   webrtc.ICEConnectionState
	checks  int           // how often ICE began to look for a path
	changed chan struct{} // closed at the next change of state

	describing sync.Mutex
	// Guarded by describing: one description at a time, and no candidate of ours
	// before the description that it belongs to.
	local webrtc.SessionDescription // made, but not in force: nothing is gathered
	ufrag string                    // names the present start of ICE
	held  bool                      // keep candidates back
	kept  []protocol.PeerMessage
	early []webrtc.ICECandidateInit // the other side's, before its description
	taken int                       // candidates for the present description
}

func newPeer(pc *webrtc.PeerConnection, send func(protocol.PeerMessage) error, pathed func(*webrtc.ICECandidatePair)) *peer {
	p := &peer{
		pc: pc, send: send, pathed: pathed, held: true,
		inbox:  make(chan []byte, queuedMessages),
		opened: make(chan struct{}), closed: make(chan struct{}), quit: make(chan struct{}),
		low: make(chan struct{}, 1), changed: make(chan struct{}),
	}
	pc.OnICECandidate(p.found)
	pc.OnICEConnectionStateChange(p.moved)
	pc.OnDataChannel(p.offered)
	return p
}

// offer makes the site's first description, without gathering candidates: they
// would be stale when a wallet comes, and nobody shall know them before.
func (p *peer) offer() (protocol.PeerMessage, error) {
	channel, err := p.pc.CreateDataChannel(protocol.ChannelLabel, nil)
	if err != nil {
		return protocol.PeerMessage{}, err
	}
	p.adopt(channel)
	p.describing.Lock()
	defer p.describing.Unlock()
	p.local, err = p.pc.CreateOffer(nil)
	return protocol.PeerMessage{T: protocol.PeerOffer, SDP: p.local.SDP}, err
}

// answer makes the wallet's description for an offer, without gathering
// candidates.
func (p *peer) answer(offer protocol.PeerMessage) (protocol.PeerMessage, error) {
	p.describing.Lock()
	defer p.describing.Unlock()
	if err := p.setRemote(webrtc.SDPTypeOffer, offer.SDP); err != nil {
		return protocol.PeerMessage{}, err
	}
	var err error
	p.local, err = p.pc.CreateAnswer(nil)
	return protocol.PeerMessage{T: protocol.PeerAnswer, SDP: p.local.SDP}, err
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
		return p.setRemote(webrtc.SDPTypeAnswer, m.SDP)
	case m.T == protocol.PeerOffer && side == protocol.WalletSide:
		return p.answerNow(m.SDP)
	}
	return protocol.Errorf(protocol.InvalidPeer, "%s does not come from this side", m.T)
}

// answerNow is for an offer that comes after the claim: nothing has to wait.
func (p *peer) answerNow(offer string) error {
	p.held = true
	if err := p.setRemote(webrtc.SDPTypeOffer, offer); err != nil {
		return err
	}
	answer, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return err
	}
	return p.describe(protocol.PeerAnswer, answer)
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

func (p *peer) setRemote(t webrtc.SDPType, sdp string) error {
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
	p.describing.Lock()
	defer p.describing.Unlock()
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
	return p.pc.SetLocalDescription(local)
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

// offered is called on the wallet's side for each channel that the site opens.
func (p *peer) offered(channel *webrtc.DataChannel) {
	p.mu.Lock()
	first := p.channel == nil
	p.mu.Unlock()
	if channel.Label() != protocol.ChannelLabel || !first {
		_ = channel.Close()
		return
	}
	p.adopt(channel)
}

func (p *peer) adopt(channel *webrtc.DataChannel) {
	p.mu.Lock()
	p.channel = channel
	p.mu.Unlock()
	channel.OnBufferedAmountLow(func() {
		select {
		case p.low <- struct{}{}:
		default:
		}
	})
	channel.OnOpen(func() {
		p.pc.SCTP().Transport().ICETransport().OnSelectedCandidatePairChange(p.pathed)
		close(p.opened)
	})
	channel.OnClose(sync.OnceFunc(func() { close(p.closed) }))
	channel.OnMessage(func(m webrtc.DataChannelMessage) {
		select {
		case p.inbox <- m.Data:
		case <-p.quit:
		}
	})
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
