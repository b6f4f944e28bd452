package main

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/internal/keyfile"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

func TestMain(m *testing.M) {
	keyfile.LowerCostForTests() // for the commands of the scripts as well: they are this program
	testscript.Main(m, map[string]func(){"liaison": main})
}

// TestScripts drives the program as a person does. The scripts get the
// addresses of real servers.
func TestScripts(t *testing.T) {
	srv := liaisontest.NewServer(t)
	// Its clock is behind, so that its links seem to be old when they are made.
	short := liaisontest.NewServer(t, func(cfg *server.Config) {
		cfg.Now = func() time.Time { return time.Now().Add(time.Second - protocol.LinkTTL) }
	})
	unsealed := protocol.Link{Server: srv.Origin, RequestID: protocol.NewRequestID()}
	unknown := unsealed
	unknown.Invitation = protocol.Invitation{Key: [32]byte{9}, Seed: protocol.Seed{1}}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() }) // the scripts run after this function
	vars := map[string]string{
		"SERVER":   string(srv.Origin),
		"SHORT":    string(short.Origin),
		"NOWHERE":  "http://127.0.0.1:1",
		"TAKEN":    taken.Addr().String(),
		"UNKNOWN":  unknown.Reveal(),
		"UNSEALED": unsealed.Reveal(),
		"EXPIRED":  expired(t),
		"WAITING":  open(t, srv.Origin).Link().Reveal(),
	}
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(e *testscript.Env) error {
			for name, value := range vars {
				e.Setenv(name, value)
			}
			e.Setenv("XDG_CONFIG_HOME", filepath.Join(e.WorkDir, "config"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exitcode": exitCode, "private": private},
	})
}

func open(t *testing.T, origin protocol.Origin) *client.PendingLink {
	t.Helper()
	pending, err := client.OpenLink(t.Context(), client.SiteConfig{Server: origin, ICE: client.ICE{LoopbackOnly: true}})
	if err != nil {
		t.Fatalf("open link: %v", err)
	}
	t.Cleanup(func() { pending.Close() })
	return pending
}

// expired returns a link whose time ran out: the clock of its server jumped.
func expired(t *testing.T) string {
	t.Helper()
	var jumped atomic.Bool
	srv := liaisontest.NewServer(t, func(cfg *server.Config) {
		cfg.Now = func() time.Time {
			if jumped.Load() {
				return time.Now().Add(protocol.LinkTTL)
			}
			return time.Now()
		}
	})
	link := open(t, srv.Origin).Link().Reveal()
	jumped.Store(true)
	return link
}

// exitCode is a script command: exitcode CODE PROGRAM ARGS…
func exitCode(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := exitDone
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		coded, ok := err.(interface{ ExitCode() int })
		if !ok {
			ts.Fatalf("%v: %v", args[1:], err)
		}
		got = coded.ExitCode()
	}
	if got != want {
		ts.Fatalf("%v: exit code %d, want %d", args[1:], got, want)
	}
}

// private is a script command: it fails if a file can be read by others.
func private(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if info.Mode().Perm() != 0o600 {
		ts.Fatalf("mode of %s is %v, want 0600", args[0], info.Mode().Perm())
	}
}
