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
//	link      uri, expiresAt                 link: show this to a wallet
//	joined    –                              link: a wallet has read the code
//	unsealed  dialect, account, warn         link: a wallet that does not seal
//	request   site, verified, text, locality, expiresAt
//	                                         wallet: what is asked
//	request   server, account                wallet: a link without a secret
//	code      shortCode, or tries            wallet: show this; link: type it, a line
//	linked    account, assurance             the wallet proved this account
//	locality  network, path, rttMs, local    where the other side is
//	open      path, rttMs, account, assurance the channel is open
//	path      path, rttMs                    the channel takes another path
//	message   data, or base64 if not UTF-8   the other side's message
//	notice    code                           nothing changed, but note it
//	lost      code                           the other side is gone; it is waited for
//	resuming  site, verified, account        wallet: the site is waited for
//	closed    code                           all is over
//	left      resumable                      interrupted; wallet resume goes on
//	error     code, detail                   the command failed
type event struct {
	Event     string             `json:"event"`
	URI       string             `json:"uri,omitempty"`
	ExpiresAt *time.Time         `json:"expiresAt,omitempty"`
	Site      *protocol.Site     `json:"site,omitempty"`
	Verified  *bool              `json:"verified,omitempty"`
	Text      string             `json:"text,omitempty"`
	Account   protocol.Account   `json:"account,omitempty"`
	Assurance protocol.Assurance `json:"assurance,omitempty"`
	Locality  protocol.Locality  `json:"locality,omitempty"`
	ShortCode string             `json:"shortCode,omitempty"`
	Tries     int                `json:"tries,omitempty"`
	Network   protocol.Network   `json:"network,omitempty"`
	Local     *bool              `json:"local,omitempty"`
	Path      client.PathKind    `json:"path,omitempty"`
	RTT       float64            `json:"rttMs,omitempty"`
	Data      *string            `json:"data,omitempty"`
	Base64    protocol.Base64    `json:"base64,omitempty"`
	Code      protocol.Code      `json:"code,omitempty"`
	Detail    string             `json:"detail,omitempty"`
	Resumable *bool              `json:"resumable,omitempty"`
	Server    protocol.Origin    `json:"server,omitempty"`
	Dialect   protocol.Dialect   `json:"dialect,omitempty"`
	Warn      *bool              `json:"warn,omitempty"`
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
	case client.EventJoined:
		o.joined()
	case client.EventUnsealed:
		o.unsealed(e)
	case client.EventCode:
		o.shortCode(e.ShortCode)
	case client.EventLocality:
		o.locality(e.Locality)
	case client.EventLinked:
		o.linked(e.Account, e.Assurance)
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

func (o *output) joined() {
	if o.json {
		o.write(event{Event: "joined"})
		return
	}
	o.say("A wallet has read the code; its person is being asked.")
}

// unsealed tells what a wallet of a dialect is worth.
func (o *output) unsealed(e client.Event) {
	switch {
	case o.json:
		o.write(event{Event: "unsealed", Dialect: e.Dialect, Account: e.Account, Assurance: e.Assurance, Warn: &e.Warn})
	case e.Warn:
		o.say("WARNING: this wallet speaks Liquid Auth, which seals nothing. That it is %s, and that nobody listens in between, is the word of the server, which you must trust for both. Refuse such wallets with --legacy deny.", e.Account)
	}
}

func (o *output) shortCode(code string) {
	if o.json {
		o.write(event{Event: "code", ShortCode: code})
		return
	}
	o.say("If the site asks for a code, type there: %s", code)
}

func (o *output) askCode(tries int) {
	if o.json {
		o.write(event{Event: "code", Tries: tries})
		return
	}
	o.say("Type the six digits that the wallet shows (%d tries are left):", tries)
}

func (o *output) locality(report client.LocalityReport) {
	if o.json {
		o.write(event{Event: "locality", Network: report.Network, Path: report.Path, RTT: milliseconds(report.RTT), Local: &report.Local})
		return
	}
	o.say("Where the other side is: %s.", report)
}

func (o *output) linked(account protocol.Account, assurance protocol.Assurance) {
	if o.json {
		o.write(event{Event: "linked", Account: account, Assurance: assurance})
		return
	}
	o.say("Linked: %s (%s)", account, assurance)
}

// lost tells that the other side is gone and waited for.
func (o *output) lost(code protocol.Code) {
	if o.json {
		o.write(event{Event: "lost", Code: code})
		return
	}
	o.say("The other side is gone. Waiting for it to come back; end with Ctrl-C.")
}

// left tells that the command was interrupted.
func (o *output) left(resumable bool) {
	switch {
	case o.json:
		o.write(event{Event: "left", Resumable: &resumable})
	case resumable:
		o.say("Left. The pairing stays; a wallet goes on with: liaison wallet resume (--unverified for a site that is not verified)")
	default:
		o.say("Left.")
	}
}

// resuming tells which site is waited for.
func (o *output) resuming(r client.Resumption) {
	if o.json {
		o.write(event{Event: "resuming", Site: &r.Site, Verified: &r.Verified, Account: r.Account})
		return
	}
	who := string(r.Site.Origin)
	if !r.Verified {
		who = "an " + unverified(r.Site.Origin)
	}
	o.say("Meeting %s again as %s. Waiting until it is there; end with Ctrl-C.", who, r.Account)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (o *output) path(e client.Event) {
	if o.json {
		o.write(event{Event: string(e.Kind), Account: e.Account, Assurance: e.Assurance, Path: e.Path.Kind, RTT: milliseconds(e.Path.RTT)})
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
