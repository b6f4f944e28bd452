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

// Sizes of what peers say to each other: session descriptions and candidates,
// as encoded by the SDKs.
const (
	offerBytes  = 700
	answerBytes = 700
	frameBytes  = 300
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

func sign(key *chain.AlgorandKey, ask protocol.SignInRequest, id protocol.RequestID) protocol.Claim {
	text, err := ask.For(key.Chain(), key.Address(), id).Text()
	if err != nil {
		panic(err)
	}
	proof, err := key.Sign(context.Background(), text)
	if err != nil {
		panic(err)
	}
	return protocol.Claim{Nonce: ask.Nonce, Proof: proof, Answer: &protocol.Frame{D: payload(answerBytes)}}
}

func linkPath(id protocol.RequestID, rest string) string {
	return protocol.PathLinks + string(id) + rest
}

// waitForScan opens a link, posts the offer and subscribes: a site that shows
// its code.
func (p *process) waitForScan(http *rest) (site *socket, id protocol.RequestID, token string) {
	body, token := http.call("GET", protocol.PathChallenge, "", nil)
	id = parse[protocol.Challenge](body).RequestID
	http.call("POST", linkPath(id, "/offer"), token, protocol.Frame{D: payload(offerBytes)})
	site = p.dial(token)
	site.subscribe(protocol.TopicLink, id, 0)
	return site, id, token
}

// claim plays the wallet of a link and returns its token.
func claim(http *rest, key *chain.AlgorandKey, id protocol.RequestID) (token string) {
	body, _ := http.call("GET", linkPath(id, ""), "", nil)
	_, token = http.call("POST", linkPath(id, ""), "", sign(key, parse[protocol.LinkView](body).SignIn, id))
	return token
}

// pair is a claimed link with both ends subscribed to the frames for them.
type pair struct {
	site, wallet *socket
	id           protocol.RequestID
}

// link carries out a whole link, from the challenge to both subscriptions.
func (p *process) link(siteHTTP, walletHTTP *rest, key *chain.AlgorandKey) pair {
	site, id, token := p.waitForScan(siteHTTP)
	walletToken := claim(walletHTTP, key, id)
	site.await(protocol.OpLink)
	siteHTTP.call("POST", protocol.PathSession, token, protocol.NewCollection(id))
	wallet := p.dial(walletToken)
	// Each has the other's description already, and says so.
	wallet.subscribe(protocol.OfferTopic(key.Address()), id, 1)
	site.subscribe(protocol.AnswerTopic(key.Address()), id, 1)
	wallet.await(protocol.OpPeer)
	site.await(protocol.OpPeer)
	return pair{site, wallet, id}
}

func (p pair) close() {
	reset(p.site.conn)
	reset(p.wallet.conn)
}
