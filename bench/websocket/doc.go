// Package websocket measures the WebSocket libraries that the server could
// stand on, doing nothing but what the library does: sockets that wait, one
// message relayed from one socket to another, connections accepted.
//
// It is a module of its own, so that nobody who uses Liaison downloads the
// libraries that were not chosen. The figures that decided are in
// docs/adr/0001-websocket-library.md; run
//
//	go test -run '^$' -bench . -benchtime 2s
//
// to take them again. Start with [Libraries], what is compared, and
// BenchmarkIdle, the figure that matters most to a server whose sockets mostly
// wait. Each server runs in a process of its own, so that memory and CPU are
// its own; the clients are a few lines over TCP, so that they cost little.
//
// A [Library] is not a way to use WebSockets: it has no limits, no timeouts and
// no checks. Its handlers may be called concurrently.
package websocket
