package oracle_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"

	"github.com/liaison-dev/liaison/sealed"
	"github.com/liaison-dev/liaison/sealed/oracle"
)

// end is one end of a handshake, ours or the other implementation's.
type end interface {
	Write(payload []byte) ([]byte, error)
	Read(message []byte) ([]byte, error)
}

// session is one end of a session, ours or the other implementation's.
type session interface {
	Seal(plaintext []byte) ([]byte, error)
	Open(ciphertext []byte) ([]byte, error)
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestFilesAreUpToDate(t *testing.T) {
	for path, want := range must[map[string][]byte](t)(oracle.Files()) {
		got, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(path)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the generator writes; run in sealed/oracle: go generate", path)
		}
	}
}

func TestFilesAreTheSameEachTime(t *testing.T) {
	first, second := must[map[string][]byte](t)(oracle.Files()), must[map[string][]byte](t)(oracle.Files())
	for path := range first {
		if !bytes.Equal(first[path], second[path]) {
			t.Errorf("%s: the generator wrote something else the second time", path)
		}
	}
}

func TestWalletMeetsAnotherImplementation(t *testing.T) {
	private := must[*ecdh.PrivateKey](t)(ecdh.X25519().GenerateKey(rand.Reader))
	link := sealed.Link{Host: "auth.example.com:8443", RequestID: "4f1c2b7e-9a53-4d0e", Flags: 2, Key: [32]byte(private.PublicKey().Bytes())}
	rand.Read(link.Seed[:])

	ours := must[*sealed.Handshake](t)(sealed.NewWallet(link))
	theirs := must[*oracle.End](t)(oracle.NewEnd(false, oracle.Keys{
		Prologue: oracle.LinkPrologue(link.Host, link.RequestID, link.Flags), PSK: oracle.KDF(link.Seed[:], "psk", 32),
		SitePublic: link.Key[:], SitePrivate: private.Bytes(),
	}))
	meet(t, ours, theirs, ours, theirs)
}

func TestSiteMeetsAnotherImplementation(t *testing.T) {
	key := must[*sealed.SiteKey](t)(sealed.GenerateSiteKey())
	link := sealed.Link{Host: "auth.example.com", RequestID: "0.1234567890123456", Key: key.Public(), Seed: key.Seed()}

	ours := must[*sealed.Handshake](t)(sealed.NewSite(link, key))
	theirs := must[*oracle.End](t)(oracle.NewEnd(true, oracle.Keys{
		Prologue: oracle.LinkPrologue(link.Host, link.RequestID, link.Flags), PSK: oracle.KDF(link.Seed[:], "psk", 32),
		SitePublic: link.Key[:],
	}))
	meet(t, theirs, ours, ours, theirs)
}

func TestResumptionMeetsAnotherImplementation(t *testing.T) {
	r := sealed.Resumption{ID: "ABCDEFGHIJKLMNOPQRSTUV"}
	rand.Read(r.Secret[:])
	keys := oracle.Keys{Prologue: oracle.ResumptionPrologue(r.ID), PSK: oracle.KDF(r.Secret[:], "resume psk", 32)}

	t.Run("wallet", func(t *testing.T) {
		ours := must[*sealed.Handshake](t)(sealed.ResumeWallet(r))
		theirs := must[*oracle.End](t)(oracle.NewEnd(false, keys))
		meet(t, ours, theirs, ours, theirs)
	})
	t.Run("site", func(t *testing.T) {
		ours := must[*sealed.Handshake](t)(sealed.ResumeSite(r))
		theirs := must[*oracle.End](t)(oracle.NewEnd(true, keys))
		meet(t, theirs, ours, ours, theirs)
	})
}

// meet runs a handshake and a session; ours and theirs are the two ends once
// more.
func meet(t *testing.T, wallet, site end, ours *sealed.Handshake, theirs *oracle.End) {
	t.Helper()
	const hello, welcome = "hello", "welcome"
	bytesOf := must[[]byte](t)
	if got := bytesOf(site.Read(bytesOf(wallet.Write([]byte(hello))))); string(got) != hello {
		t.Errorf("payload of message 1: got %q, want %q", got, hello)
	}
	if got := bytesOf(wallet.Read(bytesOf(site.Write([]byte(welcome))))); string(got) != welcome {
		t.Errorf("payload of message 2: got %q, want %q", got, welcome)
	}
	ourSession := must[*sealed.Session](t)(ours.Session())
	if got, want := ourSession.ChannelID(), oracle.ChannelID(theirs.Hash()); got != want {
		t.Errorf("channel id: got %q, the other implementation has %q", got, want)
	}
	for i := range 300 { // past one byte of the counter
		plain := bytes.Repeat([]byte{byte(i)}, i)
		for _, direction := range [][2]session{{ourSession, theirs}, {theirs, ourSession}} {
			if got := bytesOf(direction[1].Open(bytesOf(direction[0].Seal(plain)))); !bytes.Equal(got, plain) {
				t.Fatalf("message %d: got %x, want %x", i, got, plain)
			}
		}
	}
}
