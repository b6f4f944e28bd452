package protocol_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison/protocol"
	"pgregory.net/rapid"
)

const someID = "4f1c2b7e-9a53-4d0e-8c61-0b5a7d3e2f19"

func TestParseClientMessage(t *testing.T) {
	for _, c := range []struct {
		text string
		want protocol.ClientMessage
	}{
		{`{"op":"subscribe","topic":"link","requestId":"` + someID + `"}`, protocol.ClientMessage{Op: protocol.OpSubscribe, Topic: protocol.TopicLink, RequestID: someID}},
		{`{"op":"subscribe","topic":"offer-ABC","requestId":"` + someID + `","since":3}`, protocol.ClientMessage{Op: protocol.OpSubscribe, Topic: "offer-ABC", RequestID: someID, Since: 3}},
		{`{"op":"send","requestId":"` + someID + `","n":0,"d":"abc_-9"}`, protocol.ClientMessage{Op: protocol.OpSend, RequestID: someID, D: "abc_-9"}},
		{`{"op":"ack","requestId":"` + someID + `","next":18446744073709551615}`, protocol.ClientMessage{Op: protocol.OpAck, RequestID: someID, Next: 1<<64 - 1}},
		{`{"op":"subscribe","topic":"link","requestId":"` + someID + `","since":1,"next":1}`, protocol.ClientMessage{Op: protocol.OpSubscribe, Topic: protocol.TopicLink, RequestID: someID, Since: 1, Next: 1}},
		{`{"op":"subscribe","topic":"join","requestId":"` + someID + `"}`, protocol.ClientMessage{Op: protocol.OpSubscribe, Topic: protocol.TopicJoin, RequestID: someID}},
		{`{"op":"close","requestId":"` + someID + `","code":"not_local"}`, protocol.ClientMessage{Op: protocol.OpClose, RequestID: someID, Code: protocol.NotLocal}},
		{` { "requestId" : "` + someID + `", "op" : "close" } `, protocol.ClientMessage{Op: protocol.OpClose, RequestID: someID}},
	} {
		if got, err := protocol.ParseClientMessage([]byte(c.text)); err != nil || got != c.want {
			t.Errorf("ParseClientMessage(%s) = %+v, %v; want %+v", c.text, got, err, c.want)
		}
	}
}

func TestParseClientMessageRefuses(t *testing.T) {
	const id = `"requestId":"` + someID + `"`
	for _, c := range []struct {
		text string
		want protocol.Code
	}{
		{``, protocol.InvalidMessage},
		{`null`, protocol.InvalidMessage},
		{`[]`, protocol.InvalidMessage},
		{`"close"`, protocol.InvalidMessage},
		{`{`, protocol.InvalidMessage},
		{`{}`, protocol.InvalidMessage},
		{`{"op":"close"}`, protocol.InvalidMessage},
		{`{"op":"close","requestId":"short"}`, protocol.InvalidMessage},
		{`{"op":"close","requestId":7}`, protocol.InvalidMessage},
		{`{` + id + `}`, protocol.InvalidMessage},
		{`{"op":"shout",` + id + `}`, protocol.InvalidMessage},
		{`{"op":"subscribed",` + id + `}`, protocol.InvalidMessage},
		{`{"op":"close",` + id + `,"extra":1}`, protocol.InvalidMessage},
		{`{"op":"close",` + id + `}{}`, protocol.InvalidMessage},
		{`{"op":"close",` + id + `} x`, protocol.InvalidMessage},
		{`{"op":"close",` + id + `,"n":1}`, protocol.InvalidMessage},
		{`{"op":"ack",` + id + `,"next":-1}`, protocol.InvalidMessage},
		{`{"op":"ack",` + id + `,"next":1.5}`, protocol.InvalidMessage},
		{`{"op":"ack",` + id + `,"next":"1"}`, protocol.InvalidMessage},
		{`{"op":"ack",` + id + `,"next":18446744073709551616}`, protocol.InvalidMessage},
		{`{"op":"ack",` + id + `,"d":"abcd"}`, protocol.InvalidMessage},
		{`{"op":"subscribe",` + id + `}`, protocol.InvalidMessage},
		{`{"op":"subscribe","topic":"offer-",` + id + `}`, protocol.InvalidMessage},
		{`{"op":"subscribe","topic":"links",` + id + `}`, protocol.InvalidMessage},
		{`{"op":"subscribe","topic":"Join",` + id + `}`, protocol.InvalidMessage},
		{`{"op":"subscribe","topic":"join-ABC",` + id + `}`, protocol.InvalidMessage},
		{`{"op":"subscribe","topic":"join","code":"not_local",` + id + `}`, protocol.InvalidMessage},
		{`{"op":"send",` + id + `,"d":"abcd","code":"not_local"}`, protocol.InvalidMessage},
		{`{"op":"close",` + id + `,"code":"because"}`, protocol.InvalidMessage},
		{`{"op":"close",` + id + `,"code":7}`, protocol.InvalidMessage},
		{`{"op":"close",` + id + `,"code":"replaced"}`, protocol.InvalidMessage},        // no status
		{`{"op":"close",` + id + `,"code":"peer_lost"}`, protocol.InvalidMessage},       // no status
		{`{"op":"close",` + id + `,"code":"internal"}`, protocol.InvalidMessage},        // to be tried again
		{`{"op":"close",` + id + `,"code":"session_rotated"}`, protocol.InvalidMessage}, // to be tried again
		{`{"op":"send",` + id + `,"n":0}`, protocol.InvalidMessage},
		{`{"op":"send",` + id + `,"n":0,"d":"a"}`, protocol.InvalidMessage},
		{`{"op":"send",` + id + `,"n":0,"d":"ab="}`, protocol.InvalidMessage},
		{`{"op":"send",` + id + `,"n":0,"d":"ab+/"}`, protocol.InvalidMessage},
		{`{"op":"send",` + id + `,"n":0,"d":"` + strings.Repeat("a", protocol.MaxFrameBytes+1) + `"}`, protocol.TooLarge},
		{`{"op":"send",` + id + `,"n":0,"d":"` + strings.Repeat("a", protocol.MaxMessageBytes) + `"}`, protocol.TooLarge},
	} {
		got, err := protocol.ParseClientMessage([]byte(c.text))
		if protocol.CodeOf(err) != c.want || got != (protocol.ClientMessage{}) {
			t.Errorf("ParseClientMessage(%.200s) = %+v, %v; want nothing and %s", c.text, got, err, c.want)
		}
	}
}

func TestLargestFrameFitsInOneMessage(t *testing.T) {
	largest := protocol.Frame{N: 1<<64 - 1, D: strings.Repeat("a", protocol.MaxFrameBytes)}
	topic := protocol.OfferTopic(strings.Repeat("A", 128))
	if got := len(protocol.AppendFrame(nil, topic, protocol.RequestID(strings.Repeat("a", 64)), largest)); got > protocol.MaxMessageBytes {
		t.Errorf("message with the largest frame: got %d bytes, want at most %d", got, protocol.MaxMessageBytes)
	}
}

func TestParseServerMessage(t *testing.T) {
	got, err := protocol.ParseServerMessage([]byte(`{"op":"news","later":{"x":1},"requestId":"` + someID + `"}`))
	if err != nil || got.Op != "news" || got.RequestID != someID {
		t.Errorf("message of the future: got %+v, %v; want it read", got, err)
	}
	for _, text := range []string{``, `{`, `[]`, `{"op":1}`, `{"op":"frame","n":0}`, `{"op":"frame","n":0,"d":"ab="}`, strings.Repeat(" ", protocol.MaxMessageBytes+1)} {
		if got, err := protocol.ParseServerMessage([]byte(text)); err == nil || !reflect.DeepEqual(got, protocol.ServerMessage{}) {
			t.Errorf("ParseServerMessage(%.80s) = %+v, %v; want nothing and an error", text, got, err)
		}
	}
}

// TestAppendedMessagesMatchTheEncoder: the two messages that are written by hand
// are what the encoder writes, save that a zero is written out.
func TestAppendedMessagesMatchTheEncoder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := protocol.RequestID(rapid.StringMatching(`[A-Za-z0-9._-]{16,64}`).Draw(t, "id"))
		side := rapid.SampledFrom([]protocol.Side{protocol.SiteSide, protocol.WalletSide}).Draw(t, "side")
		topic := side.Topic(rapid.StringMatching(`[-.%a-zA-Z0-9]{1,128}`).Draw(t, "address"))
		frame := protocol.Frame{N: rapid.Uint64().Draw(t, "n"), D: rapid.StringMatching(`[A-Za-z0-9_-]{2,80}`).Draw(t, "d")}
		sameMessage(t, protocol.AppendFrame([]byte("x"), topic, id, frame),
			protocol.ServerMessage{Op: protocol.OpFrame, Topic: topic, RequestID: id, N: frame.N, D: frame.D}, frame.N == 0)
		sameMessage(t, protocol.AppendAcked([]byte("x"), id, frame.N),
			protocol.ServerMessage{Op: protocol.OpAcked, RequestID: id, Next: frame.N}, frame.N == 0)
	})
}

func sameMessage(t *rapid.T, appended []byte, want protocol.ServerMessage, zero bool) {
	t.Helper()
	if appended[0] != 'x' {
		t.Fatalf("appending to %q: got %q, want the prefix kept", "x", appended)
	}
	got, err := protocol.ParseServerMessage(appended[1:])
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("message %s: read as %+v, %v; want %+v", appended[1:], got, err, want)
	}
	encoded, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if !zero && string(appended[1:]) != string(encoded) {
		t.Fatalf("appended %s, want %s", appended[1:], encoded)
	}
}

func TestTopics(t *testing.T) {
	for _, side := range []protocol.Side{protocol.SiteSide, protocol.WalletSide} {
		topic := side.Topic("ADDRESS")
		got, address, ok := topic.Side()
		if got != side || address != "ADDRESS" || !ok {
			t.Errorf("topic %q: got side %v, address %q, %t; want %v, ADDRESS, true", topic, got, address, ok, side)
		}
		if side.Other() == side || side.Other().Other() != side || side.String() == side.Other().String() {
			t.Errorf("side %v: its other is %v, want the opposite", side, side.Other())
		}
	}
	if topic := protocol.WalletSide.Topic("A"); topic != "offer-A" {
		t.Errorf("topic for the wallet: got %q, want offer-A, since what it gets are offers", topic)
	}
	for _, topic := range []protocol.Topic{"", "link", "offer-", "answer-", "Offer-A", "xoffer-A"} {
		if side, address, ok := topic.Side(); ok {
			t.Errorf("topic %q: got side %v, address %q; want none", topic, side, address)
		}
	}
}
