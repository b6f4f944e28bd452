package server

import (
	"sync/atomic"

	"github.com/liaison-dev/liaison/protocol"
)

// space is what all mailboxes of a node together may still hold, in bytes.
type space struct{ left atomic.Int64 }

func (s *space) take(n int) bool {
	if s.left.Add(-int64(n)) < 0 {
		s.left.Add(int64(n))
		return false
	}
	return true
}

func (s *space) give(n int) { s.left.Add(int64(n)) }

// mailbox keeps the frames for one side of a link from the first that is not
// acknowledged. Frames may come in any order, each as often as its sender
// likes. Its room's lock guards it.
type mailbox struct {
	space  *space   // shared by all; set before the first put
	base   uint64   // all frames below have been acknowledged
	frames []string // payload of frame base+i; empty if it has not come yet
	bytes  int
}

// put keeps a frame. It reports whether the frame is new.
func (m *mailbox) put(f protocol.Frame) (bool, error) {
	if f.N < m.base {
		return false, nil
	}
	i := f.N - m.base
	if i >= protocol.MailboxFrames {
		return false, protocol.Errorf(protocol.MailboxFull, "at most %d frames may wait", protocol.MailboxFrames)
	}
	if i < uint64(len(m.frames)) && m.frames[i] != "" {
		if m.frames[i] != f.D {
			return false, protocol.Errorf(protocol.FrameConflict, "frame %d was sent before with other content", f.N)
		}
		return false, nil
	}
	if m.bytes+len(f.D) > protocol.MailboxBytes {
		return false, protocol.Errorf(protocol.MailboxFull, "at most %d bytes may wait", protocol.MailboxBytes)
	}
	if !m.space.take(len(f.D)) {
		return false, protocol.Errorf(protocol.Overloaded, "too many frames wait on this server")
	}
	for uint64(len(m.frames)) <= i {
		m.frames = append(m.frames, "")
	}
	m.frames[i] = f.D
	m.bytes += len(f.D)
	return true, nil
}

// get returns frame n if it is here.
func (m *mailbox) get(n uint64) (protocol.Frame, bool) {
	if n < m.base || n-m.base >= uint64(len(m.frames)) || m.frames[n-m.base] == "" {
		return protocol.Frame{}, false
	}
	return protocol.Frame{N: n, D: m.frames[n-m.base]}, true
}

// trim forgets all frames below next. It reports whether that is news.
func (m *mailbox) trim(next uint64) bool {
	if next <= m.base {
		return false
	}
	drop := min(next-m.base, uint64(len(m.frames)))
	for i := range drop {
		m.bytes -= len(m.frames[i])
		m.space.give(len(m.frames[i]))
		m.frames[i] = ""
	}
	m.frames = m.frames[drop:]
	if len(m.frames) == 0 {
		m.frames = nil
	}
	m.base = next
	return true
}

// reset forgets all frames, and how many there have been.
func (m *mailbox) reset() {
	m.trim(m.end())
	m.base = 0
}

// end returns the number after the last frame that is here.
func (m *mailbox) end() uint64 { return m.base + uint64(len(m.frames)) }

func (m *mailbox) empty() bool { return len(m.frames) == 0 }
