package liquid

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// ours reports whether a link was opened by a site of this dialect.
func ours(link liaison.Link) bool {
	return strings.HasPrefix(string(link.ID), liaison.DialectLinkPrefix)
}

// claim signs a wallet in, and with it the site whose link it names. Change adds
// what is the wallet's; it is given the link's id, empty if there is none.
func (h *Handler) claim(ctx context.Context, v visitor, in signIn, change func(protocol.RequestID, *liaison.Change) error) (liaison.Link, error) {
	if in.link == nil {
		return liaison.Link{}, h.dialect.Update(ctx, "sign in", func() (c liaison.Change, err error) {
			return c, change("", &c)
		})
	}
	for range maxMeetings {
		link, err := h.claimNamed(ctx, v, in, change)
		switch protocol.CodeOf(err) {
		case protocol.LinkUnknown, protocol.LinkExpired, protocol.LinkClosed, protocol.UserRejected:
		case protocol.LinkTaken:
			return link, in.unverified // the code is another wallet's
		case protocol.LinkForbidden: // the code is the wallet's own: it signs in by itself
			return liaison.Link{}, h.dialect.Update(ctx, "sign in", func() (c liaison.Change, err error) {
				return c, change("", &c)
			})
		default:
			return link, err
		}
		link, err = h.claimEarly(ctx, v, in, change)
		if !errors.Is(err, errCameMeanwhile) {
			return link, err
		}
	}
	return liaison.Link{}, &liaison.Error{Code: protocol.Overloaded, Op: "claim link", Msg: "too many changes at once"}
}

// maxMeetings is how often a wallet looks for a link that comes and goes while it
// does.
const maxMeetings = 8

// vouch is the event of a wallet's sign-in.
func (h *Handler) vouch(v visitor, in signIn) liaison.Event {
	return liaison.Event{
		Kind: liaison.Vouch, Now: h.now(), Session: v.session.ID, Account: in.account, Dialect: protocol.Liquid, Credential: in.credential,
	}
}

// claimNamed gives the link that a wallet means to it.
func (h *Handler) claimNamed(ctx context.Context, v visitor, in signIn, change func(protocol.RequestID, *liaison.Change) error) (liaison.Link, error) {
	id, err := h.named(ctx, *in.link)
	if err != nil {
		return liaison.Link{}, err
	}
	return h.dialect.ChangeLink(ctx, "claim link", id, h.vouch(v, in), func(next liaison.Link, c *liaison.Change) error {
		if err := change(id, c); err != nil {
			return err
		}
		return h.vouched(ctx, next, c)
	})
}

// named returns the id of the link that a wallet means: one of our own that still
// waits, whose code it has scanned, or one that a site of the dialect opened.
func (h *Handler) named(ctx context.Context, ref reference) (protocol.RequestID, error) {
	if id, ok := ref.native(); ok {
		link, err := h.dialect.Link(ctx, id)
		switch {
		case err == nil && !ours(link) && !link.Resumption:
			return id, nil
		case protocol.CodeOf(err) == protocol.Unavailable:
			return "", err
		}
	}
	return ref.linkID(), nil
}

// errCameMeanwhile says that the site has come after all.
var errCameMeanwhile = errors.New("the link was opened meanwhile")

// claimEarly stores a sign-in whose site has not come yet. It waits for it, and not
// for long. A request id that was used is good for nothing more.
func (h *Handler) claimEarly(ctx context.Context, v visitor, in signIn, change func(protocol.RequestID, *liaison.Change) error) (link liaison.Link, err error) {
	id := in.link.linkID()
	notAdmitted := h.dialect.AdmitLink(in.addr)
	admitted := notAdmitted == nil
	err = h.dialect.Update(ctx, "claim link early", func() (c liaison.Change, err error) {
		before, err := h.stored(ctx, id)
		switch {
		case err != nil:
			return c, err
		case before.State == liaison.Closed || before.State == liaison.Claimed && !live(before, h.now()):
			link = liaison.Link{}
			return c, change("", &c)
		case live(before, h.now()):
			return c, h.endIfDeserted(ctx, before, &c, change)
		case !admitted:
			return c, notAdmitted
		}
		link = liaison.Link{ID: id, State: liaison.Waiting, IssuedAt: h.now(), ExpiresAt: h.now().Add(protocol.ClaimedTTL), Version: before.Version}
		if link, _, err = link.Transition(h.vouch(v, in)); err != nil {
			return c, err
		}
		c.Links = []liaison.Link{link}
		return c, change(id, &c)
	})
	return link, err
}

// endIfDeserted ends a link whose site has logged out meanwhile, and signs the
// wallet in by itself. With a site that is there, the link has come meanwhile.
func (h *Handler) endIfDeserted(ctx context.Context, link liaison.Link, c *liaison.Change, change func(protocol.RequestID, *liaison.Change) error) error {
	if link.Site == "" {
		return errCameMeanwhile
	}
	site, err := h.config.Store.Session(ctx, link.Site)
	switch {
	case err == nil && site.Live(h.now(), h.dialect.Sessions()):
		return errCameMeanwhile
	case err != nil && !errors.Is(err, liaison.ErrNotFound):
		return unavailable("find the link's session", err)
	}
	closed, _, err := link.Transition(liaison.Event{Kind: liaison.Close, Now: h.now()})
	if err != nil {
		return err
	}
	c.Links = append(c.Links, closed)
	return change("", c)
}

// live reports whether a stored link may still be used.
func live(link liaison.Link, now time.Time) bool {
	return link.State != "" && link.State != liaison.Closed && now.Before(link.ExpiresAt)
}

// stored returns a link in whatever state it is; the zero value if there is none.
func (h *Handler) stored(ctx context.Context, id protocol.RequestID) (liaison.Link, error) {
	link, err := h.config.Store.Link(ctx, id)
	switch {
	case errors.Is(err, liaison.ErrNotFound):
		return liaison.Link{}, nil
	case err != nil:
		return link, unavailable("find link", err)
	}
	return link, nil
}

// vouched adds the site's session, with the account's rights, to a change. That of a
// native site stays as it is until the site collects it: whether it wants to be
// signed in by a wallet of a dialect is its own to say.
func (h *Handler) vouched(ctx context.Context, link liaison.Link, c *liaison.Change) error {
	if link.Site == "" {
		return nil
	}
	site, err := h.config.Store.Session(ctx, link.Site)
	switch {
	case errors.Is(err, liaison.ErrNotFound), err == nil && !site.Live(h.now(), h.dialect.Sessions()):
		return &liaison.Error{Code: protocol.LinkClosed, Op: "claim link", Msg: "the site's session has ended"}
	case err != nil:
		return unavailable("find the link's session", err)
	}
	if ours(link) {
		c.Sessions = append(c.Sessions, h.linked(site, link))
	}
	return nil
}

// linked returns a site's session with the account's rights. It keeps its token:
// nothing that reaches it over a socket could bring the next one.
func (h *Handler) linked(site liaison.Session, link liaison.Link) liaison.Session {
	site = site.SignedIn(link.Account, link.Assurance())
	site.Link, site.Vouched = link.ID, true
	site.ExpiresAt = h.now().Add(h.dialect.Sessions().Absolute)
	return site
}

// open opens a link for a site, or returns the one that the site's session has
// under this request id, or that it may adopt. A link of somebody else has
// [protocol.LinkTaken].
func (h *Handler) open(ctx context.Context, v visitor, ref reference) (link liaison.Link, session liaison.Session, err error) {
	var evicted []liaison.Link
	contested := false
	err = h.dialect.Update(ctx, "open link", func() (c liaison.Change, err error) {
		evicted, contested = nil, false
		if session, err = h.current(ctx, v); err != nil {
			return c, err
		}
		if link, err = h.stored(ctx, ref.linkID()); err != nil {
			return c, err
		}
		_, member := link.Side(session.ID)
		switch lives := live(link, h.now()); {
		case lives && member:
			return c, nil
		case lives && link.State == liaison.Waiting && ref.numeric:
			// There are few enough numbers to hold them all and wait for a wallet.
			// Whoever did that must not be signed in by it, nor may anybody else.
			if link, _, err = link.Transition(liaison.Event{Kind: liaison.Close, Now: h.now(), Reason: protocol.LinkTaken}); err != nil {
				return c, err
			}
			contested = true
			c.Links = []liaison.Link{link}
			return c, nil
		case lives && link.Site != "":
			return c, &liaison.Error{Code: protocol.LinkTaken, Op: "open link"}
		case lives:
			if link, _, err = link.Transition(liaison.Event{Kind: liaison.Adopt, Now: h.now(), Session: session.ID}); err != nil {
				return c, err
			}
			session = h.linked(session, link)
		case link.State == liaison.Closed || link.State == liaison.Claimed:
			return c, &liaison.Error{Code: protocol.LinkClosed, Op: "open link", Msg: "the request id was used"}
		default:
			link = liaison.Link{
				ID: ref.linkID(), State: liaison.Waiting, Dialect: protocol.Liquid, Site: session.ID,
				IssuedAt: h.now(), ExpiresAt: h.now().Add(protocol.ClaimedTTL), Version: link.Version,
			}
			if evicted, err = h.dialect.Surplus(ctx, session.ID, link.ID); err != nil {
				return c, err
			}
		}
		c.Links = append(c.Links, evicted...)
		c.Links = append(c.Links, link)
		c.Sessions = []liaison.Session{session}
		return c, nil
	})
	if err != nil {
		return link, session, err
	}
	for _, old := range evicted {
		h.dialect.LinkClosed(old)
	}
	if contested {
		h.dialect.LinkClosed(link)
		return link, session, &liaison.Error{Code: protocol.LinkClosed, Op: "open link", Msg: "two sessions have named it"}
	}
	return link, session, nil
}
