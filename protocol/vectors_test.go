package protocol_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/internal/vectors"
	"github.com/liaison-dev/liaison/internal/vectortable"
	"github.com/liaison-dev/liaison/protocol"
)

// readVectors reads one of our own files of vectors.
func readVectors(t testing.TB, name string, dst any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, dst); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func linkVectors(t testing.TB) (f vectortable.LinkFile) {
	t.Helper()
	readVectors(t, "links.json", &f)
	return f
}

func sdpVectors(t testing.TB) (f vectortable.SDPFile) {
	t.Helper()
	readVectors(t, "sdp.json", &f)
	return f
}

func signInVectors(t testing.TB) (f vectortable.SignInFile) {
	t.Helper()
	readVectors(t, "signin.json", &f)
	return f
}

func signInOf(t testing.TB, f vectortable.SignInFields) protocol.SignIn {
	t.Helper()
	return protocol.SignIn{
		Domain: f.Domain, Address: f.Address, Statement: f.Statement, URI: f.URI, Chain: protocol.ChainID(f.Chain),
		Nonce: protocol.Nonce(f.Nonce), IssuedAt: instant(t, f.IssuedAt), ExpirationTime: instant(t, f.ExpirationTime),
		Channel: protocol.ChannelID(f.Channel), Resources: f.Resources,
	}
}

func instant(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// invitationOf is what a sealed link of the vectors says without the server.
func invitationOf(t testing.TB, v vectortable.ValidLink) (i protocol.Invitation) {
	t.Helper()
	if v.Key == "" {
		return i
	}
	i.Flags = protocol.LinkFlags(unhex(t, v.Flags, 1)[0])
	copy(i.Key[:], unhex(t, v.Key, len(i.Key)))
	copy(i.Seed[:], unhex(t, v.Seed, len(i.Seed)))
	return i
}

func unhex(t testing.TB, s string, length int) []byte {
	t.Helper()
	data, err := hex.DecodeString(s)
	if err != nil || len(data) != length {
		t.Fatalf("vector %q: %d bytes, %v; want %d", s, len(data), err, length)
	}
	return data
}

func TestLinkVectors(t *testing.T) {
	file := linkVectors(t)
	for _, v := range file.Valid {
		t.Run(v.Name, func(t *testing.T) {
			got, err := protocol.ParseLink(v.Link)
			want := protocol.Link{Server: protocol.Origin(v.Server), RequestID: protocol.RequestID(v.RequestID), Invitation: invitationOf(t, v)}
			if err != nil || got != want {
				t.Fatalf("ParseLink(%q) = %+v, %v; want %+v", v.Link, got, err, want)
			}
			if got.Reveal() != v.Canonical || got.RevealWeb() != v.Web || got.Sealed() != (v.Key != "") {
				t.Errorf("link %q, sealed: %t, is written as %q and %q; want %q and %q", v.Link, got.Sealed(), got.Reveal(), got.RevealWeb(), v.Canonical, v.Web)
			}
		})
	}
	for _, v := range file.Invalid {
		t.Run(v.Name, func(t *testing.T) {
			got, err := protocol.ParseLink(v.Link)
			if protocol.CodeOf(err) != protocol.Code(v.Code) || got != (protocol.Link{}) {
				t.Errorf("ParseLink(%q) = %+v, %v; want nothing and %s", v.Link, got, err, v.Code)
			}
		})
	}
}

func TestSDPVectors(t *testing.T) {
	file := sdpVectors(t)
	fingerprint := fingerprintOf(t, file.Fingerprint)
	for _, v := range file.Valid {
		t.Run(v.Name, func(t *testing.T) {
			if err := protocol.CheckSDP(v.SDP, fingerprint, false); err != nil {
				t.Errorf("CheckSDP(%.2000q): %v, want it accepted", v.SDP, err)
			}
			if strings.Contains(v.SDP, "candidate") {
				return
			}
			if err := protocol.CheckSDP(v.SDP, fingerprint, true); err != nil {
				t.Errorf("CheckSDP(%.2000q) as the first one: %v, want it accepted", v.SDP, err)
			}
		})
	}
	for _, v := range file.Refused {
		t.Run(v.Name, func(t *testing.T) {
			if err := protocol.CheckSDP(v.SDP, fingerprint, v.First); !errors.Is(err, protocol.InvalidPeer) {
				t.Errorf("CheckSDP(%.2000q), first: %t: %v, want %s", v.SDP, v.First, err, protocol.InvalidPeer)
			}
		})
	}
}

// TestUnsealedSDP: what must not be in a description is not less so if nobody has
// named its certificate beforehand.
func TestUnsealedSDP(t *testing.T) {
	file := sdpVectors(t)
	fingerprint := fingerprintOf(t, file.Fingerprint)
	for _, v := range file.Valid {
		if got, err := protocol.CheckUnsealedSDP(v.SDP); err != nil || got != fingerprint {
			t.Errorf("%s: %s, %v, want it accepted and %s", v.Name, got, err, fingerprint)
		}
	}
	for _, v := range file.Refused {
		got, err := protocol.CheckUnsealedSDP(v.SDP)
		if err == nil && got == fingerprint && !v.First {
			t.Errorf("%s: accepted, want it refused", v.Name)
		}
	}
	for name, sdp := range map[string]string{
		"nothing":            "",
		"no certificate":     strings.Replace(file.Valid[0].SDP, "a=fingerprint:", "a=nothing:", 1),
		"half a certificate": strings.Replace(file.Valid[0].SDP, "a=fingerprint:sha-256 01:", "a=fingerprint:sha-256 ", 1),
		"another sum":        strings.Replace(file.Valid[0].SDP, "sha-256", "sha-512", 1),
	} {
		if _, err := protocol.CheckUnsealedSDP(sdp); !errors.Is(err, protocol.InvalidPeer) {
			t.Errorf("%s: %v, want %s", name, err, protocol.InvalidPeer)
		}
	}
}

func TestSignInVectors(t *testing.T) {
	file := signInVectors(t)
	for _, v := range file.Valid {
		t.Run(v.Name, func(t *testing.T) {
			want := signInOf(t, v.Fields)
			text, err := want.Text()
			if err != nil || text != v.Text {
				t.Fatalf("text of %+v: got %q, %v; want %q", v.Fields, text, err, v.Text)
			}
			got, err := protocol.ParseSignIn(v.Text, want.Chain.Namespace())
			if err != nil || !sameSignIn(got, want) {
				t.Errorf("ParseSignIn(%q) = %+v, %v; want %+v", v.Text, got, err, want)
			}
		})
	}
	for _, v := range file.Unwritable {
		t.Run(v.Name, func(t *testing.T) {
			text, err := signInOf(t, v.Fields).Text()
			if text != "" || protocol.CodeOf(err) != protocol.Code(v.Code) {
				t.Errorf("text of %+v: got %q, %v; want nothing and %s", v.Fields, text, err, v.Code)
			}
		})
	}
	for _, v := range file.Unreadable {
		t.Run(v.Name, func(t *testing.T) {
			got, err := protocol.ParseSignIn(v.Text, v.Namespace)
			if !sameSignIn(got, protocol.SignIn{}) || protocol.CodeOf(err) != protocol.Code(v.Code) {
				t.Errorf("ParseSignIn(%q) = %+v, %v; want nothing and %s", v.Text, got, err, v.Code)
			}
		})
	}
}

// TestSignInRefusesForeignNegatives runs the public negatives of EIP-4361, as
// they are and as texts for another chain. All of them have more that we do not
// take than what they are about: the next test is about that.
func TestSignInRefusesForeignNegatives(t *testing.T) {
	var negatives map[string]string
	vectors.JSON(t, "siwe/parsing_negative.json", &negatives)
	if len(negatives) != 29 {
		t.Errorf("public negatives: got %d, want 29", len(negatives))
	}
	for name, text := range negatives {
		ours := strings.Replace(text, "Ethereum account", "Algorand account", 1)
		for _, c := range []struct{ text, namespace string }{{text, "eip155"}, {text, "algorand"}, {ours, "algorand"}} {
			got, err := protocol.ParseSignIn(c.text, c.namespace)
			var coded *protocol.Error
			if !errors.As(err, &coded) || !sameSignIn(got, protocol.SignIn{}) {
				t.Errorf("%s: ParseSignIn(%q, %q) = %+v, %v; want an error with a code", name, c.text, c.namespace, got, err)
			}
		}
	}
}

// TestSignInRefusesForeignNegativesInOurForm brings the public negatives into
// our form, up to the one thing that each of them is about. Three of them become
// good texts: two that are about the place of a field that we do not have, and
// one about the spelling of an address, which is package chain's.
func TestSignInRefusesForeignNegativesInOurForm(t *testing.T) {
	ours := strings.NewReplacer(
		"12341234", "12341234123412341234123412", "45:13.610Z", "45:13Z", "\nNot Before: 2022-03-17T12:45:13.610Z", "",
		"some_id", "l1.JxqCnb3z64Ype3YGxNdqTQVeuRzVB3SAIr9HJ8lhZQU",
	)
	var negatives map[string]string
	vectors.JSON(t, "siwe/parsing_negative.json", &negatives)
	var read []string
	for name, text := range negatives {
		if got, err := protocol.ParseSignIn(ours.Replace(text), "eip155"); err == nil {
			read = append(read, name)
		} else if !errors.Is(err, protocol.InvalidMessage) || !sameSignIn(got, protocol.SignIn{}) {
			t.Errorf("%s: ParseSignIn(%q) = %+v, %v; want nothing and invalid_message", name, ours.Replace(text), got, err)
		}
	}
	slices.Sort(read)
	if want := []string{"address not EIP-55", "out of order expirationTime", "out of order notBefore"}; !slices.Equal(read, want) {
		t.Errorf("read: %q, want %q", read, want)
	}
}

func sameSignIn(a, b protocol.SignIn) bool {
	if !a.IssuedAt.Equal(b.IssuedAt) || !a.ExpirationTime.Equal(b.ExpirationTime) || len(a.Resources) != len(b.Resources) {
		return false
	}
	for i := range a.Resources {
		if a.Resources[i] != b.Resources[i] {
			return false
		}
	}
	return a.Domain == b.Domain && a.Address == b.Address && a.Statement == b.Statement && a.URI == b.URI &&
		a.Chain == b.Chain && a.Nonce == b.Nonce && a.Channel == b.Channel
}
