package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/protocol"
)

// failure is an error as a person at a terminal needs it.
type failure struct {
	// what is wrong, the likely cause, and the command to type next.
	what, cause, next string
	code              protocol.Code // empty if it is not the protocol's
	exit              int
	reported          bool // it was written as an event already
}

func (f *failure) Error() string { return f.what }

func (f *failure) text() string {
	return fmt.Sprintf("liaison: %s\n  likely cause: %s\n  next: %s\n", f.what, f.cause, f.next)
}

// advice says for a code why it mostly comes up and what to type then. Codes
// that are not here have the advice of the code table.
var advice = map[protocol.Code]struct{ cause, next string }{
	protocol.InvalidLink:          {"only a part of the link was copied, or the shell took it apart", "liaison wallet connect '<link>', with the whole link in quotes"},
	protocol.UnsupportedVersion:   {"one of the two programs is older than the other", "liaison version, on both machines"},
	protocol.SignalingUnreachable: {"the server is not running, or its address is wrong", "liaison serve, or liaison link --server URL with the address of a running one"},
	protocol.LinkUnknown:          {"the server never had this link, or forgot it long ago", "liaison link, for a new one"},
	protocol.LinkExpired:          {"nobody answered the link in the two minutes that it lives", "liaison link, for a new one"},
	protocol.LinkTaken:            {"the link was used before; a link is for one wallet, once", "liaison link, for a new one"},
	protocol.LinkClosed:           {"the other side gave up or went away", "liaison link, for a new one"},
	protocol.UserRejected:         {"the answer at the wallet was no, or none", "liaison link, to ask again"},
	protocol.ProofRejected:        {"the link was answered from elsewhere at the same time, or the clocks disagree", "liaison wallet connect '<link>', once more"},
	protocol.KeyLocked:            {"the passphrase is not the one that the wallet was made with", "liaison wallet show, to try another passphrase"},
	protocol.ICEFailed:            {"a firewall or two different networks without a relay between them", "liaison serve --ice-server URL, with the address of a TURN server"},
	protocol.TimedOut:             {"the other side did not answer in the time allowed by --timeout", "the same command with a longer --timeout"},
	protocol.Canceled:             {"the command was interrupted", "the same command again"},
	protocol.ChannelClosed:        {"the other side closed the channel", "liaison link, for a new one"},
	protocol.InvalidPeer:          {"the other program is of another version, or not what it claims to be", "liaison version, on both machines"},
	protocol.UnsealedRefused:      {"one of the two cannot seal, and the other will not do without; or the server made up an answer", "liaison link --legacy warn, or liaison wallet connect --unsealed '<link>' for a link without a secret, if you trust its server"},
	protocol.HandshakeFailed:      {"only a part of the link was copied, or the server changed what it passed on", "liaison link, for a new one"},
	protocol.ServerMismatch:       {"the server lies, or somebody is in it", "liaison serve, to run your own"},
	protocol.CertificateMismatch:  {"somebody in the network stands between the two devices", "the same command in another network"},
	protocol.CodeMismatch:         {"the digits of another wallet were typed", "liaison link --code, for a new one"},
	protocol.NotLocal:             {"the other device is in another network, or far away in this one", "the same command when both are in one network"},
	protocol.PeerLost:             {"the other program ended or its machine sleeps", "liaison wallet resume, or liaison link for a new one"},
	protocol.OriginDenied:         {"the code was not made by a page of that origin; somebody else may have made it", "liaison wallet connect --unverified '<link>', only if you made the link yourself, for example with liaison link"},
	protocol.ResumptionUnknown:    {"the pairing is over, or was never kept", "liaison wallet pairings, for those that there are"},
	protocol.RateLimited:          {"many requests came from this address", "the same command in a minute"},
}

// failureOf says all that is known about an error.
func failureOf(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	var c protocol.Code
	if !errors.As(err, &c) {
		return &failure{what: err.Error(), cause: "the system refused what the command needs", next: "the same command again, when that is put right", exit: exitFailed}
	}
	info := c.Info()
	f = &failure{what: sentence(info.Meaning) + detail(err), cause: "see the sentence above", next: sentence(info.Remedy), code: c, exit: exitFailed}
	if a, ok := advice[c]; ok {
		f.cause, f.next = a.cause, a.next
	}
	if c == protocol.TimedOut || c == protocol.LinkExpired {
		f.exit = exitTimedOut
	}
	return f
}

// sentence turns a sentence of the code table into a part of one.
func sentence(s string) string {
	s = strings.TrimSuffix(s, ".")
	return strings.ToLower(s[:1]) + s[1:]
}

func detail(err error) string {
	var known *client.Error
	if errors.As(err, &known) {
		switch {
		case known.Detail != "" && known.Instance != "":
			return " (" + known.Detail + "; request " + known.Instance + ")"
		case known.Detail != "":
			return " (" + known.Detail + ")"
		case known.Instance != "":
			return " (request " + known.Instance + ")"
		}
		return ""
	}
	var p *protocol.Error
	if errors.As(err, &p) && p.Detail != "" {
		return " (" + p.Detail + ")"
	}
	return ""
}
