package sealed

import "errors"

// What can go wrong; every error of this package is one of these for
// [errors.Is]. None says more about a message than that it was refused, since
// whoever sent it may be listening.
var (
	// ErrAuthentication is for a message that is not what the other end made for
	// this place: it was changed, repeated, skipped, turned back, made with other
	// keys, or holds a public key of small order.
	ErrAuthentication = errors.New("sealed: message does not authenticate")
	// ErrSize is for a message that is shorter or longer than any can be, and for
	// a payload that does not fit into one.
	ErrSize = errors.New("sealed: size out of bounds")
	// ErrState is for a call that is not due: a second or early message of a
	// handshake, a session before its handshake, a site's key that has answered,
	// a message after the last counter.
	ErrState = errors.New("sealed: call is not due")
	// ErrBroken is for every call after the error that ended a handshake or a
	// session, and for values that no constructor made.
	ErrBroken = errors.New("sealed: ended by an earlier error")
	// ErrLink is for a link or a resumption that no handshake can be made from,
	// and for the key of another link.
	ErrLink = errors.New("sealed: link or resumption is not usable")
)
