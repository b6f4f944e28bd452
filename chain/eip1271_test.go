package chain_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/protocol"
)

var magicAnswer = `"0x1626ba7e` + strings.Repeat("0", 56) + `"`

// contract is a JSON-RPC service of a chain with one contract.
type contract struct {
	address   string
	hash      []byte
	signature []byte
	code      string // JSON; default: some code
	answer    string // of the contract, in JSON
	// reply, if it is set, is the whole answer to the method.
	reply map[string]string
	calls []string
	token string
}

// scheme returns a scheme that asks the contract, over a real connection.
func (c *contract) scheme(t *testing.T) chain.Scheme {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.serve(t, w, r) }))
	t.Cleanup(server.Close)
	return newScheme(t, chain.EthereumMainNet, chain.Sources{
		RPC:  map[protocol.ChainID]chain.Endpoint{chain.EthereumMainNet: {URL: server.URL + "/v3/key", Token: chain.Secret(c.token)}},
		HTTP: server.Client(),
	})
}

func (c *contract) methods() string { return strings.Join(c.calls, " ") }

// serve checks the request to the byte.
func (c *contract) serve(t *testing.T, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Errorf("RPC: read request: %v", err)
	}
	var ask struct {
		Version string `json:"jsonrpc"`
		ID      int    `json:"id"`
		Method  string `json:"method"`
		Params  []any  `json:"params"`
	}
	if err := json.Unmarshal(body, &ask); err != nil || ask.Version != "2.0" || ask.ID != 1 {
		t.Errorf("RPC: got request %s (error %v)", body, err)
	}
	wantAuth := ""
	if c.token != "" {
		wantAuth = "Bearer " + c.token
	}
	if r.Method != http.MethodPost || r.URL.String() != "/v3/key" || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Authorization") != wantAuth {
		t.Errorf("RPC: got %s %s with header %v", r.Method, r.URL, r.Header)
	}
	c.calls = append(c.calls, ask.Method)
	code := c.code
	if code == "" {
		code = `"0x6080"`
	}
	want, result := fmt.Sprintf(`["%s","latest"]`, strings.ToLower(c.address)), code
	if ask.Method == "eth_call" {
		want, result = fmt.Sprintf(`[{"data":"%s","to":"%s"},"latest"]`, c.callData(), strings.ToLower(c.address)), c.answer
	}
	if got, _ := json.Marshal(ask.Params); string(got) != want {
		t.Errorf("RPC: %s with %s, want %s", ask.Method, got, want)
	}
	if reply, ok := c.reply[ask.Method]; ok {
		io.WriteString(w, reply)
		return
	}
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":1,"result":%s}`, result)
}

// callData is the call as a contract's tools write it.
func (c *contract) callData() string {
	padded := hex.EncodeToString(c.signature)
	for len(padded)%64 != 0 {
		padded += "0"
	}
	return fmt.Sprintf("0x1626ba7e%x%064x%064x%s", c.hash, 0x40, len(c.signature), padded)
}

// contractProof is a proof of a contract, and the contract that accepts it.
func contractProof(t *testing.T, signatureBytes int) (protocol.Proof, *contract) {
	t.Helper()
	const address = "0xa5b3A53800cD49669F34DE80f2C569c6D4Ca3009"
	text := textOf(t, signIn(chain.EthereumMainNet, address))
	signature := make([]byte, signatureBytes)
	for i := range signature {
		signature[i] = byte(i + 1)
	}
	return protocol.Proof{Type: protocol.ProofEIP1271, Chain: chain.EthereumMainNet, Address: address, Message: text, Signature: signature},
		&contract{address: address, hash: chain.EIP191Hash(text), signature: signature, answer: magicAnswer}
}

func TestContractAccepts(t *testing.T) {
	for _, n := range []int{1, 31, 32, 33, 64, 65, 8192} {
		proof, fake := contractProof(t, n)
		fake.token = "some-token"
		mustAccept(t, fmt.Sprintf("signature of %d bytes", n), chain.NewVerifier(fake.scheme(t)), proof)
	}
}

func TestContractRefuses(t *testing.T) {
	huge := `{"jsonrpc":"2.0","id":1,"result":` + magicAnswer + `,"x":"` + strings.Repeat("x", 64<<10) + `"}`
	for name, change := range map[string]func(*contract){
		"no code":                 func(c *contract) { c.code = `"0x"` },
		"code that is not hex":    func(c *contract) { c.code = `"0xzz"` },
		"code without 0x":         func(c *contract) { c.code = `"6080"` },
		"code null":               func(c *contract) { c.code = "null" },
		"answer of a no":          func(c *contract) { c.answer = `"0xffffffff` + strings.Repeat("0", 56) + `"` },
		"answer empty":            func(c *contract) { c.answer = `"0x"` },
		"answer of four bytes":    func(c *contract) { c.answer = `"0x1626ba7e"` },
		"answer of 64 bytes":      func(c *contract) { c.answer = `"0x1626ba7e` + strings.Repeat("0", 56+64) + `"` },
		"answer at the wrong end": func(c *contract) { c.answer = `"0x` + strings.Repeat("0", 56) + `1626ba7e"` },
		"answer with more in it":  func(c *contract) { c.answer = `"0x1626ba7e` + strings.Repeat("0", 55) + `1"` },
		"answer and no hex":       func(c *contract) { c.answer = magicAnswer[:len(magicAnswer)-1] + `zz"` },
		"answer true":             func(c *contract) { c.answer = "true" },
		"answer null":             func(c *contract) { c.answer = "null" },
		"an error": func(c *contract) {
			c.reply = map[string]string{"eth_call": `{"jsonrpc":"2.0","id":1,"error":{"code":3,"message":"execution reverted"}}`}
		},
		"an error beside a result": func(c *contract) {
			c.reply = map[string]string{"eth_call": `{"jsonrpc":"2.0","id":1,"result":` + magicAnswer + `,"error":{"code":3}}`}
		},
		"answer to another": func(c *contract) {
			c.reply = map[string]string{"eth_call": `{"jsonrpc":"2.0","id":2,"result":` + magicAnswer + `}`}
		},
		"not JSON":    func(c *contract) { c.reply = map[string]string{"eth_call": `yes`} },
		"two answers": func(c *contract) { c.reply = map[string]string{"eth_call": `{"id":1,"result":` + magicAnswer + `}{}`} },
		"nothing":     func(c *contract) { c.reply = map[string]string{"eth_getCode": ``} },
		"too much":    func(c *contract) { c.reply = map[string]string{"eth_call": huge} },
	} {
		proof, fake := contractProof(t, 65)
		change(fake)
		mustRefuse(t, name, chain.NewVerifier(fake.scheme(t)), proof)
	}
}

func TestContractProofsAreRefusedBeforeAnyoneIsAsked(t *testing.T) {
	proof, fake := contractProof(t, 65)
	scheme := fake.scheme(t)
	for name, change := range map[string]func(*protocol.Proof){
		"lower case address": func(p *protocol.Proof) { p.Address = strings.ToLower(p.Address) },
		"meta":               func(p *protocol.Proof) { p.Meta = &protocol.ProofMeta{Signer: "x"} },
		"a long signature":   func(p *protocol.Proof) { p.Signature = make([]byte, 8193) },
		"another type":       func(p *protocol.Proof) { p.Type = protocol.ProofEIP191 },
	} {
		changed := proof
		change(&changed)
		mustRefuse(t, name, scheme, changed)
	}
	mustRefuse(t, "without a service", chain.Default(), proof)
	elsewhere := newScheme(t, polygon, chain.Sources{RPC: map[protocol.ChainID]chain.Endpoint{chain.EthereumMainNet: {URL: "http://localhost:1"}}})
	proof.Chain = polygon
	mustRefuse(t, "with a service for another chain", elsewhere, proof)
	if fake.methods() != "" {
		t.Errorf("got calls %q, want none", fake.methods())
	}
}

// roundTrip answers requests without a connection.
type roundTrip func(*http.Request) (*http.Response, error)

func (r roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return r(req) }

func answer(status int, body io.Reader) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(body)}
}

// Both questions have to be answered in the time of one.
func TestContractIsNotWaitedForLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		proof, _ := contractProof(t, 65)
		calls := 0
		slow := roundTrip(func(req *http.Request) (*http.Response, error) {
			calls++
			select {
			case <-time.After(2 * time.Second):
				return answer(http.StatusOK, strings.NewReader(`{"id":1,"result":`+magicAnswer+`}`)), nil
			case <-req.Context().Done():
				return nil, req.Context().Err()
			}
		})
		scheme := newScheme(t, chain.EthereumMainNet, chain.Sources{
			RPC:  map[protocol.ChainID]chain.Endpoint{chain.EthereumMainNet: {URL: "http://rpc.example"}},
			HTTP: &http.Client{Transport: slow},
		})
		start := time.Now()
		err := scheme.Verify(t.Context(), proof)
		if took := time.Since(start); !errors.Is(err, protocol.ProofRejected) || took != maxWait || calls != 2 {
			t.Errorf("a slow RPC: Verify = %v after %v and %d calls, want proof_rejected after %v and 2", err, took, calls, maxWait)
		}
	})
}
