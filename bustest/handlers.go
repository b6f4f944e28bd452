package bustest

import (
	"sync"
	"sync/atomic"

	"github.com/liaison-dev/liaison"
)

func (s *suite) cancel() {
	canceled, other := make(chan liaison.Signal, 100_000), s.collect(1, subject)
	cancel := s.subscribe(1, subject, func(signal liaison.Signal) { canceled <- signal })
	s.publishUntil(0, subject, liaison.Signal{}, canceled)
	s.settle(0, 1)
	cancel()
	cancel() // a second time is no error
	s.settle(0, 1)
	for len(canceled) > 0 {
		<-canceled
	}
	for range 10 {
		s.publishUntil(0, subject, liaison.Signal{}, other)
	}
	s.settle(0, 1)
	if n := len(canceled); n != 0 {
		s.Fatalf("after cancel: got %d signals, want 0", n)
	}
}

func (s *suite) cancelUnderWay() {
	enter, leave := make(chan struct{}), make(chan struct{})
	var first sync.Once
	cancel := s.subscribe(1, subject, func(liaison.Signal) {
		first.Do(func() { close(enter) })
		<-leave
	})
	defer close(leave)
	s.nodes[0].Publish(subject, liaison.Signal{})
	s.wait("first call", enter)
	done := make(chan struct{})
	go func() { cancel(); close(done) }()
	s.wait("cancel while a call is under way", done)
}

// reenter lets a handler do all it may; the answer it publishes must arrive.
func (s *suite) reenter() {
	answers := s.collect(0, "link.answer")
	var calls atomic.Int64
	var cancel func()
	ready := make(chan struct{})
	cancel = s.subscribe(1, subject, func(liaison.Signal) {
		<-ready // cancel is set
		calls.Add(1)
		inner, err := s.nodes[1].Subscribe(subject, func(liaison.Signal) {
			s.nodes[1].Publish("link.answer", liaison.Signal{Kind: liaison.SignalAck})
		})
		if err != nil {
			s.Errorf("Subscribe in a handler: %v", err)
			return
		}
		again, err := s.nodes[1].Subscribe(subject, func(liaison.Signal) {})
		if err != nil {
			s.Errorf("Subscribe in a handler: %v", err)
			return
		}
		again()
		cancel()
		s.Cleanup(inner)
	})
	close(ready)
	if got := s.publishUntil(0, subject, liaison.Signal{}, answers); got.Kind != liaison.SignalAck {
		s.Fatalf("answer: got %+v, want kind %q", got, liaison.SignalAck)
	}
	s.settle(0, 1)
	if n := calls.Load(); n != 1 {
		s.Fatalf("handler that cancels itself: called %d times, want 1", n)
	}
}

// churn has every node do everything at once; the race detector and the
// deadline are what can fail.
func (s *suite) churn() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		var wait sync.WaitGroup
		for _, node := range s.nodes {
			for range 4 {
				wait.Go(func() { s.churnOn(node) })
			}
		}
		wait.Wait()
	}()
	s.wait("concurrent use", done)
	s.publishUntil(0, subject, liaison.Signal{}, s.collect(1, subject))
}

func (s *suite) churnOn(node liaison.Bus) {
	for range 100 {
		cancel, err := node.Subscribe(subject, func(signal liaison.Signal) {
			if signal.Next < 2 { // else each signal would beget others for ever
				node.Publish(subject, liaison.Signal{Next: signal.Next + 1})
			}
		})
		if err != nil {
			s.Errorf("Subscribe: %v", err)
			return
		}
		node.Publish(subject, liaison.Signal{})
		cancel()
	}
}
