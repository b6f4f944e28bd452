package protocol_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison/protocol"
)

func TestParseLiquidLink(t *testing.T) {
	const id = "0193a6f0-7c1e-7a51-8d2c-5f5e6e0c2f11"
	for link, want := range map[string]protocol.LiquidLink{
		"liquid://example.com/?requestId=" + id:             {"https://example.com", id},
		"liquid://example.com?requestId=" + id:              {"https://example.com", id},
		"liquid://example.com:8443/?requestId=424242":       {"https://example.com:8443", "424242"},
		"liquid://localhost:8080/?requestId=" + id:          {"http://localhost:8080", id},
		"liquid://http://localhost:8080/?requestId=" + id:   {"http://localhost:8080", id},
		"https://example.com/l/?requestId=ABCDEFGHIJKLMNOP": {"https://example.com", "ABCDEFGHIJKLMNOP"},
	} {
		if got, err := protocol.ParseLiquidLink(link); err != nil || got != want {
			t.Errorf("ParseLiquidLink(%q) = %+v, %v, want %+v", link, got, err, want)
		}
	}
	for link, want := range map[string]protocol.Code{
		"":                                                            protocol.InvalidLink,
		"liquid://example.com/":                                       protocol.InvalidLink,
		"liquid://example.com/?requestId=":                            protocol.InvalidLink,
		"liquid://example.com/?requestId=a&b=c":                       protocol.InvalidLink,
		"liquid://example.com/?requestId=a%20b":                       protocol.InvalidLink,
		"liquid://example.com/x/?requestId=a":                         protocol.InvalidLink,
		"liquid://me@example.com/?requestId=a":                        protocol.InvalidLink,
		"liquid://EXAMPLE.com/?requestId=a":                           protocol.InvalidLink,
		"liquid://http://example.com/?requestId=a":                    protocol.InvalidLink,
		"liquid://https://example.com/?requestId=a":                   protocol.InvalidLink,
		"http://example.com/l/?requestId=a":                           protocol.InvalidLink,
		"https://example.com/?requestId=a":                            protocol.InvalidLink,
		"javascript://example.com/l/?requestId=a":                     protocol.InvalidLink,
		"liquid://example.com/?requestId=" + strings.Repeat("a", 129): protocol.InvalidLink,
		"liquid://example.com/?requestId=ABCDEFGHIJKLMNOP#1.AAAA":     protocol.UnsealedRefused,
		"liquid://example.com/?requestId=ABCDEFGHIJKLMNOP#":           protocol.UnsealedRefused,
	} {
		if got, err := protocol.ParseLiquidLink(link); protocol.CodeOf(err) != want || got != (protocol.LiquidLink{}) {
			t.Errorf("ParseLiquidLink(%q) = %+v, %v, want %s", link, got, err, want)
		}
	}
}

func TestLiquidRequestID(t *testing.T) {
	for id, want := range map[protocol.LiquidRequestID]string{
		"0": "0", "424242": "424242", "123456.0": "123456", "999999999999999": "999999999999999",
		"1000000000000000": `"1000000000000000"`, "007": `"007"`, "1.5": `"1.5"`, "1e3": `"1e3"`, "-1": `"-1"`, "0193a6f0-7c1e": `"0193a6f0-7c1e"`,
	} {
		if got, err := json.Marshal(id); err != nil || string(got) != want {
			t.Errorf("%s is written as %s, %v, want %s", id, got, err, want)
		}
	}
}
