package client_test

import (
	"bytes"
	"testing"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/liaisontest"
)

func TestLinkAndTalk(t *testing.T) {
	t.Parallel()
	srv := liaisontest.NewServer(t)
	s := linked(t, srv.Origin)
	for side, channel := range map[string]*client.Channel{"site": s.siteEnd, "wallet": s.walletEnd} {
		if got, want := channel.Account(), s.key.Account(); got != want {
			t.Errorf("%s: Account() = %q, want %q", side, got, want)
		}
		if got := channel.Path(); got.Kind != client.PathHost {
			t.Errorf("%s: Path() = %q, want host", side, got)
		}
		if err := channel.Err(); err != nil {
			t.Errorf("%s: Err() = %v on an open channel, want nil", side, err)
		}
	}
	s.talk("hello")
	for _, message := range [][]byte{{}, {0}, bytes.Repeat([]byte("x"), 64<<10)} {
		if err := s.siteEnd.Send(limited(t), message); err != nil {
			t.Fatalf("Send(%d bytes): %v", len(message), err)
		}
		if got, err := s.walletEnd.Receive(limited(t)); err != nil || !bytes.Equal(got, message) {
			t.Errorf("Receive = %d bytes, %v, want the %d bytes that were sent", len(got), err, len(message))
		}
	}
}
