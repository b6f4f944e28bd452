package chain_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/protocol"
)

// node is an algod that knows what it was told.
type node struct {
	mu     sync.Mutex
	rekeys map[string]string // auth-addr by address; guarded by mu
	asked  atomic.Int32
	// reply, if it is set, is the answer to everything.
	reply func(*http.Request) (*http.Response, error)
}

func (n *node) RoundTrip(req *http.Request) (*http.Response, error) {
	n.asked.Add(1)
	if n.reply != nil {
		return n.reply(req)
	}
	address, ok := strings.CutPrefix(req.URL.String(), "http://algod.example:4001/path/v2/accounts/")
	address, all := strings.CutSuffix(address, "?exclude=all")
	if !ok || !all || req.Method != http.MethodGet || req.Header.Get("X-Algo-API-Token") != "some-token" {
		return answer(http.StatusBadRequest, strings.NewReader("")), nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	auth := ""
	if n.rekeys[address] != "" {
		auth = fmt.Sprintf(`"auth-addr":%q,`, n.rekeys[address])
	}
	return answer(http.StatusOK, strings.NewReader(fmt.Sprintf(`{"amount":0,%s"address":%q,"status":"Offline"}`, auth, address))), nil
}

func (n *node) scheme(t testing.TB) chain.Scheme {
	t.Helper()
	return newScheme(t, protocol.AlgorandMainNet, chain.Sources{
		Algod: map[protocol.ChainID]chain.Endpoint{protocol.AlgorandMainNet: {URL: "http://algod.example:4001/path", Token: "some-token"}},
		HTTP:  &http.Client{Transport: n},
	})
}

// twoKeys are an account's first key and the one to which it was rekeyed.
func twoKeys(t testing.TB) (first, second *chain.AlgorandKey, address string) {
	t.Helper()
	first, second = newKey(t, 7), newKey(t, 8)
	return first, second, first.Address()
}

func signFor(t testing.TB, key *chain.AlgorandKey, address string) protocol.Proof {
	t.Helper()
	view, err := key.For(address)
	if err != nil {
		t.Fatalf("For(%s): %v", address, err)
	}
	return sign(t, view)
}

func TestRekeyedAccount(t *testing.T) {
	first, second, address := twoKeys(t)
	third := newKey(t, 9)
	for name, c := range map[string]struct {
		auth              string
		own, new, another bool
	}{
		"not rekeyed":                {"", true, false, false},
		"rekeyed":                    {second.Address(), false, true, false},
		"rekeyed to itself":          {address, true, false, false},
		"rekeyed to nobody's key":    {zeroAddress, false, false, false},
		"rekeyed to several keys":    {multisigAddress, false, false, false},
		"rekeyed to something else":  {"x", false, false, false},
		"rekeyed to a wrong address": {withOtherChecksum(second.Address()), false, false, false},
	} {
		fake := &node{rekeys: map[string]string{address: c.auth}}
		verifier := chain.NewVerifier(fake.scheme(t))
		for who, k := range map[string]struct {
			key  *chain.AlgorandKey
			want bool
		}{"own": {first, c.own}, "new": {second, c.new}, "another": {third, c.another}} {
			for _, key := range []*chain.AlgorandKey{k.key, k.key.MX()} {
				proof := signFor(t, key, address)
				if err := verifier.Verify(t.Context(), proof); (err == nil) != k.want || err != nil && !errors.Is(err, protocol.ProofRejected) {
					t.Errorf("%s, %s key, %s: Verify = %v, want accepted: %t", name, who, proof.Type, err, k.want)
				}
			}
		}
	}
}

// The address of a multisig account is a hash, and nobody has a key for it.
const multisigAddress = "ZRLHF7TQ2RBVOJSP25LZB3AR52HU3WVQKSFEFKSK7LTWHOYDBWHJJ7ANIM"

// What names a signer other than the one that signed, or more than is needed, is
// not another spelling of a good proof.
func TestSignerIsNamedAsItMust(t *testing.T) {
	first, second, address := twoKeys(t)
	rekeyed, plain := &node{rekeys: map[string]string{address: second.Address()}}, &node{}
	own, theirs := sign(t, first), signFor(t, second, address)
	withSigner := func(proof protocol.Proof, signer string) protocol.Proof {
		meta := *proof.Meta
		meta.Signer = signer
		proof.Meta = &meta
		return proof
	}
	for name, c := range map[string]struct {
		node  *node
		proof protocol.Proof
	}{
		"own key, named":                          {plain, withSigner(own, address)},
		"own key, another named":                  {plain, withSigner(own, second.Address())},
		"own key, the new one named":              {rekeyed, withSigner(own, second.Address())},
		"new key, not named":                      {rekeyed, withSigner(theirs, "")},
		"new key, own one named":                  {rekeyed, withSigner(theirs, address)},
		"new key in lower case":                   {rekeyed, withSigner(theirs, strings.ToLower(second.Address()))},
		"new key with a wrong checksum":           {rekeyed, withSigner(theirs, withOtherChecksum(second.Address()))},
		"new key of an account that has only one": {plain, theirs},
	} {
		mustRefuse(t, name, chain.NewVerifier(c.node.scheme(t)), c.proof)
	}
	mustRefuse(t, "new key without a node", chain.Default(), theirs)
	mustAccept(t, "new key", chain.NewVerifier(rekeyed.scheme(t)), theirs)
}

// TestAlgodFails: whatever an algod does but answer, nobody is let in.
func TestAlgodFails(t *testing.T) {
	first, second, address := twoKeys(t)
	good := fmt.Sprintf(`{"address":%q}`, address)
	ok := func(body string) func(*http.Request) (*http.Response, error) {
		return func(*http.Request) (*http.Response, error) {
			return answer(http.StatusOK, strings.NewReader(body)), nil
		}
	}
	status := func(code int) func(*http.Request) (*http.Response, error) {
		return func(req *http.Request) (*http.Response, error) {
			resp := answer(code, strings.NewReader(good))
			resp.Header.Set("Location", "http://other.example/answer")
			if req.URL.Host == "other.example" {
				resp.StatusCode = http.StatusOK
			}
			return resp, nil
		}
	}
	for name, reply := range map[string]func(*http.Request) (*http.Response, error){
		"down":              func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") },
		"not authorised":    status(http.StatusUnauthorized),
		"not found":         status(http.StatusNotFound),
		"failing":           status(http.StatusInternalServerError),
		"redirecting":       status(http.StatusFound),
		"redirecting on":    status(http.StatusTemporaryRedirect),
		"no content":        status(http.StatusNoContent),
		"empty":             ok(""),
		"not JSON":          ok("<html>"),
		"another JSON":      ok("[]"),
		"null":              ok("null"),
		"without address":   ok("{}"),
		"another account":   ok(fmt.Sprintf(`{"address":%q}`, second.Address())),
		"empty auth-addr":   ok(fmt.Sprintf(`{"address":%q,"auth-addr":""}`, address)),
		"auth-addr no text": ok(fmt.Sprintf(`{"address":%q,"auth-addr":7}`, address)),
		"two objects":       ok(good + good),
		"too large":         ok(good + strings.Repeat(" ", 64<<10)),
		"cut off": func(*http.Request) (*http.Response, error) {
			return answer(http.StatusOK, io.MultiReader(strings.NewReader(good), failing{})), nil
		},
	} {
		fake := &node{reply: reply}
		verifier := chain.NewVerifier(fake.scheme(t))
		mustRefuse(t, name, verifier, sign(t, first))
		mustRefuse(t, name+", new key", verifier, signFor(t, second, address))
		if asked := fake.asked.Load(); asked != 2 {
			t.Errorf("%s: asked %d times, want once for each proof", name, asked)
		}
	}
	fits := &node{reply: ok(good + strings.Repeat(" ", 64<<10-len(good)))}
	mustAccept(t, "just not too large", chain.NewVerifier(fits.scheme(t)), sign(t, first))
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// waiting never ends a body before its request ends.
type waiting struct{ ctx context.Context }

func (w waiting) Read([]byte) (int, error) { <-w.ctx.Done(); return 0, w.ctx.Err() }

func TestAlgodIsNotWaitedForLonger(t *testing.T) {
	for name, reply := range map[string]func(*http.Request) (*http.Response, error){
		"no answer": func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		},
		"no end": func(req *http.Request) (*http.Response, error) {
			return answer(http.StatusOK, waiting{req.Context()}), nil
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			fake := &node{reply: reply}
			start := time.Now()
			err := fake.scheme(t).Verify(t.Context(), sign(t, newKey(t, 7)))
			if took := time.Since(start); !errors.Is(err, protocol.ProofRejected) || took != maxWait {
				t.Errorf("%s: Verify = %v after %v, want proof_rejected after %v", name, err, took, maxWait)
			}
		})
	}
}

func TestAnswersAreGoodForThirtySeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second, address := twoKeys(t)
		fake := &node{rekeys: map[string]string{}}
		verifier := chain.NewVerifier(fake.scheme(t))
		own, theirs := sign(t, first), signFor(t, second, address)
		mustAccept(t, "before", verifier, own)
		fake.rekeys[address] = second.Address()
		time.Sleep(30*time.Second - time.Nanosecond)
		mustAccept(t, "while the answer is good", verifier, own)
		mustRefuse(t, "while the answer is good, new key", verifier, theirs)
		if asked := fake.asked.Load(); asked != 1 {
			t.Errorf("asked %d times, want once", asked)
		}
		time.Sleep(time.Nanosecond)
		mustRefuse(t, "then", verifier, own)
		mustAccept(t, "then, new key", verifier, theirs)
		if asked := fake.asked.Load(); asked != 2 {
			t.Errorf("asked %d times, want twice", asked)
		}
	})
}

// A failure is not remembered: the next proof asks again.
func TestAlgodRecovers(t *testing.T) {
	fake := &node{reply: func(*http.Request) (*http.Response, error) { return nil, errors.New("down") }}
	verifier := chain.NewVerifier(fake.scheme(t))
	proof := sign(t, newKey(t, 7))
	mustRefuse(t, "down", verifier, proof)
	fake.reply = nil
	mustAccept(t, "up again", verifier, proof)
}

// Only who holds a key can make the server ask.
func TestAlgodIsNotAskedForStrangers(t *testing.T) {
	fake := &node{}
	verifier := chain.NewVerifier(fake.scheme(t))
	for _, key := range []*chain.AlgorandKey{newKey(t, 7), newKey(t, 7).MX()} {
		proof := sign(t, key)
		proof.Signature = bytes.Clone(proof.Signature)
		proof.Signature[5] ^= 1
		mustRefuse(t, "wrong signature", verifier, proof)
	}
	if asked := fake.asked.Load(); asked != 0 {
		t.Errorf("asked %d times, want never", asked)
	}
}

// TestAlgodRemembersSoMuch: more accounts than are remembered sign in, from
// several goroutines.
func TestAlgodRemembersSoMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // no answer gets old
		const accounts, limit, workers = 1100, 1024, 4
		fake := &node{}
		scheme := fake.scheme(t)
		var group sync.WaitGroup
		for w := range workers {
			group.Go(func() {
				for i := w; i < accounts; i += workers {
					seed := append([]byte{byte(i), byte(i >> 8)}, make([]byte, 30)...)
					key, err := chain.NewAlgorandKey(seed)
					if err != nil {
						t.Error(err)
						return
					}
					mustAccept(t, "account", scheme, sign(t, key))
				}
			})
		}
		group.Wait()
		if got := chain.Remembered(scheme); got != limit {
			t.Errorf("%d answers are remembered, want %d", got, limit)
		}
	})
}

// What is too old makes room before what is not.
func TestAlgodForgetsTheOldFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &node{}
		scheme := fake.scheme(t)
		for i := range 1024 {
			key, _ := chain.NewAlgorandKey(append([]byte{byte(i), byte(i >> 8)}, make([]byte, 30)...))
			mustAccept(t, "account", scheme, sign(t, key))
			if i == 1022 {
				time.Sleep(30 * time.Second)
			}
		}
		mustAccept(t, "one more", scheme, sign(t, newKey(t, 7)))
		if got := chain.Remembered(scheme); got != 2 {
			t.Errorf("%d answers are remembered, want the 2 that are good", got)
		}
	})
}
