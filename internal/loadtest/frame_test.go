//go:build unix

package loadtest_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/liaison-dev/liaison/protocol"
)

const (
	relayPairs = 32
	// ackEvery is how many frames a client acknowledges at once.
	ackEvery = 16
)

// BenchmarkFrame sends frames of 300 characters from the sites to the wallets
// of 32 links, one after the other on each, and acknowledges every sixteenth.
func BenchmarkFrame(b *testing.B) {
	b.Run(liaisonRole, func(b *testing.B) {
		p := start(b, liaisonRole)
		http := p.rest()
		defer reset(http.conn)
		pairs := make([]pair, relayPairs)
		for i := range pairs {
			pairs[i] = p.link(http, http, newKey(i))
			defer pairs[i].close()
		}
		relay(b, p, pairs)
	})
	b.Run(bareRole, func(b *testing.B) {
		p := start(b, bareRole)
		pairs := make([]pair, relayPairs)
		for i := range pairs {
			header := fmt.Sprintf("%s: %d", pairHeader, i)
			pairs[i] = pair{p.dial("", header), p.dial("", header), protocol.NewRequestID()}
			defer pairs[i].close()
		}
		relay(b, p, pairs)
	})
}

func relay(b *testing.B, p *process, pairs []pair) {
	var left atomic.Int64
	left.Store(int64(b.N))
	before := p.tell(begin)
	b.ResetTimer()
	var wg sync.WaitGroup
	for _, pair := range pairs {
		wg.Go(func() {
			d := payload(frameBytes)
			for n := uint64(1); left.Add(-1) >= 0; n++ { // frame 0 was the handshake's
				pair.site.send(fmt.Appendf(nil, `{"op":"send","requestId":%q,"n":%d,"d":%q}`, pair.id, n, d))
				pair.wallet.receive()
				if n%ackEvery == 0 {
					pair.wallet.send(fmt.Appendf(nil, `{"op":"ack","requestId":%q,"next":%d}`, pair.id, n+1))
					pair.site.receive()
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	report(b, before, p.tell(finish), b.N, "frame")
}

// BenchmarkAccept opens WebSockets: those of the real server show a session.
func BenchmarkAccept(b *testing.B) {
	const dialers = 16
	for _, role := range []string{liaisonRole, bareRole} {
		b.Run(role, func(b *testing.B) {
			p := start(b, role)
			http := p.rest()
			defer reset(http.conn)
			_, token := http.call("GET", protocol.PathChallenge, "", nil)
			before := p.tell(begin)
			b.ResetTimer()
			inParallel(dialers, b.N, func(int) { reset(p.dial(token).conn) })
			b.StopTimer()
			report(b, before, p.tell(finish), b.N, "accept")
		})
	}
}

// inParallel calls do for 0 to n-1 from several goroutines.
func inParallel(goroutines, n int, do func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				do(int(i))
			}
		})
	}
	wg.Wait()
}
