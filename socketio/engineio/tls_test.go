package engineio_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison/socketio/engineio"
	"github.com/liaison-dev/liaison/socketio/internal/wiretest"
)

// TestTLS polls over HTTP/2, and uses a WebSocket over TLS.
func TestTLS(t *testing.T) {
	opened := make(sessions, 2)
	server, err := engineio.New(engineio.Config{Open: opened.open})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewUnstartedServer(server)
	web.EnableHTTP2 = true
	web.StartTLS()
	defer web.Close()
	defer server.Close(context.Background())

	ask := func(method, sid, body string) string {
		r, err := http.NewRequest(method, web.URL+"/engine.io/?"+wiretest.Query("polling", sid), strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := web.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		if response.StatusCode != http.StatusOK || response.ProtoMajor != 2 {
			t.Fatalf("%s: got %s over %s: %s", method, response.Status, response.Proto, text)
		}
		return string(text)
	}
	sid := wiretest.ParseOpen(t, ask("GET", "", "")).SID
	session := <-opened
	ask("POST", sid, "4hello")
	session.want(t, "thello")
	session.Send(text("back"))
	if got := ask("GET", sid, ""); got != "4back" {
		t.Errorf("poll: got %q", got)
	}
	session.Close("")
	if got := ask("GET", sid, ""); got != "1" {
		t.Errorf("last poll: got %q", got)
	}

	config := web.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	config.NextProtos = []string{"http/1.1"}
	conn, err := tls.Dial("tcp", web.Listener.Addr().String(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /engine.io/?%s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", wiretest.Query("websocket", ""))
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("handshake: got %v, %v", response, err)
	}
	session = <-opened
	session.Send(text("last"))
	session.Close("")
	rest, err := io.ReadAll(reader) // up to the proper end of TLS
	if err != nil || !strings.HasSuffix(string(rest), "\x81\x054last\x88\x00") {
		t.Errorf("WebSocket: got %q, %v", rest, err)
	}
}
