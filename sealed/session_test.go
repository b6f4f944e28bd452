package sealed_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/liaison-dev/liaison/sealed"
)

func sessions(t testing.TB) (wallet, site *sealed.Session) {
	t.Helper()
	return linkPair(t).run(t)
}

func seal(t testing.TB, s *sealed.Session, plain string) []byte {
	t.Helper()
	return must[[]byte](t)(s.Seal([]byte(plain)))
}

// broken opens what a session must refuse, and checks that nothing goes any more.
func broken(t *testing.T, name string, s *sealed.Session, message []byte, want error) {
	t.Helper()
	if got, err := s.Open(message); !errors.Is(err, want) || got != nil {
		t.Errorf("%s: Open = %q, %v; want nothing and %v", name, got, err, want)
	}
	if got, err := s.Open(message); !errors.Is(err, sealed.ErrBroken) || got != nil {
		t.Errorf("%s: then Open = %q, %v; want nothing and %v", name, got, err, sealed.ErrBroken)
	}
	if got, err := s.Seal(nil); !errors.Is(err, sealed.ErrBroken) || got != nil {
		t.Errorf("%s: then Seal = %x, %v; want nothing and %v", name, got, err, sealed.ErrBroken)
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, message := range map[string]func(wallet, site *sealed.Session) []byte{
		"replay": func(wallet, site *sealed.Session) []byte {
			first := seal(t, wallet, "a")
			must[[]byte](t)(site.Open(first))
			return first
		},
		"skip": func(wallet, _ *sealed.Session) []byte {
			seal(t, wallet, "a")
			return seal(t, wallet, "b")
		},
		"reflected": func(_, site *sealed.Session) []byte { return seal(t, site, "a") },
		"other session": func(_, _ *sealed.Session) []byte {
			other, _ := sessions(t)
			return seal(t, other, "a")
		},
		"a byte more":  func(wallet, _ *sealed.Session) []byte { return append(seal(t, wallet, "a"), 0) },
		"a byte less":  func(wallet, _ *sealed.Session) []byte { return seal(t, wallet, "ab")[:17] },
		"no plaintext": func(_, _ *sealed.Session) []byte { return make([]byte, 16) },
	} {
		wallet, site := sessions(t)
		broken(t, name, site, message(wallet, site), sealed.ErrAuthentication)
	}
}

func TestEveryBitOfAMessageCounts(t *testing.T) {
	wallet, _ := sessions(t)
	for i := range flips(seal(t, wallet, "answer")) {
		wallet, site := sessions(t)
		broken(t, fmt.Sprintf("bit %d changed", i), site, flips(seal(t, wallet, "answer"))[i], sealed.ErrAuthentication)
	}
}

// What broke is the message, not the key: the right one would still open.
func TestNothingAfterAMessageThatFailed(t *testing.T) {
	wallet, site := sessions(t)
	good := seal(t, wallet, "a")
	broken(t, "changed", site, flips(good)[0], sealed.ErrAuthentication)
	if got, err := site.Open(good); !errors.Is(err, sealed.ErrBroken) || got != nil {
		t.Errorf("right message after a wrong one: Open = %q, %v; want nothing and %v", got, err, sealed.ErrBroken)
	}
}

func TestMessageSizes(t *testing.T) {
	const longest = 65535 - 16
	wallet, site := sessions(t)
	if got, err := wallet.Seal(make([]byte, longest+1)); !errors.Is(err, sealed.ErrSize) || got != nil {
		t.Errorf("Seal of %d bytes = %d bytes, %v; want nothing and %v", longest+1, len(got), err, sealed.ErrSize)
	}
	for _, n := range []int{0, 1, longest} { // goes on, and has not counted
		message := must[[]byte](t)(wallet.Seal(make([]byte, n)))
		if len(message) != n+16 {
			t.Errorf("Seal of %d bytes: got %d, want %d", n, len(message), n+16)
		}
		if got, err := site.Open(message); err != nil || len(got) != n {
			t.Errorf("message of %d bytes: opened as %d, %v; want %d", len(message), len(got), err, n)
		}
	}
	for _, n := range []int{0, 1, 15, 65536, 1 << 20} {
		_, site := sessions(t)
		broken(t, fmt.Sprintf("%d bytes", n), site, make([]byte, n), sealed.ErrSize)
	}
}

func TestWrongCounter(t *testing.T) {
	for _, c := range []struct{ sent, expected uint64 }{{1, 0}, {0, 1}, {1 << 32, 0}, {0, 1 << 32}, {1 << 56, 0}, {math.MaxUint64 - 1, 0}} {
		wallet, site := sessions(t)
		sealed.SetCountersForTest(wallet, c.sent, 0)
		sealed.SetCountersForTest(site, 0, c.expected)
		broken(t, fmt.Sprintf("counter %d where %d is expected", c.sent, c.expected), site, seal(t, wallet, "a"), sealed.ErrAuthentication)
	}
	wallet, site := sessions(t)
	sealed.SetCountersForTest(wallet, 1<<40, 0)
	sealed.SetCountersForTest(site, 0, 1<<40)
	if got, err := site.Open(seal(t, wallet, "a")); err != nil || string(got) != "a" {
		t.Errorf("counter 1<<40 at both ends: Open = %q, %v; want %q", got, err, "a")
	}
}

func TestLastCounter(t *testing.T) {
	wallet, site := sessions(t)
	sealed.SetCountersForTest(wallet, math.MaxUint64-1, 0)
	sealed.SetCountersForTest(site, 0, math.MaxUint64-1)
	last := seal(t, wallet, "last")
	if got, err := site.Open(last); err != nil || string(got) != "last" {
		t.Errorf("last message: Open = %q, %v; want %q", got, err, "last")
	}
	for range 3 {
		if got, err := wallet.Seal(nil); !errors.Is(err, sealed.ErrState) || got != nil {
			t.Errorf("Seal after the last counter = %x, %v; want nothing and %v", got, err, sealed.ErrState)
		}
	}
	broken(t, "after the last counter", site, last, sealed.ErrState)
}

// Each direction counts on its own, and may run beside the other.
func TestDirectionsAreConcurrent(t *testing.T) {
	const messages = 200
	wallet, site := sessions(t)
	var group sync.WaitGroup
	for _, way := range [][2]*sealed.Session{{wallet, site}, {site, wallet}} {
		queue := make(chan []byte, messages)
		group.Go(func() {
			defer close(queue)
			for i := range messages {
				message, err := way[0].Seal(fmt.Appendf(nil, "%d", i))
				if err != nil {
					t.Errorf("Seal of message %d: %v", i, err)
					return
				}
				queue <- message
			}
		})
		group.Go(func() {
			i := 0
			for message := range queue {
				if got, err := way[1].Open(message); err != nil || string(got) != fmt.Sprint(i) {
					t.Errorf("message %d: Open = %q, %v", i, got, err)
				}
				i++
			}
		})
	}
	group.Wait()
}

// Callers that do not wait for each other never share a counter.
func TestCallsOfOneDirectionAreConcurrent(t *testing.T) {
	const messages = 100
	wallet, _ := sessions(t)
	var mu sync.Mutex
	seen := map[string]bool{}
	var group sync.WaitGroup
	for range messages {
		group.Go(func() {
			message, err := wallet.Seal(nil)
			if err != nil {
				t.Errorf("Seal: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			seen[string(message)] = true
		})
	}
	group.Wait()
	if len(seen) != messages {
		t.Errorf("%d messages of an empty plaintext: %d are different, want all", messages, len(seen))
	}

	wallet, site := sessions(t)
	message := seal(t, wallet, "a")
	var opened atomic.Int32
	for range messages {
		group.Go(func() {
			if _, err := site.Open(message); err == nil {
				opened.Add(1)
			}
		})
	}
	group.Wait()
	if got := opened.Load(); got != 1 {
		t.Errorf("one message was opened %d times, want once", got)
	}
}

// A relay that drops, repeats, swaps, turns back and changes: what is opened is
// the beginning of what was sealed, and after the first disturbance nothing is.
func TestHostileRelay(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		wallet, site := sessions(t)
		plain := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 40), 1, 8).Draw(rt, "plain")
		frames := make([][]byte, len(plain))
		for i := range plain {
			frames[i] = seal(t, wallet, string(plain[i]))
		}
		intact := len(frames) // how many come before the first disturbance
		at := rapid.IntRange(0, len(frames)-1).Draw(rt, "at")
		switch rapid.SampledFrom([]string{"nothing", "drop", "repeat", "swap", "reflect", "change"}).Draw(rt, "does") {
		case "drop":
			frames, intact = append(frames[:at:at], frames[at+1:]...), at
		case "repeat":
			frames, intact = append(frames[:at+1:at+1], frames[at:]...), at+1
		case "swap":
			other := rapid.IntRange(0, len(frames)-1).Draw(rt, "with")
			frames[at], frames[other] = frames[other], frames[at]
			if at != other {
				intact = min(at, other)
			}
		case "reflect":
			frames[at], intact = seal(t, site, string(plain[at])), at
		case "change":
			changed := bytes.Clone(frames[at])
			changed[rapid.IntRange(0, len(changed)-1).Draw(rt, "byte")] ^= byte(rapid.IntRange(1, 255).Draw(rt, "by"))
			frames[at], intact = changed, at
		}
		for i, frame := range frames {
			got, err := site.Open(frame)
			switch {
			case i < intact && (err != nil || !bytes.Equal(got, plain[i])):
				rt.Fatalf("frame %d of %d intact: Open = %x, %v; want %x", i, intact, got, err, plain[i])
			case i >= intact && (err == nil || got != nil):
				rt.Fatalf("frame %d, %d intact: Open = %x, %v; want nothing and an error", i, intact, got, err)
			}
		}
	})
}

func TestPong(t *testing.T) {
	wallet, site := sessions(t)
	other, _ := sessions(t)
	nonce := [16]byte{1, 2, 3}
	mac := site.Pong(nonce)
	if !wallet.CheckPong(nonce, mac[:]) {
		t.Errorf("pong %x of the site to %x: got refused, want it accepted by the wallet", mac, nonce)
	}
	reply := wallet.Pong(nonce)
	if !site.CheckPong(nonce, reply[:]) {
		t.Errorf("pong %x of the wallet to %x: got refused, want it accepted by the site", reply, nonce)
	}
	for name, accepted := range map[string]bool{
		"own pong turned back": site.CheckPong(nonce, mac[:]),
		"other nonce":          wallet.CheckPong([16]byte{1, 2, 4}, mac[:]),
		"other session":        other.CheckPong(nonce, mac[:]),
		"a byte less":          wallet.CheckPong(nonce, mac[:31]),
		"a byte more":          wallet.CheckPong(nonce, append(mac[:], 0)),
		"nothing":              wallet.CheckPong(nonce, nil),
	} {
		if accepted {
			t.Errorf("pong, %s: got accepted, want it refused", name)
		}
	}
	for i, changed := range flips(mac[:]) {
		if wallet.CheckPong(nonce, changed) {
			t.Errorf("pong with bit %d changed: got accepted, want it refused", i)
		}
	}
}
