package vectortable

// TokenFile is vectors/tokens.json: spec/protocol.md §6.1.
type TokenFile struct {
	Comment    string           `json:"comment"`
	Joins      []JoinToken      `json:"joins"`
	Successors []SuccessorToken `json:"successors"`
}

// JoinToken is the token of the wallet that joins a link with a key.
type JoinToken struct {
	Name      string `json:"name"`
	Key       string `json:"key"`
	RequestID string `json:"requestId"`
	Token     string `json:"token"`
}

// SuccessorToken is the token that takes the place of another by a key.
type SuccessorToken struct {
	Name  string `json:"name"`
	Token string `json:"token"`
	Key   string `json:"key"`
	Next  string `json:"next"`
}

// Tokens returns the vectors of sessions' tokens, none of which is a secret. They were
// computed by Python's hmac.
func Tokens() TokenFile {
	return TokenFile{
		Comment: generated + " A join's token is the HMAC-SHA-256 of \"liaison/1 join\", a zero byte and the request id under the key; " +
			"the next token that of \"liaison/1 successor\", a zero byte and the key under the token; both in base64url, and the key of the HMAC as the text that it is.",
		Joins: []JoinToken{
			{"an id that a server draws", "0123456789abcdef0123456789abcdef", "4f1c9b0e-0000-4000-8000-000000000000", "Dt2uSu1mp-ZAmpFrCqHzCetmHhgXPbD1a-m0JiuXNZg"},
			{"another link", "0123456789abcdef0123456789abcdef", "4f1c9b0e-0000-4000-8000-000000000001", "24bBbh1DIYNPCcpbkGF5tbhSzDeJ1_xIn5AFmVyw5R0"},
			{"another key", "8qgq1bVYx0dYl2Qn3vJr9AXK4M", "4f1c9b0e-0000-4000-8000-000000000000", "dT4-DNIk_xGnI1X0TJw9ZP5S2o8TzlQaU772zgq8zHI"},
			{"the shortest key and id", "ABCDEFGHIJKLMNOPQRSTUV", "ABCDEFGHIJKLMNOP", "1oKRTfpr_pjaEUB9UOeswr5saDOfjLkrocx3zvshFrY"},
			{"the longest key and id", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01", "10ZYXWVUTSRQPONMLKJIHGFEDCBAzyxwvutsrqponmlkjihgfedcba9876543210", "XJeOj3VFQeSJbWvp1PprYiPZa5CnBuBFtElgAXwPWjs"},
			{"a resumption", "8qgq1bVYx0dYl2Qn3vJr9AXK4M", "JxqCnb3z64Ype3YGxNdqTQ", "FpCoH4XyyqTr8Wba9OR16DIR04bvAmSBUHK1qutj8Bg"},
			{"every kind of character of an id", "8qgq1bVYx0dYl2Qn3vJr9AXK4M", "._-ABCDEFGHIJabc.", "RuLBLhUabd0LSwf-nPefv6R9tUij07mO_smkl4NcNa4"},
		},
		Successors: []SuccessorToken{
			{"of the token of a join", "Dt2uSu1mp-ZAmpFrCqHzCetmHhgXPbD1a-m0JiuXNZg", "0123456789abcdef0123456789abcdef", "1waftXX-KAnXO1tSs8ONkXh-mZXIw-ylLyTdoVx2eNg"},
			{"of that one, by the same key", "1waftXX-KAnXO1tSs8ONkXh-mZXIw-ylLyTdoVx2eNg", "0123456789abcdef0123456789abcdef", "Vv1cX9Z92b47guvWnDw7vpEs-T22DWejDWMGEKLAoIY"},
			{"by another key", "Dt2uSu1mp-ZAmpFrCqHzCetmHhgXPbD1a-m0JiuXNZg", "8qgq1bVYx0dYl2Qn3vJr9AXK4M", "IlB4mb5AsW2T2uFhEdYWUGW8x_WxaXaFEWGWG-w8jPE"},
			{"by the shortest key", "Dt2uSu1mp-ZAmpFrCqHzCetmHhgXPbD1a-m0JiuXNZg", "ABCDEFGHIJKLMNOPQRSTUV", "wE362qKObB0JKjhW2GiR8Q1_ZvfGlmhisxEytVbI1Jc"},
			{"by the longest key", "Dt2uSu1mp-ZAmpFrCqHzCetmHhgXPbD1a-m0JiuXNZg", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01", "J6avWKAYCvUCueF3gy15FWAUgjumeGcvdxp5-r6XCks"},
		},
	}
}
