package crashtest_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/membus"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
	"github.com/liaison-dev/liaison/sqlite"
)

// patience bounds every wait of these tests. It is never what passes the time.
const patience = 20 * time.Second

// serve is the process that is to be killed: a whole server, whose store can be
// told to end the process at a statement. It writes its address to standard
// output and ends by itself when its parent does.
func serve(path, origin string) error {
	store, err := sqlite.Open(context.Background(), sqlite.Config{Path: path})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if origin == "" {
		origin = "http://" + listener.Addr().String()
	}
	const many = 1 << 30
	fuse := new(fuse)
	verifier := chain.Default()
	handler, err := server.New(server.Config{
		Origin: protocol.Origin(origin), Store: fusedStore{store, fuse}, Bus: membus.New().Join(),
		Verifier: verifier, Chains: verifier.Chains(),
		Limits: server.Limits{RequestsPerMinute: many, SocketsPerMinute: many, LinksPerAddress: many, Links: many},
	})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", handler)
	mux.HandleFunc("POST "+fusePath+"{statements}/{when}", fuse.set)
	fmt.Println(listener.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	return http.Serve(listener, mux)
}

const fusePath = "/fuse/"

// fuse ends the process at one of the statements that the store carries out.
type fuse struct {
	left  atomic.Int64 // statements until it burns through; not positive if it is not lit
	after atomic.Bool  // once the statement was carried out, not before
}

// set answers POST /fuse/{statements}/{when}.
func (f *fuse) set(w http.ResponseWriter, r *http.Request) {
	statements, err := strconv.ParseInt(r.PathValue("statements"), 10, 64)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.after.Store(r.PathValue("when") == "after")
	f.left.Store(statements)
}

func (f *fuse) burn(statement func()) {
	last := f.left.Add(-1) == 0
	if last && !f.after.Load() {
		die()
	}
	statement()
	if last {
		die()
	}
}

// die ends the process as the outside would: nothing deferred, nothing flushed.
func die() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {}
}

// fusedStore is a store with a fuse in it.
type fusedStore struct {
	liaison.Store
	fuse *fuse
}

func (s fusedStore) Session(ctx context.Context, id liaison.SessionID) (v liaison.Session, err error) {
	s.fuse.burn(func() { v, err = s.Store.Session(ctx, id) })
	return
}

func (s fusedStore) SessionByToken(ctx context.Context, hash liaison.TokenHash) (v liaison.Session, err error) {
	s.fuse.burn(func() { v, err = s.Store.SessionByToken(ctx, hash) })
	return
}

func (s fusedStore) SessionsOf(ctx context.Context, account protocol.Account) (v []liaison.Session, err error) {
	s.fuse.burn(func() { v, err = s.Store.SessionsOf(ctx, account) })
	return
}

func (s fusedStore) Link(ctx context.Context, id protocol.RequestID) (v liaison.Link, err error) {
	s.fuse.burn(func() { v, err = s.Store.Link(ctx, id) })
	return
}

func (s fusedStore) WaitingLinks(ctx context.Context, site liaison.SessionID) (v []liaison.Link, err error) {
	s.fuse.burn(func() { v, err = s.Store.WaitingLinks(ctx, site) })
	return
}

func (s fusedStore) Credential(ctx context.Context, id liaison.CredentialID) (v liaison.Credential, err error) {
	s.fuse.burn(func() { v, err = s.Store.Credential(ctx, id) })
	return
}

func (s fusedStore) Credentials(ctx context.Context, account protocol.Account) (v []liaison.Credential, err error) {
	s.fuse.burn(func() { v, err = s.Store.Credentials(ctx, account) })
	return
}

func (s fusedStore) Ceremony(ctx context.Context, id liaison.CeremonyID) (v liaison.Ceremony, err error) {
	s.fuse.burn(func() { v, err = s.Store.Ceremony(ctx, id) })
	return
}

func (s fusedStore) Ceremonies(ctx context.Context, session liaison.SessionID) (v []liaison.Ceremony, err error) {
	s.fuse.burn(func() { v, err = s.Store.Ceremonies(ctx, session) })
	return
}

func (s fusedStore) Secret(ctx context.Context, name string) (v [32]byte, err error) {
	s.fuse.burn(func() { v, err = s.Store.Secret(ctx, name) })
	return
}

func (s fusedStore) Commit(ctx context.Context, change liaison.Change) (err error) {
	s.fuse.burn(func() { err = s.Store.Commit(ctx, change) })
	return
}

// process is a server in a process of its own.
type process struct {
	address string // HOST:PORT
	cmd     *exec.Cmd
	stdin   io.Closer
	ended   chan struct{} // closed when the process is gone
}

// start runs a server on the data file and waits until it listens. The process
// ends with the test at the latest.
func start(t *testing.T, path, origin string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), dataVariable+"="+path, originVariable+"="+origin)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start server: %v", err)
	}
	p := &process{cmd: cmd, stdin: stdin, ended: make(chan struct{})}
	t.Cleanup(p.kill)
	stuck := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	stuck.Stop()
	go func() {
		_ = cmd.Wait() // it is killed: there is always an error
		close(p.ended)
	}()
	if err != nil {
		t.Fatalf("the server says no address: %v", err)
	}
	p.address = strings.TrimSpace(line)
	return p
}

// kill ends the process with SIGKILL and waits until it is gone, and with it its
// lock on the data file.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
	_ = p.stdin.Close()
}

// await waits until the process is gone by itself.
func (p *process) await(t *testing.T) {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Fatal("the server is still there, want it dead")
	}
}
