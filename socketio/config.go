package socketio

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/liaison-dev/liaison/socketio/engineio"
)

// Config says what a [Server] is like. The zero value of each field stands for
// its default; a negative one is an error.
type Config struct {
	// Engine is the transport: hooks that see the requests, times and limits.
	// Its Open must not be set. Default of Path: /socket.io/.
	Engine engineio.Config

	// Admit is called before the handler of each event, and drops the event if it
	// returns false: the place for a limit on rates. It may disconnect the socket.
	// Default: every event.
	Admit func(*Event) bool

	// ConnectTimeout is how long a connection may be without a namespace, at its
	// beginning and after the last one was left. Default: 45 s.
	ConnectTimeout time.Duration
	// MaxNamespaces is how many namespaces one connection may use. One more is
	// refused. Default: 16.
	MaxNamespaces int
	// MaxAttachments is how many attachments one packet may announce. Default:
	// 16.
	MaxAttachments int
	// MaxPacketBytes is how many bytes a packet with attachments may have in all.
	// Default: four times Engine.MaxPayload, which bounds each part.
	MaxPacketBytes int
	// MaxDepth is how deep arrays and objects may be nested in the arguments of a
	// packet, the list of arguments itself included. Default: 128.
	MaxDepth int
	// MaxWaitingEvents is how many received events may wait for their handlers. As
	// long as there are as many, or they have MaxPacketBytes, nothing is read from
	// the client. Default: 64.
	MaxWaitingEvents int
	// MaxPendingAcks is how many events of one socket may wait for the client's
	// acknowledgement. Default: 1024.
	MaxPendingAcks int

	// Logger gets codes, never anything that a client sent. Default:
	// Engine.Logger.
	Logger *slog.Logger
}

func (c Config) withDefaults() (Config, error) {
	if c.Engine.Open != nil {
		return c, errors.New("socketio: Engine.Open must not be set: the sessions are ours")
	}
	if c.Engine.Path == "" {
		c.Engine.Path = "/socket.io/"
	}
	if c.ConnectTimeout < 0 {
		return c, errors.New("socketio: ConnectTimeout is negative")
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 45 * time.Second
	}
	payload := c.Engine.MaxPayload
	if payload == 0 {
		payload = 1_000_000
	}
	for _, field := range []struct {
		name   string
		value  *int
		preset int
	}{
		{"MaxNamespaces", &c.MaxNamespaces, 16},
		{"MaxAttachments", &c.MaxAttachments, 16},
		{"MaxPacketBytes", &c.MaxPacketBytes, 4 * payload},
		{"MaxDepth", &c.MaxDepth, 128},
		{"MaxWaitingEvents", &c.MaxWaitingEvents, 64},
		{"MaxPendingAcks", &c.MaxPendingAcks, 1024},
	} {
		switch {
		case *field.value < 0:
			return c, fmt.Errorf("socketio: %s is negative", field.name)
		case *field.value == 0:
			*field.value = field.preset
		}
	}
	if c.Logger == nil {
		c.Logger = c.Engine.Logger
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// Reason says why a socket was disconnected.
type Reason = engineio.Reason

// The reasons: those of the namespace, and those of the connection below it.
const (
	// ClientDisconnect: the client left the namespace.
	ClientDisconnect Reason = "client namespace disconnect"
	// ServerDisconnect: the server's user called [Socket.Disconnect].
	ServerDisconnect Reason = "server namespace disconnect"
	// ConnectTimeout: the client was too long in no namespace.
	ConnectTimeout Reason = "connect timeout"

	TransportClose = engineio.TransportClose
	TransportError = engineio.TransportError
	ParseError     = engineio.ParseError
	PingTimeout    = engineio.PingTimeout
	SlowReader     = engineio.SlowReader
	ServerShutdown = engineio.ServerShutdown
	ServerError    = engineio.ServerError
)

// Errors of emitting. None of them ends a connection.
var (
	// ErrDisconnected is returned when the socket is not connected any more.
	ErrDisconnected = errors.New("socket is disconnected")
	// ErrTooLarge is returned when a message exceeds what may wait for a client.
	ErrTooLarge = engineio.ErrTooLarge
	// ErrReserved is returned for the names of events that clients make
	// themselves: they would disconnect upon one from us.
	ErrReserved = errors.New("event name is reserved")
	// ErrArgument is returned for an argument that is no JSON.
	ErrArgument = errors.New("argument is not JSON")
	// ErrPlaceholder is returned when an argument refers to an attachment that it
	// does not have.
	ErrPlaceholder = errors.New("placeholder without its attachment")
	// ErrAcknowledged is returned for all acknowledgements of an event but the
	// first.
	ErrAcknowledged = errors.New("event is acknowledged already")
	// ErrNoAck is returned when the client did not ask for an acknowledgement.
	ErrNoAck = errors.New("event wants no acknowledgement")
	// ErrPendingAcks is returned when too many events wait for acknowledgement.
	ErrPendingAcks = errors.New("too many events wait for acknowledgement")
)

// ConnectError is an error with which [Namespace.OnConnect] tells the client why
// it is refused.
type ConnectError struct {
	// Message is what the client gets to read.
	Message string
	// Data is sent along, as JSON, unless it is nil.
	Data any
}

// Error implements error.
func (e *ConnectError) Error() string { return e.Message }
