package sealed_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison/sealed"
)

// Nothing that is printed or logged holds a secret, in any of the forms that
// bytes take.
func TestSecretsHideThemselves(t *testing.T) {
	link, _ := newLink(t)
	link.Seed = sealed.Seed(bytes.Repeat([]byte{0xa7}, 16)) // 167
	r := sealed.Resumption{ID: "ABCDEFGHIJKLMNOPQRSTUV", Secret: sealed.Secret(bytes.Repeat([]byte{0xa7}, 32))}
	key := sealed.NewSiteKeyForTest(fixedKey(t, 0xa7), link.Seed)
	link.Key = key.Public()
	wallet := must[*sealed.Handshake](t)(sealed.NewWallet(link))
	session, _ := sessions(t)

	verbs := []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%b", "%c", "%U", "%t"}
	var shown strings.Builder
	logger := slog.New(slog.NewTextHandler(&shown, nil))
	jsonLogger := slog.New(slog.NewJSONHandler(&shown, nil))
	for _, v := range []any{link.Seed, &link.Seed, r.Secret, &r.Secret, link, &link, r, &r, key, wallet, session} {
		for _, verb := range verbs {
			fmt.Fprintf(&shown, verb+"\n", v)
		}
		fmt.Fprintln(&shown, v)
		data, err := json.Marshal(v)
		if err != nil {
			t.Errorf("%T in JSON: %v", v, err)
		}
		shown.Write(append(data, '\n'))
		logger.Info("text", "value", v)
		jsonLogger.Info("json", "value", v)
	}
	for _, v := range []any{key, wallet, session, r.Secret, link.Seed} {
		for _, verb := range verbs {
			if got := fmt.Sprintf(verb, v); got != "[redacted]" {
				t.Errorf("%T under %s is shown as %q, want [redacted]", v, verb, got)
			}
		}
		if got := v.(fmt.Stringer).String(); got != "[redacted]" {
			t.Errorf("String of %T = %q, want [redacted]", v, got)
		}
	}
	for _, v := range []fmt.GoStringer{link.Seed, r.Secret} {
		if got := v.GoString(); got != "[redacted]" {
			t.Errorf("GoString of %T = %q, want [redacted]", v, got)
		}
	}
	for _, form := range []string{"a7a7", "A7A7", "0xa7, 0xa7", "167 167", "167,167", "p6en", "§§", `\xa7\xa7`} {
		if strings.Contains(shown.String(), form) {
			t.Errorf("what was shown holds the secret as %q:\n%s", form, shown.String())
		}
	}
}

func TestReveal(t *testing.T) {
	seed, secret := sealed.Seed{1, 2}, sealed.Secret{3, 4}
	if got := seed.Reveal(); got != [16]byte{1, 2} {
		t.Errorf("seed: got %x", got)
	}
	if got := secret.Reveal(); got != [32]byte{3, 4} {
		t.Errorf("secret: got %x", got)
	}
}

// Errors are written to logs: none holds what it is about.
func TestErrorsHoldNoSecret(t *testing.T) {
	link, _ := newLink(t)
	other, otherKey := newLink(t)
	_, err := sealed.NewSite(link, otherKey)
	for _, secret := range [][]byte{link.Seed[:], other.Seed[:], link.Key[:]} {
		if strings.Contains(err.Error(), hex.EncodeToString(secret)) {
			t.Errorf("error %q holds %x", err, secret)
		}
	}
}
