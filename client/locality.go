package client

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"github.com/liaison-dev/liaison/protocol"
)

// Bounds of spec/sealed.md §8.
const (
	// nearPair is how long a round trip between two host candidates may take: a
	// tunnel makes far networks look like one, and global IPv6 addresses are host
	// candidates wherever they are.
	nearPair = 50 * time.Millisecond
	// nearRTT is what counts as near over any pair without a relay. Light alone
	// makes 3,000 km of it; with the radio of a phone it is a city.
	nearRTT = 30 * time.Millisecond

	pings       = 20
	fewestPongs = 10
	pingEvery   = 10 * time.Millisecond
	// lastPong is how long the last pong may take.
	lastPong = 2 * time.Second
)

// LocalityReport is what a side has found out about where the other one is. The
// zero value means that nothing was measured.
type LocalityReport struct {
	// Network is what the server says of the two addresses; it could lie.
	Network protocol.Network
	// Path is what lies between the two.
	Path PathKind
	// RTT is the least round trip, if RTTKnown.
	RTT      time.Duration
	RTTKnown bool
	// Local says whether that is near enough for the level that was asked for.
	Local bool
}

// String says it for people.
func (r LocalityReport) String() string {
	where := "the network is not known"
	switch r.Network {
	case protocol.NetworkSameAddress, protocol.NetworkSame:
		where = "the same network, the server says"
	case protocol.NetworkDifferent:
		where = "another network, the server says"
	}
	if !r.RTTKnown {
		return where
	}
	return fmt.Sprintf("%s; %s", where, Path{Kind: r.Path, RTT: r.RTT})
}

// nearEnough decides. What the server says counts for prefer alone.
func (r LocalityReport) nearEnough(level protocol.Locality) bool {
	if r.measuredNear() {
		return true
	}
	same := r.Network == protocol.NetworkSameAddress || r.Network == protocol.NetworkSame
	return same && level != protocol.LocalityRequire
}

// measuredNear decides by what this side has measured itself.
func (r LocalityReport) measuredNear() bool {
	switch {
	case !r.RTTKnown, r.Path == PathRelay, r.Path == "":
		return false
	case r.Path == PathHost:
		return r.RTT <= nearPair
	}
	return r.RTT <= nearRTT
}

// prober measures round trips over the control channel. Each ping has a nonce of
// its own, and only the other end can make the answer to it, once.
type prober struct {
	envelope *envelope
	tell     func(protocol.ControlMessage) error

	mu sync.Mutex
	// Guarded by mu.
	waiting map[[protocol.PingBytes]byte]time.Time
	least   time.Duration
	good    int
	all     chan struct{} // closed when every ping has its pong
}

func newProber(e *envelope, tell func(protocol.ControlMessage) error) *prober {
	return &prober{envelope: e, tell: tell, waiting: make(map[[protocol.PingBytes]byte]time.Time), all: make(chan struct{})}
}

// measure, called once, sends all pings and returns the least of the round
// trips; known is false if too few were answered.
func (p *prober) measure(ctx context.Context) (least time.Duration, known bool) {
	for range pings {
		if ctx.Err() != nil || p.ping() != nil {
			break
		}
		select {
		case <-time.After(pingEvery):
		case <-ctx.Done():
		}
	}
	select {
	case <-p.all:
	case <-time.After(lastPong):
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.least, p.good >= fewestPongs
}

func (p *prober) ping() error {
	var nonce [protocol.PingBytes]byte
	rand.Read(nonce[:])
	p.mu.Lock()
	p.waiting[nonce] = time.Now()
	p.mu.Unlock()
	return p.tell(protocol.ControlMessage{T: protocol.ControlPing, Nonce: nonce[:]})
}

// answer answers a ping of the other side. That nobody is there to hear it any
// more is no fault of that side.
func (p *prober) answer(m protocol.ControlMessage) {
	mac := p.envelope.keys().Pong([protocol.PingBytes]byte(m.Nonce))
	_ = p.tell(protocol.ControlMessage{T: protocol.ControlPong, Nonce: m.Nonce, MAC: mac[:]})
}

// pong takes an answer. One to nothing that was asked, or made by somebody else,
// is dropped.
func (p *prober) pong(m protocol.ControlMessage, now time.Time) {
	nonce := [protocol.PingBytes]byte(m.Nonce)
	if !p.envelope.keys().CheckPong(nonce, m.MAC) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	sent, ok := p.waiting[nonce]
	if !ok {
		return
	}
	delete(p.waiting, nonce)
	if rtt := now.Sub(sent); p.good == 0 || rtt < p.least {
		p.least = rtt
	}
	if p.good++; p.good == pings {
		close(p.all)
	}
}
