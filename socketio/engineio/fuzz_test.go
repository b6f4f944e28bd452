package engineio_test

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"github.com/liaison-dev/liaison/socketio/engineio"
)

// FuzzParsePayload: no body breaks the parser, and what it accepts has one
// spelling, and is UTF-8 where it is text.
func FuzzParsePayload(f *testing.F) {
	for _, seed := range []string{
		"4hello", "4a\x1e4b\x1e3", "2probe", "bAQIDBA==", "b", "4", "", "\x1e", "6:4hello", "4\xff", "bAQ=\n=",
		"0{}\x1e5\x1e6\x1e1", "4\U0001f600", "bAR==",
	} {
		f.Add([]byte(seed), 16)
	}
	f.Fuzz(func(t *testing.T, body []byte, limit int) {
		limit &= 0xff
		packets, err := engineio.ParsePayload(body, limit)
		if err != nil {
			if packets != nil {
				t.Errorf("%q: got packets and the error %v", body, err)
			}
			return
		}
		if len(packets) > limit {
			t.Errorf("%q: got %d packets, limit %d", body, len(packets), limit)
		}
		if again := engineio.AppendPayload(nil, packets); !bytes.Equal(again, body) {
			t.Errorf("got %q back, want %q", again, body)
		}
		if bytes.IndexByte(body, 'b') < 0 && !utf8.Valid(body) {
			t.Errorf("%q is accepted, and no UTF-8", body)
		}
	})
}
