package client_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/sealed"
)

// forger is a server that answers a wallet as if it were the site: message 2 of
// Noise_NKpsk0, made of what it knows and, where it knows nothing, of what it
// would like to be true. It is written without package sealed, which does not let
// anybody answer for a key that he does not have.
type forger struct {
	link    sealed.Link      // what it knows of the code; the rest are guesses
	private *ecdh.PrivateKey // the site's key, or one of its own
}

func expand(secret, salt []byte, info string, n int) []byte {
	out, err := hkdf.Key(sha256.New, secret, salt, info, n)
	if err != nil {
		panic(err)
	}
	return out
}

// noise is the symmetric state of a handshake.
type noise struct{ h, ck, key []byte }

func (s *noise) mixHash(data []byte) {
	sum := sha256.Sum256(append(append([]byte(nil), s.h...), data...))
	s.h = sum[:]
}

func (s *noise) mixKey(secret []byte) {
	out := expand(secret, s.ck, "", 64)
	s.ck, s.key = out[:32], out[32:]
}

func (s *noise) mixKeyAndHash(secret []byte) {
	out := expand(secret, s.ck, "", 96)
	s.ck, s.key = out[:32], out[64:]
	s.mixHash(out[32:64])
}

func (s *noise) seal(plain []byte) []byte {
	block, err := aes.NewCipher(s.key)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	ciphertext := aead.Seal(nil, binary.BigEndian.AppendUint64(make([]byte, 4), 0), plain, s.h)
	s.mixHash(ciphertext)
	return ciphertext
}

// answer makes a message 2 with a payload for a message 1.
func (f forger) answer(one, payload []byte) []byte {
	name := []byte("Noise_NKpsk0_25519_AESGCM_SHA256")
	s := &noise{h: name, ck: name}
	prologue := append([]byte("liaison/1\x00"), byte(len(f.link.Host)))
	prologue = append(append(prologue, f.link.Host...), byte(len(f.link.RequestID)))
	s.mixHash(append(append(prologue, f.link.RequestID...), 1, f.link.Flags))
	s.mixHash(f.link.Key[:])
	s.mixKeyAndHash(expand(f.link.Seed[:], nil, "liaison/1 psk", 32))
	theirs, err := ecdh.X25519().NewPublicKey(one[:32])
	if err != nil {
		panic(err)
	}
	s.mixHash(one[:32])
	s.mixKey(one[:32])
	s.mixKey(agree(f.private, theirs)) // es
	s.mixHash(one[32:])                // whether it could read it or not
	ours, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	e := ours.PublicKey().Bytes()
	s.mixHash(e)
	s.mixKey(e)
	s.mixKey(agree(ours, theirs)) // ee
	return append(e, s.seal(payload)...)
}

func agree(private *ecdh.PrivateKey, public *ecdh.PublicKey) []byte {
	secret, err := private.ECDH(public)
	if err != nil {
		panic(err)
	}
	return secret
}

func newKey(t testing.TB) *ecdh.PrivateKey {
	t.Helper()
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestForgerNeedsTheKey shows that the forger is a good one: with the site's key
// its answer holds, with everything but that key it does not.
func TestForgerNeedsTheKey(t *testing.T) {
	private := newKey(t)
	link := sealed.Link{Host: "auth.example.com", RequestID: "some-request-id-1", Key: [32]byte(private.PublicKey().Bytes()), Seed: sealed.Seed{1, 2, 3}}
	for _, c := range []struct {
		name string
		with *ecdh.PrivateKey
		want error
	}{
		{"the site's key", private, nil},
		{"another key", newKey(t), sealed.ErrAuthentication},
	} {
		wallet, err := sealed.NewWallet(link)
		if err != nil {
			t.Fatal(err)
		}
		one, err := wallet.Write([]byte("hello"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := wallet.Read(forger{link, c.with}.answer(one, []byte("welcome")))
		if !errors.Is(err, c.want) || err == nil && string(got) != "welcome" {
			t.Errorf("%s: wallet reads %q, %v, want error %v", c.name, got, err, c.want)
		}
	}
}

func asSealed(l protocol.Link) sealed.Link {
	return sealed.Link{
		Host: l.Server.Host(), RequestID: string(l.RequestID), Flags: byte(l.Invitation.Flags),
		Key: l.Invitation.Key, Seed: sealed.Seed(l.Invitation.Seed),
	}
}

func decoded(t testing.TB, f protocol.Frame) []byte {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(f.D)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestServerAnswersAsTheSite: the server keeps the wallet's message to itself and
// answers it, with what it knows of the link, and with a photograph of the code.
func TestServerAnswersAsTheSite(t *testing.T) {
	own := newKey(t)
	for _, c := range []struct {
		name  string
		knows func(sealed.Link) sealed.Link
	}{
		{"with the request id", func(l sealed.Link) sealed.Link {
			return sealed.Link{Host: l.Host, RequestID: l.RequestID, Key: [32]byte(own.PublicKey().Bytes()), Seed: sealed.Seed{1}}
		}},
		{"with the seed and a key of its own", func(l sealed.Link) sealed.Link {
			l.Key = [32]byte(own.PublicKey().Bytes())
			return l
		}},
		{"with the whole code", func(l sealed.Link) sealed.Link { return l }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := liaisontest.NewHostile(t)
			pending, err := client.OpenLink(limited(t), client.SiteConfig{Server: h.Origin, ICE: loopback})
			if err != nil {
				t.Fatalf("OpenLink: %v", err)
			}
			defer pending.Close()
			h.OnFrame(func(to protocol.Side, f protocol.Frame) []protocol.Frame {
				if to != protocol.SiteSide || f.N != 0 {
					return []protocol.Frame{f}
				}
				welcome := protocol.PeerMessage{
					T: protocol.PeerWelcome, V: 1, FP: &protocol.Fingerprint{1}, SDP: "v=0\r\n", Confirm: protocol.ConfirmNone, Locality: protocol.LocalityOff,
					Site: &protocol.Site{Name: "Example", Origin: h.Origin},
				}
				payload, err := welcome.Encode()
				if err != nil {
					t.Error(err)
				}
				two := forger{c.knows(asSealed(pending.Link())), own}.answer(decoded(t, f), payload)
				h.Inject(protocol.WalletSide, protocol.ServerMessage{
					Op: protocol.OpFrame, Topic: protocol.TopicJoin, D: base64.RawURLEncoding.EncodeToString(two),
				})
				return nil
			})
			_, err = client.ReadLink(limited(t), pending.Link().Reveal(), client.WalletConfig{ICE: loopback, UnsafeAllowUnverified: true})
			codeIs(t, "ReadLink", err, protocol.HandshakeFailed)
			_, err = pending.Accept(limited(t))
			codeIs(t, "Accept", err, protocol.HandshakeFailed)
		})
	}
}

// TestServerAnswersAsAWallet: it has everything but one part of the code.
func TestServerAnswersAsAWallet(t *testing.T) {
	for _, c := range []struct {
		name  string
		lacks func(*sealed.Link)
	}{
		{"without the seed", func(l *sealed.Link) { l.Seed[0] ^= 1 }},
		{"without the key", func(l *sealed.Link) { l.Key = [32]byte(newKey(t).PublicKey().Bytes()) }},
		{"for another link", func(l *sealed.Link) { l.RequestID += "x" }},
		{"for another host", func(l *sealed.Link) { l.Host = "auth.example.com" }},
		{"with another flag", func(l *sealed.Link) { l.Flags ^= byte(protocol.FlagUnsealed) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := liaisontest.NewHostile(t)
			pending, err := client.OpenLink(limited(t), client.SiteConfig{Server: h.Origin, ICE: loopback})
			if err != nil {
				t.Fatalf("OpenLink: %v", err)
			}
			defer pending.Close()
			link := asSealed(pending.Link())
			c.lacks(&link)
			h.Inject(protocol.SiteSide, protocol.ServerMessage{Op: protocol.OpFrame, Topic: protocol.TopicLink, D: hello(t, link)})
			_, err = pending.Accept(limited(t))
			codeIs(t, "Accept", err, protocol.HandshakeFailed)
			_, err = client.ReadLink(limited(t), pending.Link().Reveal(), client.WalletConfig{ICE: loopback, UnsafeAllowUnverified: true})
			codeIs(t, "ReadLink of the wallet that comes later", err, protocol.HandshakeFailed)
		})
	}
}

// hello is the message 1 of a wallet that believes in a link.
func hello(t testing.TB, link sealed.Link) string {
	t.Helper()
	wallet, err := sealed.NewWallet(link)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := protocol.PeerMessage{T: protocol.PeerHello, V: 1, FP: &protocol.Fingerprint{1}}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	one, err := wallet.Write(payload)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(one)
}

// TestPhotographedCode: whoever saw the code can answer it first, with an account
// of his own. Then the other phone is told, and so is the site; nobody becomes
// somebody else.
func TestPhotographedCode(t *testing.T) {
	h := liaisontest.NewHostile(t)
	victim, mallory := walletKey(t, 1), walletKey(t, 66)
	site := newEvents()
	pending, err := client.OpenLink(limited(t), client.SiteConfig{Server: h.Origin, ICE: loopback, Observe: site.observe})
	if err != nil {
		t.Fatalf("OpenLink: %v", err)
	}
	defer pending.Close()
	request, err := client.ReadLink(limited(t), pending.Link().Reveal(), client.WalletConfig{ICE: loopback, UnsafeAllowUnverified: true})
	if err != nil {
		t.Fatalf("ReadLink by Mallory: %v", err)
	}
	_, err = client.ReadLink(limited(t), pending.Link().Reveal(), client.WalletConfig{ICE: loopback, UnsafeAllowUnverified: true})
	codeIs(t, "ReadLink by the victim", err, protocol.LinkTaken)
	site.expect(t, "a notice that the code was used twice", func(e client.Event) bool {
		return e.Kind == client.EventNotice && e.Code == protocol.LinkTaken
	})
	accepted := make(chan *client.Channel, 1)
	go func() {
		channel, err := pending.Accept(limited(t))
		if err != nil {
			t.Errorf("Accept: %v", err)
		}
		accepted <- channel
	}()
	walletEnd, err := request.Approve(limited(t), mallory)
	siteEnd := <-accepted
	if err != nil || siteEnd == nil {
		t.Fatalf("Approve by Mallory: %v", err)
	}
	defer siteEnd.Close()
	defer walletEnd.Close()
	if got := siteEnd.Account(); got != mallory.Account() || got == victim.Account() {
		t.Errorf("the site has account %s, want Mallory's, %s", got, mallory.Account())
	}
}

// TestBridge: the server has a photograph of the code and stands between two
// handshakes. It is a wallet for the site, and for the victim's wallet it has no
// more than the site's answer to somebody else.
func TestBridge(t *testing.T) {
	for _, c := range []struct {
		name string
		// welcome is what the victim gets for the site's answer to Mallory.
		welcome func(t *testing.T, link sealed.Link, one, two []byte) []byte
	}{
		{"the site's answer as it is", func(_ *testing.T, _ sealed.Link, _, two []byte) []byte { return two }},
		{"what was in it, sealed anew", func(t *testing.T, link sealed.Link, one, _ []byte) []byte {
			return forger{link, newKey(t)}.answer(one, []byte("{}"))
		}},
		{"the site's ephemeral key, and another seal", func(t *testing.T, link sealed.Link, one, two []byte) []byte {
			return append(two[:32:32], forger{link, newKey(t)}.answer(one, []byte("{}"))[32:]...)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := liaisontest.NewHostile(t)
			pending, err := client.OpenLink(limited(t), client.SiteConfig{Server: h.Origin, ICE: loopback})
			if err != nil {
				t.Fatalf("OpenLink: %v", err)
			}
			defer pending.Close()
			link := asSealed(pending.Link())
			mallory, err := sealed.NewWallet(link)
			if err != nil {
				t.Fatal(err)
			}
			payload, err := protocol.PeerMessage{T: protocol.PeerHello, V: 1, FP: &protocol.Fingerprint{1}}.Encode()
			if err != nil {
				t.Fatal(err)
			}
			mine, err := mallory.Write(payload)
			if err != nil {
				t.Fatal(err)
			}
			var victims []byte
			read := make(chan bool, 1)
			h.OnFrame(func(to protocol.Side, f protocol.Frame) []protocol.Frame {
				switch {
				case f.N > 0:
					return nil
				case to == protocol.SiteSide:
					victims = decoded(t, f)
					f.D = base64.RawURLEncoding.EncodeToString(mine)
				default:
					two := decoded(t, f)
					_, err := mallory.Read(two)
					read <- err == nil
					f.D = base64.RawURLEncoding.EncodeToString(c.welcome(t, link, victims, two))
				}
				return []protocol.Frame{f}
			})
			_, err = client.ReadLink(limited(t), pending.Link().Reveal(), client.WalletConfig{ICE: loopback, UnsafeAllowUnverified: true})
			codeIs(t, "ReadLink by the victim", err, protocol.HandshakeFailed)
			_, err = pending.Accept(limited(t))
			codeIs(t, "Accept", err, protocol.HandshakeFailed)
			if !<-read {
				t.Error("the site's answer was not for Mallory: the test attacks nothing")
			}
		})
	}
}
