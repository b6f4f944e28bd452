package liquid

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
	"github.com/liaison-dev/liaison/socketio"
)

// Handler serves Liquid Auth's clients: an http.Handler for the paths of
// [Handler.Paths]. All methods may be called concurrently.
type Handler struct {
	// Fixed after New.
	config  Config
	dialect server.Dialect
	cookies cookies
	ids     ids
	log     *slog.Logger
	mux     *http.ServeMux
	sockets *socketio.Server
	births  births
	seats   seats
}

// New checks the configuration and returns a handler that is ready. Close it
// before its server.
func New(ctx context.Context, config Config) (*Handler, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	h := &Handler{config: config, dialect: config.Server.Dialect(), log: config.Logger}
	cookieKey, err := config.Store.Secret(ctx, "liquid cookie")
	if err != nil {
		return nil, err
	}
	idKey, err := config.Store.Secret(ctx, "liquid ids")
	if err != nil {
		return nil, err
	}
	h.cookies = cookies{key: cookieKey[:], secure: config.Origin.Scheme() == "https"}
	h.ids = ids{key: idKey[:]}
	h.births.now = h.now
	h.mux = h.routes()
	if h.sockets, err = h.newSockets(); err != nil {
		return nil, err
	}
	return h, nil
}

// Paths returns what the handler answers, as patterns of net/http.
func Paths() []string {
	return []string{"/attestation/", "/assertion/", "/auth/", SocketPath}
}

func (h *Handler) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for pattern, answer := range map[string]answer{
		"POST /attestation/request":    h.attestationRequest,
		"POST /attestation/response":   h.attestationResponse,
		"POST /assertion/request/{id}": h.assertionRequest,
		"POST /assertion/response":     h.assertionResponse,
		"GET /auth/session":            h.viewSession,
		"GET /auth/user":               h.viewUser,
		"DELETE /auth/keys/{id}":       h.removeKey,
		"GET " + logoutPath:            h.logout,
		"/":                            func(_ http.ResponseWriter, r *http.Request) error { return notFound(r) },
	} {
		mux.Handle(pattern, h.guarded(answer))
	}
	mux.HandleFunc("OPTIONS "+logoutPath, preflight)
	return mux
}

// ServeHTTP answers a request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Referrer-Policy", "no-referrer")
	if r.URL.Path == SocketPath {
		h.sockets.ServeHTTP(w, r)
		return
	}
	h.mux.ServeHTTP(w, r)
}

// answer is a handler whose error becomes the answer that clients expect.
type answer func(http.ResponseWriter, *http.Request) error

// guarded runs a handler behind what holds for all of them: the limit of requests,
// the check of the browser's origin, and the one recovery point.
func (h *Handler) guarded(answer answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if cause := recover(); cause != nil {
				h.log.ErrorContext(r.Context(), "handler panicked", "stack", string(debug.Stack()))
				h.fail(w, r, errors.New("panic"))
			}
		}()
		err := h.dialect.Admit(r)
		if err == nil && !h.dialect.SameOrigin(r) && r.URL.Path != logoutPath {
			err = errForbidden
		}
		if err == nil {
			err = answer(w, r)
		}
		if err != nil {
			h.fail(w, r, err)
		}
	}
}

// fail is the only place that renders errors.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	f := asFailure(err)
	level := slog.LevelDebug
	if f.status >= 500 && f.status != http.StatusNotImplemented {
		level = slog.LevelError
	}
	h.log.Log(r.Context(), level, "request refused", "route", r.Pattern, "status", f.status, "code", protocol.CodeOf(err))
	writeJSON(w, f.status, f.body)
}

func (h *Handler) now() time.Time { return h.config.Now() }

// Close ends all sockets and returns when their goroutines have ended, or with
// ctx's error when that ends first.
func (h *Handler) Close(ctx context.Context) error { return h.sockets.Close(ctx) }
