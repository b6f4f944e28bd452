package client_test

import (
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/liaison-dev/liaison/client"
)

// TestPathKind: the kind of a path is that of its farther end; one that a check has
// found is near if it is at an address of a private network, or at our own.
func TestPathKind(t *testing.T) {
	candidate := func(typ webrtc.ICECandidateType, address string) *webrtc.ICECandidate {
		return &webrtc.ICECandidate{Typ: typ, Address: address}
	}
	const host, prflx, srflx, relay = webrtc.ICECandidateTypeHost, webrtc.ICECandidateTypePrflx, webrtc.ICECandidateTypeSrflx, webrtc.ICECandidateTypeRelay
	for _, test := range []struct {
		local, remote *webrtc.ICECandidate
		want          client.PathKind
	}{
		{candidate(host, "203.0.113.1"), candidate(host, "203.0.113.2"), client.PathHost},
		{candidate(host, "192.168.7.1"), candidate(prflx, "192.168.7.2"), client.PathHost},
		{candidate(host, "203.0.113.1"), candidate(prflx, "203.0.113.1"), client.PathHost},
		{candidate(host, "203.0.113.1"), candidate(prflx, "203.0.113.2"), client.PathSrflx},
		{candidate(prflx, "203.0.113.1"), candidate(host, "192.168.7.2"), client.PathSrflx},
		{candidate(srflx, "203.0.113.1"), candidate(srflx, "203.0.113.1"), client.PathSrflx},
		{candidate(host, "203.0.113.1"), candidate(relay, "203.0.113.1"), client.PathRelay},
	} {
		if got := client.PathKindOf(&webrtc.ICECandidatePair{Local: test.local, Remote: test.remote}); got != test.want {
			t.Errorf("%s %s to %s %s: %s, want %s", test.local.Typ, test.local.Address, test.remote.Typ, test.remote.Address, got, test.want)
		}
	}
}
