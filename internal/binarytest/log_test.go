package binarytest_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison/internal/keyfile"
)

// maxLogLine bounds a line of the log, in bytes.
const maxLogLine = 4 << 10

// Texts that the peers and strangers of TestLogHoldsNoSecret send.
const (
	passphrase    = "canary-passphrase-of-the-wallet"
	siteMessage   = "canary-message-from-the-site"
	walletMessage = "canary-message-from-the-wallet"
)

// TestLogHoldsNoSecret lets a site and a wallet link and talk, and a stranger
// send bad input wherever input is taken, with the server's log at its most
// talkative. Nothing secret that went over the wire may be in the log, nor
// anything that would lead to a person or to another link, nor a line that
// somebody else wrote.
func TestLogHoldsNoSecret(t *testing.T) {
	w := newWire(t)
	server, address := startServer(t, "--log-level", "debug", "--origin", string(w.origin), "--trusted-proxy", "127.0.0.0/8")
	w.connect(address)
	site, wallet, link := talk(t, w)
	s := &stranger{t: t, wire: w}
	s.everywhere()
	s.overSocket()
	server.stop()

	forbidden := w.secrets()
	for _, name := range []string{"token", "request id", "nonce", "signature", "frame", "key"} {
		if !slices.Contains(slices.Collect(maps.Values(forbidden)), name) {
			t.Errorf("no %s was found on the wire: the test does not test much any more", name)
		}
	}
	if frames := w.unsealed(); len(frames) > 0 {
		t.Errorf("frames that are not sealed passed the server: %q", frames)
	}
	base, fragment, _ := strings.Cut(link, "#")
	if fragment == "" {
		t.Errorf("the link %s has no fragment", link)
	}
	w.checkNever(t, fragment, strings.TrimPrefix(fragment, "1."))
	maps.Copy(forbidden, map[string]string{
		base: "link", fragment: "fragment of the link", siteMessage: "message", walletMessage: "message", passphrase: "passphrase", "canary": "what a stranger sent",
		clientIPv4: "client's address", clientIPv6: "client's address",
	})
	log := server.errors()
	checkLines(t, log)
	checkAbsent(t, "log of the server", log, forbidden)

	// What the commands print is for their own person, who must see the link,
	// the text to sign and the messages, and nothing else of this.
	for _, text := range []string{base, fragment, siteMessage, walletMessage, "canary"} {
		delete(forbidden, text)
	}
	maps.DeleteFunc(forbidden, func(_, name string) bool { return name == "request id" })
	checkAbsent(t, "output of link", site.output(), forbidden)
	maps.DeleteFunc(forbidden, func(_, name string) bool { return name == "nonce" })
	maps.Copy(forbidden, seedOf(t, wallet.path))
	checkAbsent(t, "output of wallet connect", wallet.output(), forbidden)
	checkAbsent(t, "log of the server", log, seedOf(t, wallet.path))
}

// walletProgram is a wallet with its key file.
type walletProgram struct {
	*program
	path string
}

// talk links a site and a wallet, lets each send the other a message, and ends
// both.
func talk(t *testing.T, w *wire) (site *program, wallet walletProgram, link string) {
	t.Helper()
	dir := t.TempDir()
	secret := filepath.Join(dir, "passphrase")
	if err := os.WriteFile(secret, []byte(passphrase+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	site = run(t, "link", "--json", "--server", string(w.origin))
	link = site.expect("link").URI
	wallet.path = filepath.Join(dir, "wallet.age")
	wallet.program = run(t, "wallet", "connect", "--unverified", link, "--json", "--yes", "--keep-open", "--wallet", wallet.path, "--passphrase-file", secret)
	site.expect("open")
	wallet.expect("open")
	site.write(siteMessage)
	if got := wallet.expect("message").Data; got != siteMessage {
		t.Fatalf("wallet: got %q, want %q", got, siteMessage)
	}
	wallet.write(walletMessage)
	if got := site.expect("message").Data; got != walletMessage {
		t.Fatalf("site: got %q, want %q", got, walletMessage)
	}
	_ = site.stdin.Close()
	site.wait()
	wallet.wait()
	return site, wallet, link
}

// seedOf returns the wallet's secrets in the forms in which it could be printed.
func seedOf(t *testing.T, path string) map[string]string {
	t.Helper()
	wallet, err := keyfile.Open(path, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	forms := make(map[string]string)
	for _, key := range wallet.Keys {
		for _, form := range []string{
			hex.EncodeToString(key.Secret), base64.StdEncoding.EncodeToString(key.Secret),
			base64.RawURLEncoding.EncodeToString(key.Secret), string(key.Secret),
		} {
			forms[form] = "secret of the " + key.Kind + " key"
		}
	}
	return forms
}

// checkLines checks that each line is a JSON object with the fields of a log
// entry, and not longer than it may be.
func checkLines(t *testing.T, log string) {
	t.Helper()
	seen := make(map[string]bool)
	for line := range strings.Lines(log) {
		var entry struct{ Time, Level, Msg string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Time == "" || entry.Level == "" || entry.Msg == "" {
			t.Errorf("line of the log %q: %v, want a JSON object with time, level and msg", line, err)
		}
		if len(line) > maxLogLine {
			t.Errorf("line of the log has %d bytes, want at most %d: %s", len(line), maxLogLine, line)
		}
		seen[entry.Msg] = true
	}
	for _, msg := range []string{"serving", "link opened", "link claimed", "claim refused", "request refused", "message refused"} {
		if !seen[msg] {
			t.Errorf("the log has no line %q: either the flow or the level is not what this test needs", msg)
		}
	}
}

func checkAbsent(t *testing.T, what, text string, forbidden map[string]string) {
	t.Helper()
	for value, name := range forbidden {
		if at := strings.Index(text, value); at >= 0 {
			line := text[strings.LastIndex(text[:at], "\n")+1:]
			line, _, _ = strings.Cut(line, "\n")
			t.Errorf("%s holds a %s (%q): %s", what, name, value, line)
		}
	}
}
