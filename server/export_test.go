package server

import (
	"context"
	"time"
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

// Pace spaces out the messages of one socket.
type Pace = pace

// Next counts a message and returns how long it has to wait.
func (p *Pace) Next(now time.Time, perSecond int) time.Duration { return p.next(now, perSecond) }
