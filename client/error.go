package client

import (
	"context"
	"errors"
	"time"

	"github.com/liaison-dev/liaison/protocol"
)

// Error is a failure of a link or a channel. errors.Is finds its code and its
// cause.
type Error struct {
	// Code says what kind of failure it is and what a person can do about it
	// ([protocol.Code.Info]).
	Code protocol.Code
	// Op is what was being done: "claim link".
	Op string
	// Detail says more, if there is more to say; a person may read it.
	Detail string
	// Instance is the id of the failed request in the server's log; it may be
	// empty.
	Instance string
	// Err is the cause; it may be nil.
	Err error
}

// Error returns all that is known.
func (e *Error) Error() string {
	s := string(e.Code)
	if e.Op != "" {
		s = e.Op + ": " + s
	}
	if e.Detail != "" {
		s += ": " + e.Detail
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

// wrap makes an Error of any error: one that has a code keeps it, any other
// gets the given one.
func wrap(op string, code protocol.Code, err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	var detailed *protocol.Error
	if errors.As(err, &detailed) {
		return &Error{Code: detailed.Code, Op: op, Detail: detailed.Detail}
	}
	return &Error{Code: code, Op: op, Err: err}
}

// contextError says why a wait ended: the caller gave up, or ran out of time.
func contextError(ctx context.Context, op string) *Error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &Error{Code: protocol.TimedOut, Op: op}
	}
	return &Error{Code: protocol.Canceled, Op: op}
}

// withDeadline gives ctx a deadline if it has none: no wait is for ever.
func withDeadline(ctx context.Context, after time.Duration) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, after)
}
