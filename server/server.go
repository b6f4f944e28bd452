package server

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/netip"
	"sync"
	"time"
	"unicode"

	"github.com/lxzan/gws"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/internal/metrics"
	"github.com/liaison-dev/liaison/protocol"
)

// Server is an http.Handler for everything below /v1/, and for /healthz,
// /readyz, and the two files in /.well-known/ that name apps. All methods may be called concurrently.
type Server struct {
	// Fixed after New.
	cfg      Config
	log      *slog.Logger
	metrics  *metrics.Metrics
	hub      *hub
	mux      *http.ServeMux
	upgrader *gws.Upgrader
	aliasKey []byte // names links in this process's log

	requestsByAddress, linksByAddress, socketsByAddress, ceremoniesByAddress *addressLimiter

	socketsOpen                  addressCount
	linksOpened, ceremoniesAsked linkQuota
	proofChecks                  *turnstile

	ctx              context.Context // ends with Close
	cancel           context.CancelFunc
	house            sync.WaitGroup // keepHouse
	readers, writers sync.WaitGroup // of sockets
	closeOnce        sync.Once
}

// New checks the configuration and returns a server that is ready. It opens no
// listener, reads no environment, and touches no global state. Close it.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, log: cfg.Logger, metrics: metrics.New(),
		upgrader:          newUpgrader(cfg.Logger),
		aliasKey:          make([]byte, 32),
		requestsByAddress: newAddressLimiter(cfg.Limits.RequestsPerMinute, time.Minute),
		socketsByAddress:  newAddressLimiter(cfg.Limits.SocketsPerMinute, time.Minute),
		linksByAddress:    newAddressLimiter(cfg.Limits.LinksPerAddress, protocol.LinkTTL),
		socketsOpen:       addressCount{max: cfg.Limits.SocketsPerAddress, counts: make(map[netip.Addr]int)},
		linksOpened:       linkQuota{max: cfg.Limits.Links},
		ceremoniesAsked:   linkQuota{max: cfg.Limits.Challenges},
		proofChecks:       newTurnstile(cfg.Limits.ProofChecks, cfg.Limits.ProofQueue),

		ceremoniesByAddress: newAddressLimiter(cfg.Limits.ChallengesPerAddress, liaison.CeremonyTTL),
	}
	rand.Read(s.aliasKey)
	s.mux = s.routes()
	if s.hub, err = newHub(cfg, s.metrics); err != nil {
		return nil, err
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.house.Go(func() { s.keepHouse(s.ctx) })
	return s, nil
}

// Close refuses new sockets, tells the open ones to connect elsewhere, and
// returns when all goroutines of the server have ended, or with ctx's error
// when that ends first. It does not close the Store and the Bus.
func (s *Server) Close(ctx context.Context) error {
	s.closeOnce.Do(func() {
		s.cancel()
		s.hub.close()
	})
	done := make(chan struct{})
	go func() {
		s.house.Wait()
		s.readers.Wait()
		s.writers.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Metrics serves the server's figures in the text format of Prometheus. Mount
// it where only the operator can reach it.
func (s *Server) Metrics() http.Handler { return s.metrics.Handler() }

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set(instanceHeader, newInstance())
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	s.mux.ServeHTTP(w, r)
}

// handler is an HTTP handler whose error becomes a problem document.
type handler func(w http.ResponseWriter, r *http.Request) error

// guarded runs a handler that answers pages of our own origin alone behind what
// holds for all of them: the limit of requests, the check of the browser's origin,
// and the one recovery point.
func (s *Server) guarded(handle handler) http.HandlerFunc {
	return s.limited(func(w http.ResponseWriter, r *http.Request) error {
		if !s.sameOrigin(r) {
			return s.originDenied()
		}
		return handle(w, r)
	})
}

func (s *Server) originDenied() error {
	return protocol.Errorf(protocol.OriginDenied, "this server is for %s", s.cfg.Origin)
}

// limited runs a handler behind the limit of requests and the one recovery point.
func (s *Server) limited(handle handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if cause := recover(); cause != nil {
				s.logPanic(r.Context(), "handler", cause)
				s.writeProblem(w, r, protocol.Internal)
			}
		}()
		if wait := s.requestsByAddress.wait(s.address(r), s.cfg.Now()); wait > 0 {
			s.writeProblem(w, r, rateLimited("requests", wait))
			return
		}
		if err := handle(w, r); err != nil {
			s.writeProblem(w, r, err)
		}
	}
}

// sameOrigin reports whether a request comes from a page of ours or from no
// browser at all. It holds for every method, since opening a link is a GET.
func (s *Server) sameOrigin(r *http.Request) bool {
	from := r.Header.Get("Sec-Fetch-Site")
	// A name that leads to this machine although it is not ours (DNS rebinding)
	// would make any site look like ours to the browser.
	if from != "" && s.cfg.Origin.Loopback() && r.Host != s.cfg.Origin.Host() {
		return false
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		return origin == string(s.cfg.Origin)
	}
	switch from {
	case "", "same-origin", "none": // no browser, our page, or the address bar
		return true
	}
	return false
}

func (s *Server) address(r *http.Request) netip.Addr {
	return clientAddress(r, s.cfg.TrustedProxies)
}

// sender is the client of a request, as one whose frames are kept.
func (s *Server) sender(r *http.Request) sender { return sender{client: true, addr: s.address(r)} }

// alias names a link in the log. Whoever reads the log cannot find the link by
// it, and it changes with each start.
func (s *Server) alias(id protocol.RequestID) string {
	if id == "" {
		return ""
	}
	mac := hmac.New(sha256.New, s.aliasKey)
	mac.Write([]byte(id))
	return hex.EncodeToString(mac.Sum(nil)[:6])
}

// instanceHeader carries the id of a request, for its client and for the log.
const instanceHeader = "X-Request-Id"

func newInstance() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func requestInstance(w http.ResponseWriter) string { return w.Header().Get(instanceHeader) }

// requestID returns the one in the path.
func requestID(r *http.Request) (protocol.RequestID, error) {
	return protocol.ParseRequestID(r.PathValue("requestId"))
}

// drainedBytes is how much of a refused body is still read: a client that is cut
// off while it writes may never see the answer.
const drainedBytes = protocol.MaxBodyBytes

// parseBody reads a JSON body. The content type is insisted on because browsers
// let other sites send any other one without asking.
func parseBody(r *http.Request, body protocol.Validator) error {
	err := checkBody(r)
	if err == nil {
		err = protocol.ParseBody(r.Body, body)
	}
	if err != nil {
		io.CopyN(io.Discard, r.Body, drainedBytes) // what cannot be read need not be
	}
	return err
}

func checkBody(r *http.Request) error {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/json" {
		return protocol.Errorf(protocol.UnsupportedMediaType, "the body must be application/json")
	}
	if r.ContentLength > protocol.MaxBodyBytes {
		return protocol.Errorf(protocol.TooLarge, "a body may have %d bytes", protocol.MaxBodyBytes)
	}
	return nil
}

func writeJSON(w http.ResponseWriter, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(append(data, '\n')) // a client that is gone needs no answer
	return nil
}

// health answers /healthz: the process runs.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, map[string]string{"status": "ok"})
}

// ready answers /readyz: the server can do its work.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if s.ctx.Err() != nil {
		return protocol.ShuttingDown
	}
	if err := s.cfg.Store.Ping(ctx); err != nil {
		return unavailable("ping store", errors.Join(err, context.Cause(ctx)))
	}
	return writeJSON(w, map[string]string{"status": "ready"})
}

// notPrintable finds what must not reach a log or a person: control characters
// and those that reorder text.
func notPrintable(r rune) bool { return !unicode.IsPrint(r) }
