package sealed_test

import (
	"bufio"
	"bytes"
	"crypto/ecdh"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison/internal/vectors"
	"github.com/liaison-dev/liaison/sealed"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	data, err := hex.DecodeString(s)
	if err != nil {
		t.Fatalf("%q is not hexadecimal: %v", s, err)
	}
	return data
}

// hexBytes is bytes as our own vectors have them.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

func privateKey(t testing.TB, data []byte) *ecdh.PrivateKey {
	t.Helper()
	return must[*ecdh.PrivateKey](t)(ecdh.X25519().NewPrivateKey(data))
}

func fixedKey(t testing.TB, fill byte) *ecdh.PrivateKey {
	t.Helper()
	return privateKey(t, bytes.Repeat([]byte{fill}, 32))
}

// vectorFile is vectors/sealed.json; sealed/oracle/vectors.go says what is in
// it.
type vectorFile struct {
	Comment string
	KDF     []struct {
		Secret hexBytes
		Label  string
		Bytes  int
		Out    hexBytes
	}
	Links       []linkVector
	Resumptions []resumptionVector
	Refused     []struct {
		Name, Of string
		Message  int
		Bytes    hexBytes
	}
}

type linkVector struct {
	Name, Link, Host, RequestID string
	Flags                       byte
	Key, SitePrivate, Seed      hexBytes
	handshakeVector
}

type resumptionVector struct {
	Name, ID string
	Secret   hexBytes
	handshakeVector
}

type handshakeVector struct {
	Prologue, PSK                                hexBytes
	WalletEphemeralPrivate, SiteEphemeralPrivate hexBytes
	Payload1, Message1, Payload2, Message2       hexBytes
	H, Export                                    hexBytes
	ChannelID, ShortCode, ResumeID               string
	ResumeSecret, PongNonce                      hexBytes
	PongSite, PongWallet                         hexBytes
	WalletSends, SiteSends                       []messageVector
}

type messageVector struct{ Plain, Sealed hexBytes }

func readVectors(t testing.TB) (file vectorFile) {
	t.Helper()
	data := must[[]byte](t)(os.ReadFile(filepath.Join("..", "vectors", "sealed.json")))
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&file); err != nil {
		t.Fatal(err)
	}
	return file
}

// ends returns both ends of a handshake with its ephemeral keys.
func (v linkVector) ends(t testing.TB) pair {
	t.Helper()
	link := sealed.Link{Host: v.Host, RequestID: v.RequestID, Flags: v.Flags, Key: [32]byte(v.Key), Seed: sealed.Seed(v.Seed)}
	key := sealed.NewSiteKeyForTest(privateKey(t, v.SitePrivate), link.Seed)
	return v.fix(t, pair{must[*sealed.Handshake](t)(sealed.NewWallet(link)), must[*sealed.Handshake](t)(sealed.NewSite(link, key))})
}

func (v resumptionVector) ends(t testing.TB) pair {
	t.Helper()
	return v.fix(t, resumptionPair(t, sealed.Resumption{ID: v.ID, Secret: sealed.Secret(v.Secret)}))
}

func (v handshakeVector) fix(t testing.TB, p pair) pair {
	t.Helper()
	sealed.SetEphemeralForTest(p.wallet, privateKey(t, v.WalletEphemeralPrivate))
	sealed.SetEphemeralForTest(p.site, privateKey(t, v.SiteEphemeralPrivate))
	return p
}

func TestVectors(t *testing.T) {
	file := readVectors(t)
	same := func(t *testing.T, what string, got, want []byte) {
		t.Helper()
		if !bytes.Equal(got, want) {
			t.Errorf("%s: got %x, want %x", what, got, want)
		}
	}
	for _, v := range file.KDF {
		same(t, "KDF of "+v.Label, sealed.KDF(v.Secret, v.Label, v.Bytes), v.Out)
	}
	for _, v := range file.Links {
		t.Run(v.Name, func(t *testing.T) {
			link := sealed.Link{Host: v.Host, RequestID: v.RequestID, Flags: v.Flags, Key: [32]byte(v.Key), Seed: sealed.Seed(v.Seed)}
			same(t, "prologue", must[[]byte](t)(sealed.LinkPrologue(link)), v.Prologue)
			psk := sealed.LinkPSK(link.Seed)
			same(t, "psk", psk[:], v.PSK)
			blob := append([]byte{1, v.Flags}, append(slices.Clone(v.Key), v.Seed...)...)
			if _, fragment, _ := strings.Cut(v.Link, "#1."); fragment != base64.RawURLEncoding.EncodeToString(blob) {
				t.Errorf("link %q: its fragment is not that of the key and the seed", v.Link)
			}
			v.run(t, v.ends(t))
		})
	}
	for _, v := range file.Resumptions {
		t.Run(v.Name, func(t *testing.T) {
			same(t, "prologue", must[[]byte](t)(sealed.ResumptionPrologue(v.ID)), v.Prologue)
			psk := sealed.ResumptionPSK(sealed.Secret(v.Secret))
			same(t, "psk", psk[:], v.PSK)
			v.run(t, v.ends(t))
		})
	}
	if len(file.KDF) < 8 || len(file.Links) < 4 || len(file.Resumptions) < 1 || len(file.Refused) < 50 {
		t.Errorf("%d derivations, %d links, %d resumptions and %d refused messages are fewer than were written", len(file.KDF), len(file.Links), len(file.Resumptions), len(file.Refused))
	}
}

func (v handshakeVector) run(t *testing.T, p pair) {
	t.Helper()
	same := func(what string, got, want []byte) {
		t.Helper()
		if !bytes.Equal(got, want) {
			t.Errorf("%s: got %x, want %x", what, got, want)
		}
	}
	bytesOf := must[[]byte](t)
	same("message 1", bytesOf(p.wallet.Write(v.Payload1)), v.Message1)
	same("payload 1", bytesOf(p.site.Read(v.Message1)), v.Payload1)
	same("message 2", bytesOf(p.site.Write(v.Payload2)), v.Message2)
	same("payload 2", bytesOf(p.wallet.Read(v.Message2)), v.Payload2)
	wallet, site := must[*sealed.Session](t)(p.wallet.Session()), must[*sealed.Session](t)(p.site.Session())
	for _, s := range []*sealed.Session{wallet, site} {
		h, export := sealed.HashForTest(s), sealed.ExportForTest(s)
		same("h", h[:], v.H)
		same("export", export[:], v.Export)
		r := s.Resumption()
		same("resume secret", r.Secret[:], v.ResumeSecret)
		for what, c := range map[string][2]string{
			"channel id": {s.ChannelID(), v.ChannelID}, "short code": {s.ShortCode(), v.ShortCode}, "resume id": {r.ID, v.ResumeID},
		} {
			if c[0] != c[1] {
				t.Errorf("%s: got %q, want %q", what, c[0], c[1])
			}
		}
	}
	nonce := [16]byte(v.PongNonce)
	fromSite, fromWallet := site.Pong(nonce), wallet.Pong(nonce)
	same("pong of the site", fromSite[:], v.PongSite)
	same("pong of the wallet", fromWallet[:], v.PongWallet)
	if !site.CheckPong(nonce, v.PongWallet) || !wallet.CheckPong(nonce, v.PongSite) {
		t.Errorf("pongs %x and %x to %x: got one refused, want both accepted", v.PongSite, v.PongWallet, nonce)
	}
	for _, way := range []struct {
		from, to *sealed.Session
		messages []messageVector
	}{{wallet, site, v.WalletSends}, {site, wallet, v.SiteSends}} {
		if len(way.messages) != 3 {
			t.Errorf("%d messages one way, want 3", len(way.messages))
		}
		for _, m := range way.messages {
			same("sealed message", bytesOf(way.from.Seal(m.Plain)), m.Sealed)
			same("opened message", bytesOf(way.to.Open(m.Sealed)), m.Plain)
		}
	}
}

func TestRefusedVectors(t *testing.T) {
	file := readVectors(t)
	fresh := map[string]func() pair{}
	payload := map[string][]byte{}
	for _, v := range file.Links {
		fresh[v.Name], payload[v.Name] = func() pair { return v.ends(t) }, v.Payload1
	}
	for _, v := range file.Resumptions {
		fresh[v.Name], payload[v.Name] = func() pair { return v.ends(t) }, v.Payload1
	}
	for _, v := range file.Refused {
		p := fresh[v.Of]()
		reader := p.site
		if v.Message == 2 {
			reader = p.wallet
			must[[]byte](t)(reader.Write(payload[v.Of]))
		}
		want := sealed.ErrAuthentication
		if len(v.Bytes) < 48 {
			want = sealed.ErrSize
		}
		refuse(t, v.Of+", message of "+v.Name, reader, v.Bytes, want)
	}
}

// TestFlynnVectors runs the handshakes of another implementation of Noise.
func TestFlynnVectors(t *testing.T) {
	file := must[*os.File](t)(os.Open(vectors.Path(t, "noise/vectors.txt")))
	defer file.Close()
	ran := map[string]int{}
	fields := map[string]string{}
	for lines := bufio.NewScanner(file); ; {
		more := lines.Scan()
		if key, value, ok := strings.Cut(lines.Text(), "="); more && ok {
			fields[key] = value
			continue
		}
		switch name := fields["handshake"]; name {
		case "Noise_NKpsk0_25519_AESGCM_SHA256", "Noise_NNpsk0_25519_AESGCM_SHA256":
			ran[name]++
			runFlynn(t, fields)
		}
		fields = map[string]string{}
		if !more {
			break
		}
	}
	if nk, nn := ran["Noise_NKpsk0_25519_AESGCM_SHA256"], ran["Noise_NNpsk0_25519_AESGCM_SHA256"]; nk != 4 || nn != 4 {
		t.Errorf("ran %d handshakes of NKpsk0 and %d of NNpsk0, want 4 and 4", nk, nn)
	}
}

func runFlynn(t *testing.T, fields map[string]string) {
	t.Helper()
	field := func(name string) []byte { return unhex(t, fields[name]) }
	var siteKey *sealed.SiteKey
	var sitePublic *ecdh.PublicKey
	if static := field("resp_static"); len(static) > 0 {
		siteKey = sealed.NewSiteKeyForTest(privateKey(t, static), sealed.Seed{1})
		sitePublic = privateKey(t, static).PublicKey()
	}
	psk, prologue := [32]byte(field("preshared_key")), field("prologue")
	wallet := must[*sealed.Handshake](t)(sealed.NewForTest(true, prologue, psk, nil, sitePublic))
	site := must[*sealed.Handshake](t)(sealed.NewForTest(false, prologue, psk, siteKey, nil))
	sealed.SetEphemeralForTest(wallet, privateKey(t, field("gen_init_ephemeral")))
	sealed.SetEphemeralForTest(site, privateKey(t, field("gen_resp_ephemeral")))

	step := func(number string, write func([]byte) ([]byte, error), read func([]byte) ([]byte, error)) {
		t.Helper()
		plain, want := field("msg_"+number+"_payload"), field("msg_"+number+"_ciphertext")
		if got, err := write(plain); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s, message %s: got %x, %v; want %x", fields["handshake"], number, got, err, want)
		}
		if got, err := read(want); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%s, message %s: read as %x, %v; want %x", fields["handshake"], number, got, err, plain)
		}
	}
	step("0", wallet.Write, site.Read)
	step("1", site.Write, wallet.Read)
	walletSession, siteSession := must[*sealed.Session](t)(wallet.Session()), must[*sealed.Session](t)(site.Session())
	step("2", walletSession.Seal, siteSession.Open)
	step("3", siteSession.Seal, walletSession.Open)
}

// RFC 5869, appendix A.1 to A.3.
func TestHKDFOfTheRFC(t *testing.T) {
	sequence := func(from byte, n int) (data []byte) {
		for i := range n {
			data = append(data, from+byte(i))
		}
		return data
	}
	for name, c := range map[string]struct {
		secret, salt, info []byte
		want               string
	}{
		"A.1": {
			bytes.Repeat([]byte{0x0b}, 22), sequence(0, 13), sequence(0xf0, 10),
			"3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
		},
		"A.2": {
			sequence(0, 80), sequence(0x60, 80), sequence(0xb0, 80),
			"b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
		},
		"A.3": {
			bytes.Repeat([]byte{0x0b}, 22), nil, nil,
			"8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
		},
	} {
		if got := hex.EncodeToString(sealed.HKDF(c.secret, c.salt, string(c.info), len(c.want)/2)); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

func TestWycheproofHKDF(t *testing.T) {
	var file struct {
		TestGroups []struct {
			Tests []struct {
				ID              int `json:"tcId"`
				Comment         string
				IKM, Salt, Info string
				Size            int
				OKM             string
				Result          string
			}
		}
	}
	vectors.JSON(t, "wycheproof/hkdf_sha256.json", &file)
	count := 0
	for _, group := range file.TestGroups {
		for _, c := range group.Tests {
			count++
			got, ok := tryHKDF(unhex(t, c.IKM), unhex(t, c.Salt), unhex(t, c.Info), c.Size)
			if want := c.Result == "valid"; ok != want || ok && !bytes.Equal(got, unhex(t, c.OKM)) {
				t.Errorf("case %d (%s): got %x (ok: %t), want %s (%s)", c.ID, c.Comment, got, ok, c.OKM, c.Result)
			}
		}
	}
	if count != 86 {
		t.Errorf("ran %d cases, want 86", count)
	}
}

// tryHKDF is not ok for a length that HKDF does not have, which no caller of ours
// asks for.
func tryHKDF(secret, salt, info []byte, n int) (out []byte, ok bool) {
	defer func() { ok = recover() == nil }()
	return sealed.HKDF(secret, salt, string(info), n), true
}

// agree is X25519 as the site's key is used.
func agree(t *testing.T, private, public []byte) ([]byte, error) {
	t.Helper()
	key := sealed.NewSiteKeyForTest(privateKey(t, private), sealed.Seed{1})
	return sealed.Agree(key, must[*ecdh.PublicKey](t)(ecdh.X25519().NewPublicKey(public)))
}

// RFC 7748, §5.2 and §6.1.
func TestX25519OfTheRFC(t *testing.T) {
	const (
		alice       = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
		alicePublic = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
		bob         = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"
		bobPublic   = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
		shared      = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
	)
	for _, c := range []struct{ private, public, want string }{
		{"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4", "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c", "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
		{"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d", "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493", "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
		{alice, bobPublic, shared},
		{bob, alicePublic, shared},
	} {
		got, err := agree(t, unhex(t, c.private), unhex(t, c.public))
		if err != nil || hex.EncodeToString(got) != c.want {
			t.Errorf("X25519(%s, %s): got %x, %v; want %s", c.private, c.public, got, err, c.want)
		}
	}
	for private, want := range map[string]string{alice: alicePublic, bob: bobPublic} {
		public := sealed.NewSiteKeyForTest(privateKey(t, unhex(t, private)), sealed.Seed{1}).Public()
		if got := hex.EncodeToString(public[:]); got != want {
			t.Errorf("public key of %s: got %s, want %s", private, got, want)
		}
	}
	// Once and a thousand times over, each result the next scalar.
	scalar, point := unhex(t, "09"+strings.Repeat("00", 31)), unhex(t, "09"+strings.Repeat("00", 31))
	wants := map[int]string{
		1:    "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079",
		1000: "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51",
	}
	for i := 1; i <= 1000; i++ {
		scalar, point = must[[]byte](t)(agree(t, scalar, point)), scalar
		if want, ok := wants[i]; ok && hex.EncodeToString(scalar) != want {
			t.Errorf("X25519 after %d iterations: got %x, want %s", i, scalar, want)
		}
	}
}

func TestWycheproofX25519(t *testing.T) {
	var file struct {
		TestGroups []struct {
			Tests []struct {
				ID                      int `json:"tcId"`
				Comment                 string
				Flags                   []string
				Public, Private, Shared string
			}
		}
	}
	vectors.JSON(t, "wycheproof/x25519.json", &file)
	count, refused := 0, 0
	for _, group := range file.TestGroups {
		for _, c := range group.Tests {
			count++
			got, err := agree(t, unhex(t, c.Private), unhex(t, c.Public))
			if slices.Contains(c.Flags, "ZeroSharedSecret") {
				refused++
				if got != nil || !errors.Is(err, sealed.ErrAuthentication) {
					t.Errorf("case %d (%s): got %x, %v; want it refused", c.ID, c.Comment, got, err)
				}
			} else if err != nil || !bytes.Equal(got, unhex(t, c.Shared)) {
				t.Errorf("case %d (%s): got %x, %v; want %s", c.ID, c.Comment, got, err, c.Shared)
			}
		}
	}
	if count != 518 || refused != 31 {
		t.Errorf("ran %d cases, %d of them with zeros in common; want 518 and 31", count, refused)
	}
}

// Of all cases, those with our size of keys and nonces: 256 and 96 bits.
func TestWycheproofAESGCM(t *testing.T) {
	var file struct {
		TestGroups []struct {
			IVSize, KeySize, TagSize int
			Tests                    []struct {
				ID                         int `json:"tcId"`
				Comment                    string
				Key, IV, AAD, Msg, CT, Tag string
				Result                     string
			}
		}
	}
	vectors.JSON(t, "wycheproof/aes_gcm.json", &file)
	count, ran := 0, 0
	for _, group := range file.TestGroups {
		count += len(group.Tests)
		if group.IVSize != 96 || group.KeySize != 256 || group.TagSize != 128 {
			continue
		}
		for _, c := range group.Tests {
			ran++
			aead := sealed.AEAD(unhex(t, c.Key))
			nonce, plain, ad, sealedText := unhex(t, c.IV), unhex(t, c.Msg), unhex(t, c.AAD), unhex(t, c.CT+c.Tag)
			got, err := aead.Open(nil, nonce, sealedText, ad)
			if c.Result != "valid" {
				if err == nil {
					t.Errorf("case %d (%s): opened as %x, want it refused", c.ID, c.Comment, got)
				}
				continue
			}
			if err != nil || !bytes.Equal(got, plain) {
				t.Errorf("case %d (%s): opened as %x, %v; want %x", c.ID, c.Comment, got, err, plain)
			}
			if got := aead.Seal(nil, nonce, plain, ad); !bytes.Equal(got, sealedText) {
				t.Errorf("case %d (%s): sealed as %x, want %x", c.ID, c.Comment, got, sealedText)
			}
		}
	}
	if count != 316 || ran != 66 {
		t.Errorf("ran %d of %d cases, want 66 of 316", ran, count)
	}
}
