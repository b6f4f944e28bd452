package client_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
)

// TestServerCannotNameAnotherWallet has the server tell the site something else
// than the wallet did.
func TestServerCannotNameAnotherWallet(t *testing.T) {
	mallory := walletKey(t, 66)
	record := liaisontest.NewHostile(t)
	var earlier protocol.Proof
	record.OnLink(func(m protocol.ServerMessage) []protocol.ServerMessage {
		earlier = *m.Proof
		return []protocol.ServerMessage{m}
	})
	newRun(t, record).meet().opened("an earlier link")
	record.OnLink(nil) // what that link is still told is not recorded
	// another is a claim of Mallory for the same channel.
	another := func(m protocol.ServerMessage) protocol.ServerMessage {
		m.Account = mallory.Account()
		if m.Proof != nil {
			proof, err := mallory.Sign(t.Context(), strings.Replace(m.Proof.Message, m.Proof.Address, mallory.Address(), 1))
			if err != nil {
				panic(err)
			}
			m.Proof = &proof
		}
		return m
	}
	proof := func(change func(*protocol.Proof)) func(protocol.ServerMessage) []protocol.ServerMessage {
		return func(m protocol.ServerMessage) []protocol.ServerMessage {
			changed := *m.Proof
			changed.Signature = append(protocol.Base64(nil), changed.Signature...)
			change(&changed)
			m.Proof = &changed
			return []protocol.ServerMessage{m}
		}
	}
	for _, c := range []struct {
		name string
		hook func(protocol.ServerMessage) []protocol.ServerMessage
		want protocol.Code // empty: the channel opens
	}{
		{"another account", func(m protocol.ServerMessage) []protocol.ServerMessage {
			m.Account = mallory.Account()
			return []protocol.ServerMessage{m}
		}, protocol.ServerMismatch},
		{"no account", func(m protocol.ServerMessage) []protocol.ServerMessage {
			m.Account = ""
			return []protocol.ServerMessage{m}
		}, protocol.ServerMismatch},
		{"another account with its own proof", func(m protocol.ServerMessage) []protocol.ServerMessage {
			return []protocol.ServerMessage{another(m)}
		}, protocol.ServerMismatch},
		{"another's proof for the account", func(m protocol.ServerMessage) []protocol.ServerMessage {
			m.Proof = another(m).Proof
			return []protocol.ServerMessage{m}
		}, protocol.ServerMismatch},
		{"a proof of an earlier channel", func(m protocol.ServerMessage) []protocol.ServerMessage {
			m.Proof = &earlier
			return []protocol.ServerMessage{m}
		}, protocol.ServerMismatch},
		{"no proof", func(m protocol.ServerMessage) []protocol.ServerMessage {
			m.Proof = nil
			return []protocol.ServerMessage{m}
		}, protocol.ServerMismatch},
		{"a bit of the signature", proof(func(p *protocol.Proof) { p.Signature[9] ^= 1 }), protocol.ServerMismatch},
		{"a letter of the text", proof(func(p *protocol.Proof) { p.Message += " " }), protocol.ServerMismatch},
		{"another type of proof", proof(func(p *protocol.Proof) { p.Type = "none" }), protocol.ServerMismatch},
		{"a proof without its meta", proof(func(p *protocol.Proof) { p.Meta = nil }), protocol.ServerMismatch},
		{"the answer without the claim", func(m protocol.ServerMessage) []protocol.ServerMessage {
			return []protocol.ServerMessage{{Op: protocol.OpFrame, RequestID: m.RequestID, N: m.Answer.N, D: m.Answer.D}}
		}, protocol.ServerMismatch},
		{"the claim after the answer", func(m protocol.ServerMessage) []protocol.ServerMessage {
			return []protocol.ServerMessage{{Op: protocol.OpFrame, RequestID: m.RequestID, N: m.Answer.N, D: m.Answer.D}, m}
		}, protocol.ServerMismatch},
		{"another's claim first", func(m protocol.ServerMessage) []protocol.ServerMessage {
			return []protocol.ServerMessage{another(m), m}
		}, protocol.ServerMismatch},
		{"another's claim afterwards", func(m protocol.ServerMessage) []protocol.ServerMessage {
			return []protocol.ServerMessage{m, another(m)}
		}, ""},
		{"the claim three times", func(m protocol.ServerMessage) []protocol.ServerMessage {
			return []protocol.ServerMessage{m, m, m}
		}, ""},
		{"the claim before its answer", func(m protocol.ServerMessage) []protocol.ServerMessage {
			bare := m
			bare.Answer = nil
			return []protocol.ServerMessage{bare, m}
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := liaisontest.NewHostile(t)
			h.OnLink(c.hook)
			r := newRun(t, h).meet()
			if c.want != "" {
				r.failed(c.name, c.want, c.want)
				return
			}
			r.opened(c.name)
			if got := r.siteEnd.Account(); got != r.key.Account() {
				t.Errorf("the site has account %s, want that of the wallet, %s", got, r.key.Account())
			}
		})
	}
}

// TestClaimWithoutAHandshake: "an old wallet has answered", says the server, and
// shows a proof that holds. A site that sealed its link believes it nothing.
func TestClaimWithoutAHandshake(t *testing.T) {
	h := liaisontest.NewHostile(t)
	key := walletKey(t, 66)
	pending, err := client.OpenLink(limited(t), client.SiteConfig{Server: h.Origin, ICE: loopback})
	if err != nil {
		t.Fatalf("OpenLink: %v", err)
	}
	defer pending.Close()
	channel := protocol.ChannelID("l1." + strings.Repeat("A", 43))
	text, err := pending.Challenge().SignIn.For(key.Chain(), key.Address(), channel).Text()
	if err != nil {
		t.Fatal(err)
	}
	proof, err := key.Sign(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	h.Inject(protocol.SiteSide, protocol.ServerMessage{
		Op: protocol.OpLink, Account: key.Account(), Proof: &proof, Answer: &protocol.Frame{N: 1, D: "AAAA"},
	})
	_, err = pending.Accept(limited(t))
	codeIs(t, "Accept", err, protocol.UnsealedRefused)
	_, err = client.ReadLink(limited(t), pending.Link().Reveal(), client.WalletConfig{ICE: loopback})
	codeIs(t, "ReadLink of a wallet that comes later", err, protocol.UnsealedRefused)
}

// TestServerLiesToTheWalletAboutItsClaim refuses claims that hold, and confirms
// those that it threw away.
func TestServerLiesToTheWalletAboutItsClaim(t *testing.T) {
	claims := func(answer func(w http.ResponseWriter)) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPost || strings.Count(r.URL.Path, "/") != strings.Count(protocol.PathLinks, "/") || !strings.HasPrefix(r.URL.Path, protocol.PathLinks) {
				return false
			}
			answer(w)
			return true
		}
	}
	for _, code := range []protocol.Code{protocol.ProofRejected, protocol.LinkTaken, protocol.LinkForbidden, protocol.LinkExpired} {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			h := liaisontest.NewHostile(t)
			h.OnCall(claims(func(w http.ResponseWriter) {
				w.Header().Set("Content-Type", protocol.ProblemType)
				w.WriteHeader(code.Info().Status)
				_ = json.NewEncoder(w).Encode(protocol.Problem{Code: code})
			}))
			newRun(t, h).meet().failed("refused with "+string(code), code, code)
		})
	}
	t.Run("confirmed", func(t *testing.T) {
		t.Parallel()
		h := liaisontest.NewHostile(t)
		h.OnCall(claims(func(w http.ResponseWriter) { _, _ = io.WriteString(w, "{}") }))
		r := newRun(t, h)
		r.patience = patience
		r.meet().failedOneOf("confirmed and thrown away", hearsNothing, hearsNothing)
	})
	t.Run("never answered", func(t *testing.T) {
		t.Parallel()
		h := liaisontest.NewHostile(t)
		over, done := context.WithCancel(t.Context())
		defer done()
		h.OnCall(func(w http.ResponseWriter, r *http.Request) bool {
			return claims(func(http.ResponseWriter) {
				select {
				case <-r.Context().Done():
				case <-over.Done():
				}
			})(w, r)
		})
		r := newRun(t, h)
		r.patience = patience
		r.meet().failedOneOf("never answered", hearsNothing, hearsNothing)
	})
}
