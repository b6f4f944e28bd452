package engineio

// Reason says why a session ended.
type Reason string

// The reasons. Those that the reference implementation has too are spelt alike.
const (
	// TransportClose: the client closed the session, or its connection ended.
	TransportClose Reason = "transport close"
	// TransportError: the client used a transport wrongly, such as with two polls
	// at once, or the connection broke.
	TransportError Reason = "transport error"
	// ParseError: the client sent what is no packet.
	ParseError Reason = "parse error"
	// PingTimeout: the client did not answer a ping in time.
	PingTimeout Reason = "ping timeout"
	// SlowReader: more waited for the client than the limits allow.
	SlowReader Reason = "slow reader"
	// ForcedClose: the server's user called [Session.Close].
	ForcedClose Reason = "forced server close"
	// ServerShutdown: the server is being closed.
	ServerShutdown Reason = "server shutting down"
	// ServerError: the handler panicked.
	ServerError Reason = "server error"
)

// Transport is how a session's packets travel.
type Transport string

// The transports.
const (
	Polling   Transport = "polling"
	WebSocket Transport = "websocket"
)
