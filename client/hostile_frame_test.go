package client_test

import (
	"encoding/base64"
	"flag"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
)

// frames is a hook for [liaisontest.Hostile.OnFrame].
type frames = func(protocol.Side, protocol.Frame) []protocol.Frame

// one lets a hook look at one frame alone, and passes the others on.
func one(side protocol.Side, n uint64, change func(protocol.Frame) []protocol.Frame) frames {
	return func(to protocol.Side, f protocol.Frame) []protocol.Frame {
		if to != side || f.N != n {
			return []protocol.Frame{f}
		}
		return change(f)
	}
}

// altered changes the bytes of a frame.
func altered(change func([]byte) []byte) func(protocol.Frame) []protocol.Frame {
	return func(f protocol.Frame) []protocol.Frame {
		data, err := base64.RawURLEncoding.DecodeString(f.D)
		if err != nil {
			panic(err)
		}
		return []protocol.Frame{{N: f.N, D: base64.RawURLEncoding.EncodeToString(change(data))}}
	}
}

func flip(bit int) func([]byte) []byte {
	return func(data []byte) []byte {
		data[bit/8%len(data)] ^= 1 << (bit % 8)
		return data
	}
}

// TestEveryPartOfTheHandshakeCounts flips a bit in each byte of a message's key,
// and in some of what follows. (That each bit counts is shown in
// package sealed.) Whoever gets the message notices, and tells the other.
func TestEveryPartOfTheHandshakeCounts(t *testing.T) {
	for _, c := range []struct {
		name string
		to   protocol.Side
	}{
		{"message 1", protocol.SiteSide},
		{"message 2", protocol.WalletSide},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := liaisontest.NewHostile(t)
			var size atomic.Int64
			size.Store(1)
			var r *run
			step := 1
			for at := 0; at < int(size.Load()); at += step {
				if at > 40 {
					step = 29
				}
				h.OnFrame(one(c.to, 0, altered(func(data []byte) []byte {
					size.Store(int64(len(data)))
					return flip(8*at + at%8)(data)
				})))
				r = newRun(t, h)
				r.many = true
				r.meet().failed(fmt.Sprintf("bit %d of byte %d flipped", at%8, at), protocol.HandshakeFailed, protocol.HandshakeFailed)
			}
			r.kept("bits flipped")
			if size.Load() < 100 {
				t.Errorf("the message has %d bytes, want more", size.Load())
			}
		})
	}
}

// deaf keeps the wallet from hearing anything after the handshake, so that no
// channel opens before the site has taken all frames.
func deaf(hook frames) frames {
	return func(to protocol.Side, f protocol.Frame) []protocol.Frame {
		if to == protocol.WalletSide && f.N > 0 {
			return nil
		}
		return hook(to, f)
	}
}

func drop(protocol.Frame) []protocol.Frame { return nil }

func twice(f protocol.Frame) []protocol.Frame { return []protocol.Frame{f, f} }

func renumber(n uint64) func(protocol.Frame) []protocol.Frame {
	return func(f protocol.Frame) []protocol.Frame { return []protocol.Frame{{N: n, D: f.D}} }
}

// once lets a hook work one time, and passes the frame on from then on.
func once(change func(protocol.Frame) []protocol.Frame) func(protocol.Frame) []protocol.Frame {
	done := false
	return func(f protocol.Frame) []protocol.Frame {
		if done {
			return []protocol.Frame{f}
		}
		done = true
		return change(f)
	}
}

// looser sets a bit that base64 has left over at the end, which another decoder
// would not look at.
func looser(f protocol.Frame) []protocol.Frame {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	if len(f.D)%4 == 0 {
		panic("a frame without bits left over")
	}
	for i := range len(alphabet) {
		if last := len(f.D) - 1; alphabet[i] == f.D[last] {
			return []protocol.Frame{{N: f.N, D: f.D[:last] + alphabet[i^1:][:1]}}
		}
	}
	return nil
}

// TestFramesCannotBeChanged is one attack on the frames of a link after the
// other, each with what both ends make of it.
func TestFramesCannotBeChanged(t *testing.T) {
	const (
		site, wallet = protocol.SiteSide, protocol.WalletSide
		invalid      = protocol.InvalidPeer
		failed       = protocol.HandshakeFailed
		opens        = protocol.Code("")
		silence      = protocol.Code("silence")
		overtaken    = protocol.Code("overtaken") // a site that is open by then hears the refused wallet go
	)
	// An earlier link of the same two ends.
	earlier := make(map[protocol.Side]map[uint64]protocol.Frame)
	record := liaisontest.NewHostile(t)
	record.OnFrame(func(to protocol.Side, f protocol.Frame) []protocol.Frame {
		if earlier[to] == nil {
			earlier[to] = make(map[uint64]protocol.Frame)
		}
		earlier[to][f.N] = f
		return []protocol.Frame{f}
	})
	newRun(t, record).meet().opened("an earlier link")
	record.OnFrame(nil) // what that link still says is not recorded
	old := func(to protocol.Side, n uint64) func(protocol.Frame) []protocol.Frame {
		return func(protocol.Frame) []protocol.Frame { return []protocol.Frame{earlier[to][n]} }
	}
	cut := func(n int) func(protocol.Frame) []protocol.Frame {
		return altered(func(data []byte) []byte { return data[:n] })
	}
	shorter := altered(func(data []byte) []byte { return data[:len(data)-1] })
	longer := altered(func(data []byte) []byte { return append(data, 0) })
	for _, c := range []struct {
		name         string
		hook         frames
		site, wallet protocol.Code
	}{
		{"message 1 is truncated", one(site, 0, shorter), failed, failed},
		{"message 1 is longer", one(site, 0, longer), failed, failed},
		{"message 1 is hardly there", one(site, 0, cut(2)), failed, failed},
		{"message 1 ends in a loose bit", one(site, 0, looser), failed, failed},
		{"message 1 comes twice", one(site, 0, twice), opens, opens},
		{"message 1 never comes", one(site, 0, drop), silence, silence},
		{"message 1 is that of another link", one(site, 0, old(site, 0)), failed, failed},
		{"message 1 has another number", one(site, 0, renumber(3)), silence, silence},
		{"message 2 is truncated", one(wallet, 0, shorter), failed, failed},
		{"message 2 is longer", one(wallet, 0, longer), failed, failed},
		{"message 2 is hardly there", one(wallet, 0, cut(2)), failed, failed},
		{"message 2 comes twice", one(wallet, 0, twice), opens, opens},
		{"message 2 never comes", one(wallet, 0, drop), silence, silence},
		{"message 2 is that of another link", one(wallet, 0, old(wallet, 0)), failed, failed},
		{"message 2 is another link's message 1", one(wallet, 0, old(site, 0)), failed, failed},

		{"the answer has a flipped bit", one(site, 1, altered(flip(77))), invalid, invalid},
		{"the answer's tag has a flipped bit", one(site, 1, altered(func(data []byte) []byte { return flip(8*len(data) - 1)(data) })), invalid, invalid},
		{"the answer is truncated", one(site, 1, shorter), invalid, invalid},
		{"the answer is longer", one(site, 1, longer), invalid, invalid},
		{"the answer is hardly there", one(site, 1, cut(2)), invalid, invalid},
		{"the answer is that of another link", one(site, 1, old(site, 1)), invalid, invalid},
		{"the answer never comes", one(site, 1, drop), silence, silence},
		{"the answer comes once more, by itself", one(site, 1, twice), opens, opens},
		{"the answer is kept back for a while", one(site, 1, once(drop)), opens, opens},

		{"a candidate has a flipped bit", deaf(one(site, 2, altered(flip(1)))), invalid, invalid},
		{"a candidate is truncated", deaf(one(site, 2, shorter)), invalid, invalid},
		{"a candidate is that of another link", deaf(one(site, 2, old(site, 2))), invalid, invalid},
		{"a candidate comes twice", one(site, 2, twice), opens, opens},
		{"a candidate gets lost once", one(site, 2, once(drop)), opens, opens},
		{"all candidates get lost", deaf(func(to protocol.Side, f protocol.Frame) []protocol.Frame {
			if to == site && f.N > 1 {
				return nil
			}
			return []protocol.Frame{f}
		}), silence, silence},
		{"a candidate jumps ahead, and stays there", deaf(one(site, 2, renumber(9))), silence, silence},
		{"a candidate jumps ahead, once", one(site, 2, once(renumber(9))), opens, opens},
		{"a candidate has the largest number", deaf(one(site, 2, renumber(1<<64-1))), silence, silence},
		{"a candidate has the number before", deaf(one(site, 2, renumber(1))), silence, silence},
		{"the same candidate comes under the next number", deaf(one(site, 2, func(f protocol.Frame) []protocol.Frame {
			return []protocol.Frame{f, {N: 3, D: f.D}}
		})), overtaken, invalid},
		{"the next candidate comes under the number of this one", deaf(swapped(2)), invalid, invalid},
		{"candidates are turned around under their own numbers", turned(2), opens, opens},
		{"the answer comes under the next number", deaf(func() frames {
			var answer protocol.Frame
			return func(to protocol.Side, f protocol.Frame) []protocol.Frame {
				switch {
				case to == site && f.N == 1:
					answer = f
				case to == site && f.N == 2:
					return []protocol.Frame{{N: 2, D: answer.D}}
				}
				return []protocol.Frame{f}
			}
		}()), invalid, invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := liaisontest.NewHostile(t)
			h.OnFrame(c.hook)
			r := newRun(t, h)
			switch c.site {
			case opens:
				r.meet().opened(c.name)
			case silence:
				r.patience = patience
				r.meet().failedOneOf(c.name, hearsNothing, hearsNothing)
			case overtaken:
				r.meet().failedOneOf(c.name, []protocol.Code{invalid, protocol.PeerLost}, []protocol.Code{c.wallet})
			default:
				r.meet().failed(c.name, c.site, c.wallet)
			}
		})
	}
}

// hearsNothing is what an end says that waited for nothing. If the other one is
// first to lose its patience, the server may say so.
var hearsNothing = []protocol.Code{protocol.TimedOut, protocol.LinkClosed}

// swapped exchanges the numbers of two frames for the site.
func swapped(n uint64) frames {
	var held *protocol.Frame
	return func(to protocol.Side, f protocol.Frame) []protocol.Frame {
		switch {
		case to != protocol.SiteSide || f.N != n && f.N != n+1:
			return []protocol.Frame{f}
		case held == nil:
			held = &f
			return nil
		}
		return []protocol.Frame{{N: held.N, D: f.D}, {N: f.N, D: held.D}}
	}
}

// turned has the site get the second of two frames first.
func turned(n uint64) frames {
	var held *protocol.Frame
	return func(to protocol.Side, f protocol.Frame) []protocol.Frame {
		switch {
		case to != protocol.SiteSide || f.N != n && f.N != n+1:
			return []protocol.Frame{f}
		case held == nil:
			held = &f
			return nil
		}
		return []protocol.Frame{f, *held}
	}
}

// TestReflectedFrames: what a side has said is of no use against itself.
func TestReflectedFrames(t *testing.T) {
	t.Run("handshake", func(t *testing.T) {
		t.Parallel()
		h := liaisontest.NewHostile(t)
		h.OnFrame(one(protocol.SiteSide, 0, func(f protocol.Frame) []protocol.Frame {
			h.Inject(protocol.WalletSide, protocol.ServerMessage{Op: protocol.OpFrame, Topic: protocol.TopicJoin, N: 0, D: f.D})
			return nil
		}))
		newRun(t, h).meet().failed("message 1 comes back to the wallet", protocol.HandshakeFailed, protocol.HandshakeFailed)
	})
	t.Run("later", func(t *testing.T) {
		t.Parallel()
		h := liaisontest.NewHostile(t)
		answered := false
		h.OnFrame(func(to protocol.Side, f protocol.Frame) []protocol.Frame {
			switch {
			case to == protocol.SiteSide && f.N > 1:
				return nil
			case to == protocol.WalletSide && f.N == 1 && !answered:
				answered = true
				h.Inject(protocol.SiteSide, protocol.ServerMessage{Op: protocol.OpFrame, N: 2, D: f.D})
			}
			if to == protocol.WalletSide && f.N > 0 {
				return nil
			}
			return []protocol.Frame{f}
		})
		newRun(t, h).meet().failed("a candidate of the site comes back to it", protocol.InvalidPeer, protocol.InvalidPeer)
	})
	t.Run("message 2 as a later frame", func(t *testing.T) {
		t.Parallel()
		h := liaisontest.NewHostile(t)
		var welcome protocol.Frame
		h.OnFrame(func(to protocol.Side, f protocol.Frame) []protocol.Frame {
			if to == protocol.WalletSide && f.N == 0 {
				welcome = f
			}
			if to == protocol.SiteSide && f.N == 1 {
				return []protocol.Frame{{N: 1, D: welcome.D}}
			}
			return []protocol.Frame{f}
		})
		newRun(t, h).meet().failed("message 2 comes back as the answer", protocol.InvalidPeer, protocol.InvalidPeer)
	})
}

// deed is what a random server does to a frame.
type deed int

const (
	passes deed = iota
	loses
	losesOnce
	doubles
	flips
	holds // until the next frame to the same side
	jumps
	deeds
)

// TestRandomServers runs random programs of a server that loses, doubles, holds
// back, renumbers and changes frames: whatever it does, the two ends agree on
// what became of them.
func TestRandomServers(t *testing.T) {
	if err := flag.Set("rapid.checks", "15"); err != nil { // each takes as long as two people need to meet
		t.Fatal(err)
	}
	defer flag.Set("rapid.checks", "100")
	h := liaisontest.NewHostile(t)
	opened, failed := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		program := make(map[string]deed)
		for _, to := range []protocol.Side{protocol.SiteSide, protocol.WalletSide} {
			for n := range 5 {
				name := fmt.Sprintf("frame %d to the %s", n, to)
				if rapid.IntRange(0, 2).Draw(rt, name+" is touched") == 0 {
					program[name] = deed(rapid.IntRange(0, int(deeds)-1).Draw(rt, name))
				}
			}
		}
		h.OnFrame(perform(program))
		r := newRun(t, h)
		r.many, r.patience = true, patience/2
		r.meet()
		r.decided(fmt.Sprintf("program %v", program))
		if r.siteErr == nil {
			opened++
		} else {
			failed++
			for _, err := range []error{r.siteErr, r.walletErr} {
				switch code := protocol.CodeOf(err); code {
				case protocol.HandshakeFailed, protocol.InvalidPeer, protocol.TimedOut, protocol.LinkClosed, protocol.PeerLost:
				default:
					rt.Errorf("program %v: %s (%v)", program, code, err)
				}
			}
		}
		r.close()
	})
	newRun(t, h).kept("random programs")
	t.Logf("%d programs let the two meet, %d did not", opened, failed)
}

// perform is a hook that carries out a program.
func perform(program map[string]deed) frames {
	var mu sync.Mutex
	done := make(map[string]bool)
	var held [2][]protocol.Frame
	return func(to protocol.Side, f protocol.Frame) []protocol.Frame {
		mu.Lock()
		defer mu.Unlock()
		out := held[to]
		held[to] = nil
		name := fmt.Sprintf("frame %d to the %s", f.N, to)
		before := done[name]
		done[name] = true
		switch program[name] {
		case loses:
			return out
		case losesOnce:
			if !before {
				return out
			}
		case doubles:
			out = append(out, f)
		case flips:
			return append(out, altered(flip(int(f.N)*31+9))(f)...)
		case holds:
			if !before {
				held[to] = []protocol.Frame{f}
				return out
			}
		case jumps:
			f.N += 2
		}
		return append(out, f)
	}
}

// TestSiteAnswersNoOffer: a wallet that offers is told off, also if its offer
// holds in every other way.
func TestSiteAnswersNoOffer(t *testing.T) {
	h := liaisontest.NewHostile(t)
	var answered atomic.Bool
	h.OnFrame(func(to protocol.Side, f protocol.Frame) []protocol.Frame {
		if to == protocol.WalletSide && f.N > 0 && len(f.D) > 600 { // more than a candidate
			answered.Store(true)
		}
		return []protocol.Frame{f}
	})
	s := openLink(t, h.Origin)
	s.read()
	var answer string
	s.request.Lie(func(n uint64, m *protocol.PeerMessage) {
		if n == 1 {
			answer = m.SDP
		}
	})
	s.meet()
	s.site.forget()
	offer := strings.Replace(strings.Replace(answer, "a=setup:active", "a=setup:actpass", 1), "a=ice-ufrag:", "a=ice-ufrag:again", 1)
	if err := s.request.Say(protocol.PeerMessage{T: protocol.PeerOffer, SDP: offer}); err != nil {
		t.Fatalf("say it: %v", err)
	}
	s.site.expect(t, "signaling over", func(e client.Event) bool { return e.Kind == client.EventSignaling && !e.Up })
	if answered.Load() {
		t.Error("the site answered an offer")
	}
	s.talk("all the same")
}
