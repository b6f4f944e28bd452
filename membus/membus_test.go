package membus_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/bustest"
	"github.com/liaison-dev/liaison/membus"
	"github.com/liaison-dev/liaison/protocol"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const subject liaison.Subject = "link.of-the-test"

// patience bounds every wait; it is reached only by a test that fails.
const patience = 20 * time.Second

func join(t testing.TB, hub *membus.Switch) liaison.Bus {
	bus := hub.Join()
	t.Cleanup(func() { bus.Close() })
	return bus
}

func subscribe(t testing.TB, bus liaison.Bus, handle func(liaison.Signal)) {
	t.Helper()
	if _, err := bus.Subscribe(subject, handle); err != nil {
		t.Fatalf("Subscribe(%q): %v", subject, err)
	}
}

func TestContract(t *testing.T) {
	bustest.Run(t, func(t *testing.T, members int) []liaison.Bus {
		hub := membus.New()
		buses := make([]liaison.Bus, members)
		for i := range buses {
			buses[i] = hub.Join()
		}
		return buses
	})
}

func TestPublishAloneAllocatesNothing(t *testing.T) {
	bus := join(t, membus.New())
	subscribe(t, bus, func(liaison.Signal) {})
	frame := protocol.Frame{N: 1}
	if n := testing.AllocsPerRun(100, func() {
		bus.Publish(subject, liaison.Signal{Kind: liaison.SignalFrame, Frame: &frame})
	}); n != 0 {
		t.Fatalf("Publish on the only member: got %v allocations, want 0", n)
	}
}

func TestFullQueueDropsAndCounts(t *testing.T) {
	hub := membus.New()
	from, to := join(t, hub), hub.Join()
	enter, leave := make(chan struct{}, 1), make(chan struct{})
	subscribe(t, to, func(liaison.Signal) {
		select {
		case enter <- struct{}{}:
		default:
		}
		<-leave
	})
	from.Publish(subject, liaison.Signal{})
	select {
	case <-enter:
	case <-time.After(patience):
		t.Fatal("first signal did not arrive")
	}
	if n := hub.Dropped(); n != 0 {
		t.Fatalf("Dropped before the queue is full: got %d, want 0", n)
	}
	const sent = 5000
	for range sent {
		from.Publish(subject, liaison.Signal{})
	}
	if n := hub.Dropped(); n == 0 || n >= sent {
		t.Fatalf("Dropped after %d signals for a stuck member: got %d, want some but not all", sent, n)
	}
	close(leave)
	to.Close()
}

// TestCancelBeforeTheCall lets each of two subscriptions cancel the other: only
// the one that is called first may be called.
func TestCancelBeforeTheCall(t *testing.T) {
	hub := membus.New()
	from, to := join(t, hub), join(t, hub)
	called := make(chan int, 2)
	var cancels [2]func()
	for i := range cancels {
		cancel, err := to.Subscribe(subject, func(liaison.Signal) {
			cancels[1-i]()
			called <- i
		})
		if err != nil {
			t.Fatal(err)
		}
		cancels[i] = cancel
	}
	from.Publish(subject, liaison.Signal{})
	select {
	case <-called:
	case <-time.After(patience):
		t.Fatal("signal did not arrive")
	}
	if err := to.Close(); err != nil { // waits for the second call, if there is one
		t.Fatal(err)
	}
	if n := len(called); n != 0 {
		t.Fatalf("subscription that was canceled before its call: got %d calls, want 0", n)
	}
}

func TestFrameIsThePublishersNoMore(t *testing.T) {
	hub := membus.New()
	from, to := join(t, hub), join(t, hub)
	got := make(chan string, 1)
	hold := make(chan struct{})
	subscribe(t, to, func(s liaison.Signal) { <-hold; got <- s.Frame.D })
	frame := &protocol.Frame{N: 1, D: "first"}
	from.Publish(subject, liaison.Signal{Kind: liaison.SignalFrame, Frame: frame})
	frame.D = "second"
	close(hold)
	select {
	case d := <-got:
		if d != "first" {
			t.Fatalf("frame that the publisher changed after Publish: got %q, want %q", d, "first")
		}
	case <-time.After(patience):
		t.Fatal("signal did not arrive")
	}
}

func TestClosed(t *testing.T) {
	hub := membus.New()
	bus, other := hub.Join(), join(t, hub)
	subscribe(t, bus, func(liaison.Signal) { t.Error("a closed member was called") })
	cancel, err := bus.Subscribe(subject, func(liaison.Signal) {})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := bus.Close(); err != nil {
			t.Fatalf("Close: got %v, want nil", err)
		}
	}
	other.Publish(subject, liaison.Signal{})
	bus.Publish(subject, liaison.Signal{})
	cancel()
	if _, err := bus.Subscribe(subject, func(liaison.Signal) {}); err == nil {
		t.Fatal("Subscribe after Close: got nil, want an error")
	}
}

func TestSubscriptionsAreSmallAndReleased(t *testing.T) {
	const n, limit = 10_000, 400
	bus := join(t, membus.New())
	goroutines, before := runtime.NumGoroutine(), heap()
	cancels := make([]func(), n)
	for i := range cancels {
		cancel, err := bus.Subscribe(liaison.Subject(fmt.Sprint("link.", i)), func(liaison.Signal) {})
		if err != nil {
			t.Fatal(err)
		}
		cancels[i] = cancel
	}
	if each := (int64(heap()) - int64(before)) / n; each > limit {
		t.Errorf("memory of a subscription: got %d bytes, want at most %d", each, limit)
	}
	if got := runtime.NumGoroutine(); got > goroutines {
		t.Errorf("goroutines with %d subscriptions: got %d, want at most %d", n, got, goroutines)
	}
	for _, cancel := range cancels {
		cancel()
	}
	runtime.KeepAlive(bus)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkPublishAlone(b *testing.B) {
	bus := join(b, membus.New())
	b.ReportAllocs()
	for b.Loop() {
		bus.Publish(subject, liaison.Signal{Kind: liaison.SignalAck})
	}
}

func BenchmarkPublishToOther(b *testing.B) {
	hub := membus.New()
	from, to := join(b, hub), join(b, hub)
	done := make(chan struct{}, 1)
	subscribe(b, to, func(liaison.Signal) { done <- struct{}{} })
	b.ReportAllocs()
	for b.Loop() {
		from.Publish(subject, liaison.Signal{Kind: liaison.SignalAck})
		<-done
	}
}

func BenchmarkSubscribeCancel(b *testing.B) {
	bus := join(b, membus.New())
	b.ReportAllocs()
	for b.Loop() {
		cancel, err := bus.Subscribe(subject, func(liaison.Signal) {})
		if err != nil {
			b.Fatal(err)
		}
		cancel()
	}
}
