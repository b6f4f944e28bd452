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

// checkProof is the site's own look at who answered its link: the proof came
// sealed from the wallet, and must be for this very channel and for nothing that
// the site did not ask for. Source: spec/sealed.md §5.
func checkProof(ctx context.Context, v Verifier, asked protocol.SignInRequest, channel protocol.ChannelID, proof *protocol.Proof) error {
	if proof == nil {
		return protocol.Errorf(protocol.InvalidPeer, "the wallet sent no proof")
	}
	text, err := asked.For(proof.Chain, proof.Address, channel).Text()
	if err != nil || text != proof.Message || !slices.Contains(asked.Chains, proof.Chain) {
		return protocol.Errorf(protocol.InvalidPeer, "the signed text is not what this site asked for")
	}
	if err := v.Verify(ctx, *proof); err != nil {
		return protocol.Errorf(protocol.InvalidPeer, "the signature is not the account's")
	}
	return nil
}

// checkSite is the wallet's look at who says to ask, before anybody is shown it.
func checkSite(m protocol.PeerMessage) error {
	if _, err := protocol.ParseOriginUnsafe(string(m.Site.Origin)); err != nil {
		return protocol.Errorf(protocol.InvalidPeer, "the site does not name its origin")
	}
	if len(m.Site.Name) > protocol.MaxNameBytes || !showable(m.Site.Name) {
		return protocol.Errorf(protocol.InvalidPeer, "the site's name cannot be shown")
	}
	return nil
}

// checkSignIn is the wallet's look at what it is asked to sign: it must be for
// the site that asks, and for here and now.
func checkSignIn(site protocol.Site, s *protocol.SignInRequest, now time.Time) error {
	refuse := func(why string) error { return protocol.Errorf(protocol.InvalidPeer, "%s", why) }
	if s == nil {
		return refuse("the site does not say what is to be signed")
	}
	uri, err := url.Parse(s.URI)
	switch {
	case s.Domain != site.Origin.Host():
		return refuse("the site asks in the name of another one")
	case err != nil || uri.User != nil || uri.Scheme+"://"+uri.Host != string(site.Origin):
		return refuse("the address in the text is that of another site")
	case s.IssuedAt.After(now.Add(protocol.ClockSkew)):
		return refuse("the request comes from the future; check this machine's clock")
	case !s.ExpirationTime.After(now.Add(-protocol.ClockSkew)):
		return refuse("the request is too old; check this machine's clock")
	case s.ExpirationTime.Sub(s.IssuedAt) > protocol.SignInTTL:
		return refuse("the request would be valid for too long")
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
