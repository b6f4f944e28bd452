package client

import (
	"context"
	"crypto/tls"
	"net/http"
	"sync"
	"time"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/protocol"
)

// Verifier says whether a proof's signature is its account's. [chain.Verifier]
// is one.
type Verifier interface {
	Verify(ctx context.Context, proof protocol.Proof) error
}

// SiteConfig says where a site opens its links. Only Server is needed.
type SiteConfig struct {
	// Server is the origin of the server.
	Server protocol.Origin
	// Verifier checks the wallet's signature a second time, so that a server
	// that lies is caught. The default knows every chain of package chain.
	Verifier Verifier
	// ICE says how to look for a path to the wallet.
	ICE ICE
	// TLS is for servers whose certificate the system does not trust. The
	// default is the system's roots.
	TLS *tls.Config
	// Observe is called at each step, one call at a time, from goroutines of
	// this package: it must return soon and must not call Close.
	Observe func(Event)
}

// PendingLink is a link that waits for a wallet.
type PendingLink struct {
	// Fixed.
	pairing   *pairing
	challenge protocol.Challenge
	link      protocol.Link

	mu    sync.Mutex
	taken bool // guarded by mu; a Channel owns the pairing
}

// OpenLink opens a link on the server: show [PendingLink.Link] as a QR code, then
// call [PendingLink.Accept]. Errors: [protocol.SignalingUnreachable],
// [protocol.RateLimited], [protocol.InvalidPeer] if the answer is not what the
// protocol has there, and others of the server.
func OpenLink(ctx context.Context, config SiteConfig) (*PendingLink, error) {
	const op = "open link"
	if _, err := protocol.ParseOriginUnsafe(string(config.Server)); err != nil {
		return nil, wrap(op, protocol.InvalidMessage, err)
	}
	if config.Verifier == nil {
		config.Verifier = chain.Default()
	}
	r := newREST(config.Server, config.TLS)
	var challenge protocol.Challenge
	if err := r.call(ctx, op, http.MethodGet, protocol.PathChallenge, nil, &challenge); err != nil {
		r.close()
		return nil, err
	}
	pending, err := newPendingLink(config, r, challenge)
	if err != nil {
		r.close()
		return nil, wrap(op, protocol.Internal, err)
	}
	return pending, nil
}

func newPendingLink(config SiteConfig, r *rest, challenge protocol.Challenge) (*PendingLink, error) {
	link, err := protocol.ParseLink(challenge.Link)
	if err != nil || link.RequestID != challenge.RequestID || link.Server != config.Server || r.bearer() == "" {
		return nil, protocol.Errorf(protocol.InvalidPeer, "the server at %s answers with a link to elsewhere", config.Server)
	}
	p, err := newPairing(protocol.SiteSide, r, link.RequestID, config.ICE, challenge.ICEServers, config.Observe)
	if err != nil {
		return nil, err
	}
	p.check = func(m protocol.ServerMessage) error { return checkClaim(p.ctx, config.Verifier, challenge, m) }
	offer, err := p.peer.offer()
	if err == nil {
		err = p.postOffer(link.RequestID, offer)
	}
	if err != nil {
		p.peer.close()
		return nil, err
	}
	p.start()
	return &PendingLink{pairing: p, challenge: challenge, link: link}, nil
}

// postOffer hands over the offer, for the wallet to find with the link
// (arrow 13). That it does not get there harms nothing: it is sent again over
// the WebSocket once a wallet has come.
func (p *pairing) postOffer(id protocol.RequestID, offer protocol.PeerMessage) error {
	frame, err := p.out.add(offer)
	if err != nil {
		return err
	}
	p.goroutine.Go(func() {
		_ = p.rest.call(p.ctx, "post offer", http.MethodPost, linkPath(id, "offer"), frame, nil)
	})
	return nil
}

// Link returns what the QR code shows.
func (l *PendingLink) Link() protocol.Link { return l.link }

// Challenge returns what the server answered: who asks for what, and until when.
func (l *PendingLink) Challenge() protocol.Challenge { return l.challenge }

// Accept waits until a wallet has claimed the link and the channel to it is
// open. If ctx has no deadline, it waits for as long as the link lives, and then
// 30 seconds for the channel. After [protocol.TimedOut] and [protocol.Canceled]
// it may be called again. Other errors: [protocol.LinkExpired],
// [protocol.UserRejected], [protocol.LinkClosed], [protocol.InvalidPeer] if what
// the wallet signed does not hold, [protocol.ICEFailed],
// [protocol.SignalingUnreachable].
func (l *PendingLink) Accept(ctx context.Context) (*Channel, error) {
	if err := l.claimed(ctx); err != nil {
		return nil, err
	}
	channel, err := l.pairing.open(ctx)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.taken = true
	l.mu.Unlock()
	return channel, nil
}

// claimed waits for a wallet. The server says when the link expires; if it does
// not, the site's own clock does, a little later.
func (l *PendingLink) claimed(ctx context.Context) error {
	p := l.pairing
	expired := time.NewTimer(time.Until(l.challenge.ExpiresAt) + openGrace)
	defer expired.Stop()
	select {
	case <-p.linked:
		return nil
	case <-p.over:
		return p.reason()
	case <-expired.C:
		p.finish(&Error{Code: protocol.LinkExpired, Op: "wait for wallet"})
		return p.reason()
	case <-ctx.Done():
		return contextError(ctx, "wait for wallet")
	}
}

// Close ends the link, unless Accept returned a channel, which then must be
// closed instead. It returns when every goroutine has ended.
func (l *PendingLink) Close() error {
	l.mu.Lock()
	taken := l.taken
	l.mu.Unlock()
	if !taken {
		l.pairing.close(&Error{Code: protocol.Canceled, Op: "wait for wallet"})
	}
	return nil
}
