package passkey_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/internal/vectors"
	"github.com/liaison-dev/liaison/passkey"
	"github.com/liaison-dev/liaison/protocol"
)

// liquidServer is what the recorded responses are for.
const liquidServer = "catfish-pro-wolf.ngrok-free.app"

// recorded is a response of a phone, and what the server asked for it.
type recorded struct {
	Request struct {
		Challenge string `json:"challenge"`
	}
	Body json.RawMessage
	// User is the record that the server then showed.
	User struct {
		Wallet      string `json:"wallet"`
		Credentials []struct {
			PublicKey string `json:"publicKey"`
			ID        string `json:"credId"`
			Counter   uint32 `json:"prevCounter"`
		} `json:"credentials"`
	}
}

// recordings reads one kind of ceremony.
func recordings(t *testing.T, kind string) []recorded {
	t.Helper()
	var requests, users []json.RawMessage
	var bodies []json.RawMessage
	vectors.JSON(t, "liquid/"+kind+".request.response.fixtures.json", &requests)
	vectors.JSON(t, "liquid/"+kind+".response.body.fixtures.json", &bodies)
	vectors.JSON(t, "liquid/"+kind+".response.response.fixtures.json", &users)
	if len(requests) != 6 || len(bodies) != 6 || len(users) != 6 {
		t.Fatalf("%s: got %d requests, %d responses and %d users, want 6 of each", kind, len(requests), len(bodies), len(users))
	}
	list := make([]recorded, len(requests))
	for i := range list {
		list[i].Body = bodies[i]
		for _, err := range []error{json.Unmarshal(requests[i], &list[i].Request), json.Unmarshal(users[i], &list[i].User)} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return list
}

func (r recorded) challenge(t *testing.T) []byte {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(r.Request.Challenge)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func liquidParty(t *testing.T, origins ...string) *passkey.RelyingParty {
	t.Helper()
	party, err := passkey.New(passkey.Config{RPID: liquidServer, Origins: append([]string{"https://" + liquidServer}, origins...)})
	if err != nil {
		t.Fatal(err)
	}
	return party
}

// TestLiquidResponses verifies what a Pixel 8 Pro sent to the server of Liquid
// Auth: passkeys, and the wallet's signature over the same challenge. Source:
// the fixtures of algorandfoundation/liquid-auth.
func TestLiquidResponses(t *testing.T) {
	party, stranger := liquidParty(t, app), liquidParty(t)
	verifier := chain.NewVerifier(chain.Algorand(protocol.AlgorandMainNet))
	made := make(map[liaison.CredentialID]liaison.Credential)
	for i, r := range recordings(t, "attestation") {
		said, err := party.Response(r.Body)
		if err != nil || !bytes.Equal(said.Challenge, r.challenge(t)) {
			t.Fatalf("attestation %d: said %+v, %v", i, said, err)
		}
		wallet := protocol.NewAccount(protocol.AlgorandMainNet, r.User.Wallet)
		asked := liaison.Ceremony{ID: liaison.CeremonyOf(said.Challenge), Kind: liaison.Registration, Account: wallet, UserVerification: true, ExpiresAt: now.Add(1)}
		got, err := party.Registration(asked, r.Body, now)
		if err != nil {
			t.Fatalf("attestation %d: %v", i, err)
		}
		want := r.User.Credentials[0]
		for _, c := range r.User.Credentials {
			if c.ID == string(got.Credential.ID) {
				want = c
			}
		}
		key := base64.RawURLEncoding.EncodeToString(got.Credential.PublicKey)
		if want.ID != string(got.Credential.ID) || want.PublicKey != key || got.Credential.Counter != 0 || got.Origin != app || got.Credential.Account != wallet {
			t.Errorf("attestation %d:\n got %+v\nwant %+v", i, got, want)
		}
		made[got.Credential.ID] = got.Credential
		if _, err := stranger.Registration(asked, r.Body, now); err == nil {
			t.Errorf("attestation %d: taken from an app that is not allowed", i)
		}
		checkWallet(t, fmt.Sprintf("attestation %d", i), verifier, wallet, said.Challenge, r.Body)
	}
	for i, r := range recordings(t, "assertion") {
		said, err := party.Response(r.Body)
		if err != nil || !bytes.Equal(said.Challenge, r.challenge(t)) {
			t.Fatalf("assertion %d: said %+v, %v", i, said, err)
		}
		credential, ok := made[said.Credential]
		if !ok {
			t.Fatalf("assertion %d: nobody has made %s", i, said.Credential)
		}
		asked := liaison.Ceremony{ID: liaison.CeremonyOf(said.Challenge), Kind: liaison.Authentication, Credential: said.Credential, UserVerification: true, ExpiresAt: now.Add(1)}
		used, err := party.Authentication(asked, credential, r.Body, now)
		if err != nil || used.Credential.Counter == 0 || used.Origin != app || !used.UserVerified {
			t.Errorf("assertion %d: got %+v, %v", i, used, err)
		}
		made[said.Credential] = used.Credential
		if _, err := stranger.Authentication(asked, credential, r.Body, now); err == nil {
			t.Errorf("assertion %d: taken from an app that is not allowed", i)
		}
	}
}

// checkWallet verifies the signature of the wallet beside the passkey.
func checkWallet(t *testing.T, name string, verifier *chain.Verifier, wallet protocol.Account, challenge []byte, body []byte) {
	t.Helper()
	var said struct {
		Results struct {
			Liquid struct {
				Address, Signature string
			} `json:"liquid"`
		} `json:"clientExtensionResults"`
	}
	if err := json.Unmarshal(body, &said); err != nil {
		t.Fatal(err)
	}
	signature, err := base64.RawURLEncoding.DecodeString(said.Results.Liquid.Signature)
	if err != nil || said.Results.Liquid.Address != wallet.Address() {
		t.Fatalf("%s: the wallet says %+v, %v", name, said.Results.Liquid, err)
	}
	if err := verifier.VerifyChallenge(t.Context(), wallet, challenge, signature); err != nil {
		t.Errorf("%s: the wallet's signature: %v", name, err)
	}
}
