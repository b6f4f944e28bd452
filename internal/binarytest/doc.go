// Package binarytest holds the tests of the program as it is shipped: built
// without C, with its symbols stripped, and run as a person would run it. There
// is nothing to import.
//
// TestBinaryIsStatic and TestBinaryStartsFastAndStaysSmall hold what the README
// promises of it; TestLogHoldsNoSecret runs the whole flow, and all the bad
// input that a stranger could send, with a record of what went over the wire,
// and looks for it in the log.
//
//	go test ./internal/binarytest
//
// It does not test what the commands say to people: that is with the program
// itself, in cmd/liaison.
//
// Within a test each process and the wire are safe for concurrent use.
//
// It tests no section of spec/protocol.md, but docs/operate.md.
package binarytest
