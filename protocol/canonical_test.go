package protocol_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison/protocol"
)

// TestCanonicalMessages: the two messages that are read without the decoder
// mean what the decoder reads in them, and what is close to them and not JSON
// is refused.
func TestCanonicalMessages(t *testing.T) {
	send, ack := `{"op":"send","requestId":"`+someID+`"`, `{"op":"ack","requestId":"`+someID+`"`
	for text, valid := range map[string]bool{
		send + `,"d":"abcd"}`:                                     true,
		send + `,"n":0,"d":"abcd"}`:                               true,
		send + `,"n":18446744073709551615,"d":"ab-_"}`:            true,
		send + `,"d":"abcd","n":7}`:                               true,
		send + `,"n":7,"d":"ab\u0063d"}`:                          true,
		send + `, "n": 7, "d": "abcd" }`:                          true,
		send + `,"n":7,"d":"` + strings.Repeat("a", 60000) + `"}`: true,
		send + `,"n":18446744073709551616,"d":"abcd"}`:            false,
		send + `,"n":07,"d":"abcd"}`:                              false,
		send + `,"n":+7,"d":"abcd"}`:                              false,
		send + `,"n":1_0,"d":"abcd"}`:                             false,
		send + `,"n":-1,"d":"abcd"}`:                              false,
		send + `,"n":,"d":"abcd"}`:                                false,
		send + `,"n":7,"d":"ab.d"}`:                               false,
		send + `,"n":7,"d":"abcd"}}`:                              false,
		send + `,"n":7,"d":"abcd","next":1}`:                      false,
		send + `,"n":7,"d":"abcd`:                                 false,
		send + `,"n":7}`:                                          false,
		ack + `}`:                                                 true,
		ack + `,"next":12}`:                                       true,
		ack + `,"next":"12"}`:                                     false,
		ack + `,"next":012}`:                                      false,
		ack + `,"next":12,"d":"abcd"}`:                            false,
		ack + `,"next":12`:                                        false,
		`{"op":"ack","requestId":"short","next":1}`:               false,
		`{"op":"ack","requestId":"` + someID:                      false,
	} {
		got, err := protocol.ParseClientMessage([]byte(text))
		if (err == nil) != valid {
			t.Errorf("ParseClientMessage(%.120s): error %v, want valid: %t", text, err, valid)
			continue
		}
		var want protocol.ClientMessage
		if valid {
			if err := json.Unmarshal([]byte(text), &want); err != nil {
				t.Fatal(err)
			}
		}
		if got != want {
			t.Errorf("ParseClientMessage(%.120s) = %+v, want %+v", text, got, want)
		}
	}
}
