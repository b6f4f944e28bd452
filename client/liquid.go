package client

import (
	"context"
	"crypto/ecdsa"
	"net/http"
	"sync"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/protocol"
)

// ChallengeSigner is a wallet's account for servers that know no sign-in text.
// [chain.AlgorandKey] is one.
type ChallengeSigner interface {
	// Chain names the account's chain, which must be one of Algorand's.
	Chain() protocol.ChainID
	// Address returns the account's name on it.
	Address() string
	// SignChallenge signs a bare challenge, and must refuse one that means something
	// on the chain.
	SignChallenge(challenge []byte) ([]byte, error)
	// Passkey returns the ES256 key that stands for the account at a domain, the same
	// each time.
	Passkey(domain string) (*ecdsa.PrivateKey, error)
}

// UnsealedRequest is the wish of a site of Liquid Auth to meet a wallet. It says
// nothing but where the server is: who asks is not known, and what would be signed
// is drawn by the server when the person has agreed. Show [UnsealedRequest.Server] and
// what an answer is worth, ask the person, and call [UnsealedRequest.Approve] after a
// yes. There is nothing to close, and nobody to tell of a no.
type UnsealedRequest struct {
	// Fixed.
	link   protocol.LiquidLink
	config WalletConfig

	mu       sync.Mutex
	answered bool // guarded by mu
}

// ReadUnsealedLink reads a link that has no secret, one of a site of Liquid Auth, or
// one of ours without its fragment. It calls nobody. To answer such a link is unsafe
// where [ReadLink] is safe: whoever made the code may be anybody and be signed in as
// the account, at this server or, since a signature over a bare challenge does not say
// where it is for, at any other that takes such signatures and lent this one the
// challenge; and the server can read and change what sets up the connection, and so
// all that is said over it. Errors: [protocol.InvalidLink]; [protocol.UnsealedRefused]
// for a link that has a secret, and if config asks for locality to be preferred or
// required, which nothing here can keep to.
func ReadUnsealedLink(link string, config WalletConfig) (*UnsealedRequest, error) {
	const op = "read unsealed link"
	parsed, err := protocol.ParseLiquidLink(link)
	if err != nil {
		return nil, wrap(op, protocol.InvalidLink, err)
	}
	if config, err = config.withDefaults(); err != nil {
		return nil, wrap(op, protocol.InvalidMessage, err)
	}
	if config.Locality == protocol.LocalityPrefer || config.Locality == protocol.LocalityRequire {
		return nil, &Error{Code: protocol.UnsealedRefused, Op: op, Detail: "a site that cannot seal cannot be asked to be near"}
	}
	return &UnsealedRequest{link: parsed, config: config}, nil
}

// Server returns where the wallet would sign in.
func (r *UnsealedRequest) Server() protocol.Origin { return r.link.Server }

// Approve signs in at the server, with a challenge that it draws and a passkey that
// the account has there, and returns the channel once it is open. It is for one call,
// after the person said yes. If ctx has no deadline, the sign-in may take 30 seconds
// and the connection as long again. The channel's assurance is
// [protocol.ServerAsserted]. Errors: [protocol.InvalidPeer] if the server asks for a
// signature that must not be given, or is none of Liquid Auth, or the account is not
// one of Algorand; [protocol.ProofRejected], [protocol.OriginDenied],
// [protocol.RateLimited], [protocol.Unavailable], [protocol.SignalingUnreachable];
// [protocol.UnsealedRefused] if the site is one of ours and will have none of this;
// [protocol.ICEFailed], [protocol.TimedOut], [protocol.Canceled].
func (r *UnsealedRequest) Approve(ctx context.Context, signer ChallengeSigner) (*Channel, error) {
	const op = "answer unsealed link"
	r.mu.Lock()
	answered := r.answered
	r.answered = true
	r.mu.Unlock()
	if answered {
		return nil, &Error{Code: protocol.LinkClosed, Op: op, Detail: "this request was answered before"}
	}
	if signer.Chain().Namespace() != "algorand" {
		return nil, &Error{Code: protocol.InvalidPeer, Op: op, Detail: "sites of Liquid Auth take accounts of Algorand alone"}
	}
	visitor, err := newLiquidVisitor(r.link.Server, r.config)
	if err != nil {
		return nil, wrap(op, protocol.Internal, err)
	}
	signing, cancel := withDeadline(ctx, connectTimeout)
	defer cancel()
	if err := visitor.signIn(signing, signer, r.link.RequestID); err != nil {
		visitor.rest.close()
		return nil, wrap(op, protocol.Internal, err)
	}
	return r.connect(ctx, visitor, protocol.NewAccount(signer.Chain(), signer.Address()))
}

// connect makes the connection.
func (r *UnsealedRequest) connect(ctx context.Context, visitor *liquidVisitor, account protocol.Account) (*Channel, error) {
	const op = "connect to the site"
	identity, err := newIdentity()
	if err != nil {
		visitor.rest.close()
		return nil, wrap(op, protocol.Internal, err)
	}
	plain := &envelope{given: true}
	p, err := newPairing(setup{
		side: protocol.WalletSide, rest: visitor.rest, identity: identity, envelope: plain, ice: r.config.ICE,
		observe: r.config.Observe, locality: protocol.LocalityOff,
		wire: func(p *pairing) wire { return newLiquidWire(visitor, p) },
	}, newOutbox(plain))
	if err != nil {
		visitor.rest.close()
		return nil, err
	}
	p.unsealed.Store(true)
	p.peer.speakLiquid()
	p.role = liquidWallet{p}
	p.start()
	p.link(account, protocol.ServerAsserted)
	if err = p.peer.offerUnsealed(); err == nil {
		var channel *Channel
		if channel, err = p.open(ctx); err == nil {
			return channel, nil
		}
	}
	failure := wrap(op, protocol.ICEFailed, err)
	p.close(failure)
	return nil, failure
}

// liquidWallet is the role of a wallet in the dialect.
type liquidWallet struct{ pairing *pairing }

// take is part of role.
func (w liquidWallet) take(m protocol.PeerMessage) error {
	return w.pairing.peer.takeUnsealed(protocol.PeerAnswer, m)
}

// The dialect has nothing of what the rest of role is for.

func (liquidWallet) claimed(protocol.ServerMessage) error         { return nil }
func (liquidWallet) insist(context.Context, LocalityReport) error { return nil }
func (liquidWallet) checkCode(context.Context) error              { return nil }
func (liquidWallet) passed(context.Context) error                 { return nil }
func (liquidWallet) confirmed()                                   {}

// liquidAttempts is how many challenges a wallet looks at. An honest one may by chance
// begin like something that means something, once in two thousand times.
const liquidAttempts = 3

// signIn signs in at the server, and with it whoever shows the request id.
func (v *liquidVisitor) signIn(ctx context.Context, signer ChallengeSigner, id protocol.LiquidRequestID) error {
	var refused error
	for range liquidAttempts {
		challenge, err := v.challenge(ctx, signer.Address())
		if err != nil {
			return err
		}
		// Not left to the signer alone: what a server can have signed here is what it can do.
		if refused = chain.CheckChallenge(challenge); refused != nil {
			continue
		}
		signature, err := signer.SignChallenge(challenge)
		if err != nil {
			return err
		}
		passkey, err := signer.Passkey(v.rest.origin.Hostname())
		if err != nil {
			return err
		}
		response, err := newPasskeyResponse(passkey, v.rest.origin, challenge)
		if err != nil {
			return err
		}
		response.Extensions.Liquid = liquidProof{
			Type: "algorand", RequestID: id, Address: signer.Address(), Signature: signature, Device: v.app,
		}
		return v.post(ctx, "sign in", "/attestation/response", response, nil)
	}
	return refused
}

// challenge asks the server for one.
func (v *liquidVisitor) challenge(ctx context.Context, address string) ([]byte, error) {
	var asked struct {
		Username    string `json:"username"`
		DisplayName string `json:"displayName"`
		Selection   struct {
			UserVerification string `json:"userVerification"`
		} `json:"authenticatorSelection"`
		Extensions struct {
			Liquid bool `json:"liquid"`
		} `json:"extensions"`
	}
	asked.Username, asked.DisplayName = address, "Liquid Auth User"
	asked.Selection.UserVerification = "required"
	asked.Extensions.Liquid = true
	var options struct {
		Challenge protocol.Base64 `json:"challenge"`
		RP        struct {
			ID string `json:"id"`
		} `json:"rp"`
	}
	if err := v.post(ctx, "ask for a challenge", "/attestation/request", asked, &options); err != nil {
		return nil, err
	}
	if options.RP.ID != v.rest.origin.Hostname() {
		return nil, &Error{Code: protocol.InvalidPeer, Op: "ask for a challenge", Detail: "the server asks for the passkey of another domain"}
	}
	return options.Challenge, nil
}

// liquidProof is what shows whose the account is.
type liquidProof struct {
	Type      string                   `json:"type"`
	RequestID protocol.LiquidRequestID `json:"requestId"`
	Address   string                   `json:"address"`
	Signature protocol.Base64          `json:"signature"`
	Device    string                   `json:"device"`
}

// errorOfLiquid says what a refusal means.
func errorOfLiquid(op string, status int) *Error {
	e := &Error{Op: op, Detail: "the server answers " + http.StatusText(status)}
	switch status {
	case http.StatusUnauthorized:
		e.Code = protocol.ProofRejected
	case http.StatusForbidden:
		e.Code = protocol.OriginDenied
	case http.StatusTooManyRequests:
		e.Code = protocol.RateLimited
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		e.Code = protocol.Unavailable
	default:
		e.Code, e.Detail = protocol.InvalidPeer, "the server is none of Liquid Auth"
	}
	return e
}
