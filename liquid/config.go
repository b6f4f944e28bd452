package liquid

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
	"github.com/liaison-dev/liaison/socketio"
)

// Wallets says whether a signature over a bare challenge is an account's. Package
// chain does.
type Wallets interface {
	VerifyChallenge(ctx context.Context, account protocol.Account, challenge, signature []byte) error
}

// Config says what a handler serves. Server, Store, Origin, Chain, Passkeys and
// Wallets are needed.
type Config struct {
	// Server is the one whose links, rooms and sessions are used.
	Server *server.Server
	// Store is that server's.
	Store liaison.Store
	// Origin is where people reach the server.
	Origin protocol.Origin
	// Name is what authenticators show. The default is the origin's host.
	Name string
	// Chain is the network of the accounts, which the wire does not name.
	Chain protocol.ChainID
	// Passkeys verifies passkeys; it knows whose they are, and which apps may ask for
	// them.
	Passkeys liaison.PasskeyVerifier
	// Wallets verifies the signatures of accounts.
	Wallets Wallets
	// Sockets is the configuration of the sockets. Path and hooks are set here; the
	// zero value is good.
	Sockets socketio.Config
	// EventsPerSecond that one socket may emit, with a burst of six times as many:
	// candidates come in bursts. More are dropped. Default 50.
	EventsPerSecond int
	// Logger receives what happens, without secrets, addresses or session
	// descriptions. The default discards it.
	Logger *slog.Logger
	// Now is the clock. The default is time.Now.
	Now func() time.Time
}

func (c Config) withDefaults() (Config, error) {
	if c.Server == nil || c.Store == nil || c.Origin == "" || c.Chain == "" || c.Passkeys == nil || c.Wallets == nil {
		return c, errors.New("liquid: Config needs Server, Store, Origin, Chain, Passkeys and Wallets")
	}
	if c.Name == "" {
		c.Name = c.Origin.Hostname()
	}
	if c.EventsPerSecond <= 0 {
		c.EventsPerSecond = 50
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, nil
}
