package client

import (
	"context"
	"crypto/tls"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/sealed"
)

// Signer is a wallet's account and its key, wherever that is kept. The keys of
// package chain are signers.
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
	// App names the wallet for the site's person, at most 64 bytes of printable
	// text.
	App string
	// Locality is how near the site must be at least, whatever the site itself
	// asks for. The default leaves it to the site.
	Locality protocol.Locality
	// UnsafeAllowUnverified lets Approve sign for a site whose origin is not
	// verified. Whoever made the code may then be anybody, and the text may be one
	// that signs him in elsewhere, at the site that it names, as this account.
	// Without it such a request is refused ([protocol.OriginDenied]).
	UnsafeAllowUnverified bool
	// ConfirmRemote asks the person once more when [protocol.LocalityPrefer] is
	// asked for and the site is not near. The default refuses
	// ([protocol.NotLocal]).
	ConfirmRemote func(ctx context.Context, report LocalityReport) (bool, error)
	// Keeper stores what is needed to resume; without one nothing is kept.
	Keeper Keeper
	// ICE says how to look for a path to the site.
	ICE ICE
	// TLS is for servers whose certificate the system does not trust. The
	// default is the system's roots.
	TLS *tls.Config
	// Observe is called at each step, one call at a time, from goroutines of
	// this package: it must return soon and must not call Close.
	Observe func(Event)
}

func (c WalletConfig) withDefaults() (WalletConfig, error) {
	if c.Locality == "" {
		c.Locality = protocol.LocalityOff
	}
	_, err := protocol.ParseLocality(string(c.Locality))
	return c, err
}

// resumeBackoff is the longest pause between two looks for the site: somebody who
// has loaded its page anew is waiting.
const resumeBackoff = 2 * time.Second

// siteTimeout is how long a site may take to answer the wallet's hello.
const siteTimeout = 15 * time.Second

// Request is what a site asks of a wallet. The person must be shown it, and then
// one of Approve and Reject called, once.
type Request struct {
	// Fixed.
	wallet    *wallet
	expiresAt time.Time
	verified  bool

	mu sync.Mutex
	// Guarded by mu.
	answered bool
	taken    bool // a Channel owns the pairing
}

// wallet is the role of the wallet.
type wallet struct {
	// Fixed before the pairing starts.
	config  WalletConfig
	pairing *pairing

	// Owned by the goroutine of signaling.
	greeted bool

	welcomed chan struct{} // closed when answer is set
	answer   string        // our first description; fixed when welcomed is closed
	agreed   atomic.Bool   // the person has agreed
}

// ReadLink goes to where a link leads, in either of its forms, shakes hands with
// the site's page, and returns what that asks. The site learns that a wallet has
// come, its App name, and nothing else; no address leaves before Approve. The
// page must be open. Errors: [protocol.InvalidLink], [protocol.UnsupportedVersion],
// [protocol.UnsealedRefused] for a link that is not sealed (see [ReadUnsealedLink]), [protocol.LinkUnknown],
// [protocol.LinkExpired], [protocol.LinkTaken], [protocol.LinkClosed],
// [protocol.HandshakeFailed] if somebody else than the page answers,
// [protocol.TimedOut] if nobody does, [protocol.SignalingUnreachable], and
// [protocol.InvalidPeer] if what is asked must not be shown to anybody: it is in
// the name of another site, or stale.
func ReadLink(ctx context.Context, link string, config WalletConfig) (*Request, error) {
	const op = "read link"
	parsed, err := protocol.ParseLink(link)
	if err != nil {
		return nil, wrap(op, protocol.InvalidLink, err)
	}
	if !parsed.Sealed() {
		return nil, &Error{Code: protocol.UnsealedRefused, Op: op, Detail: "the link has no invitation"}
	}
	config, err = config.withDefaults()
	if err != nil {
		return nil, wrap(op, protocol.InvalidMessage, err)
	}
	envelope, err := newEnvelope(sealed.NewWallet(sealedLink(parsed)))
	if err != nil {
		return nil, err
	}
	w, joined, err := join(ctx, parsed.Server, parsed.RequestID, envelope, config, nil)
	if err != nil {
		return nil, err
	}
	if err := w.await(ctx); err != nil {
		w.pairing.close(wrap(op, protocol.TimedOut, err))
		return nil, err
	}
	welcome := w.pairing.welcome()
	return &Request{
		wallet: w, expiresAt: joined.ExpiresAt,
		verified: verifyOrigin(ctx, welcome.Site.Origin, parsed.Server, joined.Origin, config.TLS),
	}, nil
}

// join takes the wallet's place at a link or a resumption, with its hello.
func join(ctx context.Context, server protocol.Origin, id protocol.RequestID, e *envelope, config WalletConfig, resumes *Resumption) (*wallet, protocol.Joined, error) {
	const op = "join link"
	var joined protocol.Joined
	identity, err := newIdentity()
	if err != nil {
		return nil, joined, wrap(op, protocol.Internal, err)
	}
	out := newOutbox(e)
	frame, err := out.add(protocol.PeerMessage{T: protocol.PeerHello, V: protocol.PeerVersion, FP: &identity.fingerprint, App: config.App})
	if err != nil {
		return nil, joined, wrap(op, protocol.Internal, err)
	}
	r := newREST(server, config.TLS)
	joining, cancel := withDeadline(ctx, connectTimeout)
	defer cancel()
	body := protocol.Join{Frame: frame, Key: protocol.NewNonce()}
	if err := r.callAgain(joining, op, linkPath(id, "join"), body, &joined); err != nil {
		r.close()
		return nil, joined, err
	}
	p, err := newPairing(setup{
		side: protocol.WalletSide, rest: r, id: id, identity: identity, envelope: e, ice: config.ICE, servers: joined.ICEServers,
		observe: config.Observe, keeper: config.Keeper, locality: config.Locality, resumes: resumes,
	}, out)
	if err != nil {
		r.close()
		return nil, joined, err
	}
	w := &wallet{config: config, pairing: p, welcomed: make(chan struct{})}
	w.agreed.Store(resumes != nil)
	p.role = w
	p.start()
	return w, joined, nil
}

// await waits for the site's welcome.
func (w *wallet) await(ctx context.Context) error {
	timer := time.NewTimer(siteTimeout)
	defer timer.Stop()
	select {
	case <-w.welcomed:
		return nil
	case <-w.pairing.over:
		return w.pairing.reason()
	case <-timer.C:
		return &Error{Code: protocol.TimedOut, Op: "wait for the site", Detail: "the site's page does not answer; is it still open?"}
	case <-ctx.Done():
		return contextError(ctx, "wait for the site")
	}
}

// take is part of role.
func (w *wallet) take(m protocol.PeerMessage) error {
	switch {
	case !w.greeted && m.T == protocol.PeerWelcome:
		w.greeted = true
		return w.greet(m)
	case !w.greeted:
		return protocol.Errorf(protocol.InvalidPeer, "the site does not say welcome")
	case !w.agreed.Load(): // to look up a name would tell that somebody reads this
		return protocol.Errorf(protocol.InvalidPeer, "the site goes on before the person has agreed")
	}
	return w.pairing.peer.take(protocol.WalletSide, m)
}

// greet looks at what the site asks, and prepares as much of the connection as
// can be while the person thinks.
func (w *wallet) greet(welcome protocol.PeerMessage) error {
	p := w.pairing
	if err := checkSite(welcome); err != nil {
		return err
	}
	if p.resumes == nil {
		if err := checkSignIn(*welcome.Site, welcome.SignIn, time.Now()); err != nil {
			return err
		}
	}
	p.welcomed(welcome)
	p.peer.expect(*welcome.FP)
	var err error
	if w.answer, err = p.peer.answer(welcome.SDP); err != nil {
		return err
	}
	close(w.welcomed)
	return nil
}

// claimed is part of role.
func (w *wallet) claimed(protocol.ServerMessage) error { return nil }

// insist is part of role: the person decides.
func (w *wallet) insist(ctx context.Context, report LocalityReport) error {
	refused := &Error{Code: protocol.NotLocal, Op: "check locality", Detail: report.String()}
	if w.config.ConfirmRemote == nil {
		return refused
	}
	yes, err := w.config.ConfirmRemote(ctx, report)
	if err != nil {
		return wrap("ask once more", protocol.Canceled, err)
	}
	if !yes {
		return refused
	}
	return nil
}

// checkCode is part of role: the wallet's person has seen it.
func (w *wallet) checkCode(context.Context) error { return nil }

// holds reports whether the claim signs nobody in yet: the wallet measures, and
// may ask its person, when the two are connected. Until then a page may be
// anywhere, and what it says of itself is worth nothing.
func (w *wallet) holds() bool { return w.pairing.resumes == nil && w.pairing.measuresFirst() }

// passed is part of role: a claim that was held counts now.
func (w *wallet) passed(ctx context.Context) error {
	if !w.holds() {
		return nil
	}
	p := w.pairing
	return p.rest.callAgain(ctx, "release claim", linkPath(p.signaling.id, "release"), nil, nil)
}

// confirmed is part of role: the site has the new resumption, too.
func (w *wallet) confirmed() { w.pairing.forgetOld() }

// showCode tells the person the short code if the site may ask for it.
func (w *wallet) showCode() {
	p := w.pairing
	if p.welcome().Confirm == protocol.ConfirmShortCode || p.localityLevel() == protocol.LocalityPrefer {
		p.emit(Event{Kind: EventCode, ShortCode: p.envelope.keys().ShortCode()})
	}
}

// Site returns who asks. Show the origin, and whether it is verified, before the
// name, which can be anything.
func (r *Request) Site() protocol.Site { return *r.wallet.pairing.welcome().Site }

// Verified reports whether the site's origin is its own (spec/sealed.md §7). If
// not, anybody may have made the code, and Approve refuses.
func (r *Request) Verified() bool { return r.verified }

// SignIn returns the fields of the text to sign.
func (r *Request) SignIn() protocol.SignInRequest { return *r.wallet.pairing.welcome().SignIn }

// Locality returns how near the site wants the wallet to be.
func (r *Request) Locality() protocol.Locality { return r.wallet.pairing.localityLevel() }

// ShortCode returns the six digits, "ddd ddd", that the person types into the
// site if that asks for them.
func (r *Request) ShortCode() string { return r.wallet.pairing.envelope.keys().ShortCode() }

// AsksCode reports whether the site asks for the short code in any case.
func (r *Request) AsksCode() bool {
	return r.wallet.pairing.welcome().Confirm == protocol.ConfirmShortCode
}

// ExpiresAt returns when the link ends if nobody answers.
func (r *Request) ExpiresAt() time.Time { return r.expiresAt }

// Text returns the whole text that Approve will have the signer sign, written
// from its fields. [protocol.InvalidPeer] means that the site does not take
// accounts of the signer's chain, or that a field does not hold.
func (r *Request) Text(signer Signer) (string, error) {
	asked := r.SignIn()
	if !slices.Contains(asked.Chains, signer.Chain()) {
		return "", &Error{Code: protocol.InvalidPeer, Op: "write sign-in text", Detail: "the site takes no account of this wallet's chain"}
	}
	channel := protocol.ChannelID(r.wallet.pairing.envelope.keys().ChannelID())
	text, err := asked.For(signer.Chain(), signer.Address(), channel).Text()
	if err != nil {
		return "", &Error{Code: protocol.InvalidPeer, Op: "write sign-in text", Err: err}
	}
	return text, nil
}

// Approve signs, claims the link, and returns the channel once it is open. Call
// it only after the person said yes. If ctx has no deadline, the claim may take
// 30 seconds, the connection as long again, and a short code three minutes. After
// an error the request is over. A site whose origin is not verified is refused
// before anything is signed ([protocol.OriginDenied]), unless the configuration
// allows it. Other errors: those of [ReadLink], [protocol.ProofRejected], [protocol.CertificateMismatch], [protocol.NotLocal],
// [protocol.CodeMismatch] if a wrong code was typed, [protocol.ServerMismatch]
// and others with which the site may refuse, [protocol.ICEFailed],
// [protocol.TimedOut], [protocol.Canceled], and the signer's own.
func (r *Request) Approve(ctx context.Context, signer Signer) (*Channel, error) {
	if err := r.answerOnce("approve link"); err != nil {
		return nil, err
	}
	channel, err := r.approve(ctx, signer)
	if err != nil {
		r.wallet.pairing.close(wrap("approve link", protocol.Internal, err))
		return nil, err
	}
	r.mu.Lock()
	r.taken = true
	r.mu.Unlock()
	return channel, nil
}

func (r *Request) approve(ctx context.Context, signer Signer) (*Channel, error) {
	if !r.verified && !r.wallet.config.UnsafeAllowUnverified {
		return nil, &Error{
			Code: protocol.OriginDenied, Op: "approve link",
			Detail: "the site's origin is not verified: whoever made this code may be anybody, and would be signed in as you at the site that it names",
		}
	}
	p := r.wallet.pairing
	claiming, cancel := withDeadline(ctx, connectTimeout)
	defer cancel()
	proof, err := r.sign(claiming, signer)
	if err != nil {
		return nil, err
	}
	account := proof.Account()
	assurance := protocol.Sealed
	if r.verified {
		assurance = protocol.SealedOrigin
	}
	r.wallet.agreed.Store(true)
	if err := p.keep(Resumption{Site: r.Site(), Verified: r.verified, Account: account, Assurance: assurance}); err != nil {
		return nil, err
	}
	if err := r.claim(claiming, proof); err != nil {
		p.forget()
		return nil, err
	}
	p.signaling.follow(account)
	return r.wallet.meet(ctx, account, assurance)
}

// claim posts the claim, with the answer. A site that has ended the link
// meanwhile says why.
func (r *Request) claim(ctx context.Context, proof protocol.Proof) error {
	p := r.wallet.pairing
	if err := p.peer.gather(); err != nil {
		return wrap("prepare answer", protocol.ICEFailed, err)
	}
	p.out.hold() // the answer goes its own way
	frame, err := p.out.add(protocol.PeerMessage{T: protocol.PeerAnswer, SDP: r.wallet.answer, Proof: &proof, Verified: r.verified})
	if err != nil {
		return wrap("seal answer", protocol.Internal, err)
	}
	r.wallet.showCode()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.ctx, cancel)() // who gave up does not sign in later
	claim := protocol.Claim{
		Nonce: r.SignIn().Nonce, Proof: proof, Answer: frame, Key: protocol.NewNonce(),
		Held: r.wallet.holds(), Verified: r.verified,
	}
	err = p.rest.callAgain(ctx, "claim link", linkPath(p.signaling.id), claim, nil)
	if reason := p.reason(); err != nil && reason != nil {
		return reason
	}
	return err
}

// meet lets the candidates go and waits for the channel.
func (w *wallet) meet(ctx context.Context, account protocol.Account, assurance protocol.Assurance) (*Channel, error) {
	p := w.pairing
	p.link(account, assurance)
	if err := p.peer.release(); err != nil {
		return nil, wrap("send candidates", protocol.ICEFailed, err)
	}
	p.out.release()
	return p.open(ctx)
}

func (r *Request) sign(ctx context.Context, signer Signer) (protocol.Proof, error) {
	text, err := r.Text(signer)
	if err != nil {
		return protocol.Proof{}, err
	}
	proof, err := signer.Sign(ctx, text)
	if err != nil {
		if ctx.Err() != nil {
			return proof, contextError(ctx, "sign")
		}
		return proof, wrap("sign", protocol.Internal, err)
	}
	if proof.Message != text || proof.Chain != signer.Chain() || proof.Address != signer.Address() {
		return proof, &Error{Code: protocol.Internal, Op: "sign", Detail: "the signer signed something else"}
	}
	return proof, nil
}

// Reject tells the site that the person said no, and closes the request.
func (r *Request) Reject(ctx context.Context) error {
	if err := r.answerOnce("reject link"); err != nil {
		return err
	}
	p := r.wallet.pairing
	defer p.close(&Error{Code: protocol.UserRejected, Op: "reject link"})
	ctx, cancel := withDeadline(ctx, callTimeout)
	defer cancel()
	err := p.rest.callAgain(ctx, "reject link", linkPath(p.signaling.id, "reject"), nil, nil)
	if protocol.CodeOf(err) == protocol.UserRejected {
		return nil // the answer to an earlier attempt was lost
	}
	return err
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

// Close gives up on the request, unless Approve returned a channel, which then
// must be closed instead. It returns when every goroutine has ended.
func (r *Request) Close() error {
	r.mu.Lock()
	taken := r.taken
	r.answered = true
	r.mu.Unlock()
	if !taken {
		r.wallet.pairing.close(&Error{Code: protocol.Canceled, Op: "answer link"})
	}
	return nil
}

// Resume meets the site of an earlier pairing again, without a scan and without
// a prompt: whether to ask the person first is the caller's to decide. It waits
// for the site to be there for as long as ctx allows. Give it all that the keeper
// has of the pairing, the newest first: if the two were cut off while they took
// new keys, the site may still have the ones before. Errors:
// [protocol.ResumptionUnknown], [protocol.HandshakeFailed], [protocol.TimedOut],
// [protocol.Canceled], [protocol.NotLocal], [protocol.CertificateMismatch],
// [protocol.ICEFailed], and others of the server.
func Resume(ctx context.Context, config WalletConfig, resumptions ...Resumption) (*Channel, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, wrap("resume", protocol.InvalidMessage, err)
	}
	known := make([]kept, 0, len(resumptions))
	for _, resumption := range resumptions {
		known = append(known, kept{Resumption: resumption})
	}
	wait := backoff{longest: resumeBackoff}
	for {
		var unusable error = &Error{Code: protocol.ResumptionUnknown, Op: "resume"}
		tried := false
		for _, k := range known {
			if unusable = k.usable(protocol.WalletSide, time.Now()); unusable != nil {
				continue
			}
			tried = true
			channel, next, err := resume(ctx, k.Resumption, config)
			if err == nil || !absent(protocol.CodeOf(err)) {
				return channel, err
			}
			if next != nil {
				known = replace(known, kept{*next, k.id}, config.Keeper)
			}
		}
		if !tried {
			return nil, unusable
		}
		if !wait.wait(ctx, nil) {
			return nil, contextError(ctx, "wait for the site")
		}
	}
}

// kept is one of the resumptions that the site may have by now.
type kept struct {
	Resumption
	from string // the id of the one that it came of; empty if that is not known
}

// replace adds what came of an attempt that was cut off. The site has that, or
// the one before, but nothing that came of an earlier attempt with the one before.
func replace(known []kept, next kept, keeper Keeper) []kept {
	replaced := []kept{next}
	for _, k := range known {
		if k.from == next.from {
			_ = keeper.Forget(k.id) // it expires by itself
			continue
		}
		replaced = append(replaced, k)
	}
	return replaced
}

// absent reports whether a code means that the site is not there at the moment, or
// waits anew, where what this wallet has joined is not open any more.
func absent(code protocol.Code) bool {
	switch code {
	case protocol.LinkForbidden, protocol.LinkUnknown, protocol.LinkExpired, protocol.LinkClosed, protocol.LinkTaken, protocol.Replaced, protocol.PeerLost:
		return true
	}
	return code.Info().Retry && code != protocol.TimedOut && code != protocol.ICEFailed && code != protocol.Internal
}

// resume makes one attempt. One that fails may leave a next resumption behind.
func resume(ctx context.Context, resumption Resumption, config WalletConfig) (*Channel, *Resumption, error) {
	envelope, err := newEnvelope(sealed.ResumeWallet(resumption.keys()))
	if err != nil {
		return nil, nil, err
	}
	w, _, err := join(ctx, resumption.Server, protocol.RequestID(resumption.id), envelope, config, &resumption)
	if err != nil {
		return nil, nil, err
	}
	channel, err := w.resume(ctx, resumption)
	if err == nil {
		return channel, nil, nil
	}
	p := w.pairing
	p.close(wrap("resume", protocol.Internal, err))
	p.mu.Lock()
	defer p.mu.Unlock()
	return nil, p.kept, err
}

func (w *wallet) resume(ctx context.Context, from Resumption) (*Channel, error) {
	p := w.pairing
	if err := w.await(ctx); err != nil {
		if ctx.Err() == nil && protocol.CodeOf(err) == protocol.TimedOut {
			return nil, peerLost() // and may come back, to take the resumption over
		}
		return nil, err
	}
	if err := p.keep(Resumption{Site: from.Site, Verified: from.Verified, Account: from.Account, Assurance: from.Assurance}); err != nil {
		return nil, err
	}
	if err := p.peer.gather(); err != nil {
		return nil, wrap("prepare answer", protocol.ICEFailed, err)
	}
	if _, err := p.out.add(protocol.PeerMessage{T: protocol.PeerAnswer, SDP: w.answer, Verified: from.Verified}); err != nil {
		return nil, wrap("seal answer", protocol.Internal, err)
	}
	w.showCode()
	return w.meet(ctx, from.Account, from.Assurance)
}
