package chain

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/liaison-dev/liaison/protocol"
)

const (
	// rekeyTTL is how long an answer of the node is good for.
	rekeyTTL = 30 * time.Second
	// maxRekeys bounds what is remembered: some 200 KiB.
	maxRekeys = 1024
)

// algod asks a node which key may sign for an account.
type algod struct {
	*source // fixed after New

	mu    sync.Mutex
	known map[string]rekey // by address; guarded by mu
}

// rekey is what the node said of an account.
type rekey struct {
	signer string // the address whose key signs
	at     time.Time
}

// newAlgod returns nothing if there is no node for the network.
func newAlgod(chain protocol.ChainID, sources Sources) (*algod, error) {
	source, err := newSource("algod", sources.Algod, chain, sources.HTTP)
	if source == nil || err != nil {
		return nil, err
	}
	return &algod{source: source, known: make(map[string]rekey)}, nil
}

// checkSigner returns nil if the key behind signer, and no other, signs for
// address. If the node does not say so, the key may have been replaced because
// somebody else has it: that is a no.
func (a *algod) checkSigner(ctx context.Context, address, signer string) error {
	want, err := a.signerOf(ctx, address)
	if err != nil {
		return err
	}
	if signer != want {
		return refuse("the account is signed for by another key")
	}
	return nil
}

// signerOf returns the address whose key signs for an address.
func (a *algod) signerOf(ctx context.Context, address string) (string, error) {
	if signer, ok := a.recall(address); ok {
		return signer, nil
	}
	signer, err := a.lookUp(ctx, address)
	if err != nil {
		return "", err
	}
	a.remember(address, signer)
	return signer, nil
}

func (a *algod) recall(address string) (signer string, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	known, ok := a.known[address]
	if !ok || time.Since(known.at) >= rekeyTTL {
		return "", false
	}
	return known.signer, true
}

// remember forgets what is too old before it forgets what is not.
func (a *algod) remember(address, signer string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.known) >= maxRekeys {
		for other, known := range a.known {
			if time.Since(known.at) >= rekeyTTL {
				delete(a.known, other)
			}
		}
	}
	for other := range a.known {
		if len(a.known) < maxRekeys {
			break
		}
		delete(a.known, other)
	}
	a.known[address] = rekey{signer, time.Now()}
}

// lookUp asks the node. An account that it never saw is one without an
// auth-addr.
func (a *algod) lookUp(ctx context.Context, address string) (signer string, err error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	u := a.url.JoinPath("v2", "accounts", address)
	u.RawQuery = "exclude=all"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return "", refuse("algod cannot be asked")
	}
	if a.token != "" {
		req.Header.Set("X-Algo-API-Token", string(a.token))
	}
	body, err := a.ask(req)
	if err != nil {
		return "", err
	}
	var answer struct {
		Address  string  `json:"address"`
		AuthAddr *string `json:"auth-addr"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Address != address {
		return "", refuse("algod answers with something else")
	}
	if answer.AuthAddr == nil {
		return address, nil
	}
	if _, err := parseAlgorandAddress(*answer.AuthAddr); err != nil {
		return "", refuse("algod names a signer that is no address")
	}
	return *answer.AuthAddr, nil
}
