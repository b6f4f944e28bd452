package protocol_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison/protocol"
)

const (
	somePing = `{"t":"ping","nonce":"AAECAwQFBgcICQoLDA0ODw"}`
	somePong = `{"t":"pong","nonce":"AAECAwQFBgcICQoLDA0ODw","mac":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}`
)

func TestControlMessageRoundTrip(t *testing.T) {
	nonce, mac := make(protocol.Base64, protocol.PingBytes), make(protocol.Base64, protocol.PongBytes)
	for i := range mac {
		mac[i] = byte(i)
	}
	copy(nonce, mac)
	for text, want := range map[string]protocol.ControlMessage{
		`{"t":"ok"}`:                     {T: protocol.ControlOK},
		somePing:                         {T: protocol.ControlPing, Nonce: nonce},
		somePong:                         {T: protocol.ControlPong, Nonce: nonce, MAC: mac},
		`{"t":"bye","code":"not_local"}`: {T: protocol.ControlBye, Code: protocol.NotLocal},
	} {
		got, err := protocol.ParseControlMessage([]byte(text))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("ParseControlMessage(%s) = %+v, %v; want %+v", text, got, err, want)
		}
		if written, err := json.Marshal(want); err != nil || string(written) != text {
			t.Errorf("%+v is written as %s, %v; want %s", want, written, err, text)
		}
	}
	later := `{"t":"ok","later":1}`
	if got, err := protocol.ParseControlMessage([]byte(later)); err != nil || got.T != protocol.ControlOK {
		t.Errorf("ParseControlMessage(%s) = %+v, %v; want it read", later, got, err)
	}
}

func TestParseControlMessageRefuses(t *testing.T) {
	for _, text := range []string{
		``, `null`, `[]`, `{`, `{}`, `{"t":"OK"}`, `{"t":"hello"}`, `{"t":"ok"}{}`, `{"t":1}`,
		`{"t":"ping"}`, `{"t":"ping","nonce":""}`, `{"t":"ping","nonce":"AAECAwQFBgcICQoLDA0O"}`, `{"t":"ping","nonce":"AAECAwQFBgcICQoLDA0ODxA"}`,
		strings.Replace(somePing, `w"`, `x"`, 1), strings.Replace(somePing, `w"`, `w=="`, 1),
		`{"t":"pong","nonce":"AAECAwQFBgcICQoLDA0ODw"}`, strings.Replace(somePong, `wdHh8`, ``, 1), strings.Replace(somePong, `"nonce":"AA`, `"nonce":"`, 1),
		`{"t":"bye","code":7}`, `{"t":"ok","x":"` + strings.Repeat("x", protocol.MaxControlBytes) + `"}`,
	} {
		got, err := protocol.ParseControlMessage([]byte(text))
		if protocol.CodeOf(err) != protocol.InvalidPeer || !reflect.DeepEqual(got, protocol.ControlMessage{}) {
			t.Errorf("ParseControlMessage(%.120s) = %+v, %v; want nothing and %s", text, got, err, protocol.InvalidPeer)
		}
	}
}

func TestAssurance(t *testing.T) {
	levels := []protocol.Assurance{"", protocol.ServerAsserted, protocol.Sealed, protocol.SealedOrigin, protocol.PhishingResistant}
	for i, level := range levels {
		for j, want := range levels {
			if got := level.AtLeast(want); got != (i >= j) {
				t.Errorf("%q at least %q: got %t, want %t", level, want, got, i >= j)
			}
		}
		if level.AtLeast("tomorrow") {
			t.Errorf("%q is at least a level that nobody knows, want not", level)
		}
		if got := protocol.Assurance("tomorrow").AtLeast(level); got != (level == "") {
			t.Errorf("a level that nobody knows is at least %q: %t, want it as strong as none", level, got)
		}
	}
}
