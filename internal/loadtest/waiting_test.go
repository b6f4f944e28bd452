//go:build unix

package loadtest_test

import (
	"fmt"
	"testing"

	"github.com/liaison-dev/liaison/protocol"
)

// waitingSites is half of what a common limit of descriptors allows.
const waitingSites = 10_000

// BenchmarkWaiting reports what a site costs that waits for its code to be
// scanned, with everything that the server's process holds for it: session,
// link, WebSocket, subscription. Garbage is collected first;
// "uncollected" is before that.
func BenchmarkWaiting(b *testing.B) {
	for _, role := range []string{liaisonRole, bareRole} {
		b.Run(role, func(b *testing.B) {
			for b.Loop() {
				waitingMemory(b, role)
			}
		})
	}
}

func waitingMemory(b *testing.B, role string) {
	p := start(b, role)
	for _, s := range p.waitForScans(role, 100) { // first use of connections and statements
		reset(s.conn)
	}
	before := p.tell(begin)
	sites := p.waitForScans(role, waitingSites)
	uncollected := p.tell(look)
	p.tell(finish)
	after := p.tell(settle)
	each := func(was, is uint64, unit string) {
		b.ReportMetric(float64(int64(is)-int64(was))/waitingSites, unit)
	}
	each(before.Resident, after.Resident, "B/site")
	each(before.Resident, uncollected.Resident, "uncollected-B/site")
	each(before.Heap, after.Heap, "heap-B/site")
	each(before.Stack, after.Stack, "stack-B/site")
	for _, s := range sites {
		reset(s.conn)
	}
}

// waitForScans lets n sites wait.
func (p *process) waitForScans(role string, n int) []*socket {
	const goroutines = 32
	idle := make(chan *rest, goroutines)
	for range goroutines {
		idle <- p.rest()
	}
	wait := p.waitForScan
	if role == bareRole {
		wait = p.bareWaitForScan
	}
	sites := make([]*socket, n)
	inParallel(goroutines, n, func(i int) {
		http := <-idle
		sites[i] = wait(http).site
		idle <- http
	})
	for range goroutines {
		reset((<-idle).conn)
	}
	return sites
}

// BenchmarkOpen opens links while nobody and while ten thousand sites wait; the
// figures must not rise. A browser that comes back shows its session, a new one
// none.
func BenchmarkOpen(b *testing.B) {
	for _, waiting := range []int{0, waitingSites} {
		b.Run(fmt.Sprintf("waiting=%d", waiting), func(b *testing.B) {
			p := start(b, liaisonRole)
			sites := p.waitForScans(liaisonRole, waiting)
			const goroutines = 32
			idle := make(chan *rest, goroutines)
			for range goroutines {
				idle <- p.rest()
			}
			before := p.tell(begin)
			b.ResetTimer()
			inParallel(goroutines, b.N, func(int) {
				http := <-idle
				_, token := http.call("GET", protocol.PathChallenge, "", nil)
				http.call("GET", protocol.PathChallenge, token, nil)
				idle <- http
			})
			b.StopTimer()
			report(b, before, p.tell(finish), 2*b.N, "open")
			for range goroutines {
				reset((<-idle).conn)
			}
			for _, s := range sites {
				reset(s.conn)
			}
		})
	}
}
