package protocol_test

import (
	"encoding/base64"
	"reflect"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison/protocol"
	"pgregory.net/rapid"
)

const someSDP = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n"

func payload(json string) string { return base64.RawURLEncoding.EncodeToString([]byte(json)) }

func payloadOf(t testing.TB, m protocol.PeerMessage) string {
	t.Helper()
	p, err := m.Payload()
	if err != nil {
		t.Fatalf("payload of %+v: %v", m, err)
	}
	return p
}

func TestPeerMessageRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mid, line := rapid.StringMatching(`[a-z0-9]{0,4}`).Draw(t, "mid"), rapid.Uint16().Draw(t, "line")
		candidate := rapid.StringMatching(`(candidate:[ -~]{0,200})?`).Draw(t, "candidate")
		for _, want := range []protocol.PeerMessage{
			{T: protocol.PeerOffer, SDP: someSDP + strings.Repeat("a=candidate:x\r\n", rapid.IntRange(0, protocol.MaxCandidates).Draw(t, "candidates"))},
			{T: protocol.PeerAnswer, SDP: someSDP},
			{T: protocol.PeerICE, Candidate: candidate, SDPMid: &mid, SDPMLineIndex: &line},
			{T: protocol.PeerICE, Candidate: candidate},
		} {
			encoded, err := want.Payload()
			if err != nil {
				t.Fatalf("payload of %+v: %v", want, err)
			}
			got, err := protocol.ParsePeerMessage(encoded)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("ParsePeerMessage of %+v = %+v, %v", want, got, err)
			}
		}
	})
}

func TestParsePeerMessageRefuses(t *testing.T) {
	sdp := func(s string) string {
		return payloadOf(t, protocol.PeerMessage{T: protocol.PeerOffer, SDP: s})
	}
	good := payload(`{"t":"ice","candidate":""}`)
	for _, c := range []struct {
		name, payload string
		want          protocol.Code
	}{
		{"empty", "", protocol.InvalidPeer},
		{"not base64url", "a+/b", protocol.InvalidPeer},
		{"padded", base64.URLEncoding.EncodeToString([]byte(`{"t":"ice","candidate":"x"}`)) + "=", protocol.InvalidPeer},
		{"line break inside", good[:8] + "\n" + good[8:], protocol.InvalidPeer},
		{"bits left over", good[:len(good)-1] + "R", protocol.InvalidPeer},
		{"not JSON", payload(`{`), protocol.InvalidPeer},
		{"null", payload(`null`), protocol.InvalidPeer},
		{"no type", payload(`{}`), protocol.InvalidPeer},
		{"unknown type", payload(`{"t":"hello"}`), protocol.InvalidPeer},
		{"wrong type of a field", payload(`{"t":"ice","candidate":1}`), protocol.InvalidPeer},
		{"offer without a description", payload(`{"t":"offer"}`), protocol.InvalidPeer},
		{"description that begins otherwise", sdp("x" + someSDP), protocol.InvalidPeer},
		{"no m-line", sdp("v=0\r\ns=-\r\n"), protocol.InvalidPeer},
		{"two m-lines", sdp(someSDP + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"), protocol.InvalidPeer},
		{"audio", sdp(strings.Replace(someSDP, "m=application", "m=audio", 1)), protocol.InvalidPeer},
		{"audio beside", sdp(someSDP + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n"), protocol.InvalidPeer},
		{"audio behind a return", sdp(someSDP + "a=x\rm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n"), protocol.InvalidPeer},
		{"too many candidates", sdp(someSDP + strings.Repeat("a=candidate:x\r\n", protocol.MaxCandidates+1)), protocol.InvalidPeer},
		{"description too large", sdp(someSDP + "a=" + strings.Repeat("x", protocol.MaxSDPBytes)), protocol.InvalidPeer},
		{"candidate of two lines", payload(`{"t":"ice","candidate":"a\r\nb"}`), protocol.InvalidPeer},
		{"candidate too long", payload(`{"t":"ice","candidate":"` + strings.Repeat("x", 1025) + `"}`), protocol.InvalidPeer},
		{"payload too large", strings.Repeat("a", protocol.MaxFrameBytes+1), protocol.TooLarge},
	} {
		got, err := protocol.ParsePeerMessage(c.payload)
		if protocol.CodeOf(err) != c.want || !reflect.DeepEqual(got, protocol.PeerMessage{}) {
			t.Errorf("%s: ParsePeerMessage(%.80q) = %+v, %v; want nothing and %s", c.name, c.payload, got, err, c.want)
		}
	}
}
