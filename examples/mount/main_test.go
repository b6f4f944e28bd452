package main_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison/chain"
	main "github.com/liaison-dev/liaison/examples/mount"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/sqlite"
)

// TestOrders signs in as a browser and a wallet would, and asks for the route
// that is for whoever is signed in.
func TestOrders(t *testing.T) {
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "mount.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	listener := httptest.NewUnstartedServer(nil)
	origin := "http://" + listener.Listener.Addr().String()
	if listener.Config.Handler, err = main.NewSite(protocol.Origin(origin), store); err != nil {
		t.Fatal(err)
	}
	listener.Start()
	defer listener.Close()

	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if status, _ := call(t, browser, "GET", origin+"/orders", nil); status != http.StatusSeeOther {
		t.Fatalf("orders of nobody: status %d, want %d", status, http.StatusSeeOther)
	}
	_, body := call(t, browser, "GET", origin+protocol.PathChallenge, nil)
	var challenge protocol.Challenge
	if err := json.Unmarshal(body, &challenge); err != nil {
		t.Fatalf("challenge %s: %v", body, err)
	}
	link := origin + protocol.PathLinks + string(challenge.RequestID)
	jar, err = cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	wallet := &http.Client{Jar: jar}
	// What is in the frames is between the two ends.
	const channel protocol.ChannelID = "l1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	join := protocol.Join{Frame: protocol.Frame{D: "AAAA"}, Key: protocol.NewNonce()}
	if status, body := call(t, wallet, "POST", link+"/join", join); status != http.StatusOK {
		t.Fatalf("join: status %d, %s", status, body)
	}
	if status, body := call(t, browser, "POST", link+"/offer", protocol.Offer{D: "AAAA", Channel: channel}); status != http.StatusNoContent {
		t.Fatalf("offer: status %d, %s", status, body)
	}
	key := chain.GenerateAlgorandKey()
	text, err := challenge.SignIn.For(key.Chain(), key.Address(), channel).Text()
	if err != nil {
		t.Fatal(err)
	}
	proof, err := key.Sign(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	claim := protocol.Claim{Nonce: challenge.SignIn.Nonce, Proof: proof, Answer: protocol.Frame{N: 1, D: "AAAA"}, Key: protocol.NewNonce()}
	if status, body := call(t, wallet, "POST", link, claim); status != http.StatusOK {
		t.Fatalf("claim: status %d, %s", status, body)
	}
	if status, body := call(t, browser, "POST", origin+protocol.PathSession, protocol.NewCollection(challenge.RequestID)); status != http.StatusOK {
		t.Fatalf("collect: status %d, %s", status, body)
	}
	if status, body := call(t, browser, "GET", origin+"/orders", nil); status != http.StatusOK || !strings.Contains(string(body), key.Address()) {
		t.Fatalf("orders: status %d, %q; want 200 and the address %s", status, body, key.Address())
	}
}

func call(t *testing.T, c *http.Client, method, url string, body any) (int, []byte) {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, answer
}
