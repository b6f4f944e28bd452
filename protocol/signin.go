package protocol

import (
	"fmt"
	"net/url"
	"strings"
	"time"
)

// SignIn holds the fields of the text that a wallet signs: CAIP-122 in the
// field order of EIP-4361, which is the one that wallets parse. The wallet
// builds the text from these fields itself and never signs a text that it was
// given. Source: spec/protocol.md §4.
type SignIn struct {
	// Domain is the host and port of the site that asks.
	Domain string
	// Address is the account that signs.
	Address string
	// Statement is a sentence for the person; it may be empty. Printable ASCII.
	Statement string
	// URI is the address of the site that asks.
	URI string
	// Chain names the account's chain; the text shows its reference.
	Chain ChainID
	// Nonce is the server's, single use.
	Nonce Nonce
	// IssuedAt and ExpirationTime bound the validity, in whole seconds, UTC.
	IssuedAt, ExpirationTime time.Time
	// RequestID binds the text to one link.
	RequestID RequestID
	// Resources are URIs that belong to the request; there may be none.
	Resources []string
}

// chainNames are the words for a family of chains in the text's first line.
var chainNames = map[string]string{"algorand": "Algorand"}

const (
	signInWants   = " wants you to sign in with your "
	signInAccount = " account:"
	timeFormat    = "2006-01-02T15:04:05Z"
)

// Text writes the text to sign, or says which field does not hold.
func (s SignIn) Text() (string, error) {
	if err := s.validate(); err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(s.Domain + signInWants + chainNames[s.Chain.Namespace()] + signInAccount + "\n" + s.Address + "\n\n")
	if s.Statement != "" {
		b.WriteString(s.Statement + "\n\n")
	}
	fmt.Fprintf(&b, "URI: %s\nVersion: 1\nChain ID: %s\nNonce: %s\nIssued At: %s\nExpiration Time: %s\nRequest ID: %s",
		s.URI, s.Chain.Reference(), s.Nonce, s.IssuedAt.UTC().Format(timeFormat), s.ExpirationTime.UTC().Format(timeFormat), s.RequestID)
	if len(s.Resources) > 0 {
		b.WriteString("\nResources:")
		for _, r := range s.Resources {
			b.WriteString("\n- " + r)
		}
	}
	if b.Len() > MaxSignInBytes {
		return "", Errorf(TooLarge, "sign-in text has more than %d bytes", MaxSignInBytes)
	}
	return b.String(), nil
}

func (s SignIn) validate() error {
	if !validHost(s.Domain) {
		return Errorf(InvalidMessage, "domain must be host[:port] in lower case")
	}
	if chainNames[s.Chain.Namespace()] == "" {
		return Errorf(InvalidMessage, "no sign-in text is known for this chain")
	}
	if _, err := ParseAccount(string(NewAccount(s.Chain, s.Address))); err != nil {
		return err
	}
	if len(s.Statement) > MaxStatementBytes || !printable(s.Statement) || strings.HasPrefix(s.Statement, "URI: ") {
		return Errorf(InvalidMessage, "statement must be at most %d printable ASCII characters", MaxStatementBytes)
	}
	if !validURI(s.URI) {
		return Errorf(InvalidMessage, "URI must be absolute and printable ASCII")
	}
	if _, err := ParseNonce(string(s.Nonce)); err != nil {
		return err
	}
	if _, err := ParseRequestID(string(s.RequestID)); err != nil {
		return err
	}
	for _, t := range []time.Time{s.IssuedAt, s.ExpirationTime} {
		if t.Nanosecond() != 0 || t.UTC().Year() < 1970 || t.UTC().Year() > 9999 {
			return Errorf(InvalidMessage, "times must be in whole seconds")
		}
	}
	for _, r := range s.Resources {
		if !validURI(r) {
			return Errorf(InvalidMessage, "resources must be absolute URIs")
		}
	}
	return nil
}

func validURI(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme != "" && u.Host != "" && len(s) <= 1024 && printable(s) && !strings.Contains(s, " ")
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// ParseSignIn reads a text that [SignIn.Text] could have written: writing the
// result again gives the same bytes. A line that it does not know is an error.
// The text shows only the chain's reference, so the caller says of which family
// it must be.
func ParseSignIn(text, namespace string) (SignIn, error) {
	if len(text) > MaxSignInBytes {
		return SignIn{}, Errorf(TooLarge, "sign-in text has more than %d bytes", MaxSignInBytes)
	}
	s, err := parseSignIn(text, namespace)
	if err != nil {
		return SignIn{}, err
	}
	if again, err := s.Text(); err != nil {
		return SignIn{}, err
	} else if again != text {
		return SignIn{}, Errorf(InvalidMessage, "sign-in text is not in its one canonical form")
	}
	return s, nil
}

func parseSignIn(text, namespace string) (SignIn, error) {
	var s SignIn
	lines := lineReader{rest: text}
	first := lines.next()
	domain, family, ok := strings.Cut(strings.TrimSuffix(first, signInAccount), signInWants)
	if !ok || family != chainNames[namespace] {
		return SignIn{}, Errorf(InvalidMessage, "sign-in text does not begin as it must")
	}
	s.Domain, s.Address = domain, lines.next()
	lines.next()
	if !strings.HasPrefix(lines.rest, "URI: ") {
		s.Statement = lines.next()
		lines.next()
	}
	s.URI = lines.field("URI: ")
	lines.field("Version: ")
	s.Chain = ChainID(namespace + ":" + lines.field("Chain ID: "))
	s.Nonce = Nonce(lines.field("Nonce: "))
	issued, expires := lines.field("Issued At: "), lines.field("Expiration Time: ")
	s.RequestID = RequestID(lines.field("Request ID: "))
	if lines.rest != "" && lines.next() == "Resources:" {
		for lines.rest != "" {
			s.Resources = append(s.Resources, lines.field("- "))
		}
	}
	if lines.missing {
		return SignIn{}, Errorf(InvalidMessage, "sign-in text lacks a field or has them out of order")
	}
	var err1, err2 error
	s.IssuedAt, err1 = time.Parse(timeFormat, issued)
	s.ExpirationTime, err2 = time.Parse(timeFormat, expires)
	if err1 != nil || err2 != nil {
		return SignIn{}, Errorf(InvalidMessage, "times must be written as %s", timeFormat)
	}
	return s, nil
}

// lineReader takes a text apart line by line and remembers whether a field was
// not where it had to be. What it overlooks, the comparison of the text that
// is written again finds.
type lineReader struct {
	rest    string
	missing bool
}

func (r *lineReader) next() string {
	line, rest, _ := strings.Cut(r.rest, "\n")
	r.rest = rest
	return line
}

func (r *lineReader) field(name string) string {
	value, ok := strings.CutPrefix(r.next(), name)
	r.missing = r.missing || !ok
	return value
}

// Proof is what a wallet hands over: the text it signed and the signature.
// Source: spec/protocol.md §5.
type Proof struct {
	// Type says how the text was signed: [ProofMX].
	Type string `json:"type"`
	// Chain and Address name the account.
	Chain   ChainID `json:"chain"`
	Address string  `json:"address"`
	// Message is the sign-in text, at most [MaxSignInBytes].
	Message string `json:"message"`
	// Signature is base64url without padding.
	Signature Base64 `json:"signature"`
}

// ProofMX is an Ed25519 signature over "MX" and the text, which is how Algorand
// wallets sign bytes: the prefix keeps it from being a transaction.
const ProofMX = "mx"

// Account names the account that the proof is for.
func (p Proof) Account() Account { return NewAccount(p.Chain, p.Address) }
