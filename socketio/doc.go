// Package socketio is a server of the Socket.IO protocol, revision 5, on top of
// package engineio: named events with acknowledgements and binary attachments in
// both directions, and namespaces that share a connection.
//
// Start with [New], [Server.Of] and [Socket.On].
//
//	server, err := socketio.New(socketio.Config{})
//	server.Of("/").OnConnect(func(s *socketio.Socket) error {
//		s.On("hello", func(e *socketio.Event) { e.Ack("world") })
//		return nil
//	})
//	http.Handle("/socket.io/", server)
//
// Arguments of events are JSON and stay as they came, byte for byte, until
// somebody decodes them, so relaying an event costs no knowledge of it; see
// [Arg]. The handlers of one connection are called one after the other, in the
// order in which the client sent the events; those of different connections at
// the same time.
//
// Everything that a client can make the server hold is bounded by [Config]. A
// client that breaks the protocol or a bound loses its connection, and learns
// nothing but that. Errors of the user's code do not reach clients, save those
// that are a [ConnectError].
//
// It has no rooms and no broadcast: whoever uses it knows who belongs together.
// It limits no rate, but offers [Config.Admit] for it. It does not recover
// missed events after a reconnection.
//
// All methods may be called concurrently, also by handlers. A connection has one
// goroutine for a moment whenever it has events to handle. Lock order: that of a
// connection before that of a socket.
//
// It implements https://github.com/socketio/socket.io-protocol as of revision 5.
package socketio
