package server

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
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

// maxLogText bounds what one error may write into the log.
const maxLogText = 1 << 10

// logText makes an error's text safe for a log: one short printable line.
func logText(err error) string {
	text := err.Error()
	if len(text) > maxLogText {
		text = text[:maxLogText]
	}
	return strings.Map(func(r rune) rune {
		if notPrintable(r) {
			return '·'
		}
		return r
	}, text)
}
