package socketio_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/liaison-dev/liaison/socketio"
)

// FuzzParsePacket: no text breaks the parser; what it accepts is understood the
// same once it has been written again; and it holds no more than it announces.
func FuzzParsePacket(f *testing.F) {
	for _, seed := range []string{
		"0", `0{"token":"x"}`, "0/a,", `0/a,{"b":1}`, "1", "1/a,", `2["a"]`, `2/a,12["b",1]`, "2", "2[1]", "312[]", `4{"message":"x"}`,
		`51-["a",{"_placeholder":true,"num":0}]`, `51-/a,3["a",{"num":0,"_placeholder":true}]`, `60-1[]`, `52-["a",{"_placeholder":true,"num":1,"x":[{"_placeholder":true,"num":0}]}]`,
		`2["connect"]`, `2["\u0063onnect"]`, `29007199254740992["a"]`, `2[[[[[[`, `51-["a",{"\u005fplaceholder":true,"num":0}]`, "2[ \"a\" , 1 ]",
	} {
		f.Add([]byte(seed))
	}
	cfg := socketio.Defaults(socketio.Config{MaxDepth: 20})
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := socketio.ParsePacket(text, cfg)
		if err != nil || p.Empty() {
			return
		}
		if p.Awaited() > 16 {
			t.Errorf("%q: awaits %d attachments", text, p.Awaited())
		}
		p.Announce()
		written := p.Text()
		if !utf8.Valid(written) {
			t.Errorf("%q is written as %q", text, written)
		}
		if len(written) > 1 && written[1] == '[' && !json.Valid(written[1:]) {
			t.Errorf("%q is written as %q", text, written)
		}
		again, err := socketio.ParsePacket(written, cfg)
		if err != nil {
			t.Fatalf("%q is written as %q, which is refused", text, written)
		}
		again.Announce()
		if twice := again.Text(); !bytes.Equal(twice, written) {
			t.Errorf("%q is written as %q, then as %q", text, written, twice)
		}
	})
}
