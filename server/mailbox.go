package server

import (
	"net/netip"
	"sync"

	"github.com/liaison-dev/liaison/protocol"
)

// sender is who handed over a frame: a client, by the address that limits count,
// or, as the zero value, another node, which has counted it already.
type sender struct {
	client bool
	addr   netip.Addr
}

// space is what all mailboxes of a node together hold, in bytes, and what of that
// came from each address.
type space struct {
	max, maxPerAddress int // fixed

	mu sync.Mutex
	// Guarded by mu.
	held int
	from map[netip.Addr]int // of clients that have something here
}

func newSpace(limits Limits) *space {
	return &space{max: limits.MailboxBytes, maxPerAddress: limits.MailboxBytesPerAddress, from: make(map[netip.Addr]int)}
}

func (s *space) take(n int, from sender) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if from.client && s.from[from.addr]+n > s.maxPerAddress {
		return protocol.Errorf(protocol.MailboxFull, "at most %d bytes from one address may wait", s.maxPerAddress)
	}
	if s.held+n > s.max {
		return protocol.Errorf(protocol.Overloaded, "too many frames wait on this server")
	}
	s.held += n
	if from.client {
		s.from[from.addr] += n
	}
	return nil
}

func (s *space) give(n int, from sender) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held -= n
	if !from.client {
		return
	}
	if s.from[from.addr] -= n; s.from[from.addr] <= 0 {
		delete(s.from, from.addr)
	}
}

// letter is a frame that waits.
type letter struct {
	payload string // empty if it has not come yet
	from    sender
}

// mailbox keeps the frames for one side of a link from the first that is not
// acknowledged. Frames may come in any order, each as often as its sender
// likes. Its room's lock guards it.
type mailbox struct {
	space  *space   // shared by all; set before the first put
	base   uint64   // all frames below have been acknowledged
	frames []letter // frame base+i
	bytes  int
}

// put keeps a frame. It reports whether the frame is new.
func (m *mailbox) put(f protocol.Frame, from sender) (bool, error) {
	if f.N < m.base {
		return false, nil
	}
	i := f.N - m.base
	if i >= protocol.MailboxFrames {
		return false, protocol.Errorf(protocol.MailboxFull, "at most %d frames may wait", protocol.MailboxFrames)
	}
	if i < uint64(len(m.frames)) && m.frames[i].payload != "" {
		if m.frames[i].payload != f.D {
			return false, protocol.Errorf(protocol.FrameConflict, "frame %d was sent before with other content", f.N)
		}
		return false, nil
	}
	if m.bytes+len(f.D) > protocol.MailboxBytes {
		return false, protocol.Errorf(protocol.MailboxFull, "at most %d bytes may wait", protocol.MailboxBytes)
	}
	if err := m.space.take(len(f.D), from); err != nil {
		return false, err
	}
	for uint64(len(m.frames)) <= i {
		m.frames = append(m.frames, letter{})
	}
	m.frames[i] = letter{f.D, from}
	m.bytes += len(f.D)
	return true, nil
}

// get returns frame n if it is here.
func (m *mailbox) get(n uint64) (protocol.Frame, bool) {
	if n < m.base || n-m.base >= uint64(len(m.frames)) || m.frames[n-m.base].payload == "" {
		return protocol.Frame{}, false
	}
	return protocol.Frame{N: n, D: m.frames[n-m.base].payload}, true
}

// missing returns the number of the first frame from n on that is not here.
func (m *mailbox) missing(n uint64) uint64 {
	for n = max(n, m.base); ; n++ {
		if _, here := m.get(n); !here {
			return n
		}
	}
}

// trim forgets all frames below next. It reports whether that is news.
func (m *mailbox) trim(next uint64) bool {
	if next <= m.base {
		return false
	}
	drop := min(next-m.base, uint64(len(m.frames)))
	for i := range drop {
		size := len(m.frames[i].payload)
		m.bytes -= size
		m.space.give(size, m.frames[i].from)
		m.frames[i] = letter{}
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
