package liaison

import (
	"errors"

	"github.com/liaison-dev/liaison/protocol"
)

// Error is a failure on its way out of the program: a code and a sentence that
// strangers may read, and the cause, which is for the log.
type Error struct {
	// Code decides what the outside sees.
	Code protocol.Code
	// Op is what was being done, for the log: "claim link".
	Op string
	// Msg is safe for strangers; it may be empty.
	Msg string
	// Err is the cause; it never leaves the program.
	Err error
}

// Error returns everything that is known, for the log.
func (e *Error) Error() string {
	s := string(e.Code)
	if e.Op != "" {
		s = e.Op + ": " + s
	}
	if e.Msg != "" {
		s += ": " + e.Msg
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap lets errors.Is find both the code and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Code}
	}
	return []error{e.Code, e.Err}
}

// Errors of a [Store]. They stay inside the program: a caller turns them into a
// code, since only it knows what was looked for.
var (
	// ErrNotFound means that there is no such record.
	ErrNotFound = errors.New("not found")
	// ErrConflict means that a record changed since it was read.
	ErrConflict = errors.New("conflict")
)
