package websocket_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/bench/websocket"
)

// libraryVariable makes a process of this binary the server of a library.
const libraryVariable = "LIAISON_BENCH_LIBRARY"

func TestMain(m *testing.M) {
	if name := os.Getenv(libraryVariable); name != "" {
		serve(name)
		return
	}
	os.Exit(m.Run())
}

// usage is what a server process says about itself.
type usage struct {
	Resident, Heap, Stack uint64 // bytes
	CPU                   time.Duration
	Mallocs               uint64
	Goroutines            int
}

// serve runs the library until its standard input ends. Each line on it is
// answered with the process's usage; "settle" collects garbage first.
func serve(name string) {
	for _, library := range websocket.Libraries() {
		if library.Name != name {
			continue
		}
		server := httptest.NewServer(library.Handler(websocket.NewRelay()))
		fmt.Println(server.Listener.Addr())
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			if lines.Text() == "settle" {
				runtime.GC()
				debug.FreeOSMemory()
			}
			if err := json.NewEncoder(os.Stdout).Encode(readUsage()); err != nil {
				return
			}
		}
		return
	}
}

func readUsage() usage {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	var times syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &times); err != nil {
		panic(err)
	}
	return usage{
		Resident: residentBytes(), Heap: memory.HeapAlloc, Stack: memory.StackInuse,
		CPU:     time.Duration(times.Utime.Nano() + times.Stime.Nano()),
		Mallocs: memory.Mallocs, Goroutines: runtime.NumGoroutine(),
	}
}

func residentBytes() uint64 {
	status, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0 // not Linux: the figure is left out
	}
	var size, resident uint64
	fmt.Sscan(string(status), &size, &resident)
	return resident * uint64(os.Getpagesize())
}

// process is a library's server in a process of its own.
type process struct {
	tb      testing.TB
	address string
	in      io.WriteCloser
	out     *bufio.Reader
}

func start(tb testing.TB, library string) *process {
	tb.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), libraryVariable+"="+library)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	p := &process{tb: tb, in: in, out: bufio.NewReader(out)}
	tb.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	line, err := p.out.ReadString('\n')
	if err != nil {
		tb.Fatalf("server of %s did not start: %v", library, err)
	}
	p.address = strings.TrimSpace(line)
	return p
}

func (p *process) usage(command string) usage {
	p.tb.Helper()
	fmt.Fprintln(p.in, command)
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		p.tb.Fatalf("server says nothing of itself: %v", err)
	}
	var u usage
	if err := json.Unmarshal(line, &u); err != nil {
		p.tb.Fatal(err)
	}
	return u
}

// waitForGoroutines returns once the server has as many goroutines as it needs
// for its sockets, so that none is measured half way through its handshake.
func (p *process) waitForGoroutines(atMost int) {
	p.tb.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for p.usage("").Goroutines > atMost {
		if time.Now().After(deadline) {
			p.tb.Fatalf("server still has more than %d goroutines", atMost)
		}
		runtime.Gosched()
	}
}

// dial opens a WebSocket with as little as the protocol allows.
func (p *process) dial(query string) net.Conn {
	p.tb.Helper()
	conn, err := net.Dial("tcp", p.address)
	if err != nil {
		p.tb.Fatal(err)
	}
	fmt.Fprintf(conn, "GET /%s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", query, p.address)
	response, err := http.ReadResponse(bufio.NewReaderSize(conn, 512), nil)
	if err != nil {
		p.tb.Fatal(err)
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		p.tb.Fatalf("upgrade got %s, want 101", response.Status)
	}
	return conn
}

// clientFrame is one masked text message.
func clientFrame(payload []byte) []byte {
	frame := []byte{0x81, 0x80 | 126, byte(len(payload) >> 8), byte(len(payload)), 1, 2, 3, 4}
	for i, c := range payload {
		frame = append(frame, c^frame[4+i%4])
	}
	return frame
}

// serverFrameBytes is the size of an unmasked message of 126 to 65535 bytes.
func serverFrameBytes(payload int) int { return 4 + payload }
