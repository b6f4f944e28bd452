package server_test

import (
	"strings"
	"testing"

	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

// TestBusyRoomKeepsNoneOut: of two rooms behind one socket, the one whose frames
// never end leaves the other its turn.
func TestBusyRoomKeepsNoneOut(t *testing.T) {
	const most = 10_000
	var busy, quiet server.BacklogRoom
	written, after := uint64(0), uint64(most)
	b := server.NewBacklog(func(text string) {
		if strings.Contains(text, "quiet") {
			after = min(after, written)
			return
		}
		if written++; written >= most || after < most {
			return
		}
		busy.Trim(written) // its reader acknowledges, and its sender has the next one ready
		busy.Put(written + protocol.MailboxFrames - 1)
		busy.Flush()
	})
	busy, quiet = b.Room("busy", protocol.MailboxFrames), b.Room("quiet", 1)
	b.Start(busy, quiet)
	b.Wait()
	if after > protocol.MailboxFrames {
		t.Errorf("the frame of the quiet room came after %d of the busy one, want at most a mailbox of them", after)
	}
}

// TestAckOfAnotherNode: what another node knows to have arrived holds up nothing that
// comes after it, also if it was not handed over here.
func TestAckOfAnotherNode(t *testing.T) {
	read, next := make(chan struct{}), false
	b := server.NewBacklog(func(text string) {
		<-read
		next = next || strings.Contains(text, `"n":64,`)
	})
	room := b.Room("room", protocol.MailboxFrames)
	room.Flush() // half of them are queued
	room.AckedElsewhere(protocol.MailboxFrames)
	room.Put(protocol.MailboxFrames)
	room.Flush()
	close(read)
	b.Wait()
	if !next {
		t.Errorf("frame %d was never handed over", protocol.MailboxFrames)
	}
}
