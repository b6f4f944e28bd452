package chain

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"time"

	"github.com/liaison-dev/liaison/protocol"
)

// maxAuthenticatorData bounds what is hashed: real data has some 37 bytes.
const maxAuthenticatorData = 1024

// arc60Request is the object that ARC-60 has a key sign. Its fields stand in the
// order that RFC 8785 demands.
type arc60Request struct {
	AccountAddress string   `json:"account_address"`
	ChainID        string   `json:"chain_id"`
	Domain         string   `json:"domain"`
	ExpirationTime string   `json:"expiration-time"`
	IssuedAt       string   `json:"issued-at"`
	Nonce          string   `json:"nonce"`
	RequestID      string   `json:"request-id"`
	Resources      []string `json:"resources,omitempty"`
	Statement      string   `json:"statement,omitempty"`
	Type           string   `json:"type"`
	URI            string   `json:"uri"`
	Version        string   `json:"version"`
}

// arc60Data writes the object in the form of RFC 8785. A sign-in text has
// printable ASCII only, of which both that form and encoding/json escape the
// quotation mark and the backslash alone, once the latter spares HTML.
func arc60Data(fields protocol.SignIn) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(arc60Request{
		AccountAddress: fields.Address,
		ChainID:        fields.Chain.Reference(),
		Domain:         fields.Domain,
		ExpirationTime: fields.ExpirationTime.UTC().Format(time.RFC3339),
		IssuedAt:       fields.IssuedAt.UTC().Format(time.RFC3339),
		Nonce:          string(fields.Nonce),
		RequestID:      string(fields.Channel),
		Resources:      fields.Resources,
		Statement:      fields.Statement,
		Type:           "ed25519",
		URI:            fields.URI,
		Version:        "1",
	}); err != nil {
		panic("chain: strings that cannot be written as JSON: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// arc60Bytes returns what is signed. Two hashes leave nobody a choice of the
// first bytes, so it cannot be made to look like a transaction.
func arc60Bytes(data, authenticatorData []byte) []byte {
	first, second := sha256.Sum256(data), sha256.Sum256(authenticatorData)
	return append(first[:], second[:]...)
}

// authenticatorData is that of an authenticator without a counter: the hash of
// the domain, the flag that a person was there, and zero.
func authenticatorData(domain string) []byte {
	hash := sha256.Sum256([]byte(domain))
	return append(hash[:], 1, 0, 0, 0, 0)
}

// verifyARC60 builds the data from the text, so that nothing counts that the
// text does not show.
func verifyARC60(key ed25519.PublicKey, proof protocol.Proof) error {
	fields, err := protocol.ParseSignIn(proof.Message, algorandNamespace)
	if err != nil {
		return refuse("message is no sign-in text of this chain")
	}
	if proof.Meta == nil {
		return refuse("authenticator data is missing")
	}
	data, hash := proof.Meta.AuthenticatorData, sha256.Sum256([]byte(fields.Domain))
	if len(data) > maxAuthenticatorData || !bytes.HasPrefix(data, hash[:]) {
		return refuse("authenticator data is not for this domain")
	}
	if !verifyEd25519(key, arc60Bytes(arc60Data(fields), data), proof.Signature) {
		return wrongSignature()
	}
	return nil
}
