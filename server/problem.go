package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// publicError returns what a stranger may know of an error: its code and a
// sentence. Whatever carries no code is [protocol.Internal] and says nothing.
func publicError(err error) (protocol.Code, string) {
	// The outermost decides: what it wraps is the cause, which is not for
	// strangers.
	var coded *liaison.Error
	if errors.As(err, &coded) {
		return coded.Code, coded.Msg
	}
	var plain *protocol.Error
	if errors.As(err, &plain) {
		return plain.Code, plain.Detail
	}
	return protocol.CodeOf(err), ""
}

// retryAfterError says when to come back.
type retryAfterError struct {
	cause *protocol.Error
	after time.Duration
}

func rateLimited(what string, after time.Duration) error {
	return retryAfterError{protocol.Errorf(protocol.RateLimited, "too many %s from this address", what), after}
}

func (e retryAfterError) Error() string { return e.cause.Error() }

func (e retryAfterError) Unwrap() error { return e.cause }

// writeProblem is the only place that renders an HTTP error.
func (s *Server) writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	code, detail := publicError(err)
	info := code.Info()
	status := info.Status
	if status == 0 {
		status = http.StatusInternalServerError
	}
	instance := requestInstance(w)
	level := slog.LevelInfo
	if status >= 500 {
		level = slog.LevelError
	}
	s.log.Log(r.Context(), level, "request refused",
		"method", r.Method, "route", r.Pattern, "code", code, "status", status, "instance", instance, "cause", logText(err))
	s.metrics.Problem(code)
	h := w.Header()
	h.Set("Content-Type", protocol.ProblemType)
	h.Set("Cache-Control", "no-store")
	var retry retryAfterError
	switch {
	case errors.As(err, &retry):
		h.Set("Retry-After", strconv.Itoa(max(1, int(retry.after.Seconds()+0.999))))
	case status == http.StatusServiceUnavailable:
		h.Set("Retry-After", "1")
	}
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(protocol.Problem{ // the client may be gone; nobody is left to tell
		Type: "about:blank", Title: info.Meaning, Status: status, Code: code,
		Detail: detail, Remedy: info.Remedy, Retryable: info.Retry, Instance: instance,
	})
}

// Bounds of what one error, one panic's cause and one stack may write into the
// log, in bytes. A line stays below 4 KiB whatever its escapes cost.
const (
	maxLogText  = 1 << 10
	maxLogCause = 512
	maxLogStack = 2 << 10
)

// logText makes an error's text safe for a log: one short printable line that
// tells no client's address, which errors of the network do.
func logText(err error) string {
	text := err.Error()
	var network *net.OpError
	if errors.As(err, &network) {
		text = strings.ReplaceAll(text, network.Error(), network.Op+": "+network.Err.Error())
	}
	return printable(text, maxLogText)
}

// printable returns at most so many bytes of a text, as one printable line.
func printable(text string, maxBytes int) string {
	return strings.Map(func(r rune) rune {
		if notPrintable(r) {
			return '·'
		}
		return r
	}, text[:min(len(text), maxBytes)])
}

// logPanic writes what a recovered panic leaves behind.
func (s *Server) logPanic(ctx context.Context, where string, cause any) {
	stack := debug.Stack()
	s.log.ErrorContext(ctx, where+" panicked", "cause", printable(fmt.Sprint(cause), maxLogCause), "stack", string(stack[:min(len(stack), maxLogStack)]))
}
