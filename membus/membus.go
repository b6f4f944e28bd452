package membus

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// Switch connects members. Its methods may be called concurrently.
type Switch struct {
	mu sync.Mutex
	// Written under mu, read without it: a new slice for each change.
	members atomic.Pointer[[]*member]
	dropped atomic.Uint64
}

// New returns a switch without members.
func New() *Switch {
	s := &Switch{}
	s.members.Store(new([]*member))
	return s
}

// Join returns one node's end of the bus. It runs a goroutine until it is
// closed.
func (s *Switch) Join() liaison.Bus {
	m := &member{
		in:            s,
		queue:         make(chan *envelope, queueLength),
		closing:       make(chan struct{}),
		delivered:     make(chan struct{}),
		subscriptions: make(map[liaison.Subject]*subscription),
	}
	s.change(func(all []*member) []*member { return append(all, m) })
	go m.deliver()
	return m
}

// Dropped returns how many signals were lost since New because a member's queue
// was full.
func (s *Switch) Dropped() uint64 { return s.dropped.Load() }

func (s *Switch) change(edit func([]*member) []*member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := edit(slices.Clone(*s.members.Load()))
	s.members.Store(&all)
}

// queueLength is how many signals wait for a member. At ten thousand frames a
// second it bridges a tenth of one, and empty it takes 8 kB.
const queueLength = 1024

// envelope is one signal on its way. It is shared by all receivers.
type envelope struct {
	subject liaison.Subject
	signal  liaison.Signal
	frame   protocol.Frame // what signal.Frame points to
}

// member is one node's end of the bus.
type member struct {
	// Fixed after Join.
	in        *Switch
	queue     chan *envelope
	closing   chan struct{} // closed by Close
	delivered chan struct{} // closed when the goroutine has ended
	closeOnce sync.Once

	mu            sync.RWMutex
	subscriptions map[liaison.Subject]*subscription // nil when closed
}

// subscription is an entry of the list of those who listen on one subject. A
// list, since nearly every subject has one listener.
type subscription struct {
	// Fixed after Subscribe.
	of      *member
	subject liaison.Subject
	handle  func(liaison.Signal)
	// canceled is atomic.
	canceled atomic.Bool
	// next is guarded by the member's mu.
	next *subscription
}

// Publish implements [liaison.Bus].
func (m *member) Publish(subject liaison.Subject, signal liaison.Signal) {
	all := *m.in.members.Load()
	if len(all) < 2 {
		return
	}
	m.publish(all, subject, signal)
}

// publish is apart from Publish so that a member that is alone allocates
// nothing.
func (m *member) publish(all []*member, subject liaison.Subject, signal liaison.Signal) {
	var e *envelope
	for _, other := range all {
		if other == m || !other.listens(subject) {
			continue
		}
		if e == nil {
			e = seal(subject, signal)
		}
		select {
		case other.queue <- e:
		default:
			m.in.dropped.Add(1)
		}
	}
}

// seal copies the frame, which the publisher may use again at once.
func seal(subject liaison.Subject, signal liaison.Signal) *envelope {
	e := &envelope{subject: subject, signal: signal}
	if signal.Frame != nil {
		e.frame = *signal.Frame
		e.signal.Frame = &e.frame
	}
	return e
}

func (m *member) listens(subject liaison.Subject) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.subscriptions[subject] != nil
}

var errClosed = errors.New("membus: bus is closed")

// Subscribe implements [liaison.Bus]. The only error is that the bus is closed.
func (m *member) Subscribe(subject liaison.Subject, handle func(liaison.Signal)) (cancel func(), err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.subscriptions == nil {
		return nil, errClosed
	}
	s := &subscription{of: m, subject: subject, handle: handle, next: m.subscriptions[subject]}
	m.subscriptions[subject] = s
	return s.cancel, nil
}

func (s *subscription) cancel() {
	if s.canceled.Swap(true) {
		return
	}
	m := s.of
	m.mu.Lock()
	defer m.mu.Unlock()
	first := m.subscriptions[s.subject]
	switch {
	case first == nil: // the member is closed
	case first != s:
		for p := first; p != nil; p = p.next {
			if p.next == s {
				p.next = s.next
				return
			}
		}
	case s.next == nil:
		delete(m.subscriptions, s.subject)
	default:
		m.subscriptions[s.subject] = s.next
	}
}

// deliver is the member's goroutine.
func (m *member) deliver() {
	defer close(m.delivered)
	var listeners []*subscription
	for {
		select {
		case <-m.closing:
			return
		case e := <-m.queue:
			listeners = m.listeners(listeners[:0], e.subject)
			for _, s := range listeners {
				if !s.canceled.Load() {
					s.handle(e.signal)
				}
			}
			clear(listeners)
		}
	}
}

// listeners copies the list, since handlers are called without the lock and may
// change it.
func (m *member) listeners(into []*subscription, subject liaison.Subject) []*subscription {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for s := m.subscriptions[subject]; s != nil; s = s.next {
		into = append(into, s)
	}
	return into
}

// Close implements [liaison.Bus]. It waits for the handler that is running;
// what is still in the queue is lost.
func (m *member) Close() error {
	m.closeOnce.Do(func() {
		m.in.change(func(all []*member) []*member {
			return slices.DeleteFunc(all, func(other *member) bool { return other == m })
		})
		m.mu.Lock()
		m.subscriptions = nil
		m.mu.Unlock()
		close(m.closing)
	})
	<-m.delivered
	return nil
}
