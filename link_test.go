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

const (
	someOrigin  = protocol.Origin("https://example.com")
	someChannel = protocol.ChannelID("l1.one")
)

func someProof() protocol.Proof {
	return protocol.Proof{Type: protocol.ProofMX, Chain: protocol.AlgorandMainNet, Address: "ABC", Message: "text", Signature: protocol.Base64{1}}
}

// linkIn returns a link that is in the given state, after everything that leads
// there.
func linkIn(t testing.TB, state liaison.LinkState) liaison.Link {
	t.Helper()
	l := liaison.NewLink("site", someOrigin, start)
	steps := []liaison.EventKind{liaison.Join, liaison.Bind, liaison.Consume, liaison.Claim}
	switch state {
	case liaison.Waiting:
		steps = nil
	case liaison.Joined:
		steps = steps[:2]
	case liaison.Closed:
		steps = []liaison.EventKind{liaison.Join, liaison.Reject}
	}
	return after(t, l, state, steps...)
}

// after returns the link as it is when these events have fitted it in turn.
func after(t testing.TB, l liaison.Link, state liaison.LinkState, steps ...liaison.EventKind) liaison.Link {
	t.Helper()
	for _, kind := range steps {
		e := eventFor(l, kind)
		e.Now = start
		var err error
		if l, _, err = l.Transition(e); err != nil {
			t.Fatalf("bring a link to %s: %s: %v", state, kind, err)
		}
	}
	if l.State != state {
		t.Fatalf("bring a link to %s: got %s", state, l.State)
	}
	return l
}

// resumptionIn returns a resumption that is waiting or joined.
func resumptionIn(t testing.TB, state liaison.LinkState) liaison.Link {
	t.Helper()
	r := liaison.NewResumption("an-id-that-both-know", "site", someOrigin, start)
	if state == liaison.Waiting {
		return r
	}
	return after(t, r, state, liaison.Join)
}

// eventFor returns an event of this kind that fits the link in every field.
func eventFor(l liaison.Link, kind liaison.EventKind) liaison.Event {
	session, now := liaison.SessionID("wallet"), start.Add(time.Second)
	switch kind {
	case liaison.Bind, liaison.Collect:
		session = l.Site
	case liaison.Adopt:
		session = "late"
	case liaison.Expire:
		now = l.ExpiresAt
	}
	return liaison.Event{
		Kind: kind, Now: now, Session: session, Channel: someChannel, Nonce: l.Nonce, Proof: someProof(), Reason: protocol.NotLocal,
		Account: someProof().Account(), Dialect: protocol.Liquid,
	}
}

// cell is one of a table that a test states by hand.
type cell struct {
	to      liaison.LinkState // empty if the event is refused
	code    protocol.Code
	effects []liaison.Effect
}

var (
	told   = []liaison.Effect{liaison.TellClaimed}
	warned = []liaison.Effect{liaison.WarnSite}
	ended  = []liaison.Effect{liaison.TellClosed}
)

func refused(code protocol.Code) cell { return cell{"", code, nil} }

// check compares what an event does to a link with a cell.
func (c cell) check(t *testing.T, before liaison.Link, kind liaison.EventKind) {
	t.Helper()
	got, effects, err := before.Transition(eventFor(before, kind))
	if !reflect.DeepEqual(effects, c.effects) {
		t.Errorf("%s, %s: got effects %q, want %q", before.State, kind, effects, c.effects)
	}
	if c.to == "" {
		if err == nil || protocol.CodeOf(err) != c.code || !reflect.DeepEqual(got, before) {
			t.Errorf("%s, %s: got %s, %v; want the link unchanged and %s", before.State, kind, got.State, err, c.code)
		}
	} else if err != nil || got.State != c.to {
		t.Errorf("%s, %s: got %s, %v; want %s", before.State, kind, got.State, err, c.to)
	}
}

// TestTransitionFollowsTheTable states the table once more, by hand.
func TestTransitionFollowsTheTable(t *testing.T) {
	over := refused(protocol.UserRejected) // why linkIn's link was closed
	want := map[liaison.LinkState]map[liaison.EventKind]cell{
		liaison.Waiting: {
			liaison.Join:    {liaison.Joined, "", nil},
			liaison.Bind:    refused(protocol.LinkNotJoined),
			liaison.Consume: refused(protocol.LinkNotJoined),
			liaison.Claim:   refused(protocol.LinkNotJoined),
			liaison.Release: refused(protocol.LinkNotClaimed),
			liaison.Reject:  refused(protocol.LinkNotJoined),
			liaison.Vouch:   {liaison.Claimed, "", told},
			liaison.Adopt:   refused(protocol.LinkNotClaimed),
			liaison.Collect: refused(protocol.LinkNotClaimed),
			liaison.Renew:   refused(protocol.LinkNotClaimed),
			liaison.Close:   {liaison.Closed, "", ended},
			liaison.Expire:  {liaison.Closed, "", ended},
		},
		liaison.Joined: {
			liaison.Join:    {"", protocol.LinkTaken, warned},
			liaison.Bind:    {liaison.Joined, "", nil},
			liaison.Consume: {liaison.Joined, "", nil},
			liaison.Claim:   {liaison.Claimed, "", told},
			liaison.Release: refused(protocol.LinkNotClaimed),
			liaison.Reject:  {liaison.Closed, "", ended},
			liaison.Vouch:   {"", protocol.LinkTaken, warned},
			liaison.Adopt:   refused(protocol.LinkNotClaimed),
			liaison.Collect: refused(protocol.LinkNotClaimed),
			liaison.Renew:   refused(protocol.LinkNotClaimed),
			liaison.Close:   {liaison.Closed, "", ended},
			liaison.Expire:  {liaison.Closed, "", ended},
		},
		liaison.Claimed: {
			liaison.Join:    {"", protocol.LinkTaken, warned},
			liaison.Bind:    refused(protocol.LinkTaken),
			liaison.Consume: refused(protocol.LinkTaken),
			liaison.Claim:   refused(protocol.LinkTaken),
			liaison.Release: {liaison.Claimed, "", told},
			liaison.Reject:  refused(protocol.LinkTaken),
			liaison.Vouch:   {"", protocol.LinkTaken, warned},
			liaison.Adopt:   refused(protocol.LinkForbidden),
			liaison.Collect: {liaison.Claimed, "", nil},
			liaison.Renew:   {liaison.Claimed, "", nil},
			liaison.Close:   {liaison.Closed, "", ended},
			liaison.Expire:  {liaison.Closed, "", ended},
		},
		liaison.Closed: {
			liaison.Join: over, liaison.Bind: over, liaison.Consume: over, liaison.Claim: over, liaison.Release: over, liaison.Reject: over,
			liaison.Vouch: over, liaison.Adopt: over,
			liaison.Collect: over, liaison.Renew: over, liaison.Close: over, liaison.Expire: over,
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
			if state == liaison.Joined && kind == liaison.Claim {
				before = after(t, before, state, liaison.Consume)
			}
			cell.check(t, before, kind)
			// Of these three the table says less than the link does: they
			// depend on whether it is a resumption, or of a dialect.
			if move := liaison.MoveOf(state, kind); move.To != cell.to && kind != liaison.Renew && kind != liaison.Adopt && kind != liaison.Vouch {
				t.Errorf("MoveOf(%s, %s).To = %q, want %q", state, kind, move.To, cell.to)
			}
		}
	}
}

// TestResumptionsProveNothing states the table for resumptions.
func TestResumptionsProveNothing(t *testing.T) {
	want := map[liaison.LinkState]map[liaison.EventKind]cell{
		liaison.Waiting: {
			liaison.Join:    {liaison.Joined, "", nil},
			liaison.Bind:    refused(protocol.LinkNotJoined),
			liaison.Consume: refused(protocol.LinkNotJoined),
			liaison.Claim:   refused(protocol.LinkNotJoined),
			liaison.Release: refused(protocol.LinkNotClaimed),
			liaison.Reject:  refused(protocol.LinkNotJoined),
			liaison.Vouch:   refused(protocol.LinkForbidden),
			liaison.Adopt:   refused(protocol.LinkNotClaimed),
			liaison.Collect: refused(protocol.LinkNotClaimed),
			liaison.Renew:   {liaison.Waiting, "", nil},
			liaison.Close:   {liaison.Closed, "", ended},
			liaison.Expire:  {liaison.Closed, "", ended},
		},
		liaison.Joined: {
			liaison.Join:    {"", protocol.LinkTaken, warned},
			liaison.Bind:    refused(protocol.LinkForbidden),
			liaison.Consume: refused(protocol.LinkForbidden),
			liaison.Claim:   refused(protocol.LinkForbidden),
			liaison.Release: refused(protocol.LinkNotClaimed),
			liaison.Reject:  refused(protocol.LinkForbidden),
			liaison.Vouch:   {"", protocol.LinkTaken, warned},
			liaison.Adopt:   refused(protocol.LinkNotClaimed),
			liaison.Collect: refused(protocol.LinkNotClaimed),
			liaison.Renew:   {liaison.Joined, "", nil},
			liaison.Close:   {liaison.Closed, "", ended},
			liaison.Expire:  {liaison.Closed, "", ended},
		},
	}
	for state, cells := range want {
		for _, kind := range liaison.EventKinds() {
			cells[kind].check(t, resumptionIn(t, state), kind)
		}
	}
}

func TestTransitionChangesFields(t *testing.T) {
	waiting, joined, claimed := linkIn(t, liaison.Waiting), linkIn(t, liaison.Joined), linkIn(t, liaison.Claimed)
	unbound, spent := after(t, waiting, liaison.Joined, liaison.Join), after(t, joined, liaison.Joined, liaison.Consume)
	resumption := resumptionIn(t, liaison.Waiting)
	unclaimed := waiting
	unclaimed.Site = ""
	late := after(t, unclaimed, liaison.Claimed, liaison.Vouch)
	vouched := after(t, waiting, liaison.Claimed, liaison.Vouch)
	vouched.Wallet = "earlier"
	held := heldLink(t)
	now := start.Add(time.Second)
	for _, c := range []struct {
		name string
		link liaison.Link
		kind liaison.EventKind
		want func(*liaison.Link)
	}{
		{"join", waiting, liaison.Join, func(l *liaison.Link) {
			l.State, l.Wallet, l.ExpiresAt = liaison.Joined, "wallet", now.Add(protocol.ConsentTTL)
		}},
		{"join a resumption", resumption, liaison.Join, func(l *liaison.Link) {
			l.State, l.Wallet, l.ExpiresAt = liaison.Joined, "wallet", now.Add(protocol.ClaimedTTL)
		}},
		{"bind", unbound, liaison.Bind, func(l *liaison.Link) { l.Channel = someChannel }},
		{"bind again", joined, liaison.Bind, func(*liaison.Link) {}},
		{"consume", joined, liaison.Consume, func(l *liaison.Link) { l.Nonce = "" }},
		{"claim", spent, liaison.Claim, func(l *liaison.Link) {
			l.State, l.Proof, l.Account = liaison.Claimed, someProof(), someProof().Account()
			l.ExpiresAt = now.Add(protocol.ClaimedTTL)
		}},
		{"vouch", waiting, liaison.Vouch, func(l *liaison.Link) {
			l.State, l.Wallet, l.Account, l.Dialect, l.Nonce = liaison.Claimed, "wallet", someProof().Account(), protocol.Liquid, ""
			l.ExpiresAt = now.Add(protocol.ClaimedTTL)
		}},
		{"vouch before the site comes", unclaimed, liaison.Vouch, func(l *liaison.Link) {
			l.State, l.Wallet, l.Account, l.Dialect, l.Nonce = liaison.Claimed, "wallet", someProof().Account(), protocol.Liquid, ""
			l.ExpiresAt = now.Add(liaison.LateLinkTTL)
		}},
		{"vouch for the same wallet in another session", vouched, liaison.Vouch, func(l *liaison.Link) { l.Wallet, l.ExpiresAt = "wallet", now.Add(protocol.ClaimedTTL) }},
		{"adopt", late, liaison.Adopt, func(l *liaison.Link) { l.Site, l.ExpiresAt = "late", now.Add(protocol.ClaimedTTL) }},
		{"release", held, liaison.Release, func(l *liaison.Link) { l.Held = false }},
		{"release again", claimed, liaison.Release, func(*liaison.Link) {}},
		{"close a held one", held, liaison.Close, func(l *liaison.Link) { l.State, l.Reason = liaison.Closed, protocol.NotLocal }},
		{"reject", joined, liaison.Reject, func(l *liaison.Link) { l.State, l.Reason = liaison.Closed, protocol.UserRejected }},
		{"expire", waiting, liaison.Expire, func(l *liaison.Link) { l.State, l.Reason = liaison.Closed, protocol.LinkExpired }},
		{"collect", claimed, liaison.Collect, func(*liaison.Link) {}},
		{"renew", claimed, liaison.Renew, func(l *liaison.Link) { l.ExpiresAt = now.Add(protocol.ClaimedTTL) }},
		{"renew a resumption", resumption, liaison.Renew, func(l *liaison.Link) { l.ExpiresAt = now.Add(protocol.ClaimedTTL) }},
		{"close", claimed, liaison.Close, func(l *liaison.Link) { l.State, l.Reason = liaison.Closed, protocol.NotLocal }},
	} {
		want := c.link
		c.want(&want)
		got, _, err := c.link.Transition(eventFor(c.link, c.kind))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v; want %+v", c.name, got, err, want)
		}
	}
}

// heldLink is one whose wallet still has to measure or to ask, and says that it
// showed a verified origin.
func heldLink(t testing.TB) liaison.Link {
	t.Helper()
	e := eventFor(after(t, linkIn(t, liaison.Joined), liaison.Joined, liaison.Consume), liaison.Claim)
	e.Held, e.Verified = true, true
	l, effects, err := after(t, linkIn(t, liaison.Joined), liaison.Joined, liaison.Consume).Transition(e)
	if err != nil || !l.Held || !l.Verified || !reflect.DeepEqual(effects, told) {
		t.Fatalf("claim that is held: got %+v, %q, %v; want it held and verified, and the site told", l, effects, err)
	}
	return l
}

func TestCloseWithoutReason(t *testing.T) {
	got, _, err := linkIn(t, liaison.Waiting).Transition(liaison.Event{Kind: liaison.Close, Now: start})
	if err != nil || got.Reason != protocol.LinkClosed {
		t.Errorf("close without a reason: got reason %q, %v; want %s", got.Reason, err, protocol.LinkClosed)
	}
}

func TestTransitionRefusesWhatDoesNotFit(t *testing.T) {
	waiting, joined, claimed := linkIn(t, liaison.Waiting), linkIn(t, liaison.Joined), linkIn(t, liaison.Claimed)
	unbound := after(t, waiting, liaison.Joined, liaison.Join)
	spent := after(t, joined, liaison.Joined, liaison.Consume)
	unclaimed := waiting
	unclaimed.Site = ""
	late := after(t, unclaimed, liaison.Claimed, liaison.Vouch)
	vouched := after(t, waiting, liaison.Claimed, liaison.Vouch)
	adopted := after(t, late, liaison.Claimed, liaison.Adopt)
	for _, c := range []struct {
		name   string
		link   liaison.Link
		kind   liaison.EventKind
		change func(*liaison.Event)
		want   protocol.Code
	}{
		{"join by the site", waiting, liaison.Join, func(e *liaison.Event) { e.Session = "site" }, protocol.LinkForbidden},
		{"join by nobody", waiting, liaison.Join, func(e *liaison.Event) { e.Session = "" }, protocol.LinkForbidden},
		{"bind by the wallet", joined, liaison.Bind, func(e *liaison.Event) { e.Session = "wallet" }, protocol.LinkForbidden},
		{"bind by nobody", unbound, liaison.Bind, func(e *liaison.Event) { e.Session = "" }, protocol.LinkForbidden},
		{"bind another channel", joined, liaison.Bind, func(e *liaison.Event) { e.Channel = "l1.other" }, protocol.FrameConflict},
		{"bind another channel once the nonce is spent", spent, liaison.Bind, func(e *liaison.Event) { e.Channel = "l1.other" }, protocol.FrameConflict},
		{"consume by another session", joined, liaison.Consume, func(e *liaison.Event) { e.Session = "thief" }, protocol.LinkNotJoined},
		{"consume by the site", joined, liaison.Consume, func(e *liaison.Event) { e.Session = "site" }, protocol.LinkNotJoined},
		{"consume by nobody", joined, liaison.Consume, func(e *liaison.Event) { e.Session = "" }, protocol.LinkNotJoined},
		{"consume before the channel is named", unbound, liaison.Consume, func(*liaison.Event) {}, protocol.LinkNotJoined},
		{"consume another nonce", joined, liaison.Consume, func(e *liaison.Event) { e.Nonce = "other" }, protocol.ProofRejected},
		{"consume no nonce", joined, liaison.Consume, func(e *liaison.Event) { e.Nonce = "" }, protocol.ProofRejected},
		{"consume twice", spent, liaison.Consume, func(e *liaison.Event) { e.Nonce = joined.Nonce }, protocol.ProofRejected},
		{"consume nothing twice", spent, liaison.Consume, func(e *liaison.Event) { e.Nonce = "" }, protocol.ProofRejected},
		{"claim by another session", spent, liaison.Claim, func(e *liaison.Event) { e.Session = "thief" }, protocol.LinkNotJoined},
		{"claim before the nonce is spent", joined, liaison.Claim, func(*liaison.Event) {}, protocol.ProofRejected},
		{"claim by the site", spent, liaison.Claim, func(e *liaison.Event) { e.Session = "site" }, protocol.LinkNotJoined},
		{"collect while held", heldLink(t), liaison.Collect, func(*liaison.Event) {}, protocol.LinkNotClaimed},
		{"release by another session", heldLink(t), liaison.Release, func(e *liaison.Event) { e.Session = "thief" }, protocol.LinkNotJoined},
		{"release by the site", heldLink(t), liaison.Release, func(e *liaison.Event) { e.Session = "site" }, protocol.LinkNotJoined},
		{"release by nobody", heldLink(t), liaison.Release, func(e *liaison.Event) { e.Session = "" }, protocol.LinkNotJoined},
		{"reject by another session", joined, liaison.Reject, func(e *liaison.Event) { e.Session = "thief" }, protocol.LinkNotJoined},
		{"reject by the site", joined, liaison.Reject, func(e *liaison.Event) { e.Session = "site" }, protocol.LinkNotJoined},
		{"reject by nobody", joined, liaison.Reject, func(e *liaison.Event) { e.Session = "" }, protocol.LinkNotJoined},
		{"vouch for the site itself", waiting, liaison.Vouch, func(e *liaison.Event) { e.Session = "site" }, protocol.LinkForbidden},
		{"vouch for nobody", waiting, liaison.Vouch, func(e *liaison.Event) { e.Session = "" }, protocol.LinkForbidden},
		{"vouch without an account", waiting, liaison.Vouch, func(e *liaison.Event) { e.Account = "" }, protocol.LinkForbidden},
		{"vouch without a dialect", waiting, liaison.Vouch, func(e *liaison.Event) { e.Dialect = "" }, protocol.LinkForbidden},
		{"vouch for another account", vouched, liaison.Vouch, func(e *liaison.Event) { e.Account = "algorand:x:B" }, protocol.LinkTaken},
		{"vouch for what both sides have sealed", claimed, liaison.Vouch, func(*liaison.Event) {}, protocol.LinkTaken},
		{"adopt what both sides have sealed", claimed, liaison.Adopt, func(*liaison.Event) {}, protocol.LinkForbidden},
		{"adopt by the wallet", late, liaison.Adopt, func(e *liaison.Event) { e.Session = "wallet" }, protocol.LinkForbidden},
		{"adopt by nobody", late, liaison.Adopt, func(e *liaison.Event) { e.Session = "" }, protocol.LinkForbidden},
		{"adopt what has a site", adopted, liaison.Adopt, func(e *liaison.Event) { e.Session = "thief" }, protocol.LinkTaken},
		{"collect by the wallet", claimed, liaison.Collect, func(e *liaison.Event) { e.Session = "wallet" }, protocol.LinkForbidden},
		{"collect by nobody", claimed, liaison.Collect, func(e *liaison.Event) { e.Session = "" }, protocol.LinkForbidden},
		{"unknown event", waiting, "explode", func(*liaison.Event) {}, ""},
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
	for _, l := range []liaison.Link{
		linkIn(t, liaison.Waiting), linkIn(t, liaison.Joined), after(t, linkIn(t, liaison.Joined), liaison.Joined, liaison.Consume), linkIn(t, liaison.Claimed),
		resumptionIn(t, liaison.Waiting), resumptionIn(t, liaison.Joined),
	} {
		for _, kind := range liaison.EventKinds() {
			e := eventFor(l, kind)
			e.Now = l.ExpiresAt.Add(-time.Nanosecond)
			if _, _, err := l.Transition(e); kind == liaison.Expire {
				if !errors.Is(err, protocol.LinkForbidden) {
					t.Errorf("%s, %s before the end of its time: %v, want %s", l.State, kind, err, protocol.LinkForbidden)
				}
			} else if err != nil {
				continue // refused at any time
			}
			e.Now = l.ExpiresAt
			after, effects, err := l.Transition(e)
			if kind == liaison.Expire {
				if err != nil || after.State != liaison.Closed {
					t.Errorf("%s, %s at the end of its time: got %s, %v; want closed", l.State, kind, after.State, err)
				}
				continue
			}
			if !errors.Is(err, protocol.LinkExpired) || effects != nil || !reflect.DeepEqual(after, l) {
				t.Errorf("%s, %s at the end of its time: got %s, %q, %v; want %s and nothing else", l.State, kind, after.State, effects, err, protocol.LinkExpired)
			}
		}
	}
}

func TestNewLink(t *testing.T) {
	l := liaison.NewLink("site", someOrigin, start.Add(300*time.Millisecond).In(time.FixedZone("", 3600)))
	if l.State != liaison.Waiting || l.Site != "site" || l.Origin != someOrigin || l.Version != 0 || !l.IssuedAt.Equal(start) || l.IssuedAt.Location() != time.UTC {
		t.Errorf("new link: got %+v, want it waiting since %s, in UTC", l, start)
	}
	if got := l.ExpiresAt.Sub(l.IssuedAt); got != protocol.LinkTTL {
		t.Errorf("new link lives %s, want %s", got, protocol.LinkTTL)
	}
	if other := liaison.NewLink("site", someOrigin, start); other.ID == l.ID || other.Nonce == l.Nonce {
		t.Errorf("two new links share request id %q or nonce %q", l.ID, l.Nonce)
	}
	r := resumptionIn(t, liaison.Waiting)
	if !r.Resumption || r.ID != "an-id-that-both-know" || r.Nonce != "" || r.ExpiresAt.Sub(r.IssuedAt) != protocol.ClaimedTTL {
		t.Errorf("new resumption: got %+v, want it under its id, without a nonce, for %s", r, protocol.ClaimedTTL)
	}
}

func TestLinkSide(t *testing.T) {
	waiting, joined := linkIn(t, liaison.Waiting), linkIn(t, liaison.Joined)
	for _, c := range []struct {
		link    liaison.Link
		session liaison.SessionID
		side    protocol.Side
		ok      bool
	}{
		{joined, "site", protocol.SiteSide, true},
		{joined, "wallet", protocol.WalletSide, true},
		{joined, "third", 0, false},
		{waiting, "", 0, false}, // must not match the wallet that is not there yet
		{liaison.Link{}, "", 0, false},
	} {
		if side, ok := c.link.Side(c.session); side != c.side || ok != c.ok {
			t.Errorf("side of session %q on a link that is %s: got %v, %t; want %v, %t", c.session, c.link.State, side, ok, c.side, c.ok)
		}
	}
}

// TestLinkAssurance: only a claim gives any; the page's origin and the wallet's
// word on it decide how much.
func TestLinkAssurance(t *testing.T) {
	verified := heldLink(t)
	native := verified
	native.Origin = ""
	for _, c := range []struct {
		link liaison.Link
		want protocol.Assurance
	}{
		{linkIn(t, liaison.Waiting), ""},
		{linkIn(t, liaison.Joined), ""},
		{resumptionIn(t, liaison.Joined), ""},
		{linkIn(t, liaison.Closed), ""},
		{linkIn(t, liaison.Claimed), protocol.Sealed},
		{verified, protocol.SealedOrigin},
		{native, protocol.Sealed},
		{after(t, linkIn(t, liaison.Waiting), liaison.Claimed, liaison.Vouch), protocol.ServerAsserted},
	} {
		if got := c.link.Assurance(); got != c.want {
			t.Errorf("assurance of a link that is %s, opened by a page of %q, verified %t: got %q, want %q", c.link.State, c.link.Origin, c.link.Verified, got, c.want)
		}
	}
}

// TestRandomWalks drives a link or a resumption with random events, right and
// wrong, and checks what must hold after any of them.
func TestRandomWalks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, now := liaison.NewLink("site", someOrigin, start), start
		if rapid.Bool().Draw(t, "resumption") {
			l = liaison.NewResumption("an-id-that-both-know", "site", someOrigin, start)
		}
		nonce := l.Nonce
		done := map[liaison.EventKind]int{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "seconds")) * time.Second)
			e := drawEvent(t, nonce, now)
			next, _, err := l.Transition(e)
			if err != nil {
				if !reflect.DeepEqual(next, l) {
					t.Fatalf("%s refused with %v, yet the link changed from %+v to %+v", e.Kind, err, l, next)
				}
				continue
			}
			done[e.Kind]++
			checkStep(t, l, next, e)
			l = next
		}
		if done[liaison.Join] > 1 || done[liaison.Consume] > 1 || done[liaison.Claim] > 1 {
			t.Fatalf("accepted %v; want one join, one nonce and one claim at most", done)
		}
		if l.Resumption && (l.Proof.Type != "" || l.Account != "" || l.Channel != "" || l.Assurance() != "") {
			t.Fatalf("a resumption became %+v, want nothing proved by it", l)
		}
	})
}

func drawEvent(t *rapid.T, nonce protocol.Nonce, now time.Time) liaison.Event {
	// Join twice as often, or most walks end before anything has begun.
	kinds := append(liaison.EventKinds(), liaison.Join, liaison.Bind, liaison.Consume, liaison.Claim, liaison.Renew)
	return liaison.Event{
		Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Now: now,
		Session: rapid.SampledFrom([]liaison.SessionID{"site", "wallet", "wallet", "thief", ""}).Draw(t, "session"),
		Channel: rapid.SampledFrom([]protocol.ChannelID{someChannel, "l1.two"}).Draw(t, "channel"),
		Nonce:   rapid.SampledFrom([]protocol.Nonce{nonce, nonce, "", "guess"}).Draw(t, "nonce"),
		Proof:   someProof(), Held: rapid.Bool().Draw(t, "held"),
	}
}

// checkStep says what no accepted event may break.
func checkStep(t *rapid.T, was, is liaison.Link, e liaison.Event) {
	t.Helper()
	order := map[liaison.LinkState]int{liaison.Waiting: 0, liaison.Joined: 1, liaison.Claimed: 2, liaison.Closed: 3}
	byWallet := e.Kind == liaison.Consume || e.Kind == liaison.Claim || e.Kind == liaison.Release || e.Kind == liaison.Reject
	switch {
	case was.State == liaison.Closed:
		t.Fatalf("%s was accepted by a closed link", e.Kind)
	case e.Kind != liaison.Expire && !e.Now.Before(was.ExpiresAt):
		t.Fatalf("%s was accepted at %s by a link that ended at %s", e.Kind, e.Now, was.ExpiresAt)
	case order[is.State] < order[was.State]:
		t.Fatalf("%s led back from %s to %s", e.Kind, was.State, is.State)
	case byWallet && e.Session != was.Wallet:
		t.Fatalf("%s was accepted from session %q, want that of the wallet %q", e.Kind, e.Session, was.Wallet)
	case (e.Kind == liaison.Bind || e.Kind == liaison.Collect) && e.Session != was.Site:
		t.Fatalf("%s was accepted from session %q, want that of the site", e.Kind, e.Session)
	case e.Kind == liaison.Collect && was.Held, is.Held && !was.Held && e.Kind != liaison.Claim, was.Held && !is.Held && e.Kind != liaison.Release:
		t.Fatalf("%s of a link that was held %t left it held %t", e.Kind, was.Held, is.Held)
	case e.Kind == liaison.Consume && (was.Nonce == "" || e.Nonce != was.Nonce || is.Nonce != "" || was.Channel == ""):
		t.Fatalf("consume of %q turned nonce %q into %q on channel %q", e.Nonce, was.Nonce, is.Nonce, was.Channel)
	case is.Nonce != was.Nonce && e.Kind != liaison.Consume:
		t.Fatalf("%s changed the nonce from %q to %q", e.Kind, was.Nonce, is.Nonce)
	case was.Wallet != "" && is.Wallet != was.Wallet, was.Account != "" && is.Account != was.Account, was.Channel != "" && is.Channel != was.Channel:
		t.Fatalf("%s changed wallet, account or channel: %+v became %+v", e.Kind, was, is)
	case is.ID != was.ID || is.Site != was.Site || is.Origin != was.Origin || is.Resumption != was.Resumption || !is.IssuedAt.Equal(was.IssuedAt) || is.Version != was.Version:
		t.Fatalf("%s changed what never changes: %+v became %+v", e.Kind, was, is)
	case is.State == liaison.Claimed && (is.Nonce != "" || is.Wallet == "" || is.Account == "" || is.Resumption):
		t.Fatalf("%s left a claimed link with nonce %q, wallet %q, account %q, resumption %t", e.Kind, is.Nonce, is.Wallet, is.Account, is.Resumption)
	case is.State == liaison.Closed && is.Reason == "":
		t.Fatalf("%s closed the link without a reason", e.Kind)
	}
}
