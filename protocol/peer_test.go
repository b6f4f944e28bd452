package protocol_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/protocol"
	"pgregory.net/rapid"
)

const (
	someFP      = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	someChannel = "l1.JxqCnb3z64Ype3YGxNdqTQVeuRzVB3SAIr9HJ8lhZQU"
	someSDP     = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n"
)

func fingerprintOf(t testing.TB, text string) (f protocol.Fingerprint) {
	t.Helper()
	if err := f.UnmarshalText([]byte(text)); err != nil {
		t.Fatalf("fingerprint %q: %v", text, err)
	}
	return f
}

// welcomeWith is a welcome that has these fields, too.
func welcomeWith(fields string) string {
	return `{"t":"welcome","v":1,"fp":"` + someFP + `","sdp":"","site":{"name":"Example","origin":"https://example.com"},"confirm":"none","locality":"report",` + fields + `}`
}

// somePeerMessages are one of each kind, with every field that it can have.
func somePeerMessages() []protocol.PeerMessage {
	fp, mid, line := protocol.Fingerprint{1, 2, 3}, "0", uint16(0)
	proof := protocol.Proof{Type: protocol.ProofARC60, Chain: protocol.AlgorandMainNet, Address: "ABC", Message: "text", Signature: protocol.Base64{1}, Meta: &protocol.ProofMeta{Signer: "DEF"}}
	issued := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	return []protocol.PeerMessage{
		{T: protocol.PeerHello, V: 1, FP: &fp, App: "Wallet 1.0 ünï"},
		{
			T: protocol.PeerWelcome, V: 1, FP: &fp, SDP: someSDP, Site: &protocol.Site{Name: "Example", Origin: "https://example.com"},
			SignIn: &protocol.SignInRequest{
				Domain: "example.com", URI: "https://example.com", Statement: "Hi.", Nonce: someNonce, IssuedAt: issued,
				ExpirationTime: issued.Add(protocol.SignInTTL), Chains: []protocol.ChainID{protocol.AlgorandMainNet},
			},
			Confirm: protocol.ConfirmShortCode, Locality: protocol.LocalityRequire, Resume: 2_592_000,
		},
		{T: protocol.PeerWelcome, V: 1, FP: &fp, Site: &protocol.Site{}, Confirm: protocol.ConfirmNone, Locality: protocol.LocalityOff},
		{T: protocol.PeerOffer, SDP: someSDP},
		{T: protocol.PeerAnswer, SDP: someSDP, Proof: &proof, Verified: true},
		{T: protocol.PeerICE, Candidate: "candidate:1 1 udp 1 192.0.2.1 1 typ host", SDPMid: &mid, SDPMLineIndex: &line},
		{T: protocol.PeerICE},
	}
}

func encoded(t testing.TB, m protocol.PeerMessage) []byte {
	t.Helper()
	data, err := m.Encode()
	if err != nil {
		t.Fatalf("encode %+v: %v", m, err)
	}
	return data
}

func TestPeerMessageRoundTrip(t *testing.T) {
	for _, want := range somePeerMessages() {
		data := encoded(t, want)
		got, err := protocol.ParsePeerMessage(data)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("ParsePeerMessage(%s) = %+v, %v; want %+v", data, got, err, want)
		}
		// What a later version adds is ignored.
		later := strings.Replace(string(data), "{", `{"later":{"t":1},`, 1)
		if got, err := protocol.ParsePeerMessage([]byte(later)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("ParsePeerMessage(%s) = %+v, %v; want %+v", later, got, err, want)
		}
	}
}

func TestParsePeerMessageRefuses(t *testing.T) {
	hello := func(fields string) string { return `{"t":"hello","v":1,"fp":"` + someFP + `",` + fields + `}` }
	without := func(field string) string { return strings.Replace(welcomeWith(`"resume":0`), field, "", 1) }
	with := func(old, field string) string { return strings.Replace(welcomeWith(`"resume":0`), old, field, 1) }
	for _, c := range []struct {
		name, data string
		want       protocol.Code
	}{
		{"empty", "", protocol.InvalidPeer},
		{"not JSON", `{`, protocol.InvalidPeer},
		{"two values", `{"t":"ice"}{"t":"ice"}`, protocol.InvalidPeer},
		{"null", `null`, protocol.InvalidPeer},
		{"a list", `[]`, protocol.InvalidPeer},
		{"no type", `{}`, protocol.InvalidPeer},
		{"unknown type", `{"t":"rumour"}`, protocol.InvalidPeer},
		{"type in upper case", `{"t":"ICE"}`, protocol.InvalidPeer},
		{"wrong type of a field", `{"t":"ice","candidate":1}`, protocol.InvalidPeer},
		{"hello without a version", `{"t":"hello","fp":"` + someFP + `"}`, protocol.UnsupportedVersion},
		{"hello of the next version", `{"t":"hello","v":2,"fp":"` + someFP + `"}`, protocol.UnsupportedVersion},
		{"hello without a certificate", `{"t":"hello","v":1}`, protocol.InvalidPeer},
		{"hello with null for a certificate", `{"t":"hello","v":1,"fp":null}`, protocol.InvalidPeer},
		{"certificate in upper case", `{"t":"hello","v":1,"fp":"` + strings.ToUpper(someFP) + `"}`, protocol.InvalidPeer},
		{"certificate too short", `{"t":"hello","v":1,"fp":"` + someFP[2:] + `"}`, protocol.InvalidPeer},
		{"certificate too long", `{"t":"hello","v":1,"fp":"` + someFP + `00"}`, protocol.InvalidPeer},
		{"certificate with a colon", `{"t":"hello","v":1,"fp":"01:` + someFP[3:] + `"}`, protocol.InvalidPeer},
		{"name of an app too long", hello(`"app":"` + strings.Repeat("x", protocol.MaxNameBytes+1) + `"`), protocol.InvalidPeer},
		{"name of an app that turns text around", hello(`"app":"a\u202eb"`), protocol.InvalidPeer},
		{"name of an app with a line break", hello(`"app":"a\nb"`), protocol.InvalidPeer},
		{"name of an app that is not UTF-8", hello("\"app\":\"a\xffb\""), protocol.InvalidPeer},
		{"welcome of the next version", with(`"v":1`, `"v":2`), protocol.UnsupportedVersion},
		{"welcome without a certificate", without(`"fp":"` + someFP + `",`), protocol.InvalidPeer},
		{"welcome without a site", without(`"site":{"name":"Example","origin":"https://example.com"},`), protocol.InvalidPeer},
		{"welcome without a way to confirm", without(`"confirm":"none",`), protocol.InvalidPeer},
		{"welcome with an unknown way to confirm", with(`"none"`, `"blink"`), protocol.InvalidPeer},
		{"welcome without locality", without(`"locality":"report",`), protocol.InvalidPeer},
		{"welcome with an unknown locality", with(`"report"`, `"here"`), protocol.InvalidPeer},
		{"resumption of negative length", welcomeWith(`"resume":-1`), protocol.InvalidPeer},
		{"resumption for too long", welcomeWith(`"resume":2592001`), protocol.InvalidPeer},
		{"resumption for so long that it comes out short", welcomeWith(`"resume":18446744074`), protocol.InvalidPeer},
		{"resumption for part of a second", welcomeWith(`"resume":1.5`), protocol.InvalidPeer},
		{"candidate of two lines", `{"t":"ice","candidate":"a\r\nb"}`, protocol.InvalidPeer},
		{"candidate too long", `{"t":"ice","candidate":"` + strings.Repeat("x", 1025) + `"}`, protocol.InvalidPeer},
		{"index of an m-line too large", `{"t":"ice","candidate":"","sdpMLineIndex":65536}`, protocol.InvalidPeer},
		{"too large", `{"t":"ice","x":"` + strings.Repeat("a", protocol.MaxPeerBytes) + `"}`, protocol.TooLarge},
	} {
		got, err := protocol.ParsePeerMessage([]byte(c.data))
		if protocol.CodeOf(err) != c.want || !reflect.DeepEqual(got, protocol.PeerMessage{}) {
			t.Errorf("%s: ParsePeerMessage(%.120q) = %+v, %v; want nothing and %s", c.name, c.data, got, err, c.want)
		}
	}
}

// TestLargestPeerMessageFitsInAFrame: sealed and in base64url, the largest
// message is no larger than a frame may be, and one more byte is refused.
func TestLargestPeerMessageFitsInAFrame(t *testing.T) {
	m := protocol.PeerMessage{T: protocol.PeerOffer, SDP: "x"}
	m.SDP = strings.Repeat("x", protocol.MaxPeerBytes-len(encoded(t, m))+1)
	const nonceAndTag = 32 + 16
	if got := (len(encoded(t, m)) + nonceAndTag + 2) / 3 * 4; got > protocol.MaxFrameBytes {
		t.Errorf("largest message, sealed: got %d characters, want at most %d", got, protocol.MaxFrameBytes)
	}
	if _, err := protocol.ParsePeerMessage(encoded(t, m)); err != nil {
		t.Errorf("largest message: %v, want it read", err)
	}
	m.SDP += "x"
	if data, err := m.Encode(); protocol.CodeOf(err) != protocol.TooLarge {
		t.Errorf("message of one byte more: got %d bytes, %v; want %s", len(data), err, protocol.TooLarge)
	}
}

func TestResumeFor(t *testing.T) {
	if got := (protocol.PeerMessage{Resume: 2_592_000}).ResumeFor(); got != protocol.MaxResume {
		t.Errorf("2592000 seconds are %s, want %s", got, protocol.MaxResume)
	}
}

func TestFingerprint(t *testing.T) {
	f := fingerprintOf(t, someFP)
	text, err := f.MarshalText()
	if err != nil || string(text) != someFP || f.String() != someFP {
		t.Errorf("fingerprint %s is written as %s and %s, %v", someFP, f, text, err)
	}
	for _, text := range []string{"", someFP[1:], someFP + "0", "g" + someFP[1:], strings.ToUpper(someFP), " " + someFP[1:], "é" + someFP[2:]} {
		if err := new(protocol.Fingerprint).UnmarshalText([]byte(text)); protocol.CodeOf(err) != protocol.InvalidPeer {
			t.Errorf("fingerprint %q: %v, want %s", text, err, protocol.InvalidPeer)
		}
	}
}

func TestLocality(t *testing.T) {
	levels := protocol.Localities()
	for i, level := range levels {
		if got, err := protocol.ParseLocality(string(level)); err != nil || got != level {
			t.Errorf("ParseLocality(%q) = %q, %v", level, got, err)
		}
		for j, other := range levels {
			if got, want := level.Stricter(other), levels[max(i, j)]; got != want {
				t.Errorf("stricter of %s and %s: got %s, want %s", level, other, got, want)
			}
		}
		// What nobody knows is stricter than nothing.
		if got := level.Stricter("tomorrow"); got != level {
			t.Errorf("stricter of %s and an unknown level: got %s, want %s", level, got, level)
		}
	}
	for _, text := range []string{"", "Report", "local", " off"} {
		if got, err := protocol.ParseLocality(text); got != "" || protocol.CodeOf(err) != protocol.InvalidMessage {
			t.Errorf("ParseLocality(%q) = %q, %v; want nothing and %s", text, got, err, protocol.InvalidMessage)
		}
	}
}

// TestCheckSDPFindsEveryChange: a description whose certificate differs in one
// digit, wherever, is refused, and so is one with any other character in it.
func TestCheckSDPFindsEveryChange(t *testing.T) {
	file := sdpVectors(t)
	good, fingerprint := file.Valid[0].SDP, fingerprintOf(t, file.Fingerprint)
	at := strings.Index(good, "a=fingerprint:sha-256 ") + len("a=fingerprint:sha-256 ")
	rapid.Check(t, func(t *rapid.T) {
		i := at + rapid.IntRange(0, 3*32-2).Draw(t, "place")
		c := rapid.Byte().Draw(t, "byte")
		changed := good[:i] + string([]byte{c}) + good[i+1:]
		if strings.EqualFold(changed, good) {
			return
		}
		if err := protocol.CheckSDP(changed, fingerprint, true); protocol.CodeOf(err) != protocol.InvalidPeer {
			t.Fatalf("CheckSDP(%q): %v, want %s", changed, err, protocol.InvalidPeer)
		}
	})
	for i := range fingerprint {
		for bit := range 8 {
			other := fingerprint
			other[i] ^= 1 << bit
			if protocol.CheckSDP(good, other, true) == nil {
				t.Errorf("CheckSDP takes certificate %s for %s", file.Fingerprint, other)
			}
		}
	}
}
