package bustest

import (
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// Run checks the contract. The function open returns as many new nodes of one
// service as it is asked for, the same number of Bus values; Run closes them.
func Run(t *testing.T, open func(t *testing.T, members int) []liaison.Bus) {
	cases := []struct {
		name    string
		members int
		test    func(*suite)
	}{
		{"every field arrives", 2, (*suite).fields},
		{"each subscriber on every other node is reached", 3, (*suite).reach},
		{"nothing comes back to its publisher", 2, (*suite).echo},
		{"subjects are apart", 2, (*suite).subjects},
		{"no signal arrives twice", 2, (*suite).once},
		{"a subscription's calls come one at a time", 3, (*suite).serial},
		{"cancel ends the calls", 2, (*suite).cancel},
		{"cancel does not wait for the call under way", 2, (*suite).cancelUnderWay},
		{"a handler may publish, subscribe and cancel", 2, (*suite).reenter},
		{"publish does not wait for a slow node", 3, (*suite).slow},
		{"many subscriptions", 2, (*suite).many},
		{"subscribe, publish and cancel concurrently", 3, (*suite).churn},
		{"a node alone", 1, (*suite).alone},
		{"a node that left", 3, (*suite).left},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := &suite{T: t, nodes: open(t, c.members)}
			t.Cleanup(func() {
				for i, node := range s.nodes {
					if err := node.Close(); err != nil {
						t.Errorf("Close of node %d: got %v, want nil", i, err)
					}
				}
			})
			c.test(s)
		})
	}
}

// suite is one case and the nodes that are open.
type suite struct {
	*testing.T
	nodes []liaison.Bus
}

const (
	// patience bounds every wait; it is reached only by a test that fails.
	patience = 20 * time.Second
	// again is how long a signal may take before another one is sent.
	again = 20 * time.Millisecond

	subject liaison.Subject = "link.of-the-test"
	fence   liaison.Subject = "link.of-the-fence"
)

func (s *suite) subscribe(node int, subject liaison.Subject, handle func(liaison.Signal)) (cancel func()) {
	s.Helper()
	cancel, err := s.nodes[node].Subscribe(subject, handle)
	if err != nil {
		s.Fatalf("Subscribe(%q) on node %d: %v", subject, node, err)
	}
	return cancel
}

// collect subscribes and returns a channel that gets each signal. It is longer
// than any case fills it.
func (s *suite) collect(node int, subject liaison.Subject) <-chan liaison.Signal {
	s.Helper()
	c := make(chan liaison.Signal, 100_000)
	s.subscribe(node, subject, func(signal liaison.Signal) { c <- signal })
	return c
}

// publishUntil publishes, with a growing Next, until the channel gets something,
// and returns that.
func (s *suite) publishUntil(node int, subject liaison.Subject, signal liaison.Signal, c <-chan liaison.Signal) liaison.Signal {
	s.Helper()
	deadline := time.After(patience)
	for ; ; signal.Next++ {
		s.nodes[node].Publish(subject, signal)
		select {
		case got := <-c:
			return got
		case <-time.After(again):
		case <-deadline:
			s.Fatalf("Publish(%q, %+v) on node %d, %d times: nothing arrived", subject, signal, node, signal.Next)
		}
	}
}

// settle returns when signals have gone from one node to another that were
// published after everything before.
func (s *suite) settle(from, to int) {
	s.Helper()
	c := make(chan liaison.Signal, 100_000)
	cancel := s.subscribe(to, fence, func(signal liaison.Signal) { c <- signal })
	defer cancel()
	for range 3 {
		s.publishUntil(from, fence, liaison.Signal{Kind: liaison.SignalNotice}, c)
	}
}

func (s *suite) wait(what string, done <-chan struct{}) {
	s.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		s.Fatalf("%s: did not happen in %v", what, patience)
	}
}

func (s *suite) fields() {
	c := s.collect(1, subject)
	for _, want := range []liaison.Signal{
		{},
		{
			Kind: liaison.SignalFrame, Link: "link-of-the-test", Side: protocol.WalletSide, Frame: &protocol.Frame{N: 1 << 60, D: "ZGF0YQ"},
			State: protocol.PeerHere, Code: protocol.LinkTaken, Session: "session", Generation: 1 << 60,
		},
	} {
		got := s.publishUntil(0, subject, want, c)
		got.Next = want.Next
		if !reflect.DeepEqual(got, want) {
			s.Fatalf("published on another node:\n got %+v\nwant %+v", got, want)
		}
		s.settle(0, 1)
		for len(c) > 0 {
			<-c
		}
	}
}

func (s *suite) reach() {
	var listeners []<-chan liaison.Signal
	for _, node := range []int{1, 1, 2} {
		listeners = append(listeners, s.collect(node, subject))
	}
	for _, c := range listeners {
		s.publishUntil(0, subject, liaison.Signal{Kind: liaison.SignalWant}, c)
	}
}

func (s *suite) echo() {
	own, other := s.collect(0, subject), s.collect(1, subject)
	for range 10 {
		s.publishUntil(0, subject, liaison.Signal{Kind: liaison.SignalWant}, other)
	}
	s.settle(0, 1)
	s.settle(1, 0)
	if n := len(own); n != 0 {
		s.Fatalf("publisher's own subscription: got %d signals, want 0", n)
	}
}

func (s *suite) subjects() {
	wrong, right := s.collect(1, "link.of-the-tes"), s.collect(1, subject)
	all := s.collect(1, liaison.SessionsSubject)
	s.publishUntil(0, subject, liaison.Signal{Kind: liaison.SignalWant}, right)
	s.settle(0, 1)
	if len(wrong)+len(all) != 0 {
		s.Fatalf("signal on %q: got %d on another link's subject and %d on that of all sessions, want 0", subject, len(wrong), len(all))
	}
}

func (s *suite) once() {
	c := s.collect(1, subject)
	s.publishUntil(0, subject, liaison.Signal{}, c)
	for n := range uint64(500) {
		s.nodes[0].Publish(subject, liaison.Signal{Kind: liaison.SignalAck, Next: n})
	}
	s.settle(0, 1)
	seen := make(map[uint64]int)
	for len(c) > 0 {
		if got := <-c; got.Kind == liaison.SignalAck {
			seen[got.Next]++
		}
	}
	for n, times := range seen {
		if times > 1 {
			s.Fatalf("signal %d: arrived %d times, want at most once", n, times)
		}
	}
	if len(seen) == 0 {
		s.Fatal("500 signals on an idle bus: got none")
	}
}

func (s *suite) serial() {
	var inside atomic.Int64
	arrived := make(chan liaison.Signal, 100_000)
	s.subscribe(0, subject, func(signal liaison.Signal) {
		if n := inside.Add(1); n != 1 {
			s.Errorf("%d calls of one subscription at the same time, want 1", n)
		}
		for range 10 {
			runtime.Gosched() // the call lasts, for the next one to run into
		}
		inside.Add(-1)
		arrived <- signal
	})
	var wait sync.WaitGroup
	for node := 1; node < len(s.nodes); node++ {
		wait.Go(func() {
			for range 200 {
				s.nodes[node].Publish(subject, liaison.Signal{})
			}
		})
	}
	wait.Wait()
	for len(arrived) > 0 {
		<-arrived
	}
	s.publishUntil(1, subject, liaison.Signal{}, arrived)
}

func (s *suite) slow() {
	enter, leave := make(chan struct{}), make(chan struct{})
	var first sync.Once
	s.subscribe(1, subject, func(liaison.Signal) {
		first.Do(func() { close(enter) })
		<-leave
	})
	c := s.collect(2, subject)
	s.publishUntil(0, subject, liaison.Signal{}, c)
	s.wait("call of the slow handler", enter)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 20_000 {
			s.nodes[0].Publish(subject, liaison.Signal{Kind: liaison.SignalFrame, Frame: &protocol.Frame{N: 1}})
		}
	}()
	defer close(leave)
	s.wait("20,000 calls of Publish while a node is stuck", done)
	s.publishUntil(0, subject, liaison.Signal{}, c)
}

func (s *suite) many() {
	const n = 10_000
	c := make(chan liaison.Signal, 100_000)
	name := func(i int) liaison.Subject { return liaison.Subject(fmt.Sprint("link.", i)) }
	cancels := make([]func(), n)
	for i := range cancels {
		cancels[i] = s.subscribe(1, name(i), func(signal liaison.Signal) { c <- signal })
	}
	for _, i := range []int{0, n / 2, n - 1} {
		s.publishUntil(0, name(i), liaison.Signal{}, c)
	}
	for _, cancel := range cancels {
		cancel()
	}
}

func (s *suite) alone() {
	c := s.collect(0, subject)
	cancel := s.subscribe(0, subject, func(liaison.Signal) { s.Error("a node heard itself") })
	s.nodes[0].Publish(subject, liaison.Signal{})
	cancel()
	if len(c) != 0 {
		s.Fatalf("a node alone: got %d signals, want 0", len(c))
	}
}

func (s *suite) left() {
	s.collect(1, subject)
	c := s.collect(2, subject)
	s.publishUntil(0, subject, liaison.Signal{}, c)
	if err := s.nodes[1].Close(); err != nil {
		s.Fatalf("Close: %v", err)
	}
	s.nodes = append(s.nodes[:1:1], s.nodes[2])
	s.publishUntil(0, subject, liaison.Signal{}, c)
}
