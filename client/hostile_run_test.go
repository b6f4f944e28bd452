package client_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
)

// patience is how long the two ends wait for each other where the server keeps
// both from hearing anything. It may be over at any step: they say the same then.
const patience = time.Second

// run is one attempt of a site and a wallet to meet through a hostile server.
type run struct {
	t        testing.TB
	h        *liaisontest.Hostile
	patience time.Duration
	siteCfg  client.SiteConfig
	walCfg   client.WalletConfig
	key      chain.Key
	// oneKnows says that one end fails and the other one hears nothing of it: it
	// waits until then, and a moment longer.
	oneKnows bool
	// many says that the caller looks for what the server saw itself, once for
	// many runs.
	many bool
	// consent is called before the person agrees; it may be nil.
	consent func(*client.Request)

	link      protocol.Link
	request   *client.Request
	site      *events
	wallet    *events
	siteEnd   *client.Channel
	walletEnd *client.Channel
	siteErr   error
	walletErr error
}

func newRun(t testing.TB, h *liaisontest.Hostile) *run {
	t.Helper()
	r := &run{t: t, h: h, patience: limit, key: walletKey(t, 1), site: newEvents(), wallet: newEvents()}
	r.siteCfg = client.SiteConfig{Server: h.Origin, ICE: loopback, Observe: r.site.observe}
	r.walCfg = client.WalletConfig{ICE: loopback, Observe: r.wallet.observe, UnsafeAllowUnverified: true}
	return r
}

// meet plays both parts until each has a channel or an error. Whoever gets an
// error leaves, and the other has to notice.
func (r *run) meet() *run {
	r.t.Helper()
	ctx, over := newPatient(r.t, r.patience)
	pending, err := client.OpenLink(ctx, r.siteCfg)
	if err != nil {
		r.siteErr, r.walletErr = err, err // there is no code to scan
		return r
	}
	r.link = pending.Link()
	accepted := make(chan struct{})
	go func() {
		defer close(accepted)
		if r.siteEnd, r.siteErr = pending.Accept(ctx); r.siteErr != nil {
			pending.Close()
			r.knows(over)
		}
	}()
	if r.walletEnd, r.walletErr = r.answer(ctx); r.walletErr != nil {
		r.knows(over)
	}
	<-accepted
	r.t.Cleanup(r.close)
	r.siteErr = lost(r.siteEnd, r.siteErr, r.walletErr)
	r.walletErr = lost(r.walletEnd, r.walletErr, r.siteErr)
	return r
}

func (r *run) knows(over func()) {
	if r.oneKnows {
		over()
	}
}

// patient is a context whose deadline comes when the test says so.
type patient struct{ context.Context }

// newPatient returns a context with a deadline, and how to bring it forward.
func newPatient(t testing.TB, after time.Duration) (context.Context, func()) {
	ctx, cancel := context.WithTimeout(context.Background(), after)
	t.Cleanup(cancel)
	return patient{ctx}, cancel
}

func (p patient) Err() error {
	if p.Context.Err() == nil {
		return nil
	}
	return context.DeadlineExceeded
}

// lost returns the error of an end. One that has the channel while the other one
// gave up at the last moment loses it at once.
func lost(end *client.Channel, err, other error) error {
	if err != nil || other == nil {
		return err
	}
	select {
	case <-end.Done():
		return end.Err()
	case <-time.After(limit):
		return nil
	}
}

func (r *run) answer(ctx context.Context) (*client.Channel, error) {
	request, err := client.ReadLink(ctx, r.link.Reveal(), r.walCfg)
	if err != nil {
		return nil, err
	}
	r.request = request
	if r.consent != nil {
		r.consent(request)
	}
	channel, err := request.Approve(ctx, r.key)
	if err != nil {
		request.Close()
	}
	return channel, err
}

func (r *run) close() {
	for _, end := range []*client.Channel{r.walletEnd, r.siteEnd} {
		if end != nil {
			end.Close()
		}
	}
	r.walletEnd, r.siteEnd = nil, nil
}

// is fails unless the run had one of the two outcomes that there may be.
func (r *run) is(what string, fits func() bool, want string) {
	r.t.Helper()
	if !fits() {
		r.t.Fatalf("%s: site %v (%v), wallet %v (%v), want %s\nsite saw %+v\nwallet saw %+v",
			what, protocol.CodeOf(r.siteErr), r.siteErr, protocol.CodeOf(r.walletErr), r.walletErr, want, r.site.all, r.wallet.all)
	}
	r.decided(what)
	if !r.many {
		r.kept(what)
	}
}

// opened fails unless both ends have the channel.
func (r *run) opened(what string) {
	r.t.Helper()
	r.is(what, func() bool { return r.siteErr == nil && r.walletErr == nil }, "a channel at both ends")
}

// failed fails unless the two ends failed with these codes.
func (r *run) failed(what string, site, wallet protocol.Code) {
	r.t.Helper()
	r.failedOneOf(what, []protocol.Code{site}, []protocol.Code{wallet})
}

func (r *run) failedOneOf(what string, site, wallet []protocol.Code) {
	r.t.Helper()
	r.is(what, func() bool {
		return r.siteErr != nil && r.walletErr != nil &&
			slices.Contains(site, protocol.CodeOf(r.siteErr)) && slices.Contains(wallet, protocol.CodeOf(r.walletErr))
	}, fmt.Sprintf("site %v, wallet %v", site, wallet))
}

// decided fails unless both ends have the same channel and account and
// understand each other, or neither has one.
func (r *run) decided(what string) {
	r.t.Helper()
	if r.siteErr != nil || r.walletErr != nil {
		if r.siteErr == nil || r.walletErr == nil {
			r.t.Fatalf("%s: a third outcome: site %v, wallet %v", what, r.siteErr, r.walletErr)
		}
		return
	}
	if site, wallet := r.siteEnd.ChannelID(), r.walletEnd.ChannelID(); site != wallet {
		r.t.Fatalf("%s: the site has channel %s, the wallet %s", what, site, wallet)
	}
	if site, wallet := r.siteEnd.Account(), r.walletEnd.Account(); site != wallet {
		r.t.Fatalf("%s: the site has account %s, the wallet %s", what, site, wallet)
	}
	exchange(r.t, r.siteEnd, r.walletEnd, siteCanary)
	exchange(r.t, r.walletEnd, r.siteEnd, walletCanary)
}

// What the two ends say to each other, to be looked for where it must not be.
const (
	siteCanary   = "canary of the site"
	walletCanary = "canary of the wallet"
)

// kept fails if the server could read anything that is not for it.
func (r *run) kept(what string) {
	r.t.Helper()
	seed := r.link.Invitation.Seed
	private := []string{
		siteCanary, walletCanary, r.link.Invitation.Fragment(), string(seed[:]), string(r.link.Invitation.Key[:]),
		"a=fingerprint", "a=ice-", "candidate:", "webrtc-datachannel", `"fp"`, `"sdp"`,
	}
	for _, end := range []*client.Channel{r.siteEnd, r.walletEnd} {
		if end != nil {
			private = append(private, words(end.Description())...)
		}
	}
	for _, text := range private {
		if text != "" && text != strings.Repeat("\x00", len(text)) && r.h.Saw(text) {
			r.t.Errorf("%s: the server could read %q", what, text)
		}
	}
}

// words are the parts of a session description by which it would be known.
func words(sdp string) (found []string) {
	for line := range strings.SplitSeq(sdp, "\r\n") {
		for _, name := range []string{"a=fingerprint:sha-256 ", "a=ice-ufrag:", "a=ice-pwd:", "a=candidate:"} {
			if value, ok := strings.CutPrefix(line, name); ok {
				found = append(found, value)
				if name == "a=fingerprint:sha-256 " {
					found = append(found, strings.ToLower(strings.ReplaceAll(value, ":", "")))
				}
			}
		}
	}
	return found
}

// TestThroughAHostileServerThatDoesNothing shows that the attacks are what makes
// the other tests of this kind fail, and that the search finds what passes.
func TestThroughAHostileServerThatDoesNothing(t *testing.T) {
	h := liaisontest.NewHostile(t)
	r := newRun(t, h).meet()
	r.opened("nothing is done")
	if n := len(words(r.siteEnd.Description())); n < 5 {
		t.Errorf("the site's description has %d words to look for, want at least 5", n)
	}
	if r.siteEnd.Account() != r.key.Account() {
		t.Errorf("account = %s, want the wallet's", r.siteEnd.Account())
	}
	for _, passed := range []string{string(r.link.RequestID), r.siteEnd.ChannelID(), r.key.Address(), `"op":"frame"`, `"op":"send"`} {
		if !h.Saw(passed) {
			t.Errorf("Saw(%q) = false, and it has passed", passed)
		}
	}
}
