// Package crashtest holds the tests that kill a server. There is nothing to
// import: it is a package of its own because its test binary is also the server
// that dies.
//
// TestKilledServerKeepsItsWord kills a server again and again while clients link
// sites and wallets, and compares what the next server on the same data says
// with what was acknowledged. TestChannelOutlivesServer kills one while two
// peers talk.
//
//	go test ./internal/crashtest -v          shows the seed of a run
//	LIAISON_CRASH_SEED=7 go test ./internal/crashtest
//
// What it does not test is the loss of power: a process that is killed leaves
// its writes to the system, which carries them out. That every commit is synced
// is a matter of package sqlite.
//
// Within a test each client is owned by one goroutine.
//
// It tests spec/protocol.md §6.1 and §6.2.
package crashtest
