package chain

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/liaison-dev/liaison/protocol"
)

// maxContractSignature bounds what is passed to a contract: a few dozen
// signatures of owners.
const maxContractSignature = 8 << 10

// eip1271Magic is the selector of isValidSignature(bytes32,bytes), and what the
// call returns for yes.
const eip1271Magic = "\x16\x26\xba\x7e"

// rpc asks an EVM chain whether a contract accepts a signature.
type rpc struct{ *source }

// newRPC returns nothing if there is no service for the chain.
func newRPC(chain protocol.ChainID, sources Sources) (*rpc, error) {
	source, err := newSource("RPC", sources.RPC, chain, sources.HTTP)
	if source == nil || err != nil {
		return nil, err
	}
	return &rpc{source}, nil
}

// verify asks first whether there is code at the address: a call to an account
// without code succeeds.
func (r *rpc) verify(ctx context.Context, proof protocol.Proof) error {
	address, err := parseEVMAddress(proof.Address)
	switch {
	case err != nil:
		return err
	case proof.Meta != nil:
		return refuse("meta is not needed for this type of proof")
	case len(proof.Signature) > maxContractSignature:
		return refuse("signature is too long")
	}
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	to := hexBytes(address[:])
	code, err := r.call(ctx, "eth_getCode", to, "latest")
	if err != nil {
		return err
	}
	if len(code) == 0 {
		return refuse("there is no contract at the address")
	}
	ask := map[string]string{"to": to, "data": hexBytes(isValidSignature(eip191Hash(proof.Message), proof.Signature))}
	answer, err := r.call(ctx, "eth_call", ask, "latest")
	if err != nil {
		return err
	}
	if string(answer) != eip1271Magic+strings.Repeat("\x00", 32-len(eip1271Magic)) {
		return refuse("the contract does not accept the signature")
	}
	return nil
}

// isValidSignature writes the call of EIP-1271: the hash, where the bytes begin,
// how many they are, and they themselves filled up to a multiple of 32.
func isValidSignature(hash, signature []byte) []byte {
	data := append([]byte(eip1271Magic), hash...)
	data = append(data, word(64)...)
	data = append(data, word(len(signature))...)
	data = append(data, signature...)
	return append(data, make([]byte, -len(signature)&31)...)
}

// word writes a number in the 32 bytes that a contract's arguments have.
func word(n int) []byte {
	return binary.BigEndian.AppendUint64(make([]byte, 24), uint64(n))
}

func hexBytes(data []byte) string { return "0x" + hex.EncodeToString(data) }

// call returns the bytes that a method returns.
func (r *rpc) call(ctx context.Context, method string, params ...any) ([]byte, error) {
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return nil, refuse("RPC cannot be asked")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url.String(), bytes.NewReader(body))
	if err != nil {
		return nil, refuse("RPC cannot be asked")
	}
	req.Header.Set("Content-Type", "application/json")
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+string(r.token))
	}
	if body, err = r.ask(req); err != nil {
		return nil, err
	}
	var answer struct {
		ID     int             `json:"id"`
		Result *string         `json:"result"`
		Error  json.RawMessage `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.ID != 1 || answer.Result == nil || len(answer.Error) > 0 && string(answer.Error) != "null" {
		return nil, refuse("RPC answers with something else to " + method)
	}
	digits, ok := strings.CutPrefix(*answer.Result, "0x")
	result, err := hex.DecodeString(digits)
	if !ok || err != nil {
		return nil, refuse("RPC answers with something else to " + method)
	}
	return result, nil
}
