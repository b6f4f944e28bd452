package vectortable

import "strings"

// SignInFile is vectors/signin.json: spec/protocol.md §4.
type SignInFile struct {
	Comment string `json:"comment"`
	// Valid must be written and read; Unwritable must not be written, Unreadable
	// not be read.
	Valid      []ValidSignIn      `json:"valid"`
	Unwritable []UnwritableSignIn `json:"unwritable"`
	Unreadable []UnreadableSignIn `json:"unreadable"`
}

// SignInFields are the fields of a text, as a caller gives them.
type SignInFields struct {
	Domain         string   `json:"domain"`
	Address        string   `json:"address"`
	Statement      string   `json:"statement"`
	URI            string   `json:"uri"`
	Chain          string   `json:"chain"`
	Nonce          string   `json:"nonce"`
	IssuedAt       string   `json:"issuedAt"`
	ExpirationTime string   `json:"expirationTime"`
	Channel        string   `json:"channel"`
	Resources      []string `json:"resources"`
}

// ValidSignIn is a text and the fields that it is written from.
type ValidSignIn struct {
	Name   string       `json:"name"`
	Fields SignInFields `json:"fields"`
	Text   string       `json:"text"`
}

// UnwritableSignIn has a field that no text may hold.
type UnwritableSignIn struct {
	Name   string       `json:"name"`
	Fields SignInFields `json:"fields"`
	Code   string       `json:"code"`
}

// UnreadableSignIn is a text that no wallet of ours could have written.
type UnreadableSignIn struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	Text      string `json:"text"`
	Code      string `json:"code"`
}

const (
	address = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAY5HFKQ"
	channel = "l1.JxqCnb3z64Ype3YGxNdqTQVeuRzVB3SAIr9HJ8lhZQU"
	invalid = "invalid_message"
)

func fields() SignInFields {
	return SignInFields{
		Domain: "example.com", Address: address, Statement: "Sign in to Example.", URI: "https://example.com",
		Chain: "algorand:wGHE2Pwdvd7S12BL5FaOP20EGYesN73k", Nonce: "7Q3JX2M4KZP6R5TAWCEYHNB2VD",
		IssuedAt: "2026-11-22T10:00:00Z", ExpirationTime: "2026-11-22T10:05:00Z", Channel: channel, Resources: []string{},
	}
}

const text = `example.com wants you to sign in with your Algorand account:
AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAY5HFKQ

Sign in to Example.

URI: https://example.com
Version: 1
Chain ID: wGHE2Pwdvd7S12BL5FaOP20EGYesN73k
Nonce: 7Q3JX2M4KZP6R5TAWCEYHNB2VD
Issued At: 2026-11-22T10:00:00Z
Expiration Time: 2026-11-22T10:05:00Z
Request ID: ` + channel

const localText = `localhost:8080 wants you to sign in with your Algorand account:
AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAY5HFKQ

URI: http://localhost:8080
Version: 1
Chain ID: wGHE2Pwdvd7S12BL5FaOP20EGYesN73k
Nonce: 7Q3JX2M4KZP6R5TAWCEYHNB2VD
Issued At: 2026-11-22T10:00:00Z
Expiration Time: 2026-11-22T10:05:00Z
Request ID: ` + channel

// SignIns returns the vectors of sign-in texts.
func SignIns() SignInFile {
	return SignInFile{Comment: generated, Valid: validSignIns(), Unwritable: unwritable(), Unreadable: unreadable()}
}

func validSignIns() []ValidSignIn {
	local, two := fields(), fields()
	local.Domain, local.URI, local.Statement = "localhost:8080", "http://localhost:8080", ""
	two.Resources = []string{"https://example.com/terms", "liaison://binding/abc"}
	out := []ValidSignIn{
		{"with a statement", fields(), text},
		{"without a statement", local, localText},
		{"with resources", two, text + "\nResources:\n- https://example.com/terms\n- liaison://binding/abc"},
	}
	for _, c := range []struct{ chain, address, family string }{
		{"algorand:SGO1GKSzyE7IEPItTxCByw9x8FmnrCDe", address, "Algorand"},
		{"eip155:1", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "Ethereum"},
		{"eip155:137", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", "Ethereum"},
		{"solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", "4zvwRjXUKGfvwnParsHAS3HuSVzV5cA4McphgmoCtajS", "Solana"},
		{"did:key", "z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp", "DID"},
		{"nothing:some-1", "a.b-C%25", "nothing"},
	} {
		f := fields()
		f.Chain, f.Address = c.chain, c.address
		_, reference, _ := strings.Cut(c.chain, ":")
		written := strings.NewReplacer("Algorand account", c.family+" account", address, c.address, "wGHE2Pwdvd7S12BL5FaOP20EGYesN73k", reference)
		out = append(out, ValidSignIn{"chain " + c.chain, f, written.Replace(text)})
	}
	return out
}

func unwritable() []UnwritableSignIn {
	var out []UnwritableSignIn
	for _, c := range []struct {
		name   string
		change func(*SignInFields)
	}{
		{"domain empty", func(f *SignInFields) { f.Domain = "" }},
		{"domain with a scheme", func(f *SignInFields) { f.Domain = "https://example.com" }},
		{"domain in upper case", func(f *SignInFields) { f.Domain = "Example.com" }},
		{"domain with a line break", func(f *SignInFields) { f.Domain = "example.com\nevil.example" }},
		{"address empty", func(f *SignInFields) { f.Address = "" }},
		{"address with a line break", func(f *SignInFields) { f.Address = address + "\n" }},
		{"statement with a line break", func(f *SignInFields) { f.Statement = "one\ntwo" }},
		{"statement not ASCII", func(f *SignInFields) { f.Statement = "Grüße" }},
		{"statement that looks like a field", func(f *SignInFields) { f.Statement = "URI: https://evil.example" }},
		{"statement too long", func(f *SignInFields) { f.Statement = strings.Repeat("a", 257) }},
		{"URI without a scheme", func(f *SignInFields) { f.URI = "example.com" }},
		{"URI with a line break", func(f *SignInFields) { f.URI = "https://example.com/\nVersion: 1" }},
		{"URI with a space", func(f *SignInFields) { f.URI = "https://example.com/a b" }},
		{"chain of a namespace in capitals", func(f *SignInFields) { f.Chain = "Algorand:1" }},
		{"chain without a reference", func(f *SignInFields) { f.Chain = "algorand:" }},
		{"nonce too short", func(f *SignInFields) { f.Nonce = strings.Repeat("a", 21) }},
		{"nonce with a hyphen", func(f *SignInFields) { f.Nonce = "7Q3JX2M4KZP6R5TAWCEYHNB2V-" }},
		{"time with a fraction", func(f *SignInFields) { f.IssuedAt = "2026-11-22T10:00:00.5Z" }},
		{"channel missing", func(f *SignInFields) { f.Channel = "" }},
		{"request id in place of a channel", func(f *SignInFields) { f.Channel = id }},
		{"channel with another prefix", func(f *SignInFields) { f.Channel = "L1" + channel[2:] }},
		{"channel too short", func(f *SignInFields) { f.Channel = channel[:len(channel)-1] }},
		{"channel too long", func(f *SignInFields) { f.Channel = channel + "A" }},
		{"channel with padding", func(f *SignInFields) { f.Channel = channel + "=" }},
		{"channel with bits left over", func(f *SignInFields) { f.Channel = channel[:len(channel)-1] + "V" }},
		{"channel in another alphabet", func(f *SignInFields) { f.Channel = "l1.+" + channel[4:] }},
		{"channel with a line break", func(f *SignInFields) { f.Channel = channel[:10] + "\n" + channel[10:] }},
		{"resource that is no URI", func(f *SignInFields) { f.Resources = []string{"terms"} }},
		{"resource with a line break", func(f *SignInFields) { f.Resources = []string{"https://example.com/\n- https://evil.example"} }},
	} {
		f := fields()
		c.change(&f)
		out = append(out, UnwritableSignIn{c.name, f, invalid})
	}
	return out
}

func unreadable() []UnreadableSignIn {
	var out []UnreadableSignIn
	for _, c := range []struct{ name, old, with string }{
		{"domain missing", "example.com wants", " wants"},
		{"first line of another family", "Algorand account", "Ethereum account"},
		{"first line with the namespace", "Algorand account", "algorand account"},
		{"first line without its end", "account:", "account"},
		{"address missing", address, ""},
		{"no blank line after the address", address + "\n\n", address + "\n"},
		{"something on the blank line", address + "\n\n", address + "\nx\n"},
		{"statement of two lines", "Example.", "Example.\nReally."},
		{"URI missing", "URI: https://example.com\n", ""},
		{"version missing", "Version: 1\n", ""},
		{"version not 1", "Version: 1", "Version: 2"},
		{"chain missing", "Chain ID: wGHE2Pwdvd7S12BL5FaOP20EGYesN73k\n", ""},
		{"nonce missing", "Nonce: 7Q3JX2M4KZP6R5TAWCEYHNB2VD\n", ""},
		{"issue time missing", "Issued At: 2026-11-22T10:00:00Z\n", ""},
		{"expiration time missing", "Expiration Time: 2026-11-22T10:05:00Z\n", ""},
		{"request id missing", "\nRequest ID: " + channel, ""},
		{"version before URI", "URI: https://example.com\nVersion: 1", "Version: 1\nURI: https://example.com"},
		{"field that is not known", "Request ID:", "Not Before: 2026-11-22T10:00:00Z\nRequest ID:"},
		{"field twice", "Version: 1\n", "Version: 1\nVersion: 1\n"},
		{"name of a field in lower case", "Nonce:", "nonce:"},
		{"two spaces after a field's name", "Nonce: ", "Nonce:  "},
		{"time with a fraction", "10:00:00Z", "10:00:00.000Z"},
		{"time with an offset", "10:00:00Z", "10:00:00+00:00"},
		{"day that does not exist", "2026-11-22T10:00", "2026-02-30T10:00"},
		{"CR LF", "\n", "\r\n"},
		{"line break at the end", "Request ID: " + channel, "Request ID: " + channel + "\n"},
		{"resources without one", "Request ID: " + channel, "Request ID: " + channel + "\nResources:"},
		{"resources in one line", "Request ID: " + channel, "Request ID: " + channel + "\nResources:\n- https://a.example - https://b.example"},
	} {
		out = append(out, UnreadableSignIn{c.name, "algorand", strings.ReplaceAll(text, c.old, c.with), invalid})
	}
	return append(out,
		UnreadableSignIn{"empty", "algorand", "", invalid},
		UnreadableSignIn{"namespace of another family", "nothing", text, invalid},
		UnreadableSignIn{"namespace that is none", "Algorand", text, invalid},
		UnreadableSignIn{"no namespace", "", strings.ReplaceAll(text, "Algorand account", " account"), invalid},
		UnreadableSignIn{"more than 2048 bytes", "algorand", text + strings.Repeat(" ", 2048), "too_large"},
	)
}
