package client_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"net/http/httputil"
	"testing"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

// watch lets everything that passes the front be seen.
func (r *record) watch(t *testing.T, f *front) {
	r.mu.Lock()
	r.server, r.over = f.server, limited(t).Done()
	r.mu.Unlock()
	proxy := &httputil.ReverseProxy{
		Transport:      &http.Transport{DisableKeepAlives: true},
		Rewrite:        func(q *httputil.ProxyRequest) { q.SetURL(f.target()) },
		ModifyResponse: r.answered,
		ErrorLog:       quiet,
	}
	f.onRequest(func(w http.ResponseWriter, q *http.Request) bool {
		r.requested(q)
		proxy.ServeHTTP(w, q)
		return true
	})
}

func (r *record) requested(q *http.Request) {
	switch {
	case q.URL.Path == protocol.PathChallenge:
		r.note(asksChallenge)
	case isSocket(q):
		r.wait(showsLink)
	case isJoin(q):
		var body protocol.Join
		r.body(q, &body)
		r.carries(body.Frame.D)
		r.note(joins)
	case isOffer(q):
		var body protocol.Offer
		r.body(q, &body)
		r.carries(body.D)
		if body.N == 0 && body.Channel != "" {
			r.note(postsOffer)
		}
	case isClaim(q):
		var body protocol.Claim
		r.body(q, &body)
		r.carries(body.Answer.D)
		r.note(claims)
	}
}

// body reads the body of a request, and puts it back.
func (r *record) body(q *http.Request, into protocol.Validator) {
	data, _ := io.ReadAll(q.Body)
	q.Body = io.NopCloser(bytes.NewReader(data))
	_ = protocol.ParseBody(bytes.NewReader(data), into) // the server says what is wrong with it
	r.says(data)
}

// carries notes a payload, says anything else that the server sees.
func (r *record) carries(payload string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.passed = append(r.passed, payload)
}

func (r *record) says(text []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.texts = append(r.texts, string(text))
}

func (r *record) answered(a *http.Response) error {
	r.mu.Lock()
	siteToken, joinToken := r.siteToken, r.joinToken
	r.mu.Unlock()
	token := "" // HTTP-only
	for _, cookie := range a.Cookies() {
		if cookie.HttpOnly {
			token = cookie.Value
		}
	}
	switch q := a.Request; {
	case a.StatusCode == http.StatusSwitchingProtocols:
		a.Body = &tap{ReadWriteCloser: a.Body.(io.ReadWriteCloser), record: r}
	case a.StatusCode != http.StatusOK || token == "":
	case q.URL.Path == protocol.PathChallenge:
		r.mu.Lock()
		r.siteToken = token
		r.mu.Unlock()
		r.note(getsChallenge)
	case isJoin(q):
		r.mu.Lock()
		r.joinToken = token
		r.mu.Unlock()
	case isClaim(q) && token != siteToken && token != joinToken && joinToken != "":
		r.claimed(walletSession)
	}
	return nil
}

// stored returns the link and its site's session as the server keeps them.
func (r *record) stored() (link liaison.Link, site liaison.Session, err error) {
	r.mu.Lock()
	store, id := r.server.Store, r.id
	r.mu.Unlock()
	if link, err = store.Link(context.Background(), id); err == nil {
		site, err = store.Session(context.Background(), link.Site)
	}
	return
}

// claimed notes that one of the two sides is told of the claim. Neither may be
// before the rights of the site's session are stored.
func (r *record) claimed(a arrow) {
	_, site, err := r.stored()
	if err == nil && site.Retired && site.Account != "" && site.Account.Address() == r.address {
		r.note(siteUpgraded)
	}
	r.note(a)
}

// notingVerifier is the server's verifier, watched.
type notingVerifier struct {
	server.ProofVerifier
	record *record
}

func (v notingVerifier) Verify(ctx context.Context, proof protocol.Proof) error {
	link, _, stored := v.record.stored()
	text, parsed := protocol.ParseSignIn(proof.Message, proof.Chain.Namespace())
	err := v.ProofVerifier.Verify(ctx, proof)
	if err == nil && stored == nil && parsed == nil && link.Nonce == "" && link.Channel != "" && link.Channel == text.Channel {
		v.record.note(proofHolds)
	}
	return err
}

func (r *record) fromClient(text []byte) {
	r.says(text)
	m, err := protocol.ParseClientMessage(text)
	switch {
	case err != nil:
	case m.Op == protocol.OpSubscribe && m.Topic == protocol.TopicLink:
		r.note(awaitsWallet)
	case m.Op == protocol.OpSubscribe:
		r.mu.Lock()
		r.topics[m.Topic] = true
		both := r.topics[protocol.OfferTopic(r.address)] && r.topics[protocol.AnswerTopic(r.address)]
		r.mu.Unlock()
		if both {
			r.note(bothSubscribed)
		}
	case m.Op == protocol.OpSend:
		r.carries(m.D)
	}
}

func (r *record) fromServer(text []byte) {
	r.says(text)
	m, err := protocol.ParseServerMessage(text)
	if err != nil {
		return
	}
	if m.Op == protocol.OpLink {
		r.claimed(siteTold)
		if m.Answer != nil {
			r.carries(m.Answer.D)
		}
	}
	if m.Op == protocol.OpFrame {
		r.carries(m.D)
		r.framed(m)
	}
}

// framed notes a frame by its topic and its number.
func (r *record) framed(m protocol.ServerMessage) {
	r.mu.Lock()
	restart := r.restart
	r.mu.Unlock()
	toWallet := m.Topic == protocol.OfferTopic(r.address)
	toSite := m.Topic == protocol.AnswerTopic(r.address)
	switch {
	case m.Topic == protocol.TopicLink && m.N == 0:
		r.note(helloArrives)
	case m.Topic == protocol.TopicJoin && m.N == 0:
		r.note(welcomeArrives)
	case toWallet && m.N > 0 && m.N == restart[protocol.SiteSide]:
		r.note(offerArrives)
	case toSite && m.N > 1 && m.N == restart[protocol.WalletSide]:
		r.note(answerArrives)
	case toWallet && m.N > 0: // one side's candidates are enough for a channel
		r.note(siteCandidate)
		r.wait(walletFinds)
	case toSite && m.N > 1:
		r.note(walletFinds)
		r.wait(siteCandidate)
	}
}

// tap is a connection to the server on which each WebSocket message is seen.
type tap struct {
	io.ReadWriteCloser
	record   *record
	up, down []byte // frames that are not whole yet
}

// Write holds a frame back until it is whole and may pass.
func (t *tap) Write(b []byte) (int, error) {
	t.up = append(t.up, b...)
	for {
		frame, text := firstFrame(t.up)
		if frame == nil {
			return len(b), nil
		}
		t.record.fromClient(text)
		if _, err := t.ReadWriteCloser.Write(frame); err != nil {
			return 0, err
		}
		t.up = t.up[len(frame):]
	}
}

func (t *tap) Read(b []byte) (int, error) {
	n, err := t.ReadWriteCloser.Read(b)
	t.down = append(t.down, b[:n]...)
	for {
		frame, text := firstFrame(t.down)
		if frame == nil {
			return n, err
		}
		t.record.fromServer(text)
		t.down = t.down[len(frame):]
	}
}

// firstFrame returns the frame at the start of b, nil if it is not whole, and
// its payload if it is a text message.
func firstFrame(b []byte) (frame, text []byte) {
	if len(b) < 2 {
		return nil, nil
	}
	head, size, masked := 2, int(b[1]&0x7f), b[1]&0x80 != 0
	if size == 126 { // 127 is for messages longer than any of a link
		if len(b) < 4 {
			return nil, nil
		}
		head, size = 4, int(binary.BigEndian.Uint16(b[2:]))
	}
	if masked {
		head += 4
	}
	if len(b) < head+size {
		return nil, nil
	}
	if b[0] == 0x81 { // the only frame of a text message
		text = bytes.Clone(b[head : head+size])
	}
	for i := range text {
		if masked {
			text[i] ^= b[head-4+i%4]
		}
	}
	return b[:head+size], text
}
