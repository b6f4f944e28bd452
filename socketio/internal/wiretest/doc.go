// Package wiretest speaks Engine.IO byte by byte, for tests that hold a server
// against what the protocol says, and against clients that do not care what it
// says.
//
// Start with [Serve], which serves a handler on loopback or in memory;
// [Client.Do], a request; and [Client.WebSocket].
//
//	c := wiretest.Serve(t, handler, wiretest.InMemory)
//	sid := c.Open(t)
//	c.Post(t, sid, "4hello").Want(t, 200, "ok")
//	c.Poll(t, sid).Want(t, 200, "4hello")
//
// It knows nothing of the packages that it tests, and does nothing that it is
// not told to: no pongs, no polls. Helpers fail the test; those that are called
// in other goroutines return errors. In memory, connections have no buffers and
// may be used in a bubble of testing/synctest.
//
// The functions may be called concurrently, save that a [WebSocket] has one
// reader and one writer. spec/ says nothing about it.
package wiretest
