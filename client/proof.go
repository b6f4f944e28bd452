package client

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/liaison-dev/liaison/protocol"
)

// checkClaim is the site's own look at who claimed its link: the server checked
// the same and could lie.
//
// The nonce's value is the server's affair: it draws another one after a proof
// that did not hold, and the site is not told. The request id, which is as
// random and belongs to this link alone, keeps proofs from being used twice.
func checkClaim(ctx context.Context, v Verifier, c protocol.Challenge, m protocol.ServerMessage) error {
	if m.Proof == nil || m.Account != m.Proof.Account() {
		return protocol.Errorf(protocol.InvalidPeer, "the claim comes without a proof of its account")
	}
	signed, err := protocol.ParseSignIn(m.Proof.Message, m.Proof.Chain.Namespace())
	if err != nil {
		return protocol.Errorf(protocol.InvalidPeer, "the signed text is not a sign-in")
	}
	want := c.SignIn.For(m.Proof.Chain, m.Proof.Address, c.RequestID)
	want.Nonce = signed.Nonce
	text, err := want.Text()
	if err != nil || text != m.Proof.Message || !slices.Contains(c.SignIn.Chains, m.Proof.Chain) {
		return protocol.Errorf(protocol.InvalidPeer, "the signed text is not what this site asked for")
	}
	if err := v.Verify(ctx, *m.Proof); err != nil {
		return protocol.Errorf(protocol.InvalidPeer, "the signature is not the account's")
	}
	return nil
}

// checkView is the wallet's look at what it is asked, before anybody is shown
// it: the site that asks must be the one whose server the link names, and the
// text must be one for here and now.
func checkView(link protocol.Link, v protocol.LinkView, now time.Time) error {
	refuse := func(why string) error { return protocol.Errorf(protocol.InvalidPeer, "%s", why) }
	s := v.SignIn
	uri, err := url.Parse(s.URI)
	switch {
	case v.RequestID != link.RequestID:
		return refuse("the server answers for another link")
	case v.Site.Origin != link.Server, s.Domain != link.Server.Host():
		return refuse("the link's server asks in the name of another site")
	case err != nil || uri.User != nil || uri.Scheme+"://"+uri.Host != string(link.Server):
		return refuse("the address in the text is that of another site")
	case len(v.Site.Name) > protocol.MaxNameBytes || !showable(v.Site.Name):
		return refuse("the site's name cannot be shown")
	case s.IssuedAt.After(now.Add(protocol.ClockSkew)):
		return refuse("the request comes from the future; check this machine's clock")
	case !s.ExpirationTime.After(now.Add(-protocol.ClockSkew)):
		return refuse("the request is too old; check this machine's clock")
	case s.ExpirationTime.Sub(s.IssuedAt) > protocol.SignInTTL:
		return refuse("the request would be valid for too long")
	case v.Offer != nil && (v.Offer.N != 0 || v.Offer.Validate() != nil):
		return refuse("the offer is not a first frame")
	}
	return nil
}

// showable reports whether a name has only characters that leave the rest of the
// screen alone: no line breaks, escapes, changes of writing direction, or
// characters that cannot be seen.
func showable(name string) bool {
	return utf8.ValidString(name) && !strings.ContainsFunc(name, unshowable)
}

func unshowable(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }

// maxRemark bounds what a server may say about an error, in characters.
const maxRemark = 256

// remark makes what a server says about an error fit to be shown: it could be
// written to steer a terminal, or to look like a question of this program.
func remark(text string) string {
	var b strings.Builder
	count := 0
	for _, r := range text {
		if count++; count > maxRemark {
			b.WriteString("…")
			break
		}
		if unshowable(r) {
			r = utf8.RuneError
		}
		b.WriteRune(r)
	}
	return b.String()
}
