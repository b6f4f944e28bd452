package server

import (
	"context"
	"net/http"
	"time"

	"github.com/liaison-dev/liaison/protocol"
)

// ExpireRooms does now what the house-keeping does every second.
func (s *Server) ExpireRooms(ctx context.Context) { s.expireRooms(ctx) }

// ClientAddress is the address that limits count.
var ClientAddress = clientAddress

// LinkQuota bounds how many links are opened in two minutes.
type LinkQuota = linkQuota

// NewLinkQuota returns a quota of n.
func NewLinkQuota(n int) *LinkQuota { return &linkQuota{max: n} }

// Take counts one more link.
func (q *LinkQuota) Take(now time.Time) bool { return q.take(now) }

// Rooms is how many links have a part on this node.
func (s *Server) Rooms() int { return len(s.hub.openRooms()) }

// Attached is how many sockets of this node hear from a link.
func (s *Server) Attached(id protocol.RequestID) (n int) {
	r := s.hub.find(id)
	if r == nil {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.ends {
		if r.ends[i].socket != nil {
			n++
		}
	}
	return n
}

// CompareNetworks compares where two requests come from.
func (s *Server) CompareNetworks(a, b *http.Request) protocol.Network {
	return compareNetworks(s.networkAddress(a), s.networkAddress(b))
}

// Pace spaces out the messages of one socket.
type Pace = pace

// Next counts a message and returns how long it has to wait.
func (p *Pace) Next(now time.Time, perSecond int) time.Duration { return p.next(now, perSecond) }
