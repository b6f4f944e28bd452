package websocket_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/bench/websocket"
)

const (
	idleSockets = 10_000
	relayPairs  = 32
	dialers     = 16
)

// message is as large as a frame with one candidate.
var message = bytes.Repeat([]byte("a candidate of ICE, as it is "), 11)[:300]

// TestLibrariesRelay keeps the comparison honest: each library does the work
// that is measured.
func TestLibrariesRelay(t *testing.T) {
	for _, library := range websocket.Libraries() {
		t.Run(library.Name, func(t *testing.T) {
			p := start(t, library.Name)
			from, to := p.dial("?pair=1"), p.dial("?pair=1")
			defer from.Close()
			defer to.Close()
			if _, err := from.Write(clientFrame(message)); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, serverFrameBytes(len(message)))
			to.SetReadDeadline(time.Now().Add(5 * time.Second))
			if _, err := io.ReadFull(to, got); err != nil {
				t.Fatalf("relaying one message: got %v", err)
			}
			if !bytes.HasSuffix(got, message) {
				t.Errorf("relayed message: got %q, want it to end in %q", got, message)
			}
		})
	}
}

// BenchmarkIdle reports what one socket costs that waits: everything that the
// server's process holds for it, after garbage collection.
func BenchmarkIdle(b *testing.B) {
	each(b, func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			p := start(b, b.Name()[len("BenchmarkIdle/"):])
			p.dial("").Close()
			before := p.usage("settle")
			b.StartTimer()
			sockets := dialMany(p, idleSockets)
			p.waitForGoroutines(idleSockets + 20)
			b.StopTimer()
			after := p.usage("settle")
			report := func(was, is uint64, unit string) {
				b.ReportMetric(float64(is-was)/idleSockets, unit)
			}
			report(before.Resident, after.Resident, "B/socket")
			report(before.Heap, after.Heap, "heap-B/socket")
			report(before.Stack, after.Stack, "stack-B/socket")
			for _, s := range sockets {
				s.Close()
			}
			b.StartTimer()
		}
	})
}

// BenchmarkRelay reports the server's CPU for one message of 300 bytes that
// comes in on one socket and goes out on another.
func BenchmarkRelay(b *testing.B) {
	each(b, func(b *testing.B) {
		p := start(b, b.Name()[len("BenchmarkRelay/"):])
		var from, to [relayPairs]net.Conn
		for i := range relayPairs {
			query := fmt.Sprintf("?pair=%d", i)
			from[i], to[i] = p.dial(query), p.dial(query)
			defer from[i].Close()
			defer to[i].Close()
		}
		frame := clientFrame(message)
		before := p.usage("settle")
		b.ResetTimer()
		var left atomic.Int64
		left.Store(int64(b.N))
		var wg sync.WaitGroup
		for i := range relayPairs {
			wg.Go(func() {
				got := make([]byte, serverFrameBytes(len(message)))
				for left.Add(-1) >= 0 {
					if _, err := from[i].Write(frame); err != nil {
						b.Error(err)
						return
					}
					if _, err := io.ReadFull(to[i], got); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		b.StopTimer()
		reportCPU(b, before, p.usage(""), "message")
	})
}

// BenchmarkAccept reports how many sockets a server opens a second, and the
// CPU that each takes.
func BenchmarkAccept(b *testing.B) {
	each(b, func(b *testing.B) {
		p := start(b, b.Name()[len("BenchmarkAccept/"):])
		before := p.usage("settle")
		b.ResetTimer()
		var left atomic.Int64
		left.Store(int64(b.N))
		var wg sync.WaitGroup
		for range dialers {
			wg.Go(func() {
				for left.Add(-1) >= 0 {
					conn := p.dial("")
					// A reset leaves no socket in TIME_WAIT, of which there
					// would soon be more than there are ports.
					conn.(*net.TCPConn).SetLinger(0)
					conn.Close()
				}
			})
		}
		wg.Wait()
		b.StopTimer()
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "accepts/s")
		reportCPU(b, before, p.usage(""), "accept")
	})
}

func each(b *testing.B, run func(*testing.B)) {
	for _, library := range websocket.Libraries() {
		b.Run(library.Name, run)
	}
}

func reportCPU(b *testing.B, before, after usage, unit string) {
	b.ReportMetric(float64(after.CPU-before.CPU)/float64(b.N), "cpu-ns/"+unit)
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(b.N), "mallocs/"+unit)
}

func dialMany(p *process, n int) []net.Conn {
	sockets := make([]net.Conn, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range dialers {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				sockets[i] = p.dial("")
			}
		})
	}
	wg.Wait()
	return sockets
}

// TestLibrariesSurviveNegativeLength sends a header whose 64-bit length is
// negative as a signed number. RFC 6455 §5.2 forbids it; a library must end the
// socket and nothing else.
func TestLibrariesSurviveNegativeLength(t *testing.T) {
	for _, library := range websocket.Libraries() {
		t.Run(library.Name, func(t *testing.T) {
			p := start(t, library.Name)
			hostile, next := p.dial(""), p.dial("")
			defer hostile.Close()
			defer next.Close()
			hostile.Write(append(append([]byte{0x81, 0xff}, bytes.Repeat([]byte{0xff}, 8)...), 1, 2, 3, 4))
			hostile.SetReadDeadline(time.Now().Add(5 * time.Second))
			io.Copy(io.Discard, hostile)
			next.Write(clientFrame(message))
			next.SetReadDeadline(time.Now().Add(5 * time.Second))
			if _, err := io.ReadFull(next, make([]byte, serverFrameBytes(len(message)))); err != nil {
				t.Errorf("after a frame of length -1 on another socket: got %v, want an echo", err)
			}
		})
	}
}
