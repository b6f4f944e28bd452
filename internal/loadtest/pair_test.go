//go:build unix

package loadtest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/protocol"
)

// Sizes of what peers say to each other, as the SDKs seal and encode it: the two
// messages of the handshake, the second with a session description and what is
// asked, the answer with the proof, and candidates.
const (
	helloBytes   = 250
	welcomeBytes = 1800
	answerBytes  = 1900
	frameBytes   = 300
)

// parse decodes an answer of the server.
func parse[T any](data []byte) (v T) {
	if err := json.Unmarshal(data, &v); err != nil {
		panic(fmt.Sprintf("%s: %v", data, err))
	}
	return v
}

// newKey returns the key of wallet n, the same in each run.
func newKey(n int) *chain.AlgorandKey {
	seed := bytes.Repeat([]byte{byte(n), byte(n >> 8)}, 16)
	key, err := chain.NewAlgorandKey(seed)
	if err != nil {
		panic(err)
	}
	return key
}

// channel is the id that all links' channels have here: the server compares it
// and no more.
const channel protocol.ChannelID = "l1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

func sign(key *chain.AlgorandKey, ask protocol.SignInRequest) protocol.Claim {
	text, err := ask.For(key.Chain(), key.Address(), channel).Text()
	if err != nil {
		panic(err)
	}
	proof, err := key.Sign(context.Background(), text)
	if err != nil {
		panic(err)
	}
	return protocol.Claim{Nonce: ask.Nonce, Proof: proof, Answer: protocol.Frame{N: 1, D: payload(answerBytes)}, Key: protocol.NewNonce()}
}

func newJoin() protocol.Join {
	return protocol.Join{Frame: protocol.Frame{D: payload(helloBytes)}, Key: protocol.NewNonce()}
}

func newWelcome() protocol.Offer {
	return protocol.Offer{D: payload(welcomeBytes), Channel: channel}
}

func linkPath(id protocol.RequestID, rest string) string {
	return protocol.PathLinks + string(id) + rest
}

// waitForScan opens a link and subscribes: a site that shows its code.
func (p *process) waitForScan(http *rest) waiting {
	body, token := http.call("GET", protocol.PathChallenge, "", nil)
	w := waiting{token: token, ask: parse[protocol.Challenge](body)}
	w.site = p.dial(token)
	w.site.subscribe(protocol.TopicLink, w.ask.RequestID, 0)
	return w
}

// waiting is a site that shows its code.
type waiting struct {
	site  *socket
	token string
	ask   protocol.Challenge
}

// pair is a claimed link with both ends subscribed to the frames for them.
type pair struct {
	site, wallet *socket
	id           protocol.RequestID
}

// link carries out a whole link, from the challenge to both subscriptions.
func (p *process) link(siteHTTP, walletHTTP *rest, key *chain.AlgorandKey) pair {
	w := p.waitForScan(siteHTTP)
	site, id := w.site, w.ask.RequestID
	_, joined := walletHTTP.call("POST", linkPath(id, "/join"), "", newJoin())
	wallet := p.dial(joined)
	wallet.subscribe(protocol.TopicJoin, id, 0)
	site.await(protocol.OpFrame)
	siteHTTP.call("POST", linkPath(id, "/offer"), w.token, newWelcome())
	wallet.await(protocol.OpFrame)
	walletHTTP.call("POST", linkPath(id, ""), joined, sign(key, w.ask.SignIn))
	site.await(protocol.OpLink)
	siteHTTP.call("POST", protocol.PathSession, w.token, protocol.NewCollection(id))
	// Each has what the other has sent, and says so.
	wallet.subscribe(protocol.OfferTopic(key.Address()), id, 1)
	site.subscribe(protocol.AnswerTopic(key.Address()), id, 2)
	wallet.await(protocol.OpPeer)
	wallet.await(protocol.OpAcked)
	site.await(protocol.OpPeer)
	return pair{site, wallet, id}
}

func (p pair) close() {
	reset(p.site.conn)
	reset(p.wallet.conn)
}
