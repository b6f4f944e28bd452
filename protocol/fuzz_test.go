package protocol_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

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
		if s != got.String() && s != got.WebString() {
			t.Errorf("ParseLink(%q): its forms are %q and %q, want one of them", s, got, got.WebString())
		}
		for _, form := range []string{got.String(), got.WebString()} {
			if again, err := protocol.ParseLink(form); err != nil || again != got {
				t.Errorf("ParseLink(%q), written from %q, = %+v, %v; want %+v", form, s, again, err, got)
			}
		}
		if _, err := protocol.ParseOrigin(string(got.Server)); err != nil {
			t.Errorf("ParseLink(%q): server %q is no origin: %v", s, got.Server, err)
		}
	})
}

func FuzzParseSignIn(f *testing.F) {
	file := signInVectors(f)
	for _, v := range file.Valid {
		f.Add(v.Text, "algorand")
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
		`{"op":"ack","requestId":"` + someID + `","next":1}`, `{"op":"close","requestId":"` + someID + `"}`,
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
	f.Add(payloadOf(f, protocol.PeerMessage{T: protocol.PeerOffer, SDP: someSDP}))
	f.Add(payload(`{"t":"ice","candidate":"candidate:1 1 udp 1 192.0.2.1 1 typ host","sdpMid":"0","sdpMLineIndex":0}`))
	f.Add(payload(`{"t":"hello"}`))
	f.Add("a\nb")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := protocol.ParsePeerMessage(s)
		if err != nil {
			if !reflect.DeepEqual(got, protocol.PeerMessage{}) {
				t.Errorf("ParsePeerMessage(%q) = %+v with error %v, want no result", s, got, err)
			}
			return
		}
		written := payloadOf(t, got)
		if len(written) > protocol.MaxFrameBytes {
			return // escaping made it grow
		}
		if again, err := protocol.ParsePeerMessage(written); err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("ParsePeerMessage(%q), written from %q, = %+v, %v; want %+v", written, s, again, err, got)
		}
	})
}

func FuzzParseBody(f *testing.F) {
	for _, s := range []string{someClaim, `{"nonce":"` + someNonce + `"}`, `{"requestId":"` + someID + `"}`, `null`, `{`, `{}x`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		fuzzBody[protocol.Claim](t, s)
		fuzzBody[protocol.Rejection](t, s)
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
