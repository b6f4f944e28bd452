package server

import (
	"context"
	"net/http"
	"time"

	"github.com/lxzan/gws"

	"github.com/liaison-dev/liaison"
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

// Backlog is a socket of a wallet that reads no faster than a test wants, and the
// rooms whose frames wait for it.
type Backlog struct {
	server Server
	space  *space
	socket *socket
}

// readLine hands what is written to the test.
type readLine func(text string)

func (read readLine) write(_ gws.Opcode, payload []byte) error { read(string(payload)); return nil }
func (readLine) setDeadline(time.Time)                         {}
func (readLine) say(protocol.Code)                             {}
func (readLine) cut()                                          {}

// NewBacklog returns a socket that hands each message to read.
func NewBacklog(read func(text string)) *Backlog {
	b := &Backlog{}
	b.server.cfg.Limits = Limits{OutboundMessages: 64, OutboundBytes: 256 << 10, MailboxBytes: 1 << 28}
	b.space = newSpace(b.server.cfg.Limits)
	b.socket = &socket{server: &b.server, line: readLine(read)}
	return b
}

// Room attaches the socket to another room, in which some frames wait.
func (b *Backlog) Room(id protocol.RequestID, frames uint64) BacklogRoom {
	r := BacklogRoom{&room{id: id, address: "X"}}
	e := &r.room.ends[protocol.WalletSide]
	e.socket, e.frames, e.topic, e.inbox.space = b.socket, true, protocol.WalletSide.Topic("X"), b.space
	b.socket.note(attachment{r.room, protocol.WalletSide})
	for n := range frames {
		r.Put(n)
	}
	return r
}

// Wait waits until the socket has written everything.
func (b *Backlog) Wait() { b.server.writers.Wait() }

// Start lets the socket, which has not begun to write, take from all rooms at once.
func (b *Backlog) Start(rooms ...BacklogRoom) {
	b.socket.mu.Lock()
	b.socket.writing = true // so that none begins to before all have had their turn
	b.socket.mu.Unlock()
	for _, r := range rooms {
		r.Flush()
	}
	b.socket.mu.Lock()
	b.socket.writing = false
	b.socket.startWriterLocked()
	b.socket.mu.Unlock()
}

// BacklogRoom is a room whose wallet is the socket of a [Backlog].
type BacklogRoom struct{ room *room }

// Put puts a frame into the wallet's mailbox and nowhere else.
func (r BacklogRoom) Put(n uint64) {
	r.room.mu.Lock()
	defer r.room.mu.Unlock()
	r.room.ends[protocol.WalletSide].inbox.put(protocol.Frame{N: n, D: "AAAA"}, sender{})
}

// Trim forgets the frames below next.
func (r BacklogRoom) Trim(next uint64) {
	r.room.mu.Lock()
	defer r.room.mu.Unlock()
	r.room.ends[protocol.WalletSide].inbox.trim(next)
}

// Flush hands the socket what it has room for.
func (r BacklogRoom) Flush() { r.room.flush(protocol.WalletSide) }

// AckedElsewhere brings the word of another node that all frames below next arrived.
func (r BacklogRoom) AckedElsewhere(next uint64) {
	r.room.handleFlow(liaison.Signal{Kind: liaison.SignalAck, Link: r.room.id, Side: protocol.WalletSide, Next: next})
}
