package client_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/lxzan/gws"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/protocol"
)

// brokenFrame is the head of a frame whose length does not fit in 63 bits.
const brokenFrame = "\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff"

// TestMalformedFrame: a frame that the WebSocket library cannot take costs a
// connection and not the program, and the next connection serves.
func TestMalformedFrame(t *testing.T) {
	t.Parallel()
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

// TestServersWordsStayOnTheirLine: what a server says about an error cannot
// steer a terminal or fill it.
func TestServersWordsStayOnTheirLine(t *testing.T) {
	t.Parallel()
	words := "gone\x1b[2J\nSign in and connect? [y/N] \u202e" + strings.Repeat("x", 5000)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusGone)
		json.NewEncoder(w).Encode(protocol.Problem{Code: protocol.LinkExpired, Detail: words, Instance: words})
	}))
	defer web.Close()
	link := someLink(protocol.Origin(web.URL))
	_, err := client.ReadLink(limited(t), link.Reveal(), client.WalletConfig{})
	codeIs(t, "ReadLink", err, protocol.LinkExpired)
	text := err.Error()
	if strings.ContainsAny(text, "\x1b\n\u202e") || len(text) > 1000 {
		t.Errorf("error text = %q (%d bytes), want one short printable line", text, len(text))
	}
	var typed *client.Error
	if errors.As(err, &typed) && strings.ContainsAny(typed.Instance, "\x1b\n\u202e") {
		t.Errorf("instance = %q, want it printable", typed.Instance)
	}
}
