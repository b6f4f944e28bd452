package socketio_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/liaison-dev/liaison/socketio"
	"github.com/liaison-dev/liaison/socketio/internal/wiretest"
)

// TestCrowd has many clients at once on real connections, for the race detector,
// and closes the server while some of them are still there.
func TestCrowd(t *testing.T) {
	server, err := socketio.New(socketio.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	ended := make(map[string]int)
	server.Of("/").OnConnect(func(s *socketio.Socket) error {
		s.On("message", func(e *socketio.Event) { _ = e.Ack(socketio.Args(e.Args)...) })
		s.OnDisconnect(func(socketio.Reason) {
			mu.Lock()
			defer mu.Unlock()
			ended[s.ID()]++
		})
		return nil
	})
	c := wiretest.Serve(t, server, wiretest.Loopback)
	c.Path = "/socket.io/"
	const clients, messages = 40, 25
	var crowd sync.WaitGroup
	for i := range clients {
		crowd.Go(func() {
			if err := visit(t.Context(), c, i, messages); err != nil {
				t.Errorf("client %d: %v", i, err)
			}
		})
	}
	crowd.Wait()
	if err := server.Close(t.Context()); err != nil {
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(ended) != clients {
		t.Errorf("%d of %d clients have ended", len(ended), clients)
	}
	for id, n := range ended {
		if n != 1 {
			t.Errorf("socket %s has ended %d times", id, n)
		}
	}
}

// visit is one client: a quarter stays, and a quarter each leaves the namespace,
// closes its WebSocket, and is cut off.
func visit(ctx context.Context, c *wiretest.Client, i, messages int) error {
	ws, err := enter(ctx, c, i%2 == 0)
	if err != nil {
		return err
	}
	for n := range messages {
		text := fmt.Sprintf(`%d["message",%d,"%s"]`, n, n, strings.Repeat("x", n*10))
		if err := ws.Put(wiretest.Text, "42"+text); err != nil {
			return err
		}
	}
	for n := range messages {
		frame, err := ws.Next()
		want := fmt.Sprintf(`43%d[%d,`, n, n)
		if err != nil || !strings.HasPrefix(string(frame.Payload), want) {
			return fmt.Errorf("got %q, %w, want %s", frame, err, want)
		}
	}
	switch i / 2 % 4 {
	case 1:
		return ws.Put(wiretest.Text, "41")
	case 2:
		return ws.Put(wiretest.Close, "")
	case 3:
		return ws.Conn.Close()
	}
	return nil
}

// enter connects over a WebSocket, or over polling and an upgrade.
func enter(ctx context.Context, c *wiretest.Client, upgrade bool) (*wiretest.WebSocket, error) {
	if !upgrade {
		ws, _, err := c.DialWebSocket(wiretest.Query("websocket", ""), nil)
		if err != nil {
			return nil, err
		}
		_, first := ws.Next()
		sent := ws.Put(wiretest.Text, "40")
		_, second := ws.Next()
		return ws, errors.Join(first, sent, second)
	}
	answer, err := c.Send(ctx, "GET", wiretest.Query("polling", ""), nil, nil)
	if err != nil {
		return nil, err
	}
	sid := strings.Split(answer.Body, `"`)[3]
	ws, _, err := c.DialWebSocket(wiretest.Query("websocket", sid), nil)
	if err != nil {
		return nil, err
	}
	if _, err := c.Send(ctx, "POST", wiretest.Query("polling", sid), nil, strings.NewReader("40")); err != nil {
		return nil, err
	}
	if err := ws.Put(wiretest.Text, "2probe"); err != nil {
		return nil, err
	}
	_, probed := ws.Next()
	connected := false
	for !connected && err == nil {
		answer, err = c.Send(ctx, "GET", wiretest.Query("polling", sid), nil, nil)
		connected = strings.HasPrefix(answer.Body, "40")
	}
	return ws, errors.Join(probed, err, ws.Put(wiretest.Text, "5"))
}
