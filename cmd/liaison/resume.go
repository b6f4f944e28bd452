package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/internal/pairingfile"
	"github.com/liaison-dev/liaison/protocol"
)

// comeback is how long a side that went away without a goodbye is waited for.
const comeback = 10 * time.Minute

// resumeCommand plays the wallet of an earlier pairing.
type resumeCommand struct {
	Site       string `help:"Which site, by its origin. The default is the one that was met last." placeholder:"URL"`
	Unverified bool   `help:"Meet a site whose origin was not verified when the wallet was paired with it; it may be any other. Without this, only sites that were."`
	nearness
	holding
	talking
}

// Help is the long form of the help text.
func (resumeCommand) Help() string {
	return "Meets a site again that the wallet is paired with, without a scan and without signing anything. It waits until the site is there. The pairings are listed by liaison wallet pairings."
}

// Run resumes and talks.
func (c *resumeCommand) Run(e *env) error {
	out := c.output(e)
	return out.fail(c.run(e, out))
}

func (c *resumeCommand) run(e *env, out *output) error {
	level, err := c.level()
	if err != nil {
		return err
	}
	ring, err := c.open(e)
	if err != nil {
		return err
	}
	pairings, err := find(ring.pairings, c.Site, c.Unverified)
	if err != nil {
		return err
	}
	in := readLines(e.stdin)
	ask := connectCommand{}
	config := client.WalletConfig{
		App: appName(), ICE: e.ice, Observe: out.observe, Locality: level, Keeper: ring.pairings,
		ConfirmRemote: ask.confirmRemote(e, in),
	}
	timeout := c.Timeout
	if timeout == 0 {
		timeout = comeback
	}
	ctx, cancel := context.WithTimeout(e.ctx, timeout)
	defer cancel()
	out.resuming(pairings[0])
	channel, err := client.Resume(ctx, config, pairings...)
	if err != nil {
		return err
	}
	return converse(e, in, out, channel, c.KeepOpen, resumeAsWallet(ring.pairings, config))
}

// find returns all that is kept of the pairing with a site, the newest first; that
// with the site that was met last if none is named. A site whose origin was not
// verified has only said that it is that one, so it is none of those that were.
func find(folder *pairingfile.Folder, site string, unverified bool) ([]client.Resumption, error) {
	pairings, err := folder.List(time.Now())
	if err != nil {
		return nil, err
	}
	var found []client.Resumption
	others := false
	for _, pairing := range pairings {
		if site != "" && site != string(pairing.Site.Origin) {
			continue
		}
		if pairing.Verified == unverified {
			others = true
			continue
		}
		if len(found) == 0 || onePairing(found[0], pairing) {
			found = append(found, pairing)
		}
	}
	switch {
	case len(found) > 0:
		return found, nil
	case others && !unverified:
		return nil, protocol.Errorf(protocol.ResumptionUnknown, "the wallet is paired with no such site whose origin was verified; --unverified meets one whose was not")
	}
	return nil, protocol.Errorf(protocol.ResumptionUnknown, "the wallet is paired with no such site")
}

// onePairing reports whether two resumptions may be of one pairing: what is kept of
// it when the two were cut off while they took new keys.
func onePairing(a, b client.Resumption) bool {
	return a.Server == b.Server && a.Site.Origin == b.Site.Origin && a.Verified == b.Verified && a.Account == b.Account
}

// again meets the other side again after it went away and lost the channel.
type again func(ctx context.Context, lost *client.Channel) (*client.Channel, error)

// resumeAsWallet returns how to meet the site of a channel again.
func resumeAsWallet(folder *pairingfile.Folder, config client.WalletConfig) again {
	return func(ctx context.Context, lost *client.Channel) (*client.Channel, error) {
		pairings, err := folder.List(time.Now())
		if err != nil {
			return nil, err
		}
		for _, pairing := range pairings {
			if pairing.ID() == lost.Resumption() {
				return client.Resume(ctx, config, pairing)
			}
		}
		return nil, protocol.ResumptionUnknown
	}
}

// pairingsCommand lists the sites that the wallet is paired with.
type pairingsCommand struct {
	Forget string `help:"Forget the pairings with this site, or with all." placeholder:"URL|all"`
	holding
}

// Run prints one line a pairing.
func (c *pairingsCommand) Run(e *env) error {
	ring, err := c.open(e)
	if err != nil {
		return err
	}
	pairings, err := ring.pairings.List(time.Now())
	if err != nil {
		return err
	}
	for _, pairing := range pairings {
		if c.Forget == "all" || c.Forget == string(pairing.Site.Origin) {
			if err := ring.pairings.Forget(pairing.ID()); err != nil {
				return err
			}
			e.say("Forgot %s.", pairing.Site.Origin)
			continue
		}
		mark := ""
		if !pairing.Verified {
			mark = "\tunverified"
		}
		if _, err := fmt.Fprintf(e.stdout, "%s\t%s\tuntil %s%s\n", pairing.Site.Origin, pairing.Account, pairing.ExpiresAt.Local().Format(time.DateTime), mark); err != nil {
			return err
		}
	}
	return nil
}

// memory keeps what the site in a terminal needs to meet its wallet again, for as
// long as it runs.
type memory struct {
	mu   sync.Mutex
	last client.Resumption // guarded by mu
}

// Keep implements [client.Keeper].
func (m *memory) Keep(r client.Resumption) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last = r
	return nil
}

// Forget implements [client.Keeper].
func (m *memory) Forget(id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.last.ID() == id {
		m.last = client.Resumption{}
	}
	return nil
}

// resumeAsSite returns how the site waits for its wallet: if one comes that does
// not get through, for the next.
func resumeAsSite(kept *memory, config client.SiteConfig) again {
	return func(ctx context.Context, _ *client.Channel) (*client.Channel, error) {
		for {
			kept.mu.Lock()
			last := kept.last
			kept.mu.Unlock()
			if last.ID() == "" {
				return nil, protocol.ResumptionUnknown
			}
			channel, err := waitForWallet(ctx, last, config)
			if err == nil || !errors.Is(err, protocol.PeerLost) || ctx.Err() != nil {
				return channel, err
			}
		}
	}
}

func waitForWallet(ctx context.Context, from client.Resumption, config client.SiteConfig) (*client.Channel, error) {
	pending, err := client.ResumeLink(ctx, from, config)
	if err != nil {
		return nil, err
	}
	defer pending.Close()
	return pending.Accept(ctx)
}
