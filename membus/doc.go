// Package membus carries signals between nodes of one process. A server that
// runs alone has one member and pays next to nothing for it; several members
// stand for several nodes in tests.
//
// Start with [New], [Switch.Join] and [Switch.Dropped].
//
//	bus := membus.New().Join()
//	defer bus.Close()
//	cancel, err := bus.Subscribe(liaison.LinkSubject(id), func(s liaison.Signal) { … })
//
// Each member has one goroutine, which calls its handlers one after the other,
// and a queue of bounded length: a member whose handlers are slow loses signals
// and delays nobody. A subscription costs about 200 bytes and no goroutine.
// Nothing leaves the process; nodes on several machines need another Bus.
//
// All methods may be called concurrently, also by handlers, save that a handler
// must not close the member that called it.
//
// It implements the contract of [liaison.Bus], which serves spec/link.md.
package membus
