package socketio_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/liaison-dev/liaison/socketio"
)

// A server that greets. The client speaks the protocol by hand; people use
// socket.io-client.
func Example() {
	server, err := socketio.New(socketio.Config{})
	if err != nil {
		panic(err)
	}
	server.Of("/").OnConnect(func(s *socketio.Socket) error {
		s.On("hello", func(e *socketio.Event) {
			var name string
			if len(e.Args) == 1 && e.Args[0].Decode(&name) == nil {
				_ = e.Ack("hello, " + name)
			}
		})
		return nil
	})
	web := httptest.NewServer(server)
	defer web.Close()
	defer server.Close(context.Background())

	request := func(method, sid, body string) string {
		r, _ := http.NewRequest(method, web.URL+"/socket.io/?EIO=4&transport=polling&sid="+sid, strings.NewReader(body))
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			panic(err)
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		return string(text)
	}
	sid := strings.Split(request("GET", "", ""), `"`)[3]
	fmt.Println(request("POST", sid, "40"))
	request("GET", sid, "") // the answer to 40
	fmt.Println(request("POST", sid, `420["hello","world"]`))
	fmt.Println(request("GET", sid, ""))
	// Output:
	// ok
	// ok
	// 430["hello, world"]
}

// Events go from one client to another as they came, with their bytes.
func ExampleArgs() {
	relay := func(e *socketio.Event, to *socketio.Socket) error {
		return to.Emit(e.Name, socketio.Args(e.Args)...)
	}
	_ = relay
}
