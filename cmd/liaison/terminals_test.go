package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
)

// terminal is one run of the program in this process.
type terminal struct {
	t     *testing.T
	stdin *io.PipeWriter
	// interrupt is Ctrl-C.
	interrupt func()
	events    chan event
	exit      chan int
	stderr    *strings.Builder // read it after exit
}

// start runs a command line with --json.
func start(t *testing.T, args ...string) *terminal {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	in, stdin := io.Pipe()
	out, stdout := io.Pipe()
	term := &terminal{t: t, interrupt: cancel, stdin: stdin, events: make(chan event, 100), exit: make(chan int, 1), stderr: new(strings.Builder)}
	t.Cleanup(func() { stdin.Close() })
	e := &env{
		ctx: ctx, stdin: in, stdout: stdout, stderr: term.stderr, ice: client.ICE{LoopbackOnly: true},
		getenv:    func(name string) string { return map[string]string{"LIAISON_PASSPHRASE": "secret"}[name] },
		configDir: func() (string, error) { return "", errors.New("not in this test") },
	}
	go func() {
		defer close(term.events)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			var ev event
			if err := json.Unmarshal(lines.Bytes(), &ev); err != nil {
				t.Errorf("standard output has %q, want JSON", lines.Text())
			}
			term.events <- ev
		}
	}()
	go func() {
		code := run(e, append(args, "--json"))
		stdout.Close()
		term.exit <- code
	}()
	return term
}

// expect returns the next event of the kind and drops those before it.
func (term *terminal) expect(kind string) event {
	term.t.Helper()
	for ev := range term.events {
		if ev.Event == kind {
			return ev
		}
		if ev.Event == "error" {
			term.t.Fatalf("event %+v, want %s", ev, kind)
		}
	}
	term.t.Fatalf("the program ended without event %s", kind)
	return event{}
}

func (term *terminal) typeLine(line string) {
	term.t.Helper()
	if _, err := io.WriteString(term.stdin, line+"\n"); err != nil {
		term.t.Fatalf("type %q: %v", line, err)
	}
}

func (term *terminal) wantExit(want int) {
	term.t.Helper()
	for range term.events { // to its end
	}
	if got := <-term.exit; got != want {
		term.t.Errorf("exit code %d, want %d; standard error:\n%s", got, want, term.stderr)
	}
}

func (term *terminal) wantMessage(want string) {
	term.t.Helper()
	if got := term.expect("message"); got.Data == nil || *got.Data != want {
		term.t.Errorf("message %+v, want data %q", got, want)
	}
}

// TestTwoTerminals is the whole with two terminals and no browser.
func TestTwoTerminals(t *testing.T) {
	srv := liaisontest.NewServer(t)
	site := start(t, "link", "--server", string(srv.Origin))
	link := site.expect("link").URI
	wallet := start(t, "wallet", "connect", "--unverified", link, "--yes", "--wallet", filepath.Join(t.TempDir(), "w.age"))
	request := wallet.expect("request")
	if request.Site == nil || request.Site.Origin != srv.Origin || !strings.Contains(request.Text, "wants you to sign in") {
		t.Errorf("request %+v, want the site's origin %s and the text", request, srv.Origin)
	}
	if request.Verified == nil || *request.Verified {
		t.Errorf("request %+v: a terminal is no page of the origin, want it unverified", request)
	}
	site.expect("joined")
	account := wallet.expect("linked").Account
	if got := site.expect("linked").Account; got != account || account.Chain() != protocol.AlgorandMainNet {
		t.Errorf("the site says %q is linked, the wallet %q; want one Algorand account", got, account)
	}
	for _, term := range []*terminal{site, wallet} {
		if got := term.expect("open"); got.Path != client.PathHost {
			t.Errorf("open event %+v, want path host", got)
		}
	}
	site.typeLine("hello wallet")
	wallet.wantMessage("hello wallet")
	wallet.typeLine(`hello "site" ä`)
	site.wantMessage(`hello "site" ä`)
	wallet.typeLine("last words")
	wallet.stdin.Close()
	site.wantMessage("last words")
	if got := site.expect("closed").Code; got != protocol.ChannelClosed {
		t.Errorf("closed with %q, want channel_closed", got)
	}
	wallet.expect("closed")
	wallet.wantExit(exitDone)
	site.wantExit(exitDone)
}

// TestUnverifiedSiteIsRefused without the flag that allows it, and without a
// question: agreeing in advance is not enough.
func TestUnverifiedSiteIsRefused(t *testing.T) {
	srv := liaisontest.NewServer(t)
	site := start(t, "link", "--server", string(srv.Origin))
	wallet := start(t, "wallet", "connect", site.expect("link").URI, "--yes", "--wallet", filepath.Join(t.TempDir(), "w.age"))
	wallet.expect("request")
	for _, term := range []*terminal{wallet, site} {
		if got := term.last(); got.Event != "error" || got.Code != protocol.OriginDenied {
			t.Errorf("ended with %+v, want the error %s", got, protocol.OriginDenied)
		}
		term.wantExit(exitFailed)
	}
}

// last returns the last event.
func (term *terminal) last() (last event) {
	term.t.Helper()
	for last = range term.events { // to its end
	}
	return last
}

// TestLinkFromStandardInput keeps the secret out of the command line. What comes
// after the link is the conversation.
func TestLinkFromStandardInput(t *testing.T) {
	srv := liaisontest.NewServer(t)
	site := start(t, "link", "--server", string(srv.Origin))
	wallet := start(t, "wallet", "connect", "--unverified", "-", "--wallet", filepath.Join(t.TempDir(), "w.age"))
	wallet.typeLine(site.expect("link").URI)
	wallet.expect("request")
	wallet.typeLine("yes")
	wallet.expect("open")
	wallet.typeLine("hello")
	site.wantMessage("hello")
	wallet.stdin.Close()
	wallet.wantExit(exitDone)
	site.wantExit(exitDone)
	none := start(t, "wallet", "connect", "-")
	none.stdin.Close()
	none.wantExit(exitUsage)
}

func TestNoIsAnAnswer(t *testing.T) {
	srv := liaisontest.NewServer(t)
	site := start(t, "link", "--server", string(srv.Origin))
	wallet := start(t, "wallet", "connect", "--unverified", site.expect("link").URI, "--wallet", filepath.Join(t.TempDir(), "w.age"))
	wallet.expect("request")
	wallet.typeLine("maybe")
	wallet.wantExit(exitFailed)
	site.wantExit(exitFailed)
}

// TestInterruptedWait: nobody answers the question in the time that there is. On a
// busy machine that must be more for the question to come at all.
func TestInterruptedWait(t *testing.T) {
	srv := liaisontest.NewServer(t)
	file := filepath.Join(t.TempDir(), "w.age")
	for _, timeout := range []string{"2s", "10s", "60s"} {
		site := start(t, "link", "--server", string(srv.Origin))
		wallet := start(t, "wallet", "connect", "--unverified", site.expect("link").URI, "--timeout", timeout, "--wallet", file)
		asked := (<-wallet.events).Event == "request"
		wallet.wantExit(exitTimedOut)
		site.stdin.Close()
		if asked {
			return
		}
	}
	t.Error("the question never came")
}

// TestShortCode types what the wallet shows, after a slip.
func TestShortCode(t *testing.T) {
	srv := liaisontest.NewServer(t)
	site := start(t, "link", "--server", string(srv.Origin), "--code")
	wallet := start(t, "wallet", "connect", "--unverified", site.expect("link").URI, "--yes", "--wallet", filepath.Join(t.TempDir(), "w.age"), "--key", "evm")
	if got := site.expect("linked").Account.Chain(); got != "eip155:1" {
		t.Errorf("linked on %s, want the chain of the key that was asked for", got)
	}
	code := wallet.expect("code").ShortCode
	if got := site.expect("code").Tries; got != protocol.CodeTries {
		t.Errorf("%d tries, want %d", got, protocol.CodeTries)
	}
	site.typeLine("123")
	if got := site.expect("code").Tries; got != protocol.CodeTries-1 {
		t.Errorf("%d tries after a wrong one, want %d", got, protocol.CodeTries-1)
	}
	site.typeLine(code)
	site.expect("open")
	wallet.expect("open")
	site.typeLine("this is a message")
	wallet.wantMessage("this is a message")
	wallet.stdin.Close()
	wallet.wantExit(exitDone)
	site.wantExit(exitDone)
}

// TestWalletComesBack interrupts the wallet and resumes: the pairing lasts until
// somebody says goodbye.
func TestWalletComesBack(t *testing.T) {
	srv := liaisontest.NewServer(t)
	site := start(t, "link", "--server", string(srv.Origin))
	file := filepath.Join(t.TempDir(), "w.age")
	wallet := start(t, "wallet", "connect", "--unverified", site.expect("link").URI, "--yes", "--wallet", file)
	account := wallet.expect("linked").Account
	site.expect("open")
	wallet.expect("open")
	wallet.interrupt()
	if left := wallet.expect("left"); left.Resumable == nil || !*left.Resumable {
		t.Errorf("left %+v, want it resumable", left)
	}
	wallet.wantExit(exitDone)
	site.expect("lost")
	site.typeLine("said into the void")

	start(t, "wallet", "resume", "--wallet", file).wantExit(exitFailed) // it is not verified
	wallet = start(t, "wallet", "resume", "--unverified", "--wallet", file)
	if got := wallet.expect("resuming"); got.Account != account || got.Site == nil || got.Site.Origin != srv.Origin || got.Verified == nil || *got.Verified {
		t.Errorf("resuming %+v, want account %s and site %s, unverified", got, account, srv.Origin)
	}
	site.expect("open")
	wallet.expect("open")
	wallet.wantMessage("said into the void")
	wallet.typeLine("back")
	site.wantMessage("back")
	wallet.stdin.Close() // a goodbye
	wallet.wantExit(exitDone)
	site.expect("closed")
	site.wantExit(exitDone)

	wallet = start(t, "wallet", "resume", "--unverified", "--wallet", file)
	wallet.wantExit(exitFailed)
}

// TestOneQRCodeForDarkAndLight checks the picture's frame: a reader needs the
// quiet zone, and a terminal must get its colors back.
func TestOneQRCodeForDarkAndLight(t *testing.T) {
	for _, color := range []bool{true, false} {
		picture, err := drawQR("liquid://127.0.0.1:8080/?requestId=0123456789abcdef", color)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(picture, "\n"), "\n")
		light := "█"
		if color {
			light = " "
		}
		for _, line := range []string{lines[0], lines[1], lines[len(lines)-2]} {
			bare := strings.TrimSuffix(strings.TrimPrefix(line, "\x1b[38;5;16;48;5;231m"), "\x1b[0m")
			if strings.Trim(bare, light) != "" {
				t.Errorf("color %v: line %q of the quiet zone is not light", color, bare)
			}
			if color && !strings.HasSuffix(line, "\x1b[0m") {
				t.Errorf("line %q does not give the terminal its colors back", line)
			}
		}
	}
}

// TestUnsealed: a link without its secret is answered if that is allowed, and the
// person is asked whatever was agreed in advance. Both ends are told what that is
// worth.
func TestUnsealed(t *testing.T) {
	srv := liaisontest.NewLiquidServer(t)
	file := filepath.Join(t.TempDir(), "w.age")
	for policy, warn := range map[string]bool{"warn": true, "allow": false} {
		site := start(t, "link", "--server", string(srv.Origin), "--legacy", policy)
		link, _, _ := strings.Cut(site.expect("link").URI, "#")
		refused := start(t, "wallet", "connect", link, "--yes", "--wallet", file)
		if got := refused.last(); got.Event != "error" || got.Code != protocol.UnsealedRefused {
			t.Errorf("without --unsealed: %+v, want the error %s", got, protocol.UnsealedRefused)
		}
		refused.wantExit(exitFailed)
		wallet := start(t, "wallet", "connect", "--unsealed", link, "--yes", "--wallet", file)
		request := wallet.expect("request")
		if request.Server != srv.Origin || request.Site != nil || request.Verified != nil || request.Text != "" {
			t.Errorf("request %+v, want the server %s and nothing of a site", request, srv.Origin)
		}
		wallet.typeLine("yes")
		told := site.expect("unsealed")
		if told.Account != request.Account || told.Dialect != protocol.Liquid || told.Warn == nil || *told.Warn != warn {
			t.Errorf("--legacy %s: %+v, want account %s and warn %t", policy, told, request.Account, warn)
		}
		for _, term := range []*terminal{site, wallet} {
			if got := term.expect("open"); got.Assurance != protocol.ServerAsserted || got.Account != request.Account {
				t.Errorf("open %+v, want account %s, %s", got, request.Account, protocol.ServerAsserted)
			}
		}
		wallet.typeLine("hello")
		site.wantMessage("hello")
		wallet.stdin.Close()
		wallet.wantExit(exitDone)
		site.wantExit(exitDone)
	}
	site := start(t, "link", "--server", string(srv.Origin))
	uri := site.expect("link").URI
	link, _, _ := strings.Cut(uri, "#")
	wallet := start(t, "wallet", "connect", "--unsealed", link, "--yes", "--wallet", file)
	wallet.expect("request")
	wallet.typeLine("") // the default is no
	if got := wallet.last(); got.Code != protocol.UserRejected {
		t.Errorf("ended with %+v, want %s", got, protocol.UserRejected)
	}
	wallet.wantExit(exitFailed)
	// What is sealed is answered with a seal, whatever is allowed.
	wallet = start(t, "wallet", "connect", "--unsealed", "--unverified", uri, "--yes", "--wallet", file)
	if got := wallet.expect("open"); got.Assurance != protocol.Sealed {
		t.Errorf("open %+v, want it %s", got, protocol.Sealed)
	}
	wallet.stdin.Close()
	wallet.wantExit(exitDone)
	site.wantExit(exitDone)
	start(t, "link", "--server", string(srv.Origin), "--legacy", "perhaps").wantExit(exitUsage)
}
