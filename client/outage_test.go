package client_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
)

func socketUp(e client.Event) bool { return e.Kind == client.EventSignaling && e.Up }

// TestChannelOutlivesTheServer is the decision record's last line: WebSockets
// are for signaling only.
func TestChannelOutlivesTheServer(t *testing.T) {
	t.Parallel()
	srv := liaisontest.NewServer(t)
	s := linked(t, srv.Origin)
	srv.Stop()
	s.site.expect(t, "socket down", func(e client.Event) bool { return e.Kind == client.EventSignaling && !e.Up })
	for i := range 20 {
		s.talk(fmt.Sprintf("message %d without a server", i))
	}
	codeIs(t, "Restart without a server", s.siteEnd.Restart(limited(t)), protocol.SignalingUnreachable)
	s.site.forget()
	s.wallet.forget()
	srv.Start()
	s.site.expect(t, "socket back", socketUp)
	s.wallet.expect(t, "socket back", socketUp)
	if err := s.siteEnd.Restart(limited(t)); err != nil {
		t.Fatalf("Restart with the server back: %v", err)
	}
	s.talk("with the server back")
}

func TestRestart(t *testing.T) {
	t.Parallel()
	s := linked(t, liaisontest.NewServer(t).Origin)
	for i := range 3 {
		if err := s.siteEnd.Restart(limited(t)); err != nil {
			t.Fatalf("Restart %d: %v", i, err)
		}
		s.talk(fmt.Sprintf("after restart %d", i))
	}
	codeIs(t, "Restart by the wallet", s.walletEnd.Restart(limited(t)), protocol.LinkForbidden)
}

// TestConnectionsBreak cuts every connection to the server while the two sides
// meet, at each step that one of them notices.
func TestConnectionsBreak(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	for round := range 3 {
		s := openLink(t, f.origin)
		s.accept()
		s.read()
		met, cutting := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(cutting)
			s.wallet.expect(t, "linked", func(e client.Event) bool { return e.Kind == client.EventLinked })
			for range 5 {
				f.cut()
				select {
				case <-s.wallet.news:
				case <-s.site.news:
				case <-met:
					return
				}
			}
		}()
		s.meet()
		close(met)
		<-cutting
		s.talk(fmt.Sprintf("round %d", round))
		s.walletEnd.Close()
		s.siteEnd.Close()
	}
}

// TestFramesOnceAndInOrder breaks connections at random while frames go both
// ways, and stops the server for a while: each frame arrives once, in order.
func TestFramesOnceAndInOrder(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	const count = 300
	arrived := [2]chan string{make(chan string, 2*count), make(chan string, 2*count)}
	wires, err := client.NewWires(limited(t), f.origin, walletKey(t, 1), func(side protocol.Side, text string) { arrived[side] <- text })
	if err != nil {
		t.Fatalf("claim a link: %v", err)
	}
	defer wires.Close()
	random := rand.New(rand.NewPCG(1, 2))
	for i := range count {
		for _, side := range []protocol.Side{protocol.SiteSide, protocol.WalletSide} {
			if err := wires.Send(side, fmt.Sprint(i)); err != nil {
				t.Fatalf("send frame %d of the %s: %v", i, side, err)
			}
		}
		switch {
		case i == count/2:
			f.away()
			f.server.Stop()
			f.server.Start()
			f.back()
		case random.IntN(20) == 0:
			f.cut()
		case random.IntN(10) == 0: // let some get through before the next cut
			expectFrame(t, arrived[protocol.SiteSide], wires, protocol.SiteSide)
		}
	}
	for _, side := range []protocol.Side{protocol.SiteSide, protocol.WalletSide} {
		for wires.Expected(side) < count {
			expectFrame(t, arrived[side], wires, side)
		}
	}
	wires.Close()
	for _, side := range []protocol.Side{protocol.SiteSide, protocol.WalletSide} {
		if n := len(arrived[side]); n != 0 {
			t.Errorf("%d frames more than were sent reached the %s", n, side)
		}
	}
}

func expectFrame(t *testing.T, arrived <-chan string, wires *client.Wires, side protocol.Side) {
	t.Helper()
	want := fmt.Sprint(wires.Expected(side))
	select {
	case got := <-arrived:
		if got != want {
			t.Fatalf("the %s got frame %q, want %q", side, got, want)
		}
		wires.Count(side)
	case <-time.After(limit):
		t.Fatalf("the %s waits for frame %s; signaling: %v", side, want, wires.Err())
	}
}

// TestCloseHandsOverWhatWasSent closes right after sending.
func TestCloseHandsOverWhatWasSent(t *testing.T) {
	t.Parallel()
	s := linked(t, liaisontest.NewServer(t).Origin)
	const count = 200
	for i := range count {
		if err := s.walletEnd.SendText(limited(t), fmt.Sprint(i)); err != nil {
			t.Fatalf("Send(%d): %v", i, err)
		}
	}
	closed := make(chan struct{})
	go func() { defer close(closed); s.walletEnd.Close() }()
	for i := range count {
		got, err := s.siteEnd.Receive(limited(t))
		if err != nil || string(got) != fmt.Sprint(i) {
			t.Fatalf("Receive = %q, %v, want %d", got, err, i)
		}
	}
	_, err := s.siteEnd.Receive(limited(t))
	codeIs(t, "Receive after the other side closed", err, protocol.ChannelClosed)
	select {
	case <-s.siteEnd.Done():
	case <-time.After(limit):
		t.Error("Done is not closed after the other side closed")
	}
	codeIs(t, "Err after the other side closed", s.siteEnd.Err(), protocol.ChannelClosed)
	codeIs(t, "Send after the other side closed", s.siteEnd.Send(limited(t), nil), protocol.ChannelClosed)
	<-closed
}

func TestSendAndReceiveHonourTheirContext(t *testing.T) {
	t.Parallel()
	s := linked(t, liaisontest.NewServer(t).Origin)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := s.siteEnd.Receive(ctx)
	codeIs(t, "Receive with a canceled context", err, protocol.Canceled)
	codeIs(t, "Send with a canceled context", s.siteEnd.Send(ctx, []byte("x")), protocol.Canceled)
	ctx, cancel = context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	_, err = s.siteEnd.Receive(ctx)
	codeIs(t, "Receive with a passed deadline", err, protocol.TimedOut)
	codeIs(t, "Send of too much", s.siteEnd.Send(limited(t), make([]byte, protocol.MaxChannelMessageBytes+1)), protocol.TooLarge)
}

// TestSlowReceiver sends far more than fits between two sides of which one does
// not receive yet: the sender waits, and nothing is lost.
func TestSlowReceiver(t *testing.T) {
	t.Parallel()
	s := linked(t, liaisontest.NewServer(t).Origin)
	const count = 300 // of 32 KiB
	sent := make(chan error, 1)
	go func() {
		message := make([]byte, 32<<10)
		for i := range count {
			message[0], message[1] = byte(i>>8), byte(i)
			if err := s.siteEnd.Send(limited(t), message); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	for i := range count {
		got, err := s.walletEnd.Receive(limited(t))
		if err != nil || len(got) != 32<<10 || int(got[0])<<8|int(got[1]) != i {
			t.Fatalf("Receive %d: %d bytes, %v", i, len(got), err)
		}
	}
	if err := <-sent; err != nil {
		t.Errorf("Send: %v", err)
	}
}
