package protocol_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"github.com/liaison-dev/liaison/protocol"
)

// fuzzText runs a parser of strings whose accepted input is its own one
// encoding.
func fuzzText[T ~string](f *testing.F, parse func(string) (T, error), seeds ...string) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := parse(s)
		switch {
		case err != nil && got != "":
			t.Errorf("parse(%q) = %q with error %v, want no result", s, got, err)
		case err != nil && !protocol.CodeOf(err).Known():
			t.Errorf("parse(%q): got code %s, want one of the table", s, protocol.CodeOf(err))
		case err == nil && string(got) != s:
			t.Errorf("parse(%q) = %q, want it as it was", s, got)
		}
	})
}

func FuzzParseRequestID(f *testing.F) {
	fuzzText(f, protocol.ParseRequestID, someID, "0123456789abcdef", "short", "0123456789abcde\n", "")
}

func FuzzParseChannelID(f *testing.F) {
	const id = "l1.JxqCnb3z64Ype3YGxNdqTQVeuRzVB3SAIr9HJ8lhZQU"
	fuzzText(f, protocol.ParseChannelID, id, id+"=", id[:45]+"V", "L"+id[1:], id[:20]+"\n"+id[20:], id[3:], "l1.", "")
}

func FuzzParseNonce(f *testing.F) {
	fuzzText(f, protocol.ParseNonce, someNonce, "short", someNonce+"-", "")
}

func FuzzParseChainID(f *testing.F) {
	fuzzText(f, protocol.ParseChainID, string(protocol.AlgorandMainNet), "eip155:1", "algorand:mainnet-v1.0", ":", "")
}

func FuzzParseAccount(f *testing.F) {
	fuzzText(f, protocol.ParseAccount, string(protocol.AlgorandMainNet)+":ABC", "eip155:1:0xab", "a:b:c:d", "::", "")
}

func FuzzParseOrigin(f *testing.F) {
	fuzzText(f, protocol.ParseOrigin, "https://example.com", "http://localhost:8080", "http://[::1]:8080", "https://example.com:443", "https://a@b", "https://[::1", "https://a:0")
}

func FuzzParseOriginUnsafe(f *testing.F) {
	fuzzText(f, protocol.ParseOriginUnsafe, "http://192.0.2.1", "http://example.com:80", "https://[2001:db8::1]:1")
}

func FuzzParseLink(f *testing.F) {
	file := linkVectors(f)
	for _, v := range file.Valid {
		f.Add(v.Link)
	}
	for _, v := range file.Invalid {
		f.Add(v.Link)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := protocol.ParseLink(s)
		if err != nil {
			if got != (protocol.Link{}) {
				t.Errorf("ParseLink(%q) = %+v with error %v, want no result", s, got, err)
			}
			return
		}
		if s != got.Reveal() && s != got.RevealWeb() {
			t.Errorf("ParseLink(%q): its forms are %q and %q, want one of them", s, got.Reveal(), got.RevealWeb())
		}
		if got.Sealed() != strings.Contains(s, "#") {
			t.Errorf("ParseLink(%q): sealed is %t, want a fragment to be sealed and nothing else", s, got.Sealed())
		}
		for _, form := range []string{got.Reveal(), got.RevealWeb()} {
			if again, err := protocol.ParseLink(form); err != nil || again != got {
				t.Errorf("ParseLink(%q), written from %q, = %+v, %v; want %+v", form, s, again, err, got)
			}
		}
		if _, err := protocol.ParseOrigin(string(got.Server)); err != nil {
			t.Errorf("ParseLink(%q): server %q is no origin: %v", s, got.Server, err)
		}
	})
}

// FuzzParseLiquidLink: a link without a secret leads to one server, under one name, and
// none with a secret is taken for it.
func FuzzParseLiquidLink(f *testing.F) {
	for _, s := range []string{
		"liquid://example.com/?requestId=424242", "liquid://example.com?requestId=a", "liquid://http://localhost:8080/?requestId=a-b",
		"https://example.com/l/?requestId=ABCDEFGHIJKLMNOP", "liquid://a/?requestId=b#1.AAAA", "liquid://?requestId=", "liquid://http:///?requestId=a",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := protocol.ParseLiquidLink(s)
		if err != nil {
			if got != (protocol.LiquidLink{}) {
				t.Errorf("ParseLiquidLink(%q) = %+v with error %v, want no result", s, got, err)
			}
			return
		}
		if strings.Contains(s, "#") {
			t.Errorf("ParseLiquidLink(%q) = %+v, and it has a secret", s, got)
		}
		again, err := protocol.ParseLiquidLink("liquid://" + got.Server.Host() + "/?requestId=" + string(got.RequestID))
		unusual := got.Server.Scheme() == "https" && got.Server.Loopback() // the custom scheme cannot say that
		if !unusual && (err != nil || again != got) {
			t.Errorf("ParseLiquidLink(%q) = %+v, and written anew %+v, %v", s, got, again, err)
		}
		if data, err := json.Marshal(got.RequestID); err != nil || !json.Valid(data) {
			t.Errorf("request id %q is written as %s, %v", got.RequestID, data, err)
		}
	})
}

func FuzzParseSignIn(f *testing.F) {
	file := signInVectors(f)
	for _, v := range file.Valid {
		f.Add(v.Text, protocol.ChainID(v.Fields.Chain).Namespace())
	}
	for _, v := range file.Unreadable {
		f.Add(v.Text, v.Namespace)
	}
	f.Fuzz(func(t *testing.T, text, namespace string) {
		got, err := protocol.ParseSignIn(text, namespace)
		if err != nil {
			if !sameSignIn(got, protocol.SignIn{}) {
				t.Errorf("ParseSignIn(%q) = %+v with error %v, want no result", text, got, err)
			}
			return
		}
		if again, err := got.Text(); err != nil || again != text {
			t.Errorf("ParseSignIn(%q) is written as %q, %v", text, again, err)
		}
		if got.Chain.Namespace() != namespace {
			t.Errorf("ParseSignIn(%q, %q): got chain %q", text, namespace, got.Chain)
		}
	})
}

func FuzzParseClientMessage(f *testing.F) {
	for _, s := range []string{
		`{"op":"subscribe","topic":"link","requestId":"` + someID + `"}`,
		`{"op":"subscribe","topic":"answer-ABC","requestId":"` + someID + `","since":1,"next":2}`,
		`{"op":"send","requestId":"` + someID + `","n":1,"d":"abcd"}`,
		`{"op":"subscribe","topic":"join","requestId":"` + someID + `","since":1,"next":1}`,
		`{"op":"ack","requestId":"` + someID + `","next":1}`, `{"op":"close","requestId":"` + someID + `"}`,
		`{"op":"close","requestId":"` + someID + `","code":"not_local"}`,
		`{"op":"close","OP":"ack"}`, `null`, `{`, `[]`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := protocol.ParseClientMessage(data)
		if err != nil {
			if got != (protocol.ClientMessage{}) {
				t.Errorf("ParseClientMessage(%q) = %+v with error %v, want no result", data, got, err)
			}
			return
		}
		written, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := protocol.ParseClientMessage(written); err != nil || again != got {
			t.Errorf("ParseClientMessage(%s), written from %q, = %+v, %v; want %+v", written, data, again, err, got)
		}
	})
}

func FuzzParseServerMessage(f *testing.F) {
	f.Add([]byte(`{"op":"frame","topic":"offer-A","requestId":"` + someID + `","n":1,"d":"abcd"}`))
	f.Add([]byte(`{"op":"link","requestId":"` + someID + `","account":"a","proof":{"type":"mx","signature":"AAAA"},"answer":{"n":0,"d":"ab"}}`))
	f.Add([]byte(`{"op":"subscribed","expiresAt":"2026-11-22T10:00:00Z","next":3}`))
	f.Add([]byte(`{"op":"closed","code":"link_expired","detail":"x","remedy":"y"}`))
	f.Add([]byte(`{"op":"news","x":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := protocol.ParseServerMessage(data)
		if err != nil {
			if !reflect.DeepEqual(got, protocol.ServerMessage{}) {
				t.Errorf("ParseServerMessage(%q) = %+v with error %v, want no result", data, got, err)
			}
			return
		}
		sameJSON(t, got, func(written []byte) (protocol.ServerMessage, error) { return protocol.ParseServerMessage(written) })
	})
}

// sameJSON compares in JSON, in which a time and an empty list have one form.
// What only grows over the limit by being escaped is let go.
func sameJSON[T any](t *testing.T, got T, parse func([]byte) (T, error)) {
	t.Helper()
	written, err := json.Marshal(got)
	if err != nil || len(written) > protocol.MaxMessageBytes {
		return
	}
	again, err := parse(written)
	if err != nil {
		t.Errorf("parse(%s): %v, want what was written to be read", written, err)
		return
	}
	if second, err := json.Marshal(again); err != nil || string(second) != string(written) {
		t.Errorf("parse(%s) is written as %s, %v", written, second, err)
	}
}

func FuzzParsePeerMessage(f *testing.F) {
	for _, m := range somePeerMessages() {
		f.Add(encoded(f, m))
	}
	for _, s := range []string{welcomeWith(`"resume":18446744074`), `{"t":"hello","v":2}`, `{"t":"rumour"}`, "a\nb"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := protocol.ParsePeerMessage(data)
		if err != nil {
			if !reflect.DeepEqual(got, protocol.PeerMessage{}) {
				t.Errorf("ParsePeerMessage(%q) = %+v with error %v, want no result", data, got, err)
			}
			return
		}
		if d := got.ResumeFor(); got.T == protocol.PeerWelcome && (d < 0 || d > protocol.MaxResume || int(d.Seconds()) != got.Resume) {
			t.Errorf("ParsePeerMessage(%q): resume %d, which is %s, want at most %s", data, got.Resume, d, protocol.MaxResume)
		}
		if written, err := got.Encode(); err == nil { // else escaping made it grow
			sameJSON(t, got, func([]byte) (protocol.PeerMessage, error) { return protocol.ParsePeerMessage(written) })
		}
	})
}

func FuzzParseControlMessage(f *testing.F) {
	for _, s := range []string{
		`{"t":"ok"}`, `{"t":"bye","code":"not_local"}`, somePing, somePong, `{"t":"ping","nonce":"AA"}`, `{"t":"pong"}`, `null`, `{`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := protocol.ParseControlMessage(data)
		if err != nil {
			if !reflect.DeepEqual(got, protocol.ControlMessage{}) {
				t.Errorf("ParseControlMessage(%q) = %+v with error %v, want no result", data, got, err)
			}
			return
		}
		if written, err := json.Marshal(got); err == nil && len(written) <= protocol.MaxControlBytes { // else escaping made it grow
			sameJSON(t, got, protocol.ParseControlMessage)
		}
	})
}

func FuzzCheckSDP(f *testing.F) {
	file := sdpVectors(f)
	for _, v := range append(file.Valid, file.Refused...) {
		f.Add(v.SDP, v.First)
	}
	fingerprint := fingerprintOf(f, file.Fingerprint)
	f.Fuzz(func(t *testing.T, sdp string, first bool) {
		err := protocol.CheckSDP(sdp, fingerprint, first)
		switch {
		case err == nil:
			checkGenerously(t, sdp, "sha-256 "+file.Fingerprint, first)
		case !errors.Is(err, protocol.InvalidPeer):
			t.Errorf("CheckSDP(%q): %v, want %s", sdp, err, protocol.InvalidPeer)
		}
	})
}

// checkGenerously reads a description that was accepted as the most generous of
// parsers would: lines end at whatever ends a line anywhere, kinds and names
// mind neither case nor what surrounds them. It must find one m-line, and no
// certificate but the one.
func checkGenerously(t *testing.T, sdp, certificate string, first bool) {
	t.Helper()
	media, names := 0, 0
	ends := func(r rune) bool { return strings.ContainsRune("\r\n\v\f\x00\u0085\u2028\u2029", r) }
	for _, line := range strings.FieldsFunc(strings.ToLower(sdp), ends) {
		kind, rest, _ := strings.Cut(line, "=")
		rest = strings.TrimSpace(rest)
		end := strings.IndexFunc(rest, func(r rune) bool { return r == ':' || unicode.IsSpace(r) || !unicode.IsPrint(r) })
		name, value := rest, ""
		if end >= 0 {
			name, value = rest[:end], rest[end+1:]
		}
		kind = strings.TrimSpace(kind)
		switch {
		case kind == "m":
			media++
		case kind != "a":
		case name == "fingerprint":
			names++
			if strings.ReplaceAll(value, ":", "") != certificate {
				t.Errorf("CheckSDP(%q) accepts the certificate in %q", sdp, line)
			}
		case name == "identity", name == "crypto", first && (name == "candidate" || name == "end-of-candidates"):
			t.Errorf("CheckSDP(%q), first: %t, accepts %q", sdp, first, line)
		}
	}
	if media != 1 || names == 0 {
		t.Errorf("CheckSDP(%q) accepts %d m-lines and %d certificates", sdp, media, names)
	}
}

func FuzzParseBody(f *testing.F) {
	for _, s := range []string{someClaim, someJoin, someOffer, `{"nonce":"` + someNonce + `"}`, `{"requestId":"` + someID + `"}`, `null`, `{`, `{}x`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		fuzzBody[protocol.Join](t, s)
		fuzzBody[protocol.Offer](t, s)
		fuzzBody[protocol.Claim](t, s)
		fuzzBody[protocol.Resumption](t, s)
		fuzzBody[protocol.Collection](t, s)
	})
}

func fuzzBody[T any, P interface {
	*T
	protocol.Validator
}](t *testing.T, s string) {
	t.Helper()
	var got T
	if protocol.ParseBody(strings.NewReader(s), P(&got)) != nil {
		return
	}
	sameJSON(t, got, func(written []byte) (again T, err error) {
		err = protocol.ParseBody(strings.NewReader(string(written)), P(&again))
		return again, err
	})
}
