package protocol

import "fmt"

// Error is a failure with a code and a sentence that strangers may read.
type Error struct {
	Code Code
	// Detail says what was wrong with this input. It never holds a secret, an
	// address or a session description.
	Detail string
}

// Errorf returns an [Error] with a formatted detail.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Error returns the code and the detail.
func (e *Error) Error() string {
	if e.Detail == "" {
		return string(e.Code)
	}
	return string(e.Code) + ": " + e.Detail
}

// Unwrap lets errors.Is find the code.
func (e *Error) Unwrap() error { return e.Code }
