package binarytest_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience bounds every wait of these tests. It is never what passes the time.
const patience = 30 * time.Second

// binary is the path of the program under test, fixed before the first test.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "liaison")
	if err == nil {
		binary = filepath.Join(dir, "liaison")
		err = build(binary, "-trimpath", "-ldflags", "-s -w")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(dir)
		os.Exit(code)
	}))
}

// build builds the program as a release is built, without C.
func build(to string, flags ...string) error {
	args := append([]string{"build", "-o", to}, flags...)
	cmd := exec.Command("go", append(args, "github.com/liaison-dev/liaison/cmd/liaison")...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(cmd.Args[1:], " "), err, out)
	}
	return nil
}

// program is one run of the binary.
type program struct {
	t     testing.TB
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines chan string   // of standard output
	ended chan struct{} // closed when the process is gone

	mu sync.Mutex
	// Guarded by mu.
	stdout, stderr bytes.Buffer
}

// run starts the binary. It ends with the test at the latest.
func run(t testing.TB, args ...string) *program {
	t.Helper()
	p := &program{t: t, cmd: exec.Command(binary, args...), lines: make(chan string, 1000), ended: make(chan struct{})}
	p.cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "LIAISON_") })
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, in := io.Pipe()
	p.cmd.Stdout = in
	p.cmd.Stderr = writerFunc(func(b []byte) { p.stderr.Write(b) }, &p.mu)
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", args, err)
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			p.mu.Lock()
			p.stdout.WriteString(scanner.Text() + "\n")
			p.mu.Unlock()
			p.lines <- scanner.Text()
		}
	})
	go func() {
		_ = p.cmd.Wait() // the state tells the exit code
		in.Close()
		reading.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
	})
	return p
}

type lockedWriter struct {
	mu    *sync.Mutex
	write func([]byte)
}

func writerFunc(write func([]byte), mu *sync.Mutex) io.Writer { return lockedWriter{mu, write} }

func (w lockedWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.write(b)
	return len(b), nil
}

// line waits for the next line of standard output.
func (p *program) line() string {
	p.t.Helper()
	select {
	case line := <-p.lines:
		return line
	case <-p.ended:
	case <-time.After(patience):
	}
	p.t.Fatalf("%s: no line came; standard output and error:\n%s", p.cmd.Args, p.output())
	return ""
}

// expect waits for an event of --json and returns it.
func (p *program) expect(name string) (event struct{ Event, URI, Data string }) {
	p.t.Helper()
	for event.Event != name {
		line := p.line()
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			p.t.Fatalf("%s: line %q: %v", p.cmd.Args, line, err)
		}
		if event.Event == "error" && name != "error" {
			p.t.Fatalf("%s: got %s, want %s", p.cmd.Args, line, name)
		}
	}
	return event
}

// write types a line.
func (p *program) write(line string) {
	p.t.Helper()
	if _, err := io.WriteString(p.stdin, line+"\n"); err != nil {
		p.t.Fatalf("%s: type %q: %v", p.cmd.Args, line, err)
	}
}

// stop asks the program to end, as Ctrl-C does, and waits until it has.
func (p *program) stop() {
	p.t.Helper()
	_ = p.cmd.Process.Signal(os.Interrupt)
	p.wait()
}

// wait waits for the end of the program, which must be a good one.
func (p *program) wait() {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatalf("%s does not end", p.cmd.Args)
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		p.t.Fatalf("%s: exit code %d, want 0; standard output and error:\n%s", p.cmd.Args, code, p.output())
	}
}

// output returns all that the program wrote.
func (p *program) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stdout.String() + p.stderr.String()
}

func (p *program) errors() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stderr.String()
}

// startServer runs the server, and returns where it listens.
func startServer(t testing.TB, args ...string) (server *program, address string) {
	t.Helper()
	server = run(t, append([]string{
		"serve", "--listen", "127.0.0.1:0", "--metrics-listen", "off", "--data", filepath.Join(t.TempDir(), "liaison.db"),
	}, args...)...)
	server.line() // comes when the listener is there
	deadline := time.Now().Add(patience)
	for {
		for line := range strings.Lines(server.errors()) {
			var entry struct{ Msg, Listen string }
			if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "serving" {
				return server, entry.Listen
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server does not say where it listens: %s", server.output())
		}
		select {
		case <-server.ended:
			t.Fatalf("the server ended: %s", server.output())
		case <-time.After(time.Millisecond): // its standard error wakes nobody
		}
	}
}
