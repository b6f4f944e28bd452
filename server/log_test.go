package server_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer // guarded by mu
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestPanicStaysShort: a fault of ours costs one answer, says nothing outside,
// and leaves one line of bounded length in the log, whatever the cause holds.
func TestPanicStaysShort(t *testing.T) {
	log := new(lockedBuffer)
	srv := liaisontest.NewServer(t, func(cfg *server.Config) {
		cfg.Logger = slog.New(slog.NewJSONHandler(log, nil))
		cfg.Verifier = verifierFunc(func(protocol.Proof) error { panic("canary\n" + strings.Repeat("long ", 10_000)) })
	})
	p := greeted(t, srv, testKey(t, 1))
	r := p.post(p.claim())
	wantProblem(t, r, protocol.Internal)
	if strings.Contains(string(r.body), "canary") {
		t.Errorf("answer %s tells the cause", r.body)
	}
	found := false
	for line := range strings.Lines(log.String()) {
		var entry struct{ Msg, Stack string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil || len(line) > 4<<10 {
			t.Errorf("line of the log has %d bytes (%v), want at most 4096: %.300s…", len(line), err, line)
		}
		found = found || entry.Msg == "handler panicked" && strings.Contains(entry.Stack, "TestPanicStaysShort")
	}
	if !found {
		t.Errorf("the log does not say where it happened: %.1000s", log.String())
	}
	want[any](t, p.site.call("GET", protocol.PathSession, nil)) // and the server goes on
}

// TestLogHidesAddresses: errors of the network name both ends of a connection.
func TestLogHidesAddresses(t *testing.T) {
	log := new(lockedBuffer)
	failure := fmt.Errorf("look up: %w", &net.OpError{
		Op: "read", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(198, 51, 100, 23), Port: 4444}, Err: errors.New("connection reset by peer"),
	})
	srv := liaisontest.NewServer(t, func(cfg *server.Config) {
		cfg.Logger = slog.New(slog.NewJSONHandler(log, nil))
		cfg.Verifier = verifierFunc(func(protocol.Proof) error { return failure })
	})
	p := greeted(t, srv, testKey(t, 1))
	wantProblem(t, p.post(p.claim()), protocol.ProofRejected)
	if got := log.String(); strings.Contains(got, "198.51.100.23") || !strings.Contains(got, "look up: read: connection reset by peer") {
		t.Errorf("log: %s\nwant the error without the address", got)
	}
}
