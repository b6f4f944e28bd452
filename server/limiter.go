package server

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiterAddresses bounds how many addresses a limiter remembers. Whoever was
// not seen for longest is forgotten first, and starts again with a full burst.
const limiterAddresses = 20_000

// addressLimiter allows each address a rate and a burst.
type addressLimiter struct {
	limit rate.Limit
	burst int

	mu      sync.Mutex
	byAddr  map[netip.Addr]*list.Element
	recents list.List // of *addressBucket, the most recent first
}

type addressBucket struct {
	addr   netip.Addr
	bucket *rate.Limiter
}

// newAddressLimiter allows n events in each period, with a burst of as many.
func newAddressLimiter(n int, period time.Duration) *addressLimiter {
	return &addressLimiter{
		limit:  rate.Limit(float64(n) / period.Seconds()),
		burst:  n,
		byAddr: make(map[netip.Addr]*list.Element),
	}
}

// wait returns 0 if the address may go on now, else how long it has to wait.
func (l *addressLimiter) wait(addr netip.Addr, now time.Time) time.Duration {
	bucket := l.bucket(addr)
	reservation := bucket.ReserveN(now, 1)
	delay := reservation.DelayFrom(now)
	if delay > 0 {
		reservation.CancelAt(now)
	}
	return delay
}

func (l *addressLimiter) bucket(addr netip.Addr) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.byAddr[addr]; ok {
		l.recents.MoveToFront(e)
		return e.Value.(*addressBucket).bucket
	}
	if len(l.byAddr) >= limiterAddresses {
		oldest := l.recents.Back()
		delete(l.byAddr, l.recents.Remove(oldest).(*addressBucket).addr)
	}
	b := &addressBucket{addr: addr, bucket: rate.NewLimiter(l.limit, l.burst)}
	l.byAddr[addr] = l.recents.PushFront(b)
	return b.bucket
}

// addressCount counts what each address holds right now.
type addressCount struct {
	max int

	mu     sync.Mutex
	counts map[netip.Addr]int
}

// take counts one more, unless the address already holds its share.
func (c *addressCount) take(addr netip.Addr) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts[addr] >= c.max {
		return false
	}
	c.counts[addr]++
	return true
}

// give returns what take counted.
func (c *addressCount) give(addr netip.Addr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts[addr]--; c.counts[addr] <= 0 {
		delete(c.counts, addr)
	}
}

// pace spaces out events, with a burst of two seconds' worth. It is one number,
// since every socket has one. The zero value is ready.
type pace struct {
	due int64 // when the events so far are worked off at the rate, in Unix nanoseconds
}

// next counts an event and returns how long it has to wait; it may be negative.
func (p *pace) next(now time.Time, perSecond int) time.Duration {
	// Never more than the burst ahead: a clock that was set back must not make
	// the sockets wait until it is where it was.
	p.due = min(max(p.due, now.UnixNano()), now.Add(2*time.Second).UnixNano()) + int64(time.Second)/int64(perSecond)
	return time.Duration(p.due-now.UnixNano()) - 2*time.Second
}
