package client

import (
	"net"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	"github.com/pion/transport/v4"
	"github.com/pion/webrtc/v4"

	"github.com/liaison-dev/liaison/protocol"
)

// ICE says how the peers look for a path. The zero value gathers the addresses
// of all interfaces, and asks the STUN and TURN servers that the link's server
// names. The addresses of the loopback interface are among them only if the
// server itself is reached over it.
type ICE struct {
	// LoopbackOnly uses the loopback interface and nothing else: both peers must
	// be on this machine. It is for tests and demonstrations.
	LoopbackOnly bool
	// net is the network that the peers use; nil for the machine's. Tests put
	// distance between the two.
	net transport.Net
}

// ICE's own patience: how long a path may be silent before it counts as
// disconnected, and how long after that before it counts as failed.
const (
	iceDisconnected = 5 * time.Second
	iceFailed       = 25 * time.Second
	iceKeepalive    = 2 * time.Second
)

func settings(config ICE, loopback bool) webrtc.SettingEngine {
	var s webrtc.SettingEngine
	s.LoggerFactory = &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled}
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	s.SetIncludeLoopbackCandidate(loopback || config.LoopbackOnly)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeQueryOnly) // browsers hide their addresses in .local names
	if config.LoopbackOnly {
		s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
		s.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
	}
	if config.net != nil {
		s.SetNet(config.net)
		s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	}
	s.SetICETimeouts(iceDisconnected, iceFailed, iceKeepalive)
	// A pair is nominated when a check of the other side arrives after our own
	// succeeded, and otherwise at the next tick, 200 ms later. A peer whose first
	// check overtakes its candidate is peer-reflexive until that comes; to wait
	// for it, as the library does by default, is to miss the tick.
	s.SetPrflxAcceptanceMinWait(0)
	s.SetSrflxAcceptanceMinWait(100 * time.Millisecond)
	s.SetRelayAcceptanceMinWait(500 * time.Millisecond)
	// ICE has shown that the address is the peer's own, so the cookie that DTLS
	// uses to find that out costs a round trip for nothing.
	s.SetDTLSInsecureSkipHelloVerify(true)
	s.SetSCTPMaxMessageSize(protocol.MaxChannelMessageBytes)
	return s
}

// newConnection makes a peer connection under a certificate.
func newConnection(config ICE, id identity, origin protocol.Origin, servers []protocol.ICEServer) (*webrtc.PeerConnection, error) {
	api := webrtc.NewAPI(webrtc.WithSettingEngine(settings(config, origin.Loopback())))
	configuration := webrtc.Configuration{Certificates: []webrtc.Certificate{*id.certificate}}
	for _, server := range servers {
		if config.LoopbackOnly {
			break
		}
		configuration.ICEServers = append(configuration.ICEServers, webrtc.ICEServer{
			URLs: server.URLs, Username: server.Username, Credential: server.Credential,
		})
	}
	return api.NewPeerConnection(configuration)
}
