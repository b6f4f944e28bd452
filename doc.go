// Package liaison says what a link, a session and an account are, how a link
// may change, and what a server expects of storage and of the bus between
// nodes. It does no I/O.
//
// A link is one pairing between a site's session and a wallet's session. Start
// with [Link.Transition], the state machine; [Store], what must last; and
// [Bus], what flies between nodes.
//
//	next, effects, err := link.Transition(liaison.Event{Kind: liaison.Claim, Now: now, …})
//	if err != nil {
//		return err // carries a protocol.Code
//	}
//	err = store.Commit(ctx, liaison.Change{Links: []liaison.Link{next}})
//
// Package server puts these behind HTTP and WebSocket, package sqlite and
// package membus implement the contracts, package client is the other end.
// Values of this package are plain data and safe to copy; the contracts say
// which methods may be called concurrently (all of them).
//
// It implements spec/link.md.
package liaison
