package client_test

import (
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/lxzan/gws"

	"github.com/liaison-dev/liaison/protocol"
)

// brokenFrame is the head of a frame whose length does not fit in 63 bits.
const brokenFrame = "\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff"

// TestMalformedFrame: a frame that the WebSocket library cannot take costs a
// connection and not the program, and the next connection serves.
func TestMalformedFrame(t *testing.T) {
	f := newFront(t)
	var sent atomic.Bool
	upgrader := gws.NewUpgrader(new(gws.BuiltinEventHandler), &gws.ServerOption{SubProtocols: []string{protocol.Subprotocol}})
	f.onRequest(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != protocol.PathSocket || sent.Swap(true) {
			return false
		}
		conn, err := upgrader.Upgrade(w, r)
		if err != nil {
			t.Errorf("upgrade: %v", err)
			return true
		}
		conn.NetConn().Write([]byte(brokenFrame)) // the client hangs up
		return true
	})
	s := openLink(t, f.origin)
	s.read()
	s.meet()
	s.talk("after a malformed frame")
	if !sent.Load() {
		t.Error("the malformed frame was not sent")
	}
}
