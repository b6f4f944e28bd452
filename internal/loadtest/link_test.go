//go:build unix

package loadtest_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/protocol"
)

// linksInFlight are carried out at once. A wallet's person takes seconds, so a
// server that opens a hundred links a second has more.
const linksInFlight = 128

// BenchmarkLink carries out whole links: challenge, WebSocket subscribed to the
// link, the wallet that joins and its WebSocket, both messages of the handshake,
// claim with signature and answer, collected session, both subscribed to their
// frames. REST connections are used again, as by browsers and behind a proxy;
// with "new" in the name they are not.
func BenchmarkLink(b *testing.B) {
	for _, role := range []string{liaisonRole, bareRole} {
		b.Run(role+"/many", func(b *testing.B) { links(b, role, linksInFlight, false) })
		b.Run(role+"/new", func(b *testing.B) { links(b, role, linksInFlight, true) })
		b.Run(role+"/alone", func(b *testing.B) { links(b, role, 1, false) })
	}
}

// TestServers keeps the benchmarks honest: both servers do the work that is
// measured.
func TestServers(t *testing.T) {
	for _, role := range []string{liaisonRole, bareRole} {
		t.Run(role, func(t *testing.T) {
			p := start(t, role)
			http := p.rest()
			defer reset(http.conn)
			if role == bareRole {
				p.bareLink(http, http).close()
				return
			}
			link := p.link(http, http, newKey(1))
			defer link.close()
			link.site.message(protocol.ClientMessage{Op: protocol.OpSend, RequestID: link.id, N: 1, D: payload(frameBytes)})
			if got := link.wallet.await(protocol.OpFrame); !strings.Contains(string(got), payload(frameBytes)) {
				t.Errorf("relayed frame: got %s, want it to hold %q", got, payload(frameBytes))
			}
		})
	}
}

func links(b *testing.B, role string, inFlight int, fresh bool) {
	p := start(b, role)
	type client struct{ site, wallet *rest }
	idle := make(chan client, inFlight)
	for range inFlight {
		idle <- client{p.rest(), p.rest()}
	}
	run := p.link
	if role == bareRole {
		run = func(site, wallet *rest, _ *chain.AlgorandKey) pair { return p.bareLink(site, wallet) }
	}
	one := func(i int) {
		c := <-idle
		run(c.site, c.wallet, newKey(i)).close()
		if fresh {
			reset(c.site.conn)
			reset(c.wallet.conn)
			c = client{p.rest(), p.rest()}
		}
		idle <- c
	}
	inParallel(inFlight, inFlight, one) // first use of connections and statements
	before := p.tell(begin)
	b.ResetTimer()
	inParallel(inFlight, b.N, one)
	b.StopTimer()
	report(b, before, p.tell(finish), b.N, "link")
	for range inFlight {
		c := <-idle
		reset(c.site.conn)
		reset(c.wallet.conn)
	}
}

// bareAnswers are as long as the real ones.
var bareAnswers = func() map[string][]byte {
	link := liaison.NewLink("", "", time.Now())
	session := liaison.NewSession(liaison.NewToken(), time.Now(), liaison.SessionLimits{})
	ask := protocol.SignInRequest{Domain: "127.0.0.1:8080", URI: "http://127.0.0.1:8080", Statement: "Sign in. This request will not trigger a transaction.", Nonce: link.Nonce, Chains: []protocol.ChainID{protocol.AlgorandMainNet}}
	site := protocol.Site{Name: "127.0.0.1", Origin: "http://127.0.0.1:8080"}
	encode := func(v any) []byte { data, _ := json.Marshal(v); return data }
	return map[string][]byte{
		"challenge": encode(protocol.Challenge{RequestID: link.ID, Link: protocol.Link{Server: site.Origin, RequestID: link.ID}.Reveal(), Site: site, SignIn: ask}),
		"joined":    encode(protocol.Joined{RequestID: link.ID, ExpiresAt: link.ExpiresAt, Origin: site.Origin}),
		"session":   encode(protocol.SessionView{Account: protocol.Proof{Chain: newKey(0).Chain(), Address: newKey(0).Address()}.Account(), Assurance: protocol.Sealed, ExpiresAt: session.ExpiresAt}),
	}
}()

func wantAnswer(name string) string { return answerHeader + ": " + name }

// bareWaitForScan does what waitForScan does with a server that does nothing.
func (p *process) bareWaitForScan(http *rest) waiting {
	w := waiting{token: protocol.NewToken(), ask: protocol.Challenge{RequestID: protocol.NewRequestID()}}
	http.call("GET", protocol.PathChallenge, "", nil, wantAnswer("challenge"))
	w.site = p.dial(w.token)
	w.site.echo(protocol.ClientMessage{Op: protocol.OpSubscribe, Topic: protocol.TopicLink, RequestID: w.ask.RequestID})
	return w
}

func (s *socket) echo(m protocol.ClientMessage) {
	s.message(m)
	s.receive()
}

// bareLink makes as many requests, upgrades and messages as link does, of about
// the same size.
func (p *process) bareLink(siteHTTP, walletHTTP *rest) pair {
	w := p.bareWaitForScan(siteHTTP)
	site, id, token := w.site, w.ask.RequestID, w.token
	key := newKey(0)
	walletHTTP.call("POST", linkPath(id, "/join"), "", newJoin(), wantAnswer("joined"))
	wallet := p.dial(token)
	wallet.echo(protocol.ClientMessage{Op: protocol.OpSubscribe, Topic: protocol.TopicJoin, RequestID: id})
	site.echo(protocol.ClientMessage{Op: protocol.OpSend, RequestID: id, D: payload(helloBytes)}) // for the frames of the handshake
	siteHTTP.call("POST", linkPath(id, "/offer"), token, newWelcome(), wantAnswer(""))
	wallet.echo(protocol.ClientMessage{Op: protocol.OpSend, RequestID: id, D: payload(welcomeBytes)})
	ask := protocol.SignInRequest{Domain: p.address, URI: "http://" + p.address, Nonce: protocol.NewNonce(), IssuedAt: time.Now().UTC().Truncate(time.Second)}
	ask.ExpirationTime = ask.IssuedAt.Add(protocol.SignInTTL)
	walletHTTP.call("POST", linkPath(id, ""), token, sign(key, ask), wantAnswer("session"))
	site.echo(protocol.ClientMessage{Op: protocol.OpSend, RequestID: id, D: payload(answerBytes)}) // for the message link
	siteHTTP.call("POST", protocol.PathSession, token, protocol.NewCollection(id), wantAnswer("session"))
	for _, s := range []*socket{wallet, site} {
		s.echo(protocol.ClientMessage{Op: protocol.OpSubscribe, Topic: protocol.OfferTopic(key.Address()), RequestID: id, Since: 1})
	}
	return pair{site, wallet, id}
}
