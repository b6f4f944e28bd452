package protocol

import (
	"bytes"
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
	// Channel binds the text to one handshake. The text calls it "Request ID".
	Channel ChannelID
	// Resources are URIs that belong to the request; there may be none.
	Resources []string
}

// family returns the word for a family of chains in the text's first line.
// Namespaces are in lower case, so none of them reads like another's word.
func family(namespace string) string {
	switch namespace {
	case "algorand":
		return "Algorand"
	case "eip155":
		return "Ethereum"
	case "solana":
		return "Solana"
	case "did":
		return "DID"
	}
	return namespace
}

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
	b.WriteString(s.Domain + signInWants + family(s.Chain.Namespace()) + signInAccount + "\n" + s.Address + "\n\n")
	if s.Statement != "" {
		b.WriteString(s.Statement + "\n\n")
	}
	fmt.Fprintf(&b, "URI: %s\nVersion: 1\nChain ID: %s\nNonce: %s\nIssued At: %s\nExpiration Time: %s\nRequest ID: %s",
		s.URI, s.Chain.Reference(), s.Nonce, s.IssuedAt.UTC().Format(timeFormat), s.ExpirationTime.UTC().Format(timeFormat), s.Channel)
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
	if _, err := ParseChannelID(string(s.Channel)); err != nil {
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
	domain, word, ok := strings.Cut(strings.TrimSuffix(first, signInAccount), signInWants)
	if !ok || word != family(namespace) {
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
	s.Channel = ChannelID(lines.field("Request ID: "))
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
	// Type says how the text was signed: [ProofMX], [ProofARC60] and so on.
	Type string `json:"type"`
	// Chain and Address name the account.
	Chain   ChainID `json:"chain"`
	Address string  `json:"address"`
	// Message is the sign-in text, at most [MaxSignInBytes].
	Message string `json:"message"`
	// Signature is base64url without padding.
	Signature Base64 `json:"signature"`
	// Meta is what else some types need; absent where nothing is.
	Meta *ProofMeta `json:"meta,omitempty"`
}

// ProofMeta is what a verifier cannot find in the text. Each field is absent
// where it is not needed.
type ProofMeta struct {
	// AuthenticatorData is the part of an ARC-60 signature that begins with the
	// hash of the domain.
	AuthenticatorData Base64 `json:"authenticatorData,omitempty"`
	// Signer is the address of the key to which an Algorand account was rekeyed.
	Signer string `json:"signer,omitempty"`
}

// Types of proofs: what is signed, and how.
const (
	// ProofMX is an Ed25519 signature over "MX" and the text, which is how
	// Algorand wallets sign bytes: the prefix keeps it from being a transaction.
	ProofMX = "mx"
	// ProofARC60 is an Ed25519 signature in the form of Algorand's ARC-60.
	ProofARC60 = "arc60"
	// ProofEIP191 is a recoverable signature over the text as an Ethereum
	// message.
	ProofEIP191 = "eip191"
	// ProofEIP1271 is whatever the contract at the address accepts for the hash
	// of the text as an Ethereum message.
	ProofEIP1271 = "eip1271"
	// ProofSolana is an Ed25519 signature over the text alone.
	ProofSolana = "solana"
	// ProofDIDKey is a signature by the key that a did:key names.
	ProofDIDKey = "did-key"
)

// Account names the account that the proof is for.
func (p Proof) Account() Account { return NewAccount(p.Chain, p.Address) }

// Equal reports whether two proofs are the same byte for byte. A proof without
// meta is another than one with an empty meta.
func (p Proof) Equal(q Proof) bool {
	return p.Type == q.Type && p.Chain == q.Chain && p.Address == q.Address && p.Message == q.Message &&
		bytes.Equal(p.Signature, q.Signature) && p.Meta.equal(q.Meta)
}

func (m *ProofMeta) equal(n *ProofMeta) bool {
	if m == nil || n == nil {
		return m == n
	}
	return bytes.Equal(m.AuthenticatorData, n.AuthenticatorData) && m.Signer == n.Signer
}
