//go:build unix

package binarytest_test

import (
	"bufio"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSecondInterrupt: a first Ctrl-C lets what is under way come to its end, and a
// second one does not wait for that.
func TestSecondInterrupt(t *testing.T) {
	server, address := startServer(t)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "POST /v1/resumptions HTTP/1.1\r\nHost: "+address+"\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n")
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("the server answers %q, %v; want that it waits for the body", line, err)
	}
	interrupts := time.NewTicker(10 * time.Millisecond) // the second may come before the first has counted
	defer interrupts.Stop()
	for {
		select {
		case <-interrupts.C:
			_ = server.cmd.Process.Signal(os.Interrupt)
			continue
		case <-server.ended:
		}
		break
	}
	if status := server.cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("the program ended with %v, want by the signal", server.cmd.ProcessState)
	}
}
