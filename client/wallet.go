package client

import (
	"context"
	"crypto/tls"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/liaison-dev/liaison/protocol"
)

// Signer is a wallet's account and its key, wherever that is kept.
// [chain.AlgorandKey] is one.
type Signer interface {
	// Chain names the account's chain.
	Chain() protocol.ChainID
	// Address returns the account's name on it.
	Address() string
	// Sign signs a sign-in text that this package wrote from its fields.
	Sign(ctx context.Context, text string) (protocol.Proof, error)
}

// WalletConfig says how a wallet links. The zero value is good.
type WalletConfig struct {
	// ICE says how to look for a path to the site.
	ICE ICE
	// TLS is for servers whose certificate the system does not trust. The
	// default is the system's roots.
	TLS *tls.Config
	// Observe is called at each step, one call at a time, from goroutines of
	// this package: it must return soon and must not call Close.
	Observe func(Event)
}

// resigns is how often one consent signs again because the nonce was used up by
// somebody else who knows the link.
const resigns = 2

// Request is what a link asks of a wallet. The person must be shown it, and then
// one of Approve and Reject called, once.
type Request struct {
	// Fixed.
	pairing *pairing
	link    protocol.Link

	mu sync.Mutex
	// Guarded by mu.
	view     protocol.LinkView
	answered bool
	taken    bool                  // a Channel owns the pairing
	answer   *protocol.PeerMessage // ready to be sent; nil if there was no offer
}

// ReadLink asks the server of a link, in either of its forms, what it wants.
// Nothing about this wallet is told to anybody. Errors: [protocol.InvalidLink],
// [protocol.UnsupportedVersion], [protocol.LinkUnknown], [protocol.LinkExpired],
// [protocol.LinkTaken], [protocol.LinkClosed], [protocol.UserRejected],
// [protocol.SignalingUnreachable], and [protocol.InvalidPeer] if what is asked
// must not be shown to anybody: it is in the name of another site, or stale.
func ReadLink(ctx context.Context, link string, config WalletConfig) (*Request, error) {
	const op = "read link"
	parsed, err := protocol.ParseLink(link)
	if err != nil {
		return nil, wrap(op, protocol.InvalidLink, err)
	}
	r := newREST(parsed.Server, config.TLS)
	view, err := readView(ctx, r, parsed)
	if err != nil {
		r.close()
		return nil, err
	}
	request, err := newRequest(parsed, view, r, config)
	if err != nil {
		r.close()
		return nil, wrap(op, protocol.Internal, err)
	}
	return request, nil
}

func readView(ctx context.Context, r *rest, link protocol.Link) (protocol.LinkView, error) {
	const op = "read link"
	var view protocol.LinkView
	if err := r.call(ctx, op, http.MethodGet, linkPath(link.RequestID), nil, &view); err != nil {
		return view, err
	}
	if err := checkView(link, view, time.Now()); err != nil {
		return view, wrap(op, protocol.InvalidPeer, err)
	}
	return view, nil
}

// newRequest prepares as much of the connection as can be while the person
// thinks.
func newRequest(link protocol.Link, view protocol.LinkView, r *rest, config WalletConfig) (*Request, error) {
	p, err := newPairing(protocol.WalletSide, r, link.RequestID, config.ICE, view.ICEServers, config.Observe)
	if err != nil {
		return nil, err
	}
	request := &Request{pairing: p, link: link, view: view}
	if view.Offer == nil {
		return request, nil
	}
	offer, err := p.signaling.open(*view.Offer)
	if err == nil && offer.T != protocol.PeerOffer {
		err = protocol.Errorf(protocol.InvalidPeer, "the site's first frame is not an offer")
	}
	if err == nil && strings.Contains(offer.SDP, "a=candidate:") {
		// To look up its name would tell the local network that the code was
		// scanned, before the person has agreed to anything.
		err = protocol.Errorf(protocol.InvalidPeer, "the site's offer holds a candidate before the claim")
	}
	if err == nil {
		var answer protocol.PeerMessage
		answer, err = p.peer.answer(offer)
		request.answer = &answer
	}
	if err != nil {
		p.peer.close()
		return nil, err
	}
	return request, nil
}

// Site returns who asks. Its origin is the one of the link's server.
func (r *Request) Site() protocol.Site { return r.current().Site }

// SignIn returns the fields of the text to sign.
func (r *Request) SignIn() protocol.SignInRequest { return r.current().SignIn }

// ExpiresAt returns when the link ends if nobody answers.
func (r *Request) ExpiresAt() time.Time { return r.current().ExpiresAt }

func (r *Request) current() protocol.LinkView {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.view
}

// Text returns the whole text that Approve will have the signer sign, written
// from its fields. [protocol.InvalidPeer] means that the site does not take
// accounts of the signer's chain, or that a field does not hold.
func (r *Request) Text(signer Signer) (string, error) {
	view := r.current()
	if !slices.Contains(view.SignIn.Chains, signer.Chain()) {
		return "", &Error{Code: protocol.InvalidPeer, Op: "write sign-in text", Detail: "the site takes no account of this wallet's chain"}
	}
	text, err := view.SignIn.For(signer.Chain(), signer.Address(), r.link.RequestID).Text()
	if err != nil {
		return "", &Error{Code: protocol.InvalidPeer, Op: "write sign-in text", Err: err}
	}
	return text, nil
}

// Approve signs, claims the link, and returns the channel once it is open. Call
// it only after the person said yes. If ctx has no deadline, the claim may take
// 30 seconds and the channel as long again. After an error the request is over.
// Errors: those of [ReadLink], [protocol.ProofRejected], [protocol.ICEFailed],
// [protocol.TimedOut], [protocol.Canceled], and the signer's own.
func (r *Request) Approve(ctx context.Context, signer Signer) (*Channel, error) {
	if err := r.answerOnce("approve link"); err != nil {
		return nil, err
	}
	channel, err := r.approve(ctx, signer)
	if err != nil {
		r.pairing.close(wrap("approve link", protocol.Internal, err))
		return nil, err
	}
	r.mu.Lock()
	r.taken = true
	r.mu.Unlock()
	return channel, nil
}

func (r *Request) approve(ctx context.Context, signer Signer) (*Channel, error) {
	p := r.pairing
	claim, err := r.claim()
	if err != nil {
		return nil, wrap("prepare answer", protocol.ICEFailed, err)
	}
	p.signaling.dialed = p.dialEarly()
	claiming, cancel := withDeadline(ctx, connectTimeout)
	defer cancel()
	if err := r.claimWith(claiming, signer, claim); err != nil {
		return nil, err
	}
	p.signaling.address = signer.Address()
	p.link(protocol.NewAccount(signer.Chain(), signer.Address()))
	if claim.Answer != nil {
		if err := p.peer.release(); err != nil {
			return nil, wrap("send candidates", protocol.ICEFailed, err)
		}
	}
	p.start()
	return p.open(ctx)
}

// claim returns the body of the claim without its proof. From here on the
// connection gathers its candidates.
func (r *Request) claim() (protocol.Claim, error) {
	if r.answer == nil {
		return protocol.Claim{}, nil
	}
	if err := r.pairing.peer.gather(); err != nil {
		return protocol.Claim{}, err
	}
	frame, err := r.pairing.out.add(*r.answer)
	return protocol.Claim{Answer: &frame}, err
}

// claimWith signs and posts. Whoever knows the link can use up its nonce; the
// server then draws another one, and the same consent signs again.
func (r *Request) claimWith(ctx context.Context, signer Signer, claim protocol.Claim) error {
	for again := 0; ; again++ {
		if err := r.sign(ctx, signer, &claim); err != nil {
			return err
		}
		err := r.post(ctx, "claim link", linkPath(r.link.RequestID), claim)
		if err == nil || protocol.CodeOf(err) != protocol.ProofRejected || again == resigns {
			return err
		}
		view, viewErr := readView(ctx, r.pairing.rest, r.link)
		if viewErr != nil {
			return viewErr
		}
		if !r.renew(view) {
			return err
		}
	}
}

// renew takes over a link's new nonce. It reports whether there is one and
// whether nothing else of what the person agreed to has changed.
func (r *Request) renew(view protocol.LinkView) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	before, after := r.view.SignIn, view.SignIn
	fresh := before.Nonce != after.Nonce
	before.Nonce, before.Chains, after.Chains = after.Nonce, nil, nil
	if !fresh || r.view.Site != view.Site || !sameRequest(before, after) {
		return false
	}
	r.view.SignIn.Nonce = after.Nonce
	return true
}

func sameRequest(a, b protocol.SignInRequest) bool {
	return a.Domain == b.Domain && a.URI == b.URI && a.Statement == b.Statement && a.Nonce == b.Nonce &&
		a.IssuedAt.Equal(b.IssuedAt) && a.ExpirationTime.Equal(b.ExpirationTime)
}

func (r *Request) sign(ctx context.Context, signer Signer, claim *protocol.Claim) error {
	text, err := r.Text(signer)
	if err != nil {
		return err
	}
	claim.Nonce = r.current().SignIn.Nonce
	claim.Proof, err = signer.Sign(ctx, text)
	if err != nil {
		if ctx.Err() != nil {
			return contextError(ctx, "sign")
		}
		return wrap("sign", protocol.Internal, err)
	}
	if claim.Proof.Message != text || claim.Proof.Chain != signer.Chain() || claim.Proof.Address != signer.Address() {
		return &Error{Code: protocol.Internal, Op: "sign", Detail: "the signer signed something else"}
	}
	return nil
}

// post retries what the server cannot have carried out.
func (r *Request) post(ctx context.Context, op, path string, body any) error {
	var wait backoff
	for {
		err := r.pairing.rest.call(ctx, op, http.MethodPost, path, body, nil)
		if err == nil {
			return nil
		}
		busy := protocol.CodeOf(err) == protocol.Overloaded || protocol.CodeOf(err) == protocol.RateLimited || protocol.CodeOf(err) == protocol.ShuttingDown
		if (!busy && !notSent(err)) || !wait.wait(ctx, nil) {
			return err
		}
	}
}

// Reject tells the site that the person said no, and closes the request. The
// site learns nothing of this wallet.
func (r *Request) Reject(ctx context.Context) error {
	if err := r.answerOnce("reject link"); err != nil {
		return err
	}
	defer r.pairing.close(&Error{Code: protocol.UserRejected, Op: "reject link"})
	ctx, cancel := withDeadline(ctx, callTimeout)
	defer cancel()
	return r.post(ctx, "reject link", linkPath(r.link.RequestID, "reject"), protocol.Rejection{Nonce: r.current().SignIn.Nonce})
}

func (r *Request) answerOnce(op string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.answered {
		return &Error{Code: protocol.LinkClosed, Op: op, Detail: "this request was answered before"}
	}
	r.answered = true
	return nil
}

// Close gives up on the request without a word to the site, unless Approve
// returned a channel, which then must be closed instead. It returns when every
// goroutine has ended.
func (r *Request) Close() error {
	r.mu.Lock()
	taken := r.taken
	r.answered = true
	r.mu.Unlock()
	if !taken {
		r.pairing.close(&Error{Code: protocol.Canceled, Op: "answer link"})
	}
	return nil
}
