package protocol_test

import (
	"strings"
	"testing"

	"github.com/liaison-dev/liaison/protocol"
)

// TestFieldThatStandsTwice is refused at every depth: two readers could take one
// of the two each.
func TestFieldThatStandsTwice(t *testing.T) {
	const id = `"requestId":"4f1c0e0a-7d9b-4a57-9e0f-1c2d3e4f5a6b"`
	for _, message := range []string{
		`{"op":"ack",` + id + `,"next":1,"next":2}`,
		`{"op":"ack",` + id + `,"next":1,"next":1}`,
		`{"op":"ack","op":"close",` + id + `}`,
	} {
		if m, err := protocol.ParseClientMessage([]byte(message)); protocol.CodeOf(err) != protocol.InvalidMessage {
			t.Errorf("ParseClientMessage(%s) = %+v, %v, want invalid_message", message, m, err)
		}
	}
	body := `{"frame":{"n":0,"d":"AAAA","d":"BBBB"},"key":"8qgq1bVYx0dYl2Qn3vJr9A"}`
	var join protocol.Join
	if err := protocol.ParseBody(strings.NewReader(body), &join); protocol.CodeOf(err) != protocol.InvalidMessage {
		t.Errorf("ParseBody(%s) = %+v, %v, want invalid_message", body, join, err)
	}
}

// TestSignInTextIsBounded: many short resources make a long text.
func TestSignInTextIsBounded(t *testing.T) {
	fields, err := protocol.ParseSignIn(signInExample(t), "algorand")
	if err != nil {
		t.Fatal(err)
	}
	text, err := fields.Text()
	for err == nil && len(text) < protocol.MaxSignInBytes-40 {
		fields.Resources = append(fields.Resources, "https://example.com/r")
		text, err = fields.Text()
	}
	if err != nil {
		t.Fatalf("Text with %d resources: %v", len(fields.Resources), err)
	}
	rest := protocol.MaxSignInBytes - len(text) - len("\n- ")
	for _, c := range []struct {
		length int
		want   protocol.Code
	}{{rest, ""}, {rest + 1, protocol.TooLarge}} {
		longer := fields
		longer.Resources = append(fields.Resources[:len(fields.Resources):len(fields.Resources)], "https://example.com/"+strings.Repeat("r", c.length-len("https://example.com/")))
		text, err := longer.Text()
		if c.want == "" && (err != nil || len(text) != protocol.MaxSignInBytes) || c.want != "" && protocol.CodeOf(err) != c.want {
			t.Errorf("Text of %d bytes: %d, %v, want error %q", len(text), protocol.MaxSignInBytes, err, c.want)
		}
	}
}

func signInExample(t *testing.T) string {
	t.Helper()
	return "example.com wants you to sign in with your Algorand account:\n" +
		"A\n\nURI: https://example.com\nVersion: 1\nChain ID: wGHE2Pwdvd7S12BL5FaOP20EGYesN73k\n" +
		"Nonce: 8qgq1bVYx0dYl2Qn3vJr9A\nIssued At: 2026-11-22T10:00:00Z\nExpiration Time: 2026-11-22T10:05:00Z\n" +
		"Request ID: l1." + strings.Repeat("A", 43)
}
