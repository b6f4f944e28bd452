package server

import (
	"strings"
	"testing"
	"time"

	"github.com/lxzan/gws"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// A socket that reads no faster than its test wants is not to be had from outside.

// readLine hands what is written to the test.
type readLine func(text string)

func (read readLine) write(_ gws.Opcode, payload []byte) error { read(string(payload)); return nil }
func (readLine) setDeadline(time.Time)                         {}
func (readLine) say(protocol.Code)                             {}
func (readLine) cut()                                          {}

// backlog is a socket of wallets, with rooms whose frames wait for it.
type backlog struct {
	server Server
	space  *space
	socket *socket
}

func newBacklog(read readLine) *backlog {
	b := &backlog{}
	b.server.cfg.Limits = Limits{OutboundMessages: 64, OutboundBytes: 256 << 10, MailboxBytes: 1 << 28}
	b.space = newSpace(b.server.cfg.Limits)
	b.socket = &socket{server: &b.server, line: read}
	return b
}

// room attaches the socket to another room, in which some frames wait.
func (b *backlog) room(id protocol.RequestID, frames uint64) *room {
	r := &room{id: id, address: "X"}
	e := &r.ends[protocol.WalletSide]
	e.socket, e.frames, e.topic, e.inbox.space = b.socket, true, protocol.WalletSide.Topic("X"), b.space
	b.socket.note(attachment{r, protocol.WalletSide})
	for n := range frames {
		r.waits(n)
	}
	return r
}

// waits puts a frame into the mailbox of the wallet and nowhere else.
func (r *room) waits(n uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ends[protocol.WalletSide].inbox.put(protocol.Frame{N: n, D: "AAAA"}, sender{})
}

// TestBusyRoomKeepsNoneOut: of two rooms behind one socket, the one whose frames
// never end leaves the other its turn.
func TestBusyRoomKeepsNoneOut(t *testing.T) {
	const most = 10_000
	var busy, quiet *room
	written, after := uint64(0), uint64(most)
	b := newBacklog(func(text string) {
		if strings.Contains(text, string(quiet.id)) {
			after = min(after, written)
			return
		}
		if written++; written >= most || after < most {
			return
		}
		// Its reader acknowledges, and its sender has the next one ready.
		busy.mu.Lock()
		busy.ends[protocol.WalletSide].inbox.trim(written)
		busy.mu.Unlock()
		busy.waits(written + protocol.MailboxFrames - 1)
		busy.flush(protocol.WalletSide)
	})
	busy, quiet = b.room("busy", protocol.MailboxFrames), b.room("quiet", 1)
	busy.mu.Lock() // the writer comes when both wait
	busy.flushLocked(protocol.WalletSide)
	quiet.flush(protocol.WalletSide)
	busy.mu.Unlock()
	b.server.writers.Wait()
	if after > protocol.MailboxFrames {
		t.Errorf("the frame of the quiet room came after %d of the busy one, want at most a mailbox of them", after)
	}
}

// TestAckOfAnotherNode: what another node knows to have arrived holds up nothing that
// comes after it, also if it was not handed over here.
func TestAckOfAnotherNode(t *testing.T) {
	read, next := make(chan struct{}), false
	b := newBacklog(func(text string) {
		<-read
		next = next || strings.Contains(text, `"n":64,`)
	})
	r := b.room("room", protocol.MailboxFrames)
	r.flush(protocol.WalletSide) // half of them are queued
	r.handleFlow(liaison.Signal{Kind: liaison.SignalAck, Link: r.id, Side: protocol.WalletSide, Next: protocol.MailboxFrames})
	r.waits(protocol.MailboxFrames)
	r.flush(protocol.WalletSide)
	close(read)
	b.server.writers.Wait()
	if !next {
		t.Errorf("frame %d was never handed over", protocol.MailboxFrames)
	}
}
