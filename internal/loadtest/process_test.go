//go:build unix

package loadtest_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// Variables of the environment.
const (
	// roleVariable makes a process of this binary a server.
	roleVariable = "LIAISON_LOADTEST_ROLE"
	// folderVariable is where that server keeps its data.
	folderVariable = "LIAISON_LOADTEST_FOLDER"
	// profileVariable is where it writes its profiles, if anywhere.
	profileVariable = "LIAISON_PROFILE"
)

// Roles of a server's process.
const (
	liaisonRole = "liaison" // the real server
	bareRole    = "bare"    // net/http and the WebSocket library alone
)

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		serve(role)
		return
	}
	goleak.VerifyTestMain(m)
}

// usage is what a server's process says about itself.
type usage struct {
	Resident, Heap, Stack uint64 // bytes
	CPU                   time.Duration
	Mallocs, Allocated    uint64
	Goroutines            int
}

// Commands to a server's process. Each is answered with its usage.
const (
	look   = "look"
	settle = "settle" // collect garbage first
	begin  = "begin"  // settle, and begin to profile
	finish = "finish" // and write the profiles
)

// serve runs a server until its standard input ends.
func serve(role string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	handler, stop := newHandler(role, listener.Addr().String(), os.Getenv(folderVariable))
	// As in cmd/liaison.
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 20 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
	}
	go server.Serve(listener)
	fmt.Println(listener.Addr())
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		obey(lines.Text())
		if err := json.NewEncoder(os.Stdout).Encode(readUsage()); err != nil {
			break
		}
	}
	server.Close()
	stop()
}

func obey(command string) {
	folder := os.Getenv(profileVariable)
	switch command {
	case finish:
		pprof.StopCPUProfile()
		writeHeapProfile(folder)
	case settle, begin:
		collect()
	}
	if command == begin && folder != "" {
		file, err := os.Create(filepath.Join(folder, "cpu.pprof"))
		if err == nil {
			err = pprof.StartCPUProfile(file)
		}
		if err != nil {
			panic(err)
		}
	}
}

// collect leaves what is in use. It collects twice, since what pools hold lives
// for one collection more.
func collect() {
	runtime.GC()
	debug.FreeOSMemory()
}

func writeHeapProfile(folder string) {
	if folder == "" {
		return
	}
	file, err := os.Create(filepath.Join(folder, "heap.pprof"))
	if err == nil {
		err = pprof.WriteHeapProfile(file)
	}
	if err != nil {
		panic(err)
	}
	file.Close()
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
		Mallocs: memory.Mallocs, Allocated: memory.TotalAlloc, Goroutines: runtime.NumGoroutine(),
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

// process is a server in a process of its own.
type process struct {
	tb      testing.TB
	address string
	in      io.WriteCloser
	out     *bufio.Reader
}

func start(tb testing.TB, role string) *process {
	tb.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+role, folderVariable+"="+tb.TempDir())
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
		if err := cmd.Wait(); err != nil {
			tb.Errorf("server %s: %v", role, err)
		}
	})
	line, err := p.out.ReadString('\n')
	if err != nil {
		tb.Fatalf("server %s did not start: %v", role, err)
	}
	p.address = strings.TrimSpace(line)
	return p
}

// tell gives the server's process a command and returns its usage after that.
func (p *process) tell(command string) usage {
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

// report writes what the server spent on each of n units.
func report(b *testing.B, before, after usage, n int, unit string) {
	each := func(d uint64) float64 { return float64(d) / float64(n) }
	b.ReportMetric(each(uint64(after.CPU-before.CPU))/1e3, "cpu-µs/"+unit)
	b.ReportMetric(each(after.Mallocs-before.Mallocs), "mallocs/"+unit)
	b.ReportMetric(each(after.Allocated-before.Allocated), "B/"+unit)
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), unit+"s/s")
}
