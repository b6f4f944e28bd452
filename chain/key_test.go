package chain_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/protocol"
)

func TestKinds(t *testing.T) {
	want := []string{"algorand", "evm", "solana", "did-ed25519", "did-p256", "did-secp256k1"}
	if got := chain.Kinds(); !slices.Equal(got, want) {
		t.Fatalf("Kinds() = %q, want %q", got, want)
	}
	for _, kind := range want {
		key, err := chain.GenerateKey(kind)
		if err != nil || key.Kind() != kind || len(key.Secret()) != 32 {
			t.Fatalf("GenerateKey(%s) = %v, %v", kind, key, err)
		}
		if other, err := chain.GenerateKey(kind); err != nil || other.Address() == key.Address() {
			t.Errorf("two generated keys are the same: %v (error %v)", other, err)
		}
		again, err := chain.ParseKey(kind, key.Secret())
		if err != nil || again.Account() != key.Account() || !bytes.Equal(again.Secret(), key.Secret()) {
			t.Errorf("ParseKey(%s, secret of %v) = %v, %v", kind, key, again, err)
		}
		if key.Account() != protocol.NewAccount(key.Chain(), key.Address()) {
			t.Errorf("account of %s at %s is %s", key.Address(), key.Chain(), key.Account())
		}
		for _, n := range []int{0, 31, 33, 64} {
			if key, err := chain.ParseKey(kind, make([]byte, n)); key != nil || !errors.Is(err, protocol.InvalidMessage) {
				t.Errorf("ParseKey(%s, %d bytes) = %v, %v, want invalid_message", kind, n, key, err)
			}
		}
	}
	for _, kind := range []string{"", "rsa", "Algorand"} {
		if key, err := chain.GenerateKey(kind); key != nil || !errors.Is(err, protocol.InvalidMessage) {
			t.Errorf("GenerateKey(%q) = %v, %v, want invalid_message", kind, key, err)
		}
		if key, err := chain.ParseKey(kind, make([]byte, 32)); key != nil || !errors.Is(err, protocol.InvalidMessage) {
			t.Errorf("ParseKey(%q) = %v, %v, want invalid_message", kind, key, err)
		}
	}
}

// A secret that would be reduced is another spelling of a secret.
func TestParseKeyRefusesWhatIsNoScalar(t *testing.T) {
	for kind, order := range map[string]string{
		"evm":           "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
		"did-secp256k1": "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
		"did-p256":      "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
	} {
		n := unhex(t, order)
		for _, secret := range [][]byte{make([]byte, 32), n, bytes.Repeat([]byte{0xff}, 32)} {
			if key, err := chain.ParseKey(kind, secret); key != nil || !errors.Is(err, protocol.InvalidMessage) {
				t.Errorf("ParseKey(%s, %x) = %v, %v, want invalid_message", kind, secret, key, err)
			}
		}
		n[31]--
		if _, err := chain.ParseKey(kind, n); err != nil {
			t.Errorf("ParseKey(%s, the order less 1): %v", kind, err)
		}
	}
}

// TestKeysHideTheirSecrets prints keys in every way.
func TestKeysHideTheirSecrets(t *testing.T) {
	for name, key := range everyKey(t) {
		value := reflect.ValueOf(key).Elem().Interface() // a copy, without the methods of the pointer
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", key, "value", value)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", key, "value", value)
		asJSON, err := json.Marshal([]any{key, value})
		if err != nil {
			t.Errorf("%s: JSON: %v", name, err)
		}
		shown := []string{log.String(), string(asJSON)}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c", "%p", "%t"} {
			shown = append(shown, fmt.Sprintf(verb, key), fmt.Sprintf(verb, value), fmt.Sprintf(verb, []any{key, value}))
		}
		secret := key.Secret()
		for _, text := range shown {
			for _, form := range []string{
				string(secret), hex.EncodeToString(secret), strings.ToUpper(hex.EncodeToString(secret)),
				base64.StdEncoding.EncodeToString(secret)[:40], base64.RawURLEncoding.EncodeToString(secret)[:40],
				strings.Trim(fmt.Sprint(secret), "[]"), strings.Trim(fmt.Sprintf("%#v", secret), "[]byte{}"),
				fmt.Sprintf("%d", secret[:4])[1:8],
			} {
				if strings.Contains(text, form) {
					t.Errorf("%s: shown as %q, which holds its secret", name, text)
				}
			}
			if !strings.Contains(text, key.Address()) && !strings.Contains(text, "0x") {
				t.Errorf("%s: shown as %q, want its account", name, text)
			}
		}
	}
}

func TestKeysRefuseWhatIsNotTheirs(t *testing.T) {
	keys := everyKey(t)
	for name, key := range keys {
		good := signIn(key.Chain(), key.Address())
		text := textOf(t, good)
		elsewhere, another := good, good
		elsewhere.Chain = protocol.ChainID(key.Chain().Namespace() + ":other")
		another.Address = key.Address()[:len(key.Address())-1]
		refused := map[string]string{
			"nothing":            "",
			"another text":       "a text",
			"a line break":       text + "\n",
			"CR LF":              strings.ReplaceAll(text, "\n", "\r\n"),
			"another version":    strings.Replace(text, "Version: 1", "Version: 2", 1),
			"a transaction":      "TX" + text,
			"another chain":      textOf(t, elsewhere),
			"another account":    textOf(t, another),
			"a field not known":  strings.Replace(text, "Request ID", "Not Before: 2026-11-22T10:00:00Z\nRequest ID", 1),
			"no channel":         text[:strings.Index(text, "\nRequest ID")],
			"too short a nonce":  strings.Replace(text, string(good.Nonce), "12345678", 1),
			"spaces at the end":  text + "  ",
			"an address changed": strings.Replace(text, key.Address(), changed(key.Address(), 5), 1),
		}
		for other, k := range keys {
			if k.Account() != key.Account() {
				refused["text of "+other] = textFor(t, k)
			}
		}
		for what, text := range refused {
			if proof, err := key.Sign(t.Context(), text); !errors.Is(err, protocol.InvalidMessage) || !proof.Equal(protocol.Proof{}) {
				t.Errorf("%s, %s: Sign(%q) = %+v, %v, want invalid_message", name, what, text, proof, err)
			}
		}
		long := strings.Repeat("x", protocol.MaxSignInBytes+1)
		if proof, err := key.Sign(t.Context(), long); !errors.Is(err, protocol.TooLarge) || !proof.Equal(protocol.Proof{}) {
			t.Errorf("%s: Sign(%d bytes) = %+v, %v, want too_large", name, len(long), proof, err)
		}
	}
}

func TestOn(t *testing.T) {
	for name, key := range everyKey(t) {
		if same, err := chain.On(key, key.Chain()); err != nil || same.Account() != key.Account() {
			t.Errorf("%s: On its own chain = %v, %v", name, same, err)
		}
		for _, other := range []protocol.ChainID{"", "nothing:1", "solana:", "algorand:", "eip155:0", "did:web"} {
			if view, err := chain.On(key, other); view != nil || !errors.Is(err, protocol.InvalidMessage) {
				t.Errorf("%s: On(%q) = %v, %v, want invalid_message", name, other, view, err)
			}
		}
	}
}
