// Package oracle holds package sealed against an implementation of Noise by
// others, and makes the project's handshake vectors with that one.
//
// It is a module of its own, so that nobody who uses Liaison downloads the other
// implementation. Start with [End], one end of a handshake there; [Files], the
// vectors; and the tests, in which each end talks to the other implementation.
//
//	go generate   # writes vectors/sealed.json
//	go test
//
// It imports package sealed in tests only: what the vectors say was never
// computed by the code that they test, and the labels of spec/sealed.md §2 are
// written here a second time. It is for tests, keeps secrets badly, and is not
// safe for concurrent use. It states spec/sealed.md §2, §3, §6 and §9 as
// examples (§12).
package oracle

//go:generate go run ./genvectors
