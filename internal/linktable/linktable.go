package linktable

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/liaison-dev/liaison"
)

const head = `# States of a link

<!-- Written by internal/genlink from the table in link.go; do not edit. -->

A link waits for 120 s, gives the wallet that joined it 180 s, and lives, once claimed, for 10 minutes after the last socket has gone. After its time every event but expire is refused with ` + "`link_expired`" + `, and before it expire with ` + "`link_forbidden`" + `. A closed link refuses everything with the reason for which it was closed. An event from a session that it is not for is refused, too: ` + "`link_forbidden`" + ` if it is the site's to cause, ` + "`link_not_joined`" + ` if it is the wallet's.

A resumption goes through the same states except claimed. Bind, consume, claim, reject, vouch and adopt are refused with ` + "`link_forbidden`" + `, if not for the state; renew holds in every state, and for a link in claimed alone: elsewhere it is refused with ` + "`link_not_claimed`" + `. Whoever opens a resumption anew puts it back to waiting.

A link with an end of a dialect goes from waiting to claimed at once. If its wallet signed in before the site came, it waits for it 30 s, whoever is attached; adopt holds for such a link alone, and for one site: elsewhere it is refused with ` + "`link_forbidden` or `link_taken`" + `.

`

// meanings say what the events are, for readers of the specification.
var meanings = map[liaison.EventKind]string{
	liaison.Join:    "a wallet takes the one place that there is for it",
	liaison.Bind:    "the site names the channel that it and the wallet share; it cannot be changed",
	liaison.Consume: "the wallet that joined shows a proof with the link's nonce, which is spent before the proof is looked at; the channel must be named",
	liaison.Claim:   "the proof held; its nonce is spent. The claim may be held: then nobody is signed in by it yet, and a collection is refused with `link_not_claimed`",
	liaison.Release: "what the wallet still had to check holds: its claim is held no more, and the site's session is signed in; again, it changes nothing",
	liaison.Reject:  "the person at the wallet said no",
	liaison.Vouch:   "a wallet of a dialect has signed in, and the server says so; there is no handshake",
	liaison.Adopt:   "the site comes to a link of a dialect whose wallet came first",
	liaison.Collect: "the site's browser fetches the new id of its session",
	liaison.Renew:   "a side is attached",
	liaison.Close:   "a side ends the link",
	liaison.Expire:  "the time ran out",
}

// Render returns the document.
func Render() []byte {
	var b bytes.Buffer
	b.WriteString(head)
	diagram(&b)
	events(&b)
	table(&b)
	return b.Bytes()
}

func diagram(b *bytes.Buffer) {
	b.WriteString("```mermaid\nstateDiagram-v2\n    [*] --> waiting: open\n")
	for _, state := range liaison.LinkStates() {
		for _, kind := range liaison.EventKinds() {
			if move := liaison.MoveOf(state, kind); move.To != "" {
				fmt.Fprintf(b, "    %s --> %s: %s\n", state, move.To, kind)
			}
		}
	}
	b.WriteString("    closed --> [*]\n```\n\n")
}

func events(b *bytes.Buffer) {
	b.WriteString("| event | happens when |\n|---|---|\n")
	for _, kind := range liaison.EventKinds() {
		fmt.Fprintf(b, "| %s | %s |\n", kind, meanings[kind])
	}
	b.WriteString("\n")
}

func table(b *bytes.Buffer) {
	b.WriteString("| state | event | next state or refusal | then |\n|---|---|---|---|\n")
	for _, state := range liaison.LinkStates() {
		for _, kind := range liaison.EventKinds() {
			move := liaison.MoveOf(state, kind)
			outcome := string(move.To)
			if move.To == "" {
				outcome = "`" + string(move.Refusal) + "`"
			}
			fmt.Fprintf(b, "| %s | %s | %s | %s |\n", state, kind, outcome, effects(move.Effects))
		}
	}
}

func effects(all []liaison.Effect) string {
	words := make([]string, len(all))
	for i, e := range all {
		words[i] = string(e)
	}
	return strings.Join(words, "; ")
}
