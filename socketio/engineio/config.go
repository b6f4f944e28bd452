package engineio

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// Config says what a [Server] is like. The zero value of each field but Open
// stands for its default; a negative one is an error.
type Config struct {
	// Open is called once for each session, before anything is received. It
	// returns who gets the session's messages. It may send. Required.
	Open func(*Session) Handler

	// Path is the path that is answered; all others are 404. It begins and ends
	// with a slash. Default: /engine.io/.
	Path string
	// WithoutSlash answers the path without its last slash as well.
	WithoutSlash bool

	// Handshake is called for each new session, with the request that opens it
	// and the header of the answer, to which it may add, such as a cookie. On
	// both transports the header reaches the client. What it returns is kept
	// as [Session.Value]. An error refuses the session: a [Refusal] as that
	// says, any other error with 403. This is the place to check where a
	// request comes from. Default: everybody may open a session.
	Handshake func(r *http.Request, header http.Header) (value any, err error)
	// Request is called for each later request of a session, which is a poll, a
	// POST or an upgrade, before it has any effect. It may add to the header of
	// the answer. An error refuses the request as with Handshake, and leaves the
	// session as it is. It may be called concurrently for one session.
	Request func(s *Session, r *http.Request, header http.Header) error
	// Refused is called before an answer with an error status is written, and
	// may add to its header. It is not called for other paths.
	Refused func(r *http.Request, header http.Header, status int)

	// PingInterval is the time between a pong and the next ping. Default: 25 s.
	PingInterval time.Duration
	// PingTimeout is how long a pong may take. Default: 20 s.
	PingTimeout time.Duration
	// UpgradeTimeout is how long a WebSocket may take from its handshake to the
	// packet that completes the upgrade. Default: 10 s.
	UpgradeTimeout time.Duration
	// WriteTimeout bounds one write to a client. Default: 10 s.
	WriteTimeout time.Duration

	// MaxPayload is how many bytes the body of a POST or a WebSocket message may
	// have. Clients are told, and split what they send accordingly. A WebSocket
	// that announces a message holds as much from then on. Default: 1,000,000, as
	// with the reference implementation.
	MaxPayload int
	// MaxPackets is how many packets one POST may hold. Clients put all that
	// waits to be sent in one, up to MaxPayload and without counting, so a small
	// limit would end sessions of people that call emit in a loop. Default: 2048.
	MaxPackets int
	// MaxQueued is how many packets may wait for the client; one more ends its
	// session as that of a slow reader. Default: 4096.
	MaxQueued int
	// MaxQueuedBytes is how many bytes may wait for the client; one more ends its
	// session. As many again may be on their way out. Default: 4 MiB.
	MaxQueuedBytes int
	// MaxSessions is how many sessions there may be; one more gets 503. Default:
	// 50,000.
	MaxSessions int

	// Logger gets one record for each end of a session, with codes and never
	// with anything that a client sent. Default: none.
	Logger *slog.Logger
}

// Handler gets what one session receives.
type Handler interface {
	// Message is called for each message in the order in which the client sent
	// them, never twice at once. While it runs nothing more is read from the
	// client. The message belongs to the callee. A panic ends the session.
	Message(m Message)
	// Closed is called once, after the last Message. It may take its time.
	Closed(reason Reason)
}

// Message is what the two sides send each other.
type Message struct {
	Data []byte
	// Binary tells bytes from text. Text is valid UTF-8.
	Binary bool
}

// Refusal is an error with which a hook of [Config] says how a request is
// refused.
type Refusal struct {
	// Status is the HTTP status. Default: 403.
	Status int
	// Message is what the client gets to read. Default: Forbidden.
	Message string
}

// Error implements error.
func (r *Refusal) Error() string { return "refused: " + r.Message }

// Errors of [Session.Send].
var (
	// ErrClosed is returned when the session has ended or is about to.
	ErrClosed = errors.New("session is closed")
	// ErrTooLarge is returned when the messages could not even be queued alone.
	// The session goes on.
	ErrTooLarge = errors.New("message is too large")
	// ErrText is returned for text that polling cannot carry: it is no UTF-8, or
	// contains U+001E, which separates packets. The session goes on.
	ErrText = errors.New("text is not UTF-8 or contains U+001E")
	// ErrSlowReader is returned when the queue is full, and thereby the session
	// at its end.
	ErrSlowReader = errors.New("client reads too slowly")
)

// withDefaults returns the configuration with its defaults filled in.
func (c Config) withDefaults() (Config, error) {
	if c.Open == nil {
		return c, errors.New("engineio: Open is missing")
	}
	if c.Path == "" {
		c.Path = "/engine.io/"
	}
	if !strings.HasPrefix(c.Path, "/") || !strings.HasSuffix(c.Path, "/") {
		return c, fmt.Errorf("engineio: Path %q must begin and end with a slash", c.Path)
	}
	for _, field := range []struct {
		name   string
		value  *time.Duration
		preset time.Duration
	}{
		{"PingInterval", &c.PingInterval, 25 * time.Second},
		{"PingTimeout", &c.PingTimeout, 20 * time.Second},
		{"UpgradeTimeout", &c.UpgradeTimeout, 10 * time.Second},
		{"WriteTimeout", &c.WriteTimeout, 10 * time.Second},
	} {
		if err := preset(field.name, field.value, field.preset); err != nil {
			return c, err
		}
	}
	for _, field := range []struct {
		name   string
		value  *int
		preset int
	}{
		{"MaxPayload", &c.MaxPayload, 1_000_000},
		{"MaxPackets", &c.MaxPackets, 2048},
		{"MaxQueued", &c.MaxQueued, 4096},
		{"MaxQueuedBytes", &c.MaxQueuedBytes, 4 << 20},
		{"MaxSessions", &c.MaxSessions, 50_000},
	} {
		if err := preset(field.name, field.value, field.preset); err != nil {
			return c, err
		}
	}
	if c.PingInterval < time.Millisecond || c.PingTimeout < time.Millisecond {
		return c, errors.New("engineio: clients are told PingInterval and PingTimeout in milliseconds, so they must have one at least")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

func preset[T int | time.Duration](name string, value *T, preset T) error {
	switch {
	case *value < 0:
		return fmt.Errorf("engineio: %s is negative", name)
	case *value == 0:
		*value = preset
	}
	return nil
}
