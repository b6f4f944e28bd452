package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/protocol"
)

// event is one line of --json. Which fields are there depends on the event:
//
//	link     uri, expiresAt                 link: show this to a wallet
//	request  site, text                     wallet: what is asked
//	linked   account                        the wallet proved this account
//	open     path, rttMs, account           the channel is open
//	path     path, rttMs                    the channel takes another path
//	message  data, or base64 if not UTF-8   the other side's message
//	notice   code                           nothing changed, but note it
//	closed   code                           all is over
//	error    code, detail                   the command failed
type event struct {
	Event     string           `json:"event"`
	URI       string           `json:"uri,omitempty"`
	ExpiresAt *time.Time       `json:"expiresAt,omitempty"`
	Site      *protocol.Site   `json:"site,omitempty"`
	Text      string           `json:"text,omitempty"`
	Account   protocol.Account `json:"account,omitempty"`
	Path      client.PathKind  `json:"path,omitempty"`
	RTT       float64          `json:"rttMs,omitempty"`
	Data      *string          `json:"data,omitempty"`
	Base64    protocol.Base64  `json:"base64,omitempty"`
	Code      protocol.Code    `json:"code,omitempty"`
	Detail    string           `json:"detail,omitempty"`
}

// output is what a command tells: lines of JSON for programs, or sentences for
// people. It is safe for concurrent use.
type output struct {
	json           bool // fixed
	stdout, stderr io.Writer

	mu sync.Mutex // one line at a time
}

func (o *output) write(ev event) {
	data, err := json.Marshal(ev)
	if err != nil {
		panic(err) // nothing in an event fails to encode
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stdout.Write(append(data, '\n'))
}

func (o *output) say(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	fmt.Fprintf(o.stderr, format+"\n", args...)
}

// observe tells the steps of a link.
func (o *output) observe(e client.Event) {
	switch e.Kind {
	case client.EventLinked:
		o.linked(e.Account)
	case client.EventOpen, client.EventPath:
		o.path(e)
	case client.EventNotice:
		o.notice(e.Code)
	case client.EventRestart:
		if !o.json {
			o.say("The path was lost; looking for another one.")
		}
	}
}

func (o *output) linked(account protocol.Account) {
	if o.json {
		o.write(event{Event: "linked", Account: account})
		return
	}
	o.say("Linked: %s", account)
}

func (o *output) path(e client.Event) {
	if o.json {
		o.write(event{Event: string(e.Kind), Account: e.Account, Path: e.Path.Kind, RTT: float64(e.Path.RTT.Microseconds()) / 1000})
		return
	}
	if e.Kind == client.EventOpen {
		o.say("The channel is open (%s). Each line that you type is sent; end with Ctrl-D.", e.Path)
		return
	}
	o.say("The channel takes another path (%s).", e.Path)
}

func (o *output) notice(code protocol.Code) {
	if o.json {
		o.write(event{Event: "notice", Code: code})
		return
	}
	o.say("Note: %s %s", code.Info().Meaning, code.Info().Remedy)
}

// message passes on what the other side said.
func (o *output) message(data []byte) {
	if !o.json {
		o.mu.Lock()
		defer o.mu.Unlock()
		fmt.Fprintln(o.stdout, printable(data))
		return
	}
	if !utf8.Valid(data) {
		o.write(event{Event: "message", Base64: data})
		return
	}
	text := string(data)
	o.write(event{Event: "message", Data: &text})
}

// printable keeps a message from steering the terminal.
func printable(data []byte) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || strconv.IsPrint(r) {
			return r
		}
		return utf8.RuneError
	}, string(data))
}

// closed tells that the channel ended as it should.
func (o *output) closed(code protocol.Code) {
	if o.json {
		o.write(event{Event: "closed", Code: code})
		return
	}
	o.say("The channel is closed.")
}

// fail tells an error in the form that was asked for.
func (o *output) fail(err error) error {
	if err == nil || !o.json {
		return err
	}
	f := failureOf(err)
	code := f.code
	if code == "" {
		code = protocol.Internal
	}
	if !f.reported {
		o.write(event{Event: "error", Code: code, Detail: f.what})
	}
	reported := *f
	reported.reported = true
	return &reported
}

// closedByPeer reports whether an error is the ordinary end of a channel.
func closedByPeer(err error) bool { return errors.Is(err, protocol.ChannelClosed) }
