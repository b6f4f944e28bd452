package socketio_test

import (
	"context"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/socketio"
	"github.com/liaison-dev/liaison/socketio/engineio"
	"github.com/liaison-dev/liaison/socketio/internal/wiretest"
)

// served returns a client of a server that sends back what it gets.
func served(b *testing.B) *wiretest.Client {
	b.Helper()
	server, err := socketio.New(socketio.Config{Engine: engineio.Config{PingInterval: time.Hour}})
	if err != nil {
		b.Fatal(err)
	}
	server.Of("/").OnConnect(func(s *socketio.Socket) error {
		s.On("message", func(e *socketio.Event) { _ = s.Emit("message-back", socketio.Args(e.Args)...) })
		return nil
	})
	c := wiretest.Serve(b, server, wiretest.Loopback)
	c.Path = "/socket.io/"
	b.Cleanup(func() {
		if err := server.Close(context.Background()); err != nil {
			b.Error(err)
		}
	})
	return c
}

func connectWebSocket(b *testing.B, c *wiretest.Client) *wiretest.WebSocket {
	ws := c.WebSocket(b, "")
	ws.Read(b)
	ws.Send(b, "40")
	ws.Read(b)
	return ws
}

func connectPolling(b *testing.B, c *wiretest.Client) string {
	sid := c.Open(b)
	c.Post(b, sid, "40").Want(b, http.StatusOK, "ok")
	c.Poll(b, sid).WantStatus(b, http.StatusOK)
	return sid
}

// idle reports what each of the sockets costs, client and server together: run
// it with -benchtime=1000x.
func idle(b *testing.B, open func()) {
	memory := func() (bytes, goroutines float64) {
		runtime.GC()
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return float64(stats.HeapInuse + stats.StackInuse), float64(runtime.NumGoroutine())
	}
	bytes, goroutines := memory()
	for b.Loop() {
		open()
	}
	bytesAfter, goroutinesAfter := memory()
	b.ReportMetric((bytesAfter-bytes)/float64(b.N), "B/socket")
	b.ReportMetric((goroutinesAfter-goroutines)/float64(b.N), "goroutines/socket")
}

func BenchmarkIdleWebSocket(b *testing.B) {
	c := served(b)
	idle(b, func() { connectWebSocket(b, c) })
}

// BenchmarkIdlePolling has a poll waiting in each session.
func BenchmarkIdlePolling(b *testing.B) {
	c := served(b)
	idle(b, func() { c.StartPoll(b.Context(), connectPolling(b, c)) })
}

// BenchmarkAwayPolling has sessions whose clients are between two polls.
func BenchmarkAwayPolling(b *testing.B) {
	c := served(b)
	idle(b, func() { connectPolling(b, c) })
}

func BenchmarkEchoWebSocket(b *testing.B) {
	c := served(b)
	ws := connectWebSocket(b, c)
	text := `42["message","` + strings.Repeat("x", 300) + `"]`
	b.ReportAllocs()
	for b.Loop() {
		ws.Send(b, text)
		ws.Read(b)
	}
}

func BenchmarkEchoPolling(b *testing.B) {
	c := served(b)
	sid := connectPolling(b, c)
	text := `42["message","` + strings.Repeat("x", 300) + `"]`
	b.ReportAllocs()
	for b.Loop() {
		c.Post(b, sid, text).WantStatus(b, http.StatusOK)
		c.Poll(b, sid).WantStatus(b, http.StatusOK)
	}
}
