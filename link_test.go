package liaison_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
	"pgregory.net/rapid"
)

var start = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func someProof() protocol.Proof {
	return protocol.Proof{Type: protocol.ProofMX, Chain: protocol.AlgorandMainNet, Address: "ABC", Message: "text", Signature: protocol.Base64{1}}
}

// linkIn returns a link that is in the given state.
func linkIn(t testing.TB, state liaison.LinkState) liaison.Link {
	t.Helper()
	l := liaison.NewLink("site", start)
	var err error
	switch state {
	case liaison.Claimed:
		l, _, err = l.Transition(liaison.Event{Kind: liaison.Claim, Now: start, Wallet: "wallet", Proof: someProof()})
	case liaison.Closed:
		l, _, err = l.Transition(liaison.Event{Kind: liaison.Reject, Now: start, Nonce: l.Nonce})
	}
	if err != nil || l.State != state {
		t.Fatalf("bring a link to %s: got %s, %v", state, l.State, err)
	}
	return l
}

// eventFor returns an event of this kind that fits the link in every field.
func eventFor(l liaison.Link, kind liaison.EventKind) liaison.Event {
	return liaison.Event{
		Kind: kind, Now: start.Add(time.Second), Nonce: l.Nonce, NextNonce: "next", Wallet: "second", Proof: someProof(), Session: l.Site, Reason: protocol.UserRejected,
	}
}

// TestTransitionFollowsTheTable states the table once more, by hand.
func TestTransitionFollowsTheTable(t *testing.T) {
	const refused = liaison.LinkState("")
	told, warned, ended := []liaison.Effect{liaison.TellClaimed}, []liaison.Effect{liaison.WarnSite}, []liaison.Effect{liaison.TellClosed}
	type cell struct {
		to      liaison.LinkState
		code    protocol.Code
		effects []liaison.Effect
	}
	over := cell{refused, protocol.UserRejected, nil} // why linkIn's link was closed
	want := map[liaison.LinkState]map[liaison.EventKind]cell{
		liaison.Waiting: {
			liaison.Consume: {liaison.Waiting, "", nil},
			liaison.Claim:   {liaison.Claimed, "", told},
			liaison.Reject:  {liaison.Closed, "", ended},
			liaison.Collect: {refused, protocol.LinkNotClaimed, nil},
			liaison.Renew:   {refused, protocol.LinkNotClaimed, nil},
			liaison.Close:   {liaison.Closed, "", ended},
			liaison.Expire:  {liaison.Closed, "", ended},
		},
		liaison.Claimed: {
			liaison.Consume: {refused, protocol.LinkTaken, warned},
			liaison.Claim:   {refused, protocol.LinkTaken, warned},
			liaison.Reject:  {refused, protocol.LinkTaken, nil},
			liaison.Collect: {liaison.Claimed, "", nil},
			liaison.Renew:   {liaison.Claimed, "", nil},
			liaison.Close:   {liaison.Closed, "", ended},
			liaison.Expire:  {liaison.Closed, "", ended},
		},
		liaison.Closed: {
			liaison.Consume: over, liaison.Claim: over, liaison.Reject: over, liaison.Collect: over, liaison.Renew: over, liaison.Close: over, liaison.Expire: over,
		},
	}
	for _, state := range liaison.LinkStates() {
		for _, kind := range liaison.EventKinds() {
			cell, ok := want[state][kind]
			if !ok {
				t.Errorf("%s, %s: the test's table has no cell", state, kind)
				continue
			}
			before := linkIn(t, state)
			after, effects, err := before.Transition(eventFor(before, kind))
			if !reflect.DeepEqual(effects, cell.effects) {
				t.Errorf("%s, %s: got effects %q, want %q", state, kind, effects, cell.effects)
			}
			if cell.to == refused {
				if err == nil || protocol.CodeOf(err) != cell.code || !reflect.DeepEqual(after, before) {
					t.Errorf("%s, %s: got %s, %v; want the link unchanged and %s", state, kind, after.State, err, cell.code)
				}
			} else if err != nil || after.State != cell.to {
				t.Errorf("%s, %s: got %s, %v; want %s", state, kind, after.State, err, cell.to)
			}
			if move := liaison.MoveOf(state, kind); move.To != cell.to {
				t.Errorf("MoveOf(%s, %s).To = %q, want %q", state, kind, move.To, cell.to)
			}
		}
	}
}

func TestTransitionChangesFields(t *testing.T) {
	waiting, claimed := linkIn(t, liaison.Waiting), linkIn(t, liaison.Claimed)
	now := start.Add(time.Second)
	for _, c := range []struct {
		name string
		link liaison.Link
		kind liaison.EventKind
		want func(*liaison.Link)
	}{
		{"consume", waiting, liaison.Consume, func(l *liaison.Link) { l.Nonce, l.Attempts = "next", 1 }},
		{"claim", waiting, liaison.Claim, func(l *liaison.Link) {
			l.State, l.Wallet, l.Proof, l.Account = liaison.Claimed, "second", someProof(), someProof().Account()
			l.Nonce, l.ExpiresAt = "", now.Add(protocol.ClaimedTTL)
		}},
		{"reject", waiting, liaison.Reject, func(l *liaison.Link) { l.State, l.Reason = liaison.Closed, protocol.UserRejected }},
		{"expire", waiting, liaison.Expire, func(l *liaison.Link) { l.State, l.Reason = liaison.Closed, protocol.LinkExpired }},
		{"collect", claimed, liaison.Collect, func(*liaison.Link) {}},
		{"renew", claimed, liaison.Renew, func(l *liaison.Link) { l.ExpiresAt = now.Add(protocol.ClaimedTTL) }},
		{"close", claimed, liaison.Close, func(l *liaison.Link) { l.State, l.Reason = liaison.Closed, protocol.UserRejected }},
	} {
		want := c.link
		c.want(&want)
		got, _, err := c.link.Transition(eventFor(c.link, c.kind))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v; want %+v", c.name, got, err, want)
		}
	}
}

func TestCloseWithoutReason(t *testing.T) {
	got, _, err := linkIn(t, liaison.Waiting).Transition(liaison.Event{Kind: liaison.Close, Now: start})
	if err != nil || got.Reason != protocol.LinkClosed {
		t.Errorf("close without a reason: got reason %q, %v; want %s", got.Reason, err, protocol.LinkClosed)
	}
}

func TestTransitionRefusesWhatDoesNotFit(t *testing.T) {
	spent := linkIn(t, liaison.Waiting)
	spent.Attempts = protocol.ProofAttempts
	for _, c := range []struct {
		name   string
		link   liaison.Link
		kind   liaison.EventKind
		change func(*liaison.Event)
		want   protocol.Code
	}{
		{"consume another nonce", linkIn(t, liaison.Waiting), liaison.Consume, func(e *liaison.Event) { e.Nonce = "other" }, protocol.ProofRejected},
		{"consume no nonce", linkIn(t, liaison.Waiting), liaison.Consume, func(e *liaison.Event) { e.Nonce = "" }, protocol.ProofRejected},
		{"consume once too often", spent, liaison.Consume, func(*liaison.Event) {}, protocol.ProofRejected},
		{"reject with another nonce", linkIn(t, liaison.Waiting), liaison.Reject, func(e *liaison.Event) { e.Nonce = "other" }, protocol.LinkForbidden},
		{"reject with no nonce", linkIn(t, liaison.Waiting), liaison.Reject, func(e *liaison.Event) { e.Nonce = "" }, protocol.LinkForbidden},
		{"collect by the wallet", linkIn(t, liaison.Claimed), liaison.Collect, func(e *liaison.Event) { e.Session = "wallet" }, protocol.LinkForbidden},
		{"collect by nobody", linkIn(t, liaison.Claimed), liaison.Collect, func(e *liaison.Event) { e.Session = "" }, protocol.LinkForbidden},
		{"unknown event", linkIn(t, liaison.Waiting), "explode", func(*liaison.Event) {}, ""},
	} {
		e := eventFor(c.link, c.kind)
		c.change(&e)
		got, _, err := c.link.Transition(e)
		if err == nil || (c.want != "" && !errors.Is(err, c.want)) || !reflect.DeepEqual(got, c.link) {
			t.Errorf("%s: got %+v, %v; want the link unchanged and %s", c.name, got, err, c.want)
		}
	}
}

func TestExpiredLinkOnlyExpires(t *testing.T) {
	for _, state := range []liaison.LinkState{liaison.Waiting, liaison.Claimed} {
		for _, kind := range liaison.EventKinds() {
			l := linkIn(t, state)
			if liaison.MoveOf(state, kind).To == "" {
				continue
			}
			e := eventFor(l, kind)
			e.Now = l.ExpiresAt
			after, effects, err := l.Transition(e)
			if kind == liaison.Expire {
				if err != nil || after.State != liaison.Closed {
					t.Errorf("%s, %s at the end of its time: got %s, %v; want closed", state, kind, after.State, err)
				}
				continue
			}
			if !errors.Is(err, protocol.LinkExpired) || effects != nil || !reflect.DeepEqual(after, l) {
				t.Errorf("%s, %s at the end of its time: got %s, %q, %v; want %s and nothing else", state, kind, after.State, effects, err, protocol.LinkExpired)
			}
			e.Now = l.ExpiresAt.Add(-time.Nanosecond)
			if _, _, err := l.Transition(e); err != nil {
				t.Errorf("%s, %s just before the end of its time: got %v, want it done", state, kind, err)
			}
		}
	}
}

func TestNewLink(t *testing.T) {
	l := liaison.NewLink("site", start.Add(300*time.Millisecond).In(time.FixedZone("", 3600)))
	if l.State != liaison.Waiting || l.Site != "site" || l.Version != 0 || !l.IssuedAt.Equal(start) || l.IssuedAt.Location() != time.UTC {
		t.Errorf("new link: got %+v, want it waiting since %s, in UTC", l, start)
	}
	if got := l.ExpiresAt.Sub(l.IssuedAt); got != protocol.LinkTTL {
		t.Errorf("new link lives %s, want %s", got, protocol.LinkTTL)
	}
	if other := liaison.NewLink("site", start); other.ID == l.ID || other.Nonce == l.Nonce {
		t.Errorf("two new links share request id %q or nonce %q", l.ID, l.Nonce)
	}
}

func TestLinkSide(t *testing.T) {
	waiting, claimed := linkIn(t, liaison.Waiting), linkIn(t, liaison.Claimed)
	for _, c := range []struct {
		link    liaison.Link
		session liaison.SessionID
		side    protocol.Side
		ok      bool
	}{
		{claimed, "site", protocol.SiteSide, true},
		{claimed, "wallet", protocol.WalletSide, true},
		{claimed, "third", 0, false},
		{waiting, "", 0, false}, // must not match the wallet that is not there yet
		{liaison.Link{}, "", 0, false},
	} {
		if side, ok := c.link.Side(c.session); side != c.side || ok != c.ok {
			t.Errorf("side of session %q on a link that is %s: got %v, %t; want %v, %t", c.session, c.link.State, side, ok, c.side, c.ok)
		}
	}
}

// TestRandomWalks drives a link with random events, right and wrong, and checks
// what must hold after any of them.
func TestRandomWalks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, now := liaison.NewLink("site", start), start
		spent := map[protocol.Nonce]bool{}
		claims := 0
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "seconds")) * time.Second)
			e := drawEvent(t, l, spent, now)
			next, _, err := l.Transition(e)
			if err != nil {
				if !reflect.DeepEqual(next, l) {
					t.Fatalf("%s refused with %v, yet the link changed from %+v to %+v", e.Kind, err, l, next)
				}
				continue
			}
			checkStep(t, l, next, e, spent)
			if e.Kind == liaison.Consume {
				spent[e.Nonce] = true
			}
			if e.Kind == liaison.Claim {
				claims++
			}
			l = next
		}
		if claims > 1 || l.Attempts > protocol.ProofAttempts {
			t.Fatalf("got %d claims and %d attempts, want at most 1 and %d", claims, l.Attempts, protocol.ProofAttempts)
		}
	})
}

func drawEvent(t *rapid.T, l liaison.Link, spent map[protocol.Nonce]bool, now time.Time) liaison.Event {
	nonces := []protocol.Nonce{l.Nonce, l.Nonce, "", "guess"}
	for nonce := range spent {
		nonces = append(nonces, nonce)
		break
	}
	return liaison.Event{
		Kind: rapid.SampledFrom(append(liaison.EventKinds(), liaison.Consume, liaison.Renew)).Draw(t, "kind"), Now: now,
		Nonce: rapid.SampledFrom(nonces).Draw(t, "nonce"), NextNonce: protocol.NewNonce(),
		Wallet:  rapid.SampledFrom([]liaison.SessionID{"wallet", "thief"}).Draw(t, "wallet"),
		Session: rapid.SampledFrom([]liaison.SessionID{"site", "wallet", "thief", ""}).Draw(t, "session"), Proof: someProof(),
	}
}

// checkStep says what no accepted event may break.
func checkStep(t *rapid.T, was, is liaison.Link, e liaison.Event, spent map[protocol.Nonce]bool) {
	t.Helper()
	order := map[liaison.LinkState]int{liaison.Waiting: 0, liaison.Claimed: 1, liaison.Closed: 2}
	switch {
	case was.State == liaison.Closed:
		t.Fatalf("%s was accepted by a closed link", e.Kind)
	case e.Kind != liaison.Expire && !e.Now.Before(was.ExpiresAt):
		t.Fatalf("%s was accepted at %s by a link that ended at %s", e.Kind, e.Now, was.ExpiresAt)
	case order[is.State] < order[was.State]:
		t.Fatalf("%s led back from %s to %s", e.Kind, was.State, is.State)
	case (e.Kind == liaison.Consume || e.Kind == liaison.Reject) && spent[e.Nonce]:
		t.Fatalf("%s accepted nonce %q a second time", e.Kind, e.Nonce)
	case e.Kind == liaison.Consume && is.Nonce == e.Nonce:
		t.Fatalf("consume left nonce %q in place", e.Nonce)
	case was.Wallet != "" && (is.Wallet != was.Wallet || is.Account != was.Account):
		t.Fatalf("%s changed the claimant from %q to %q", e.Kind, was.Wallet, is.Wallet)
	case is.ID != was.ID || is.Site != was.Site || !is.IssuedAt.Equal(was.IssuedAt) || is.Version != was.Version:
		t.Fatalf("%s changed what never changes: %+v became %+v", e.Kind, was, is)
	case is.State == liaison.Claimed && (is.Nonce != "" || is.Wallet == "" || is.Account == ""):
		t.Fatalf("%s left a claimed link with nonce %q, wallet %q, account %q", e.Kind, is.Nonce, is.Wallet, is.Account)
	case is.State == liaison.Closed && is.Reason == "":
		t.Fatalf("%s closed the link without a reason", e.Kind)
	}
}
