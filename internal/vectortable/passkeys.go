package vectortable

// PasskeyFile is vectors/passkeys.json: spec/protocol.md §10.1.
type PasskeyFile struct {
	Comment    string             `json:"comment"`
	Challenges []PasskeyChallenge `json:"challenges"`
}

// PasskeyChallenge is what an authenticator must be asked to sign.
type PasskeyChallenge struct {
	Name string `json:"name"`
	// Channel is the channel id; empty if the passkey is not bound to one.
	Channel string `json:"channel"`
	Nonce   string `json:"nonce"`
	// Challenge is the SHA-256, in base64url without padding.
	Challenge string `json:"challenge"`
}

// Passkeys returns the vectors of challenges for passkeys. The hashes were
// computed by Python's hashlib.
func Passkeys() PasskeyFile {
	return PasskeyFile{
		Comment: generated + " challenge = SHA-256 of \"liaison/1 webauthn\", a zero byte, the channel id as text or nothing, and the nonce as text.",
		Challenges: []PasskeyChallenge{
			{"without a link", "", "8qgq1bVYx0dYl2Qn3vJr9AXK4M", "evAhj4ALFhBRBqXuG8AFBmZuW_Ph-33NTFu0FazNr2E"},
			{"on a link's channel", "l1.JxqCnb3z64Ype3YGxNdqTQVeuRzVB3SAIr9HJ8lhZQU", "8qgq1bVYx0dYl2Qn3vJr9AXK4M", "iX7_h-BzarR-Mci8uTq-rVmHwOhdo9TEcqozHRshHV8"},
			{"on another channel", "l1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "8qgq1bVYx0dYl2Qn3vJr9AXK4M", "HKs5YtdIhQJkV9h9ULqbbmrgWXr4SIJHy62WGSEgclM"},
			{"the shortest nonce", "l1.JxqCnb3z64Ype3YGxNdqTQVeuRzVB3SAIr9HJ8lhZQU", "ABCDEFGHIJKLMNOPQRSTUV", "JC2kM17M2Nrvoeh1hOqwF4CO2QJnqQhXPGbcsJHI0xs"},
			{"the longest nonce", "", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01", "SB0VYZiHGSq46i4dvTZh8ZrwTjTJ_XVDLgt8V7LY6MM"},
			{"one character more", "", "8qgq1bVYx0dYl2Qn3vJr9AXK4M0", "Gg89nErX8bZXyovYWeZdxKR8igYLp9YUdbsYUU6RykM"},
		},
	}
}
