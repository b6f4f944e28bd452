package client

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	firstBackoff = 200 * time.Millisecond
	maxBackoff   = 15 * time.Second
)

// backoff waits longer from time to time, at random, so that the clients of a
// server that was away do not all come back at once. The zero value is ready.
type backoff struct {
	attempts int
	longest  time.Duration // 0 stands for maxBackoff
}

// wait returns false if ctx ended or stop was closed first.
func (b *backoff) wait(ctx context.Context, stop <-chan struct{}) bool {
	longest := maxBackoff
	if b.longest > 0 {
		longest = b.longest
	}
	span := min(firstBackoff<<min(b.attempts, 10), longest)
	b.attempts++
	timer := time.NewTimer(span/2 + rand.N(span/2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-stop:
		return false
	case <-ctx.Done():
		return false
	}
}

func (b *backoff) reset() { b.attempts = 0 }
