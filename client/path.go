package client

import (
	"fmt"
	"net"
	"time"

	"github.com/pion/webrtc/v4"
)

// PathKind says what lies between the two peers.
type PathKind string

// Kinds of path, named after the candidates of ICE.
const (
	// PathHost: nothing; both are on one machine or network.
	PathHost PathKind = "host"
	// PathSrflx: a network address translator of at least one side.
	PathSrflx PathKind = "srflx"
	// PathRelay: a TURN server.
	PathRelay PathKind = "relay"
)

// Path is the way that a channel takes. The zero value means that there is none
// yet.
type Path struct {
	Kind PathKind
	// RTT is the round-trip time as ICE last measured it; 0 if it has not.
	RTT time.Duration
}

// String returns "host, 0.3 ms".
func (p Path) String() string {
	if p.Kind == "" {
		return "none"
	}
	if p.RTT == 0 {
		return string(p.Kind)
	}
	return fmt.Sprintf("%s, %.1f ms", p.Kind, float64(p.RTT)/float64(time.Millisecond))
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// pathKind returns the longer of the ways to the two ends of a pair.
func pathKind(pair *webrtc.ICECandidatePair) PathKind {
	kind := PathHost
	for _, c := range []*webrtc.ICECandidate{pair.Local, pair.Remote} {
		switch {
		case c == nil:
		case c.Typ == webrtc.ICECandidateTypeRelay:
			return PathRelay
		case c.Typ == webrtc.ICECandidateTypeSrflx, c.Typ == webrtc.ICECandidateTypePrflx && !local(c.Address) && !sameMachine(pair):
			kind = PathSrflx
		}
	}
	return kind
}

// sameMachine reports whether both ends have one address: what was seen by a check
// was not behind anything.
func sameMachine(pair *webrtc.ICECandidatePair) bool {
	return pair.Local != nil && pair.Remote != nil && pair.Local.Address == pair.Remote.Address
}

// local reports whether an address is of one's own network. A peer that is seen
// before it told its address is called reflexive, whatever lies between.
func local(address string) bool {
	ip := net.ParseIP(address)
	return ip != nil && (ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast())
}
