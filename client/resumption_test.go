package client_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
)

// keeper keeps resumptions in memory.
type keeper struct {
	mu sync.Mutex
	// Guarded by mu.
	kept []client.Resumption // the newest first
	// before is called with the number of each call, and after when it was carried
	// out. An error of before leaves things as they were. Both may be nil.
	before, after func(call int) error
	calls         int
	busy          bool
}

var errBusy = errors.New("two calls at a time")

func (k *keeper) Keep(r client.Resumption) error {
	return k.call(func() { k.kept = append([]client.Resumption{r}, k.kept...) })
}

func (k *keeper) Forget(id string) error {
	return k.call(func() {
		k.kept = slices.DeleteFunc(k.kept, func(r client.Resumption) bool { return r.ID() == id })
	})
}

func (k *keeper) call(do func()) error {
	k.mu.Lock()
	n, before, after := k.calls, k.before, k.after
	if k.busy {
		panic(errBusy)
	}
	k.calls++
	k.busy = true
	k.mu.Unlock()
	defer func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.busy = false
	}()
	if before != nil {
		if err := before(n); err != nil {
			return err
		}
	}
	k.mu.Lock()
	do()
	k.mu.Unlock()
	if after != nil {
		return after(n)
	}
	return nil
}

// all returns what is kept as another process would read it.
func (k *keeper) all(t testing.TB) (again []client.Resumption) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range k.kept {
		parsed, err := client.ParseResumption(r.Encode())
		if err != nil {
			t.Fatalf("ParseResumption of what Encode wrote: %v", err)
		}
		again = append(again, parsed)
	}
	return again
}

func (k *keeper) ids(t testing.TB) (ids []string) {
	t.Helper()
	for _, r := range k.all(t) {
		ids = append(ids, r.ID())
	}
	return ids
}

// couple is a site and a wallet that know each other.
type couple struct {
	*sides
	siteKeeper   *keeper
	walletKeeper *keeper
}

// paired returns two ends of an open channel that can be resumed.
func paired(t testing.TB, origin protocol.Origin, changes ...siteChange) *couple {
	t.Helper()
	c := &couple{siteKeeper: &keeper{}, walletKeeper: &keeper{}}
	c.sides = openLink(t, origin, append([]siteChange{func(s *client.SiteConfig) { s.Keeper = c.siteKeeper }}, changes...)...)
	c.read(func(w *client.WalletConfig) { w.Keeper = c.walletKeeper })
	c.meet()
	return c
}

// parted ends both sides as a page ends that is reloaded, and a wallet that
// notices.
func (c *couple) parted() {
	c.t.Helper()
	if err := c.siteEnd.Leave(); err != nil {
		c.t.Fatalf("Leave: %v", err)
	}
	wait(c.t, "the wallet's channel", c.walletEnd.Done())
	codeIs(c.t, "the wallet's channel when the site left", c.walletEnd.Err(), protocol.PeerLost)
	c.walletEnd.Leave()
}

// reopen waits at the site for the wallet, with the newest that the site has.
func (c *couple) reopen(ctx context.Context, changes ...siteChange) (*client.Channel, error) {
	kept := c.siteKeeper.all(c.t)
	if len(kept) == 0 {
		return nil, errors.New("the site has nothing to resume")
	}
	config := client.SiteConfig{ICE: loopback, Observe: c.site.observe, Keeper: c.siteKeeper}
	for _, change := range changes {
		change(&config)
	}
	pending, err := client.ResumeLink(ctx, kept[0], config)
	if err != nil {
		return nil, err
	}
	defer pending.Close()
	return pending.Accept(ctx)
}

// resume meets the site with all that the wallet has.
func (c *couple) resume(ctx context.Context, changes ...walletChange) (*client.Channel, error) {
	config := client.WalletConfig{ICE: loopback, Observe: c.wallet.observe, Keeper: c.walletKeeper}
	for _, change := range changes {
		change(&config)
	}
	return client.Resume(ctx, config, c.walletKeeper.all(c.t)...)
}

// again lets the two meet again. A side that fails starts once more, as a page
// that is reloaded, and a wallet that is opened again.
func (c *couple) again() {
	c.t.Helper()
	ctx := limited(c.t)
	opened := make(chan error, 1)
	go func() {
		err := errors.New("not tried")
		for err != nil && ctx.Err() == nil {
			c.siteEnd, err = c.reopen(ctx)
		}
		opened <- err
	}()
	err := errors.New("not tried")
	for err != nil && ctx.Err() == nil {
		c.walletEnd, err = c.resume(ctx)
	}
	if siteErr := <-opened; siteErr != nil || err != nil {
		c.t.Fatalf("the site resumes: %v; the wallet resumes: %v; want a channel on both sides", siteErr, err)
	}
	site, wallet := c.siteEnd, c.walletEnd
	c.t.Cleanup(func() { wallet.Close(); site.Close() })
}

// settled fails unless both sides have the same one thing to resume.
func (c *couple) settled(when string) {
	c.t.Helper()
	site, wallet := c.siteKeeper.ids(c.t), c.walletKeeper.ids(c.t)
	if len(site) == 0 || len(wallet) == 0 || site[0] != wallet[0] || site[0] != c.siteEnd.Resumption() || wallet[0] != c.walletEnd.Resumption() {
		c.t.Errorf("%s: the site has %q, the wallet %q, want the newest the same", when, site, wallet)
	}
}

// TestResume parts and meets more than once: each time with other keys, and
// without a prompt, a signature or a claim.
func TestResume(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	c := paired(t, f.origin)
	c.settled("paired")
	c.collected()
	seen := map[string]bool{c.siteEnd.ChannelID(): true}
	ids := map[string]bool{c.siteEnd.Resumption(): true}
	var mu sync.Mutex
	var calls []string
	f.onRequest(func(_ http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		calls = append(calls, r.Method+" "+r.URL.Path)
		return false
	})
	account, assurance := c.siteEnd.Account(), c.siteEnd.Assurance()
	for round := range 3 {
		c.parted()
		c.again()
		c.talk(fmt.Sprintf("round %d", round))
		c.settled(fmt.Sprintf("round %d", round))
		if n := len(c.siteKeeper.ids(t)) + len(c.walletKeeper.ids(t)); n != 2 {
			t.Errorf("the two keep %d resumptions in all, want one each", n)
		}
		channel := c.siteEnd.ChannelID()
		if channel != c.walletEnd.ChannelID() || seen[channel] || ids[c.siteEnd.Resumption()] {
			t.Errorf("round %d has the keys of an earlier one", round)
		}
		seen[channel], ids[c.siteEnd.Resumption()] = true, true
		for what, end := range map[string]*client.Channel{"site": c.siteEnd, "wallet": c.walletEnd} {
			if end.Account() != account || end.Assurance() != assurance {
				t.Errorf("%s: %s, %s; want %s, %s as before", what, end.Account(), end.Assurance(), account, assurance)
			}
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for _, call := range calls {
		path := call[strings.LastIndexByte(call, '/'):]
		if !slices.Contains([]string{"/resumptions", "/join", "/offer", "/ws", "/network"}, path) {
			t.Errorf("the server was called with %s to resume", call)
		}
	}
	if len(calls) < 12 {
		t.Errorf("saw %d calls, want more: %q", len(calls), calls)
	}
}

// TestResumeWithAnotherServer: nobody there has ever heard of the two.
func TestResumeWithAnotherServer(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	c := paired(t, f.origin)
	c.parted()
	f.another(t)
	c.again()
	c.talk("through another server")
}

// TestResumeWhileTheServerIsAway begins before there is one.
func TestResumeWhileTheServerIsAway(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	c := paired(t, f.origin)
	c.parted()
	f.away()
	f.server.Stop()
	resumed := make(chan error, 1)
	go func() {
		var err error
		c.walletEnd, err = c.resume(limited(t))
		resumed <- err
	}()
	_, err := c.reopen(limited(t))
	codeIs(t, "ResumeLink without a server", err, protocol.SignalingUnreachable)
	f.server.Start()
	f.back()
	if c.siteEnd, err = c.reopen(limited(t)); err != nil {
		t.Fatalf("the site resumes: %v", err)
	}
	if err := <-resumed; err != nil {
		t.Fatalf("the wallet resumes: %v", err)
	}
	defer c.siteEnd.Close()
	defer c.walletEnd.Close()
	c.talk("after all")
}

// TestResumeInEitherOrder lets one side wait for the other.
func TestResumeInEitherOrder(t *testing.T) {
	t.Parallel()
	for _, first := range []protocol.Side{protocol.SiteSide, protocol.WalletSide} {
		t.Run(first.String()+" first", func(t *testing.T) {
			f := newFront(t)
			c := paired(t, f.origin)
			c.parted()
			c.site.forget()
			joined := newGate()
			f.onRequest(func(w http.ResponseWriter, r *http.Request) bool {
				if isJoin(r) {
					f.proxy.ServeHTTP(w, r)
					joined.open()
					return true
				}
				return false
			})
			var siteErr, walletErr error
			var both sync.WaitGroup
			site := func() { c.siteEnd, siteErr = c.reopen(limited(t)) }
			wallet := func() { c.walletEnd, walletErr = c.resume(limited(t)) }
			if first == protocol.SiteSide {
				both.Go(site)
				c.site.expect(t, "socket up", socketUp)
				both.Go(wallet)
			} else {
				both.Go(wallet)
				<-joined.done
				both.Go(site)
			}
			both.Wait()
			if siteErr != nil || walletErr != nil {
				t.Fatalf("the site resumes: %v; the wallet resumes: %v", siteErr, walletErr)
			}
			c.talk("again")
			c.siteEnd.Close()
			c.walletEnd.Close()
		})
	}
}

var errCrash = errors.New("power cut")

// TestCrashWhileKeysChange lets one side fail at each call of its keeper, before
// or after that was carried out, while the two resume: they meet again.
func TestCrashWhileKeysChange(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	for _, side := range []protocol.Side{protocol.SiteSide, protocol.WalletSide} {
		for call := range 2 { // keep the new, forget the old
			for _, done := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, call %d, carried out %t", side, call, done), func(t *testing.T) {
					t.Parallel()
					c := paired(t, f.origin)
					c.parted()
					k := c.siteKeeper
					if side == protocol.WalletSide {
						k = c.walletKeeper
					}
					crashed := make(chan struct{})
					crash := func(n int) error {
						if n != call {
							return nil
						}
						close(crashed)
						return errCrash
					}
					k.mu.Lock()
					if k.calls = 0; done {
						k.after = crash
					} else {
						k.before = crash
					}
					k.mu.Unlock()
					c.again()
					wait(t, "the crash", crashed)
					c.talk("after a crash")
					c.settled("after a crash")
					c.parted()
					c.again()
					c.talk("once more")
				})
			}
		}
	}
}

// TestCrashWhileFirstKeysAreKept lets the first call of a keeper fail: there is no
// channel that could not be resumed, and both sides hear of it.
func TestCrashWhileFirstKeysAreKept(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	fails := func(int) error { return errCrash }
	s := openLink(t, f.origin, func(c *client.SiteConfig) { c.Keeper = &keeper{before: fails} })
	s.read()
	s.refused(protocol.Internal, protocol.Internal)
	if !errors.Is(s.siteErr, errCrash) {
		t.Errorf("Accept: %v, want what the keeper said", s.siteErr)
	}
	s = openLink(t, f.origin, func(c *client.SiteConfig) { c.Keeper = &keeper{} })
	s.read(func(c *client.WalletConfig) { c.Keeper = &keeper{before: fails} })
	s.refused(protocol.LinkClosed, protocol.Internal)
}

// TestKeeperThatFailsEndsTheResumption, and does not try for ever.
func TestKeeperThatFailsEndsTheResumption(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	c := paired(t, f.origin)
	c.parted()
	c.walletKeeper.before = func(int) error { return errCrash }
	opened := make(chan error, 1)
	go func() {
		_, err := c.reopen(limited(t))
		opened <- err
	}()
	_, err := c.resume(limited(t))
	codeIs(t, "Resume with a keeper that fails", err, protocol.Internal)
	if err := <-opened; err == nil {
		t.Error("the site has a channel without a wallet")
	}
}

// TestWalletKeepsTheOldUntilTheSiteHasTheNew holds the site back at the moment
// when it has the wallet's answer, and nothing kept of it.
func TestWalletKeepsTheOldUntilTheSiteHasTheNew(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	c := paired(t, f.origin)
	c.parted()
	old := c.walletKeeper.ids(t)
	reached, resume := make(chan struct{}), make(chan struct{})
	c.siteKeeper.calls = 0
	c.siteKeeper.before = func(n int) error {
		if n == 0 {
			close(reached)
			<-resume
		}
		return nil
	}
	go func() {
		<-reached
		if ids := c.walletKeeper.ids(t); len(ids) != 2 || ids[1] != old[0] {
			t.Errorf("the wallet keeps %q, want the new one and %q", ids, old)
		}
		close(resume)
	}()
	c.again()
	if ids := c.walletKeeper.ids(t); len(ids) != 1 || ids[0] == old[0] {
		t.Errorf("the wallet keeps %q, want the new one alone", ids)
	}
}

// TestGoodbyeForgets: after one side has closed the channel, neither can resume.
func TestGoodbyeForgets(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	for _, side := range []protocol.Side{protocol.SiteSide, protocol.WalletSide} {
		for _, resumed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, resumed %t", side, resumed), func(t *testing.T) {
				c := paired(t, f.origin)
				if resumed {
					c.parted()
					c.again()
				}
				closer, other := c.siteEnd, c.walletEnd
				if side == protocol.WalletSide {
					closer, other = other, closer
				}
				closer.Close()
				wait(t, "the other side's channel", other.Done())
				codeIs(t, "the other side's channel", other.Err(), protocol.ChannelClosed)
				if site, wallet := c.siteKeeper.ids(t), c.walletKeeper.ids(t); len(site)+len(wallet) != 0 {
					t.Errorf("the site keeps %q, the wallet %q, want nothing", site, wallet)
				}
				if got := closer.Resumption() + other.Resumption(); got != "" {
					t.Errorf("Resumption() = %q, want none", got)
				}
				_, err := c.resume(limited(t))
				codeIs(t, "Resume after a goodbye", err, protocol.ResumptionUnknown)
			})
		}
	}
}

// TestNothingIsKeptBeforeTheCodeIsRight: a page that ends while the short code is
// asked for, in whichever way, has nothing by which it could be without the code
// next time. Neither has the page after it.
func TestNothingIsKeptBeforeTheCodeIsRight(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	for name, c := range map[string]struct {
		ends func(c *couple, cancel func())
		site protocol.Code
	}{
		"the page is left":    {func(c *couple, _ func()) { c.pending.Close() }, protocol.Canceled},
		"the wallet is gone":  {func(c *couple, _ func()) { c.request.Close() }, protocol.PeerLost},
		"the person gives up": {func(_ *couple, cancel func()) { cancel() }, protocol.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			pair := &couple{siteKeeper: &keeper{}, walletKeeper: &keeper{}}
			asked := newGate()
			asking, cancel := context.WithCancel(limited(t))
			defer cancel()
			pair.sides = openLink(t, f.origin, func(s *client.SiteConfig) {
				s.Keeper = pair.siteKeeper
				s.AskCode = func(ctx context.Context, _ int) (string, error) {
					if ids := pair.siteKeeper.ids(t); len(ids) != 0 {
						t.Errorf("the site keeps %q while the code is asked for, want nothing", ids)
					}
					asked.open()
					select {
					case <-ctx.Done():
						return "", ctx.Err()
					case <-asking.Done():
						return "", context.Canceled
					}
				}
			})
			pair.read(func(w *client.WalletConfig) { w.Keeper = pair.walletKeeper })
			go func() {
				<-asked.done
				c.ends(pair, cancel)
			}()
			pair.attempt()
			codeIs(t, "Accept", pair.siteErr, c.site)
			if pair.walletErr == nil {
				t.Error("Approve: no error, want the wallet to hear of it")
			}
			if ids := pair.siteKeeper.ids(t); len(ids) != 0 {
				t.Errorf("the site keeps %q afterwards, want nothing", ids)
			}
			if _, err := pair.reopen(limited(t)); err == nil {
				t.Error("the site has resumed without the code")
			}
		})
	}
}

// TestRefusalForgets: what was never open is not kept either.
func TestRefusalForgets(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	c := &couple{siteKeeper: &keeper{}, walletKeeper: &keeper{}}
	c.sides = openLink(t, f.origin, func(s *client.SiteConfig) {
		s.Keeper = c.siteKeeper
		s.AskCode = func(context.Context, int) (string, error) { return "", nil }
	})
	c.read(func(w *client.WalletConfig) { w.Keeper = c.walletKeeper })
	c.refused(protocol.CodeMismatch, protocol.CodeMismatch)
	if site, wallet := c.siteKeeper.ids(t), c.walletKeeper.ids(t); len(site)+len(wallet) != 0 {
		t.Errorf("the site keeps %q, the wallet %q, want nothing", site, wallet)
	}
}

// TestRefusalByWayOfTheServerForgets: the server was the first to bring it.
func TestRefusalByWayOfTheServerForgets(t *testing.T) {
	t.Parallel()
	h := liaisontest.NewHostile(t)
	var s *sides
	kept := &keeper{}
	s = openLink(t, h.Origin, func(c *client.SiteConfig) {
		c.Keeper = &keeper{}
		c.AskCode = func(ctx context.Context, _ int) (string, error) {
			h.Inject(protocol.WalletSide, protocol.ServerMessage{Op: protocol.OpClosed, RequestID: s.pending.Link().RequestID, Code: protocol.CodeMismatch})
			<-ctx.Done()
			return "", ctx.Err()
		}
	})
	s.read(func(c *client.WalletConfig) { c.Keeper = kept })
	s.accept()
	_, err := s.request.Approve(limited(t), s.key)
	codeIs(t, "Approve", err, protocol.CodeMismatch)
	if ids := kept.ids(t); len(ids) != 0 {
		t.Errorf("the wallet keeps %q, want nothing", ids)
	}
	<-s.acceptDone
}

// TestClaimThatIsRefusedIsNotKept.
func TestClaimThatIsRefusedIsNotKept(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	s := openLink(t, f.origin, func(c *client.SiteConfig) { c.Keeper = &keeper{} })
	kept := &keeper{}
	s.read(func(c *client.WalletConfig) { c.Keeper = kept })
	s.pending.Close()
	s.wallet.expect(t, "closed", closedWith(protocol.LinkClosed))
	_, err := s.request.Approve(limited(t), s.key)
	codeIs(t, "Approve", err, protocol.LinkClosed)
	if ids := kept.ids(t); len(ids) != 0 || kept.calls == 0 {
		t.Errorf("the wallet keeps %q after %d calls, want it to have kept and forgotten", ids, kept.calls)
	}
}

// TestNothingIsKept where one of the two does not want to.
func TestNothingIsKept(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	wallet := &keeper{}
	s := openLink(t, f.origin)
	s.read(func(c *client.WalletConfig) { c.Keeper = wallet })
	s.meet()
	if ids := wallet.ids(t); len(ids) != 0 || s.walletEnd.Resumption() != "" {
		t.Errorf("the wallet keeps %q of a site that keeps nothing", ids)
	}
	site := &keeper{}
	s = openLink(t, f.origin, func(c *client.SiteConfig) { c.Keeper, c.Resume = site, time.Hour })
	s.read()
	s.meet()
	kept := site.all(t)
	if len(kept) != 1 {
		t.Fatalf("the site keeps %d, want 1", len(kept))
	}
	if in := time.Until(kept[0].ExpiresAt); in > time.Hour || in < time.Hour-time.Minute {
		t.Errorf("it may be resumed for %v, want an hour", in)
	}
}

// TestWhatCannotBeResumed.
func TestWhatCannotBeResumed(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	c := paired(t, f.origin)
	c.parted()
	site, wallet := c.siteKeeper.all(t)[0], c.walletKeeper.all(t)[0]
	late := func(r client.Resumption) client.Resumption {
		r.ExpiresAt = time.Now().Add(-time.Second)
		return r
	}
	for name, r := range map[string]client.Resumption{"expired": late(site), "the wallet's": wallet, "nothing": {Server: f.origin}} {
		_, err := client.ResumeLink(limited(t), r, client.SiteConfig{})
		codeIs(t, "ResumeLink of what is "+name, err, protocol.ResumptionUnknown)
	}
	for name, r := range map[string]client.Resumption{"expired": late(wallet), "the site's": site, "nothing": {Server: f.origin}} {
		_, err := client.Resume(limited(t), client.WalletConfig{}, r)
		codeIs(t, "Resume of what is "+name, err, protocol.ResumptionUnknown)
	}
	_, err := client.Resume(limited(t), client.WalletConfig{})
	codeIs(t, "Resume of nothing at all", err, protocol.ResumptionUnknown)
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	_, err = c.resume(ctx)
	codeIs(t, "Resume while the site is not there", err, protocol.TimedOut)
	ctx, cancel = context.WithCancel(context.Background())
	cancel()
	_, err = c.resume(ctx)
	codeIs(t, "Resume with a canceled context", err, protocol.Canceled)
}

// changed returns the resumption with a change in its encoded form.
func changed(t *testing.T, r client.Resumption, change func(map[string]any)) (client.Resumption, error) {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal(r.Encode(), &fields); err != nil {
		t.Fatalf("Encode wrote no JSON: %v", err)
	}
	change(fields)
	data, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return client.ParseResumption(data)
}

// TestAnotherSecret: who knows the name under which the two meet, and not the
// secret, gets nowhere, on neither side.
func TestAnotherSecret(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	for _, side := range []protocol.Side{protocol.SiteSide, protocol.WalletSide} {
		t.Run(side.String(), func(t *testing.T) {
			c := paired(t, f.origin)
			c.parted()
			k := c.siteKeeper
			if side == protocol.WalletSide {
				k = c.walletKeeper
			}
			stranger, err := changed(t, k.all(t)[0], func(fields map[string]any) { fields["secret"] = strings.Repeat("A", 42) + "E" })
			if err != nil {
				t.Fatalf("ParseResumption with another secret: %v", err)
			}
			k.kept = []client.Resumption{stranger}
			opened := make(chan error, 1)
			go func() {
				_, err := c.reopen(limited(t))
				opened <- err
			}()
			_, err = c.resume(limited(t))
			codeIs(t, "Resume", err, protocol.HandshakeFailed)
			codeIs(t, "Accept", <-opened, protocol.HandshakeFailed)
		})
	}
}

// TestDamagedResumption: a record without its secret, or changed, is of no use.
func TestDamagedResumption(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	c := paired(t, f.origin)
	r := c.walletKeeper.all(t)[0]
	for name, change := range map[string]func(map[string]any){
		"no secret":       func(m map[string]any) { delete(m, "secret") },
		"empty secret":    func(m map[string]any) { m["secret"] = "" },
		"zero secret":     func(m map[string]any) { m["secret"] = strings.Repeat("A", 43) },
		"short secret":    func(m map[string]any) { m["secret"] = "AAAA" },
		"hidden secret":   func(m map[string]any) { m["secret"] = "[redacted]" },
		"no id":           func(m map[string]any) { delete(m, "id") },
		"path in id":      func(m map[string]any) { m["id"] = "../../v1/session" },
		"no server":       func(m map[string]any) { delete(m, "server") },
		"strange server":  func(m map[string]any) { m["server"] = "http://user@bank.example" },
		"no side":         func(m map[string]any) { delete(m, "side") },
		"third side":      func(m map[string]any) { m["side"] = "server" },
		"another version": func(m map[string]any) { m["version"] = 2 },
	} {
		if _, err := changed(t, r, change); !errors.Is(err, protocol.ResumptionUnknown) {
			t.Errorf("ParseResumption with %s: %v, want resumption_unknown", name, err)
		}
	}
	for _, data := range []string{"", "{}", "null", "[]", "x"} {
		if _, err := client.ParseResumption([]byte(data)); !errors.Is(err, protocol.ResumptionUnknown) {
			t.Errorf("ParseResumption(%q): %v, want resumption_unknown", data, err)
		}
	}
	if again, err := client.ParseResumption(r.Encode()); err != nil || !slices.Equal(again.Encode(), r.Encode()) {
		t.Errorf("ParseResumption of what Encode wrote: %v, or it is another", err)
	}
}

// page opens one more page of the site, which waits for the wallet, and sends what
// comes of it.
func (c *couple) page() <-chan error {
	over := make(chan error, 1)
	go func() {
		end, err := c.reopen(limited(c.t))
		if err == nil {
			c.siteEnd = end
		}
		over <- err
	}()
	return over
}

// secondPage checks that this is the page that has the wallet, and ends both.
func (c *couple) secondPage(second <-chan error) {
	c.t.Helper()
	if err := <-second; err != nil {
		c.t.Fatalf("Accept of the second page: %v", err)
	}
	c.talk("with the second page")
	c.siteEnd.Close()
	c.walletEnd.Close()
}

// TestSecondPageTakesOver: of two pages that wait, the later one gets the wallet.
func TestSecondPageTakesOver(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	c := paired(t, f.origin)
	c.parted()
	c.site.forget()
	first := c.page()
	c.site.expect(t, "socket up", socketUp)
	second := c.page()
	codeIs(t, "Accept of the first page", <-first, protocol.Replaced)
	var err error
	if c.walletEnd, err = c.resume(limited(t)); err != nil {
		t.Fatalf("Resume: %v", err)
	}
	c.secondPage(second)
}

// TestSiteThatDoesNotAnswerIsWaitedFor: its page was killed while it waited, and
// the server does not know. It comes back, and takes the resumption over.
func TestSiteThatDoesNotAnswerIsWaitedFor(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	c := paired(t, f.origin)
	c.parted()
	dead := newGate()
	f.onRequest(func(w http.ResponseWriter, r *http.Request) bool {
		if isOffer(r) && !closed(dead) { // the page would have answered
			dead.open()
			panic(http.ErrAbortHandler)
		}
		return false
	})
	opened := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithCancel(limited(t))
		go func() { <-dead.done; cancel() }()
		_, err := c.reopen(ctx)
		opened <- err
	}()
	resumed := make(chan error, 1)
	go func() {
		var err error
		c.walletEnd, err = c.resume(limited(t))
		resumed <- err
	}()
	if err := <-opened; err == nil {
		t.Fatal("the page that was killed has a channel")
	}
	var err error
	for c.siteEnd, err = c.reopen(limited(t)); errors.Is(err, protocol.PeerLost) || errors.Is(err, protocol.LinkClosed); {
		c.siteEnd, err = c.reopen(limited(t))
	}
	if err != nil {
		t.Fatalf("the site resumes: %v", err)
	}
	if err := <-resumed; err != nil {
		t.Fatalf("the wallet resumes: %v", err)
	}
	c.talk("after all")
	c.siteEnd.Close()
	c.walletEnd.Close()
}

// TestWalletComesAsAnotherPageOpens: its place is at the resumption that was, where its
// socket is not let in any more; the other page waits for it at the next.
func TestWalletComesAsAnotherPageOpens(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	c := paired(t, f.origin)
	c.parted()
	joined, held, opened := newGate(), newGate(), newGate()
	f.onRequest(func(_ http.ResponseWriter, r *http.Request) bool {
		switch {
		case isJoin(r):
			joined.open()
		case isSocket(r) && closed(joined) && !closed(held): // the wallet's
			held.open()
			opened.wait(r)
		case isOffer(r) && !closed(opened): // the first page has no time to answer
			opened.wait(r)
		}
		return false
	})
	c.site.forget()
	first, resumed := c.page(), make(chan error, 1)
	c.site.expect(t, "socket up", socketUp)
	go func() {
		var err error
		c.walletEnd, err = c.resume(limited(t))
		resumed <- err
	}()
	wait(t, "the wallet's socket", held.done)
	c.site.forget()
	second := c.page()
	codeIs(t, "Accept of the first page", <-first, protocol.Replaced)
	c.site.expect(t, "socket up", socketUp)
	opened.open()
	if err := <-resumed; err != nil {
		t.Fatalf("Resume: %v", err)
	}
	c.secondPage(second)
}

func closed(g *gate) bool {
	select {
	case <-g.done:
		return true
	default:
		return false
	}
}

// TestSecretsHide from every verb.
func TestSecretsHide(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	c := paired(t, f.origin)
	var fields struct{ Secret string }
	r := c.walletKeeper.all(t)[0]
	if err := json.Unmarshal(r.Encode(), &fields); err != nil || len(fields.Secret) != 43 {
		t.Fatalf("Encode wrote secret %q, %v", fields.Secret, err)
	}
	link := c.pending.Link()
	secrets := secretForms(t, fields.Secret, link.Invitation.Seed)
	for _, value := range []any{
		r, &r,
		[]client.Resumption{r},
		map[string]client.Resumption{"": r},
		struct{ R client.Resumption }{r},
		link, &link, link.Invitation, &link.Invitation, link.Invitation.Seed,
		struct{ L protocol.Link }{link},
	} {
		shown := []string{}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%o", "%b", "%c", "%U"} {
			shown = append(shown, fmt.Sprintf(verb, value))
		}
		data, err := json.Marshal(value)
		if err != nil {
			t.Errorf("encode %T: %v", value, err)
		}
		shown = append(shown, string(data), fmt.Sprint(value))
		for _, text := range shown {
			for _, secret := range secrets {
				if strings.Contains(text, secret) {
					t.Errorf("%T shows a secret: %q", value, text)
				}
			}
		}
	}
}

// secretForms returns how a secret would look, were it shown.
func secretForms(t *testing.T, secret string, seed protocol.Seed) []string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	forms := []string{secret, base64.RawURLEncoding.EncodeToString(seed[:])}
	for _, bytes := range [][]byte{raw, seed[:]} {
		part := bytes[2:10]
		for _, verb := range []string{"%d", "%x", "%X", "% x", "%#v", "%o", "%b", "%q", "%c", "%U"} {
			form := fmt.Sprintf(verb, part)
			form = strings.TrimSuffix(strings.TrimPrefix(form, "[]byte{"), "}")
			forms = append(forms, strings.Trim(form, `[]"`))
		}
	}
	return forms
}
