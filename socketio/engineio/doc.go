// Package engineio is a server of the Engine.IO protocol, revision 4: messages
// in both directions over HTTP long-polling and WebSocket, with an upgrade from
// the one to the other that neither loses a message nor doubles it.
//
// Start with [New], which returns an http.Handler; [Config.Open], which is told
// of each session; and [Session.Send].
//
//	server, err := engineio.New(engineio.Config{
//		Open: func(s *engineio.Session) engineio.Handler { return echo{s} },
//	})
//	http.Handle("/engine.io/", server)
//
// What a session holds is bounded by [Config]: the bytes of a message, the
// messages of one request, what waits for a client that does not read, the
// sessions of all clients. A client that breaks a bound or the protocol loses
// its session and gets an answer that says nothing of what it sent. WebSocket
// messages are never compressed, in either direction, since a few bytes may
// then stand for megabytes.
//
// It does no JSONP, no revision 3, no WebTransport. It limits no rate: the
// handler sees every message, and the hooks every request. It opens no
// listener; the deadlines of long polls it sets itself, so that an http.Server
// with a WriteTimeout does not cut them off.
//
// All methods may be called concurrently. Goroutines: one for each WebSocket,
// and for a moment one that writes; a session that polls has none of its own.
// Lock order: the lock on receiving, then that of a session, then that of the
// server.
//
// It implements https://github.com/socketio/engine.io-protocol as of revision
// 4, and answers errors the way of the reference implementation.
package engineio
