package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime"
	"strings"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// ProofVerifier says whether a signature is the account's over the text. It
// need not look into the text: the server does. Package chain has one.
type ProofVerifier interface {
	// Verify returns nil if the proof's signature is its account's. It is called
	// concurrently, and must end when ctx does.
	Verify(ctx context.Context, proof protocol.Proof) error
}

// Config says what a server is. Origin, Store, Bus, Verifier and Chains are
// needed; every other field has a safe zero value.
type Config struct {
	// Origin is where people reach the server: "https://auth.example.com". It
	// is also the site that signs people in.
	Origin protocol.Origin
	// UnsafeAllowHTTP accepts an Origin with http on a host that is not a
	// loopback one. Whoever can listen on the network then has every session.
	UnsafeAllowHTTP bool
	// Store keeps links, sessions and accounts. Close does not close it.
	Store liaison.Store
	// Bus connects the nodes of one service. Close does not close it.
	Bus liaison.Bus
	// Verifier checks signatures.
	Verifier ProofVerifier
	// Chains are the chains whose accounts may sign in, the preferred one first.
	Chains []protocol.ChainID
	// Passkeys verifies passkeys; package passkey has one. The default is to have
	// none: their routes then answer with [protocol.PasskeysOff].
	Passkeys liaison.PasskeyVerifier
	// AndroidApps and IOSApps may use the passkeys of this origin and open its
	// links: /.well-known/assetlinks.json and apple-app-site-association name
	// them. An iOS app is its team and bundle: "TEAM123456.com.example.wallet".
	AndroidApps []AndroidApp
	IOSApps     []string
	// SiteName is what wallets show beside the origin; at most 64 bytes of
	// printable text. The default is the origin's host.
	SiteName string
	// Statement stands in the text that people sign; at most 256 printable
	// ASCII characters. The default says that it is a sign-in and nothing more.
	Statement string
	// ICEServers are handed to both peers. The default is none: the peers then
	// find each other on one network or by public addresses only.
	ICEServers []protocol.ICEServer
	// TrustedProxies may name the client's address in X-Forwarded-For. The
	// default is to believe nobody.
	TrustedProxies []netip.Prefix
	// Sessions bounds the life of sessions; the default is 30 minutes idle and
	// 12 hours in all.
	Sessions liaison.SessionLimits
	// Limits bounds what one client and all clients together may take. The zero
	// value of each of its fields is its default.
	Limits Limits
	// Logger receives what happens, without secrets, addresses or session
	// descriptions. The default discards it.
	Logger *slog.Logger
	// Now is the clock. The default is time.Now.
	Now func() time.Time
}

// Limits bounds what clients may take. Where a limit counts addresses, an IPv6
// /64 is one address.
type Limits struct {
	// RequestsPerMinute of one address, with a burst of as many. Default 600.
	RequestsPerMinute int
	// SocketsPerMinute that one address opens, with a burst of as many.
	// Default 120.
	SocketsPerMinute int
	// SocketsPerAddress open at once. Default 200.
	SocketsPerAddress int
	// LinksPerSession that wait at once; one more ends the oldest. Default 5.
	LinksPerSession int
	// LinksPerAddress opened within the life of a link. Default 100.
	LinksPerAddress int
	// Links opened within the life of a link, by all together. Default 100,000.
	Links int
	// ChallengesPerAddress for passkeys, given within the life of one. Default 100.
	ChallengesPerAddress int
	// Challenges for passkeys given within two minutes to clients without a session,
	// by all together. Default 100,000.
	Challenges int
	// MessagesPerSecond that one socket sends, with a burst of twice as many. A
	// socket that sends more is read more slowly; nothing is lost. Default 30.
	MessagesPerSecond int
	// OutboundMessages and OutboundBytes that wait for one socket to read them;
	// more close the socket. Frames fill half of that at most, and the others wait
	// in their mailbox. Defaults 64 and 256 KiB.
	OutboundMessages, OutboundBytes int
	// MailboxBytes that frames of all links together may take on one node until
	// they are acknowledged. Default 256 MiB.
	MailboxBytes int
	// MailboxBytesPerAddress that frames from one address may take of that. The
	// client is told to wait ([protocol.MailboxFull]). Default 16 MiB.
	MailboxBytesPerAddress int
	// ProofChecks at once, and ProofQueue that wait for their turn. Defaults
	// twice the number of processors and 100.
	ProofChecks, ProofQueue int
}

const defaultStatement = "Sign in. This request will not trigger a transaction."

// withDefaults returns the configuration with every zero field filled in, or
// says what is wrong with it.
func (c Config) withDefaults() (Config, error) {
	if c.Store == nil || c.Bus == nil || c.Verifier == nil || len(c.Chains) == 0 {
		return c, errors.New("server: Config needs Store, Bus, Verifier and Chains")
	}
	parse := protocol.ParseOrigin
	if c.UnsafeAllowHTTP {
		parse = protocol.ParseOriginUnsafe
	}
	if _, err := parse(string(c.Origin)); err != nil {
		return c, fmt.Errorf("server: Config.Origin %q: %w", c.Origin, err)
	}
	if c.SiteName == "" {
		c.SiteName = c.Origin.Hostname()
	}
	if len(c.SiteName) > protocol.MaxNameBytes || strings.ContainsFunc(c.SiteName, notPrintable) {
		return c, fmt.Errorf("server: Config.SiteName must be at most %d bytes of printable text", protocol.MaxNameBytes)
	}
	if err := c.checkApps(); err != nil {
		return c, err
	}
	if c.Statement == "" {
		c.Statement = defaultStatement
	}
	if c.ICEServers == nil {
		c.ICEServers = []protocol.ICEServer{}
	}
	setDefault(&c.Sessions.Idle, 30*time.Minute)
	setDefault(&c.Sessions.Absolute, 12*time.Hour)
	c.Limits = c.Limits.withDefaults()
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, c.checkSignIn()
}

// someChannel has the form of a channel id.
const someChannel protocol.ChannelID = "l1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// checkSignIn writes one sign-in text, so that a statement or a chain that
// cannot stand in one is found at start.
func (c Config) checkSignIn() error {
	link := liaison.NewLink("", "", c.Now())
	for _, chain := range c.Chains {
		request := c.signInRequest(link)
		if _, err := request.For(chain, "A", someChannel).Text(); err != nil {
			return fmt.Errorf("server: Config.Statement or Config.Chains (%q): %w", chain, err)
		}
	}
	return nil
}

// signInRequest returns the fields of the text that a wallet signs for a link.
func (c Config) signInRequest(link liaison.Link) protocol.SignInRequest {
	return protocol.SignInRequest{
		Domain:         c.Origin.Host(),
		URI:            string(c.Origin),
		Statement:      c.Statement,
		Nonce:          link.Nonce,
		IssuedAt:       link.IssuedAt,
		ExpirationTime: link.IssuedAt.Add(protocol.SignInTTL),
		Chains:         c.Chains,
	}
}

func (l Limits) withDefaults() Limits {
	setDefault(&l.RequestsPerMinute, 600)
	setDefault(&l.SocketsPerMinute, 120)
	setDefault(&l.SocketsPerAddress, 200)
	setDefault(&l.LinksPerSession, 5)
	setDefault(&l.LinksPerAddress, 100)
	setDefault(&l.Links, 100_000)
	setDefault(&l.ChallengesPerAddress, 100)
	setDefault(&l.Challenges, 100_000)
	setDefault(&l.MessagesPerSecond, 30)
	setDefault(&l.OutboundMessages, 64)
	setDefault(&l.OutboundBytes, 256<<10)
	setDefault(&l.MailboxBytes, 256<<20)
	setDefault(&l.MailboxBytesPerAddress, 16<<20)
	setDefault(&l.ProofChecks, 2*runtime.GOMAXPROCS(0))
	setDefault(&l.ProofQueue, 100)
	return l
}

func setDefault[T int | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}
