package sealed_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/liaison-dev/liaison/sealed"
)

const (
	someHost = "auth.example.com"
	someID   = "4f1c2b7e-9a53-4d0e-8c61-0b5a7d3e2f19"
)

// must ends the test if there is an error.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newLink(t testing.TB) (sealed.Link, *sealed.SiteKey) {
	t.Helper()
	key := must[*sealed.SiteKey](t)(sealed.GenerateSiteKey())
	return sealed.Link{Host: someHost, RequestID: someID, Key: key.Public(), Seed: key.Seed()}, key
}

func newResumption(t testing.TB) sealed.Resumption {
	t.Helper()
	r := sealed.Resumption{ID: "ABCDEFGHIJKLMNOPQRSTUV"}
	rand.Read(r.Secret[:])
	return r
}

// pair is the two ends of one handshake, a link's or a resumption's.
type pair struct{ wallet, site *sealed.Handshake }

func linkPair(t testing.TB) pair {
	t.Helper()
	link, key := newLink(t)
	return pair{must[*sealed.Handshake](t)(sealed.NewWallet(link)), must[*sealed.Handshake](t)(sealed.NewSite(link, key))}
}

func resumptionPair(t testing.TB, r sealed.Resumption) pair {
	t.Helper()
	return pair{must[*sealed.Handshake](t)(sealed.ResumeWallet(r)), must[*sealed.Handshake](t)(sealed.ResumeSite(r))}
}

// run sends both messages and returns the sessions.
func (p pair) run(t testing.TB) (wallet, site *sealed.Session) {
	t.Helper()
	one := must[[]byte](t)(p.wallet.Write([]byte("hello")))
	if got, err := p.site.Read(one); err != nil || string(got) != "hello" {
		t.Fatalf("message 1: got %q, %v; want %q", got, err, "hello")
	}
	two := must[[]byte](t)(p.site.Write([]byte("welcome")))
	if got, err := p.wallet.Read(two); err != nil || string(got) != "welcome" {
		t.Fatalf("message 2: got %q, %v; want %q", got, err, "welcome")
	}
	return must[*sealed.Session](t)(p.wallet.Session()), must[*sealed.Session](t)(p.site.Session())
}

// patterns runs a test with both.
func patterns(t *testing.T, test func(t *testing.T, fresh func() pair)) {
	t.Helper()
	t.Run("link", func(t *testing.T) { test(t, func() pair { return linkPair(t) }) })
	t.Run("resumption", func(t *testing.T) {
		test(t, func() pair { return resumptionPair(t, newResumption(t)) })
	})
}

func TestBothEndsAgree(t *testing.T) {
	patterns(t, func(t *testing.T, fresh func() pair) {
		wallet, site := fresh().run(t)
		if a, b := wallet.ChannelID(), site.ChannelID(); a != b || len(a) != 46 || !strings.HasPrefix(a, "l1.") {
			t.Errorf("channel id: got %q and %q, want 46 equal characters after l1.", a, b)
		}
		if a, b := wallet.ShortCode(), site.ShortCode(); a != b || len(a) != 7 || a[3] != ' ' {
			t.Errorf("short code: got %q and %q, want them equal and as ddd ddd", a, b)
		}
		if a, b := wallet.Resumption(), site.Resumption(); a != b || len(a.ID) != 22 {
			t.Errorf("resumption: got id %q and %q (secrets equal: %t), want them equal and of 22 characters", a.ID, b.ID, a.Secret == b.Secret)
		}
		bothWays(t, wallet, site)
	})
}

func bothWays(t *testing.T, a, b *sealed.Session) {
	t.Helper()
	for i := range 3 {
		for _, way := range [][2]*sealed.Session{{a, b}, {b, a}} {
			plain := fmt.Appendf(nil, "message %d", i)
			sealedText := must[[]byte](t)(way[0].Seal(plain))
			if got, err := way[1].Open(sealedText); err != nil || !bytes.Equal(got, plain) {
				t.Errorf("Open(Seal(%q)) = %q, %v", plain, got, err)
			}
		}
	}
}

// A resumption of a session opens the next, and that has other names and keys.
func TestResumptionOfASession(t *testing.T) {
	before, _ := linkPair(t).run(t)
	wallet, site := resumptionPair(t, before.Resumption()).run(t)
	bothWays(t, wallet, site)
	if wallet.ChannelID() == before.ChannelID() || wallet.Resumption() == before.Resumption() {
		t.Errorf("resumed session has the channel id %q or the resumption of the one before", wallet.ChannelID())
	}
}

func TestSessionsOfOneLinkDiffer(t *testing.T) {
	link, key := newLink(t)
	ids := map[string]bool{}
	for range 3 {
		again := must[*sealed.Handshake](t)(sealed.NewWallet(link))
		ids[string(must[[]byte](t)(again.Write(nil)))] = true
	}
	if len(ids) != 3 {
		t.Errorf("three wallets of link with key %x wrote %d different messages, want 3", key.Public(), len(ids))
	}
}

// flips returns every change of one bit.
func flips(data []byte) (list [][]byte) {
	for i := range 8 * len(data) {
		changed := bytes.Clone(data)
		changed[i/8] ^= 1 << (i % 8)
		list = append(list, changed)
	}
	return list
}

func TestEveryBitOfMessageOneCounts(t *testing.T) {
	link, key := newLink(t)
	one := must[[]byte](t)(must[*sealed.Handshake](t)(sealed.NewWallet(link)).Write([]byte("hello")))
	for i, changed := range flips(one) {
		refuse(t, fmt.Sprintf("link, message 1, bit %d changed", i), must[*sealed.Handshake](t)(sealed.NewSite(link, key)), changed, sealed.ErrAuthentication)
	}
	if _, err := must[*sealed.Handshake](t)(sealed.NewSite(link, key)).Read(one); err != nil {
		t.Errorf("message 1 unchanged: %v, want it read after the %d that were refused", err, 8*len(one))
	}
	r := newResumption(t)
	one = must[[]byte](t)(must[*sealed.Handshake](t)(sealed.ResumeWallet(r)).Write([]byte("hello")))
	for i, changed := range flips(one) {
		refuse(t, fmt.Sprintf("resumption, message 1, bit %d changed", i), must[*sealed.Handshake](t)(sealed.ResumeSite(r)), changed, sealed.ErrAuthentication)
	}
}

// A handshake that failed once cannot read again, so each bit takes a wallet of
// its own, with the same ephemeral key.
func TestEveryBitOfMessageTwoCounts(t *testing.T) {
	link, key := newLink(t)
	r := newResumption(t)
	ephemeral := must[*ecdh.PrivateKey](t)(ecdh.X25519().GenerateKey(rand.Reader))
	for name, c := range map[string]struct {
		wallet func() (*sealed.Handshake, error)
		site   func() (*sealed.Handshake, error)
	}{
		"link": {
			func() (*sealed.Handshake, error) { return sealed.NewWallet(link) },
			func() (*sealed.Handshake, error) { return sealed.NewSite(link, key) },
		},
		"resumption": {
			func() (*sealed.Handshake, error) { return sealed.ResumeWallet(r) },
			func() (*sealed.Handshake, error) { return sealed.ResumeSite(r) },
		},
	} {
		waiting := func() (*sealed.Handshake, []byte) {
			wallet := must[*sealed.Handshake](t)(c.wallet())
			sealed.SetEphemeralForTest(wallet, ephemeral)
			return wallet, must[[]byte](t)(wallet.Write([]byte("hello")))
		}
		wallet, one := waiting()
		site := must[*sealed.Handshake](t)(c.site())
		must[[]byte](t)(site.Read(one))
		two := must[[]byte](t)(site.Write([]byte("welcome")))
		for i, changed := range flips(two) {
			other, _ := waiting()
			refuse(t, fmt.Sprintf("%s, message 2, bit %d changed", name, i), other, changed, sealed.ErrAuthentication)
		}
		if _, err := wallet.Read(two); err != nil {
			t.Errorf("%s, message 2 unchanged: %v, want it read", name, err)
		}
	}
}

// refuse lets an end read what it must refuse, and checks that nothing is left
// of it.
func refuse(t *testing.T, name string, h *sealed.Handshake, message []byte, want error) {
	t.Helper()
	if got, err := h.Read(message); !errors.Is(err, want) || got != nil {
		t.Errorf("%s: Read = %q, %v; want nothing and %v", name, got, err, want)
	}
	if sealed.HoldsKeysForTest(h) {
		t.Errorf("%s: the handshake that failed still holds keys", name)
	}
	for call, err := range map[string]error{
		"Read":    second(h.Read(message)),
		"Write":   second(h.Write(nil)),
		"Session": second(h.Session()),
	} {
		if !errors.Is(err, sealed.ErrBroken) {
			t.Errorf("%s: then %s: %v, want %v", name, call, err, sealed.ErrBroken)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// If the two ends differ in one bit of what they know, they do not meet.
func TestEveryBitOfALinkCounts(t *testing.T) {
	link, key := newLink(t)
	changes := map[string]sealed.Link{}
	each := func(what string, data []byte, set func(*sealed.Link, []byte)) {
		for i, changed := range flips(data) {
			other := link
			set(&other, changed)
			changes[fmt.Sprintf("%s, bit %d", what, i)] = other
		}
	}
	each("seed", link.Seed[:], func(l *sealed.Link, b []byte) { l.Seed = sealed.Seed(b) })
	each("key", link.Key[:], func(l *sealed.Link, b []byte) { l.Key = [32]byte(b) })
	each("flags", []byte{link.Flags}, func(l *sealed.Link, b []byte) { l.Flags = b[0] })
	each("host", []byte(link.Host), func(l *sealed.Link, b []byte) { l.Host = string(b) })
	each("request id", []byte(link.RequestID), func(l *sealed.Link, b []byte) { l.RequestID = string(b) })
	moved := link // the same characters, parted elsewhere
	moved.Host, moved.RequestID = link.Host+link.RequestID[:1], link.RequestID[1:]
	changes["a character moved from the id to the host"] = moved

	ran := 0
	for name, other := range changes {
		wallet, err := sealed.NewWallet(other)
		if err != nil {
			if !errors.Is(err, sealed.ErrLink) {
				t.Errorf("%s: NewWallet: %v, want %v", name, err, sealed.ErrLink)
			}
			continue // a character that no link has
		}
		ran++
		one := must[[]byte](t)(wallet.Write([]byte("hello")))
		refuse(t, name, must[*sealed.Handshake](t)(sealed.NewSite(link, key)), one, sealed.ErrAuthentication)
	}
	if want := 128 + 256 + 8 + 1; ran < want {
		t.Errorf("ran %d changes, want more than %d", ran, want)
	}
}

func TestEveryBitOfAResumptionCounts(t *testing.T) {
	r := newResumption(t)
	changes := map[string]sealed.Resumption{}
	for i, changed := range flips(r.Secret[:]) {
		changes[fmt.Sprintf("secret, bit %d", i)] = sealed.Resumption{ID: r.ID, Secret: sealed.Secret(changed)}
	}
	for i, changed := range flips([]byte(r.ID)) {
		changes[fmt.Sprintf("id, bit %d", i)] = sealed.Resumption{ID: string(changed), Secret: r.Secret}
	}
	ran := 0
	for name, other := range changes {
		wallet, err := sealed.ResumeWallet(other)
		if err != nil {
			continue // a character that no id has
		}
		ran++
		one := must[[]byte](t)(wallet.Write([]byte("hello")))
		refuse(t, name, must[*sealed.Handshake](t)(sealed.ResumeSite(r)), one, sealed.ErrAuthentication)
	}
	if ran < 256 {
		t.Errorf("ran %d changes, want at least 256", ran)
	}
}

// A link's handshake is not a resumption's, whatever the names.
func TestPatternsDoNotMeet(t *testing.T) {
	r := newResumption(t)
	link, key := newLink(t)
	copy(link.Seed[:], r.Secret[:])
	one := must[[]byte](t)(must[*sealed.Handshake](t)(sealed.NewWallet(link)).Write(nil))
	refuse(t, "message of a link", must[*sealed.Handshake](t)(sealed.ResumeSite(r)), one, sealed.ErrAuthentication)

	link.Seed = key.Seed()
	one = must[[]byte](t)(must[*sealed.Handshake](t)(sealed.ResumeWallet(r)).Write(nil))
	refuse(t, "message of a resumption", must[*sealed.Handshake](t)(sealed.NewSite(link, key)), one, sealed.ErrAuthentication)
}

func TestHandshakeSizes(t *testing.T) {
	const longest = 65535 - 48
	patterns(t, func(t *testing.T, fresh func() pair) {
		p := fresh()
		one := must[[]byte](t)(p.wallet.Write(make([]byte, longest)))
		if len(one) != 65535 {
			t.Errorf("message with a payload of %d bytes has %d, want 65535", longest, len(one))
		}
		if _, err := p.site.Read(one); err != nil {
			t.Errorf("longest message 1: %v, want it read", err)
		}
		if _, err := fresh().wallet.Write(make([]byte, longest+1)); !errors.Is(err, sealed.ErrSize) {
			t.Errorf("payload of %d bytes: %v, want %v", longest+1, err, sealed.ErrSize)
		}
		for _, n := range []int{0, 1, 31, 32, 47, 65536, 1 << 20} {
			refuse(t, fmt.Sprintf("message 1 of %d bytes", n), fresh().site, make([]byte, n), sealed.ErrSize)
			wallet := fresh().wallet
			must[[]byte](t)(wallet.Write(nil))
			refuse(t, fmt.Sprintf("message 2 of %d bytes", n), wallet, make([]byte, n), sealed.ErrSize)
		}
		for n := 48; n < 300; n++ {
			p := fresh()
			one := must[[]byte](t)(p.wallet.Write(make([]byte, 252)))
			refuse(t, fmt.Sprintf("message 1 cut to %d of %d bytes", n, len(one)), p.site, one[:n], sealed.ErrAuthentication)
		}
	})
}

func TestReflectedMessagesAreRefused(t *testing.T) {
	patterns(t, func(t *testing.T, fresh func() pair) {
		p := fresh()
		one := must[[]byte](t)(p.wallet.Write([]byte("hello")))
		refuse(t, "message 1 turned back to its wallet", p.wallet, one, sealed.ErrAuthentication)

		p = fresh()
		must[[]byte](t)(p.site.Read(must[[]byte](t)(p.wallet.Write(nil))))
		two := must[[]byte](t)(p.site.Write(nil))
		refuse(t, "message 2 at another site", fresh().site, two, sealed.ErrAuthentication)
	})
}

func TestMessageTwoAnswersOneMessageOne(t *testing.T) {
	link, key := newLink(t)
	first, other := must[*sealed.Handshake](t)(sealed.NewWallet(link)), must[*sealed.Handshake](t)(sealed.NewWallet(link))
	must[[]byte](t)(first.Write(nil))
	site := must[*sealed.Handshake](t)(sealed.NewSite(link, key))
	must[[]byte](t)(site.Read(must[[]byte](t)(other.Write(nil))))
	two := must[[]byte](t)(site.Write(nil))
	refuse(t, "answer to another wallet of the link", first, two, sealed.ErrAuthentication)
}

// small are the X25519 public keys of small order in all their encodings, each
// also with the bit set that does not count.
func small(t testing.TB) (list [][]byte) {
	t.Helper()
	for _, encoded := range []string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	} {
		e := unhex(t, encoded)
		high := bytes.Clone(e)
		high[31] |= 0x80
		list = append(list, e, high)
	}
	return list
}

// TestRefusedVectors does the same where the tag depends on what the keys have in
// common, this test where it does not yet.
func TestResumptionRefusesKeysOfSmallOrderAtOnce(t *testing.T) {
	r := newResumption(t)
	good := must[*ecdh.PrivateKey](t)(ecdh.X25519().GenerateKey(rand.Reader)).PublicKey()
	one := must[[]byte](t)(sealed.MessageOneForTest(r, good))
	if _, err := must[*sealed.Handshake](t)(sealed.ResumeSite(r)).Read(one); err != nil {
		t.Fatalf("message with ephemeral key %x: %v, want it read, or this test shows nothing", good.Bytes(), err)
	}
	for _, e := range small(t) {
		one := must[[]byte](t)(sealed.MessageOneForTest(r, must[*ecdh.PublicKey](t)(ecdh.X25519().NewPublicKey(e))))
		refuse(t, fmt.Sprintf("ephemeral key %x", e), must[*sealed.Handshake](t)(sealed.ResumeSite(r)), one, sealed.ErrAuthentication)
	}
}

func TestWalletRefusesALinkOfSmallOrder(t *testing.T) {
	for _, key := range small(t) {
		link, _ := newLink(t)
		link.Key = [32]byte(key)
		wallet := must[*sealed.Handshake](t)(sealed.NewWallet(link))
		if got, err := wallet.Write(nil); !errors.Is(err, sealed.ErrLink) || got != nil {
			t.Errorf("link with key %x: Write = %x, %v; want nothing and %v", key, got, err, sealed.ErrLink)
		}
	}
}

func TestWrongOrder(t *testing.T) {
	patterns(t, func(t *testing.T, fresh func() pair) {
		for name, call := range map[string]func(p pair) error{
			"wallet reads first":     func(p pair) error { return second(p.wallet.Read(make([]byte, 100))) },
			"site writes first":      func(p pair) error { return second(p.site.Write(nil)) },
			"wallet's early session": func(p pair) error { return second(p.wallet.Session()) },
			"site's early session":   func(p pair) error { return second(p.site.Session()) },
			"wallet writes twice": func(p pair) error {
				must[[]byte](t)(p.wallet.Write(nil))
				return second(p.wallet.Write(nil))
			},
			"wallet's session after message 1": func(p pair) error {
				must[[]byte](t)(p.wallet.Write(nil))
				return second(p.wallet.Session())
			},
			"site reads twice": func(p pair) error {
				one := must[[]byte](t)(p.wallet.Write(nil))
				must[[]byte](t)(p.site.Read(one))
				return second(p.site.Read(one))
			},
			"site's session before message 2": func(p pair) error {
				must[[]byte](t)(p.site.Read(must[[]byte](t)(p.wallet.Write(nil))))
				return second(p.site.Session())
			},
		} {
			if err := call(fresh()); !errors.Is(err, sealed.ErrState) {
				t.Errorf("%s: %v, want %v", name, err, sealed.ErrState)
			}
		}
	})
}

func TestEarlySessionEndsNothing(t *testing.T) {
	p := linkPair(t)
	if _, err := p.wallet.Session(); !errors.Is(err, sealed.ErrState) {
		t.Errorf("early Session: %v, want %v", err, sealed.ErrState)
	}
	p.run(t)
}

func TestLateCallsDoNotTouchTheSession(t *testing.T) {
	patterns(t, func(t *testing.T, fresh func() pair) {
		p := fresh()
		wallet, site := p.run(t)
		for name, err := range map[string]error{
			"wallet writes": second(p.wallet.Write(nil)), "wallet reads": second(p.wallet.Read(make([]byte, 48))),
			"site writes": second(p.site.Write(nil)), "site reads": second(p.site.Read(make([]byte, 48))),
		} {
			if !errors.Is(err, sealed.ErrState) {
				t.Errorf("%s after the handshake: %v, want %v", name, err, sealed.ErrState)
			}
		}
		// A second session would begin to count anew under the same keys.
		if again := must[*sealed.Session](t)(p.wallet.Session()); again != wallet {
			t.Error("Session returned another session the second time")
		}
		bothWays(t, wallet, site)
		if sealed.HoldsKeysForTest(p.wallet) || sealed.HoldsKeysForTest(p.site) {
			t.Error("a handshake holds keys after it is complete")
		}
	})
}

func TestValuesThatNobodyMade(t *testing.T) {
	link, _ := newLink(t)
	var h sealed.Handshake
	var s sealed.Session
	for name, c := range map[string]struct{ got, want error }{
		"Write":                   {second(h.Write(nil)), sealed.ErrBroken},
		"Read":                    {second(h.Read(make([]byte, 48))), sealed.ErrBroken},
		"Session":                 {second(h.Session()), sealed.ErrBroken},
		"Seal":                    {second(s.Seal(nil)), sealed.ErrBroken},
		"Open":                    {second(s.Open(make([]byte, 16))), sealed.ErrBroken},
		"NewSite without a key":   {second(sealed.NewSite(link, nil)), sealed.ErrLink},
		"NewSite with a zero key": {second(sealed.NewSite(link, &sealed.SiteKey{})), sealed.ErrState},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s of a zero value: %v, want %v", name, c.got, c.want)
		}
	}
}

func TestUnusableLinksAndResumptions(t *testing.T) {
	good, key := newLink(t)
	for name, change := range map[string]func(*sealed.Link){
		"no host":           func(l *sealed.Link) { l.Host = "" },
		"long host":         func(l *sealed.Link) { l.Host = strings.Repeat("a", 256) },
		"host not ASCII":    func(l *sealed.Link) { l.Host = "bücher.example" },
		"host with a space": func(l *sealed.Link) { l.Host = "a b" },
		"host with DEL":     func(l *sealed.Link) { l.Host = "a\x7f" },
		"no id":             func(l *sealed.Link) { l.RequestID = "" },
		"long id":           func(l *sealed.Link) { l.RequestID = strings.Repeat("a", 256) },
		"id with a zero":    func(l *sealed.Link) { l.RequestID = "a\x00" },
		"no seed":           func(l *sealed.Link) { l.Seed = sealed.Seed{} },
	} {
		link := good
		change(&link)
		if _, err := sealed.NewWallet(link); !errors.Is(err, sealed.ErrLink) {
			t.Errorf("%s: NewWallet: %v, want %v", name, err, sealed.ErrLink)
		}
		if _, err := sealed.NewSite(link, key); !errors.Is(err, sealed.ErrLink) {
			t.Errorf("%s: NewSite: %v, want %v", name, err, sealed.ErrLink)
		}
	}
	long := good
	long.Host, long.RequestID = strings.Repeat("a", 255), strings.Repeat("~", 255)
	if _, err := sealed.NewWallet(long); err != nil {
		t.Errorf("names of 255 bytes: %v, want them used", err)
	}
	for name, r := range map[string]sealed.Resumption{
		"zero":         {},
		"no id":        {Secret: sealed.Secret{1}},
		"no secret":    {ID: "ABCDEFGHIJKLMNOPQRSTUV"},
		"long id":      {ID: strings.Repeat("a", 256), Secret: sealed.Secret{1}},
		"id not ASCII": {ID: "ü", Secret: sealed.Secret{1}},
	} {
		if _, err := sealed.ResumeWallet(r); !errors.Is(err, sealed.ErrLink) {
			t.Errorf("%s: ResumeWallet: %v, want %v", name, err, sealed.ErrLink)
		}
		if _, err := sealed.ResumeSite(r); !errors.Is(err, sealed.ErrLink) {
			t.Errorf("%s: ResumeSite: %v, want %v", name, err, sealed.ErrLink)
		}
	}
}

func TestSiteKeyIsThatOfItsLink(t *testing.T) {
	link, key := newLink(t)
	other, otherKey := newLink(t)
	otherSeed, otherPublic := link, link
	otherSeed.Seed, otherPublic.Key = other.Seed, other.Key
	for name, err := range map[string]error{
		"another link":           second(sealed.NewSite(link, otherKey)),
		"link with another seed": second(sealed.NewSite(otherSeed, key)),
		"link with another key":  second(sealed.NewSite(otherPublic, key)),
	} {
		if !errors.Is(err, sealed.ErrLink) {
			t.Errorf("%s: %v, want %v", name, err, sealed.ErrLink)
		}
	}
}

// Of two wallets that scanned one link, one is answered, also if the site has
// read both before it answers.
func TestSiteKeyAnswersOnce(t *testing.T) {
	link, key := newLink(t)
	var waiting [2]*sealed.Handshake
	var late *sealed.Handshake
	for i := range waiting {
		wallet := must[*sealed.Handshake](t)(sealed.NewWallet(link))
		waiting[i] = must[*sealed.Handshake](t)(sealed.NewSite(link, key))
		must[[]byte](t)(waiting[i].Read(must[[]byte](t)(wallet.Write(nil))))
	}
	late = must[*sealed.Handshake](t)(sealed.NewSite(link, key))
	must[[]byte](t)(waiting[0].Write(nil))

	third := must[[]byte](t)(must[*sealed.Handshake](t)(sealed.NewWallet(link)).Write(nil))
	for name, err := range map[string]error{
		"second answer":                  second(waiting[1].Write(nil)),
		"handshake after the answer":     second(sealed.NewSite(link, key)),
		"message 1 read after an answer": second(late.Read(third)),
	} {
		if !errors.Is(err, sealed.ErrState) {
			t.Errorf("%s: %v, want %v", name, err, sealed.ErrState)
		}
	}
	if key.Seed() != (sealed.Seed{}) || key.Public() != link.Key {
		t.Error("after its answer the site's key holds the seed, or has lost its public key")
	}
}

// However many answer at the same time.
func TestSiteKeyAnswersOnceAtATime(t *testing.T) {
	link, key := newLink(t)
	var waiting []*sealed.Handshake
	for range 8 {
		site := must[*sealed.Handshake](t)(sealed.NewSite(link, key))
		must[[]byte](t)(site.Read(must[[]byte](t)(must[*sealed.Handshake](t)(sealed.NewWallet(link)).Write(nil))))
		waiting = append(waiting, site)
	}
	var answered atomic.Int32
	var group sync.WaitGroup
	for _, site := range waiting {
		group.Go(func() {
			if _, err := site.Write(nil); err == nil {
				answered.Add(1)
			} else if !errors.Is(err, sealed.ErrState) {
				t.Errorf("answer beside others: %v, want %v", err, sealed.ErrState)
			}
			_ = key.Seed()
		})
	}
	group.Wait()
	if got := answered.Load(); got != 1 {
		t.Errorf("%d wallets were answered, want 1", got)
	}
}

// Whatever the payloads and names, both ends agree; whatever is changed, they do
// not.
func TestHandshakeProperty(t *testing.T) {
	name := rapid.StringMatching(`[!-~]{1,255}`)
	payload := rapid.SliceOfN(rapid.Byte(), 0, 2000)
	rapid.Check(t, func(rt *rapid.T) {
		link, key := newLink(t)
		link.Host, link.RequestID, link.Flags = name.Draw(rt, "host"), name.Draw(rt, "id"), rapid.Byte().Draw(rt, "flags")
		p := pair{must[*sealed.Handshake](t)(sealed.NewWallet(link)), must[*sealed.Handshake](t)(sealed.NewSite(link, key))}
		if rapid.Bool().Draw(rt, "resumption") {
			r := newResumption(t)
			r.ID = link.RequestID
			p = resumptionPair(t, r)
		}
		hello, welcome := payload.Draw(rt, "hello"), payload.Draw(rt, "welcome")
		one := must[[]byte](t)(p.wallet.Write(hello))
		spoilt := rapid.SampledFrom([]string{"", "one", "two"}).Draw(rt, "spoilt")
		spoil := func(message []byte) []byte {
			changed := bytes.Clone(message)
			changed[rapid.IntRange(0, len(message)-1).Draw(rt, "at")] ^= byte(rapid.IntRange(1, 255).Draw(rt, "by"))
			return changed
		}
		if spoilt == "one" {
			if got, err := p.site.Read(spoil(one)); !errors.Is(err, sealed.ErrAuthentication) || got != nil {
				rt.Fatalf("changed message 1: Read = %q, %v", got, err)
			}
			return
		}
		if got, err := p.site.Read(one); err != nil || !bytes.Equal(got, hello) {
			rt.Fatalf("message 1: Read = %q, %v; want %q", got, err, hello)
		}
		two := must[[]byte](t)(p.site.Write(welcome))
		if spoilt == "two" {
			if got, err := p.wallet.Read(spoil(two)); !errors.Is(err, sealed.ErrAuthentication) || got != nil {
				rt.Fatalf("changed message 2: Read = %q, %v", got, err)
			}
			return
		}
		if got, err := p.wallet.Read(two); err != nil || !bytes.Equal(got, welcome) {
			rt.Fatalf("message 2: Read = %q, %v; want %q", got, err, welcome)
		}
		wallet, site := must[*sealed.Session](t)(p.wallet.Session()), must[*sealed.Session](t)(p.site.Session())
		if a, b := wallet.ChannelID(), site.ChannelID(); a != b {
			rt.Fatalf("channel ids: %q and %q", a, b)
		}
	})
}
