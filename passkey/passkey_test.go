package passkey_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/internal/authenticator"
	"github.com/liaison-dev/liaison/passkey"
	"github.com/liaison-dev/liaison/protocol"
)

const (
	rpID    = "example.com"
	page    = "https://example.com"
	app     = "android:apk-key-hash:R8xO7rlQWaWL4BlFygptWRb5qcKWdfjzZIaSRit9XVw"
	account = protocol.Account("algorand:x:OWNER")
)

var (
	now       = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	challenge = bytes.Repeat([]byte{0x9a}, 32)
	user      = []byte("a handle")
)

func newParty(t testing.TB) *passkey.RelyingParty {
	t.Helper()
	party, err := passkey.New(passkey.Config{RPID: rpID, Origins: []string{page, app}})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return party
}

func ceremony(kind liaison.CeremonyKind) liaison.Ceremony {
	return liaison.Ceremony{ID: liaison.CeremonyOf(challenge), Kind: kind, Account: account, UserVerification: true, ExpiresAt: now.Add(time.Second)}
}

// registered makes a passkey on a device and returns it as it is stored.
func registered(t testing.TB, party *passkey.RelyingParty, device *authenticator.Device) liaison.Credential {
	t.Helper()
	made, err := party.Registration(ceremony(liaison.Registration), device.Create(rpID, challenge, user), now)
	if err != nil {
		t.Fatalf("Registration: %v", err)
	}
	return made.Credential
}

// wantRefused fails unless the error is the one code, with nothing for strangers
// and the cause for the log.
func wantRefused(t *testing.T, name string, err error, cause string) {
	t.Helper()
	var coded *liaison.Error
	if !errors.As(err, &coded) || coded.Code != protocol.ProofRejected || coded.Msg != "" {
		t.Errorf("%s: got %v, want %s and no word more", name, err, protocol.ProofRejected)
	} else if !strings.Contains(err.Error(), cause) {
		t.Errorf("%s: got the cause %q, want %q", name, err, cause)
	}
}

// TestCeremonies makes and uses passkeys of each algorithm and attestation.
func TestCeremonies(t *testing.T) {
	party := newParty(t)
	for _, algorithm := range []int{authenticator.ES256, authenticator.EdDSA, authenticator.RS256} {
		for _, attestation := range []string{"none", "packed"} {
			t.Run(fmt.Sprint(algorithm, attestation), func(t *testing.T) {
				device := &authenticator.Device{Origin: page, Algorithm: algorithm, Attestation: attestation, BackupEligible: true, BackupState: true}
				credential := registered(t, party, device)
				want := liaison.Credential{
					ID: liaison.NewCredentialID(device.Passkeys[0].ID), Account: account, PublicKey: credential.PublicKey,
					UserVerified: true, BackupEligible: true, BackupState: true, Transports: []string{"internal", "hybrid"}, Origin: page, CreatedAt: now, UsedAt: now,
				}
				if !reflect.DeepEqual(credential, want) {
					t.Errorf("registered:\n got %+v\nwant %+v", credential, want)
				}
				credential.Version, credential.Label = 3, "Phone"
				device.BackupState, device.Origin = false, app
				later := now.Add(time.Minute)
				asked := ceremony(liaison.Authentication)
				asked.ExpiresAt = later.Add(time.Second)
				used, err := party.Authentication(asked, credential, device.Get(rpID, challenge), later)
				credential.Counter, credential.UsedAt, credential.BackupState = 1, later, false
				if err != nil || used.Origin != app || !used.UserVerified || !reflect.DeepEqual(used.Credential, credential) {
					t.Errorf("used:\n got %+v, %v\nwant %+v, of %s", used, err, credential, app)
				}
			})
		}
	}
}

// faults are what both ceremonies refuse, each in its own way.
var faults = []struct {
	name, cause string
	fault       authenticator.Fault
	ceremony    func(*liaison.Ceremony)
}{
	{name: "another challenge", cause: "another challenge", fault: authenticator.Fault{Challenge: bytes.Repeat([]byte{0x9b}, 32)}},
	{name: "another page", cause: "unknown page", fault: authenticator.Fault{Origin: "https://evil.example"}},
	{name: "a page of a name below", cause: "unknown page", fault: authenticator.Fault{Origin: "https://user.example.com"}},
	{name: "a page of another port", cause: "unknown page", fault: authenticator.Fault{Origin: page + ":8443"}},
	{name: "an origin with a path", cause: "unknown page", fault: authenticator.Fault{Origin: page + "/evil"}},
	{name: "an origin in capitals", cause: "unknown page", fault: authenticator.Fault{Origin: "https://EXAMPLE.com"}},
	{name: "without TLS", cause: "unknown page", fault: authenticator.Fault{Origin: "http://example.com"}},
	{name: "another app", cause: "unknown page", fault: authenticator.Fault{Origin: app[:len(app)-1] + "x"}},
	{name: "another domain", cause: "another domain", fault: authenticator.Fault{RPID: "evil.example"}},
	{name: "nobody present", cause: "nobody was present", fault: authenticator.Fault{NoPresence: true}},
	{name: "nobody verified", cause: "not verified", fault: authenticator.Fault{NoVerification: true}},
	{name: "in a frame of another site", cause: "does not hold", fault: authenticator.Fault{CrossOrigin: true}},
	{name: "in a frame of a named site", cause: "does not hold", fault: authenticator.Fault{CrossOrigin: true, TopOrigin: page}},
	{name: "the other type", cause: "does not hold", fault: authenticator.Fault{Type: "payment.get"}},
	{name: "another passkey", fault: authenticator.Fault{WrongID: true}},
	{name: "client data that is no JSON", cause: "cannot be read", fault: authenticator.Fault{ClientData: []byte("{")}},
	{name: "client data without a challenge", cause: "cannot be read", fault: authenticator.Fault{ClientData: []byte(`{"type":"webauthn.get"}`)}},
	{name: "too late", cause: "expired", ceremony: func(c *liaison.Ceremony) { c.ExpiresAt = now }},
	{name: "another ceremony", cause: "another challenge", ceremony: func(c *liaison.Ceremony) { c.ID[0]++ }},
	{name: "no kind", cause: "something else", ceremony: func(c *liaison.Ceremony) { c.Kind = "" }},
}

func TestRegistrationRefuses(t *testing.T) {
	party := newParty(t)
	for _, c := range faults {
		asked := ceremony(liaison.Registration)
		if c.ceremony != nil {
			c.ceremony(&asked)
		}
		device := &authenticator.Device{Origin: page, Fault: c.fault}
		got, err := party.Registration(asked, device.Create(rpID, challenge, user), now)
		wantRefused(t, c.name, err, c.cause)
		if got.Credential.ID != "" || got.Origin != "" {
			t.Errorf("%s: got %+v beside the error", c.name, got)
		}
	}
	device := &authenticator.Device{Origin: page, Attestation: "packed", Fault: authenticator.Fault{WrongKey: true}}
	_, err := party.Registration(ceremony(liaison.Registration), device.Create(rpID, challenge, user), now)
	wantRefused(t, "an attestation of another key", err, "attestation does not hold")

	_, err = party.Registration(ceremony(liaison.Authentication), device.Create(rpID, challenge, user), now)
	wantRefused(t, "a challenge for the other ceremony", err, "something else")
}

func TestAuthenticationRefuses(t *testing.T) {
	party := newParty(t)
	device := &authenticator.Device{Origin: page}
	credential := registered(t, party, device)
	for _, c := range faults {
		asked := ceremony(liaison.Authentication)
		if c.ceremony != nil {
			c.ceremony(&asked)
		}
		device.Fault = c.fault
		got, err := party.Authentication(asked, credential, device.Get(rpID, challenge), now)
		wantRefused(t, c.name, err, c.cause)
		if got.Credential.ID != "" || got.Origin != "" {
			t.Errorf("%s: got %+v beside the error", c.name, got)
		}
	}
	device.Fault = authenticator.Fault{WrongKey: true}
	_, err := party.Authentication(ceremony(liaison.Authentication), credential, device.Get(rpID, challenge), now)
	wantRefused(t, "another key", err, "signature does not hold")

	device.Fault = authenticator.Fault{}
	_, err = party.Authentication(ceremony(liaison.Registration), credential, device.Get(rpID, challenge), now)
	wantRefused(t, "a challenge for the other ceremony", err, "something else")

	second := registered(t, party, device)
	asked := ceremony(liaison.Authentication)
	asked.Credential = credential.ID
	_, err = party.Authentication(asked, second, device.Get(rpID, challenge), now)
	wantRefused(t, "another passkey than asked for", err, "asked for")
	if _, err := party.Authentication(asked, credential, device.Get(rpID, challenge, credential.ID.Bytes()), now); err != nil {
		t.Errorf("the passkey that was asked for: %v", err)
	}
}

// TestCounter: a counter that does not count may mean that there are two of one
// passkey; one that is always 0 means that there is none.
func TestCounter(t *testing.T) {
	party := newParty(t)
	device := &authenticator.Device{Origin: page}
	credential := registered(t, party, device)
	for _, c := range []struct {
		stored, said uint32
		ok           bool
	}{
		{0, 0, true},
		{0, 1, true},
		{1, 2, true},
		{1, 1 << 31, true},
		{1<<32 - 2, 1<<32 - 1, true},
		{1, 1, false},
		{2, 1, false},
		{10, 3, false},
		{1, 0, false},
		{1<<32 - 1, 0, false},
	} {
		credential.Counter = c.stored
		device.Passkeys[0].Counter = c.said - 1
		used, err := party.Authentication(ceremony(liaison.Authentication), credential, device.Get(rpID, challenge), now)
		if c.ok && (err != nil || used.Credential.Counter != c.said) {
			t.Errorf("counter %d after %d: got %+v, %v, want it taken", c.said, c.stored, used, err)
		} else if !c.ok {
			wantRefused(t, fmt.Sprintf("counter %d after %d", c.said, c.stored), err, "counter")
		}
	}
}

// TestVerificationIsForTheCeremonyToAsk: a ceremony that does not ask for it
// learns whether the person was verified.
func TestVerificationIsForTheCeremonyToAsk(t *testing.T) {
	party := newParty(t)
	device := &authenticator.Device{Origin: page, Fault: authenticator.Fault{NoVerification: true}}
	asked := ceremony(liaison.Registration)
	asked.UserVerification = false
	made, err := party.Registration(asked, device.Create(rpID, challenge, user), now)
	if err != nil || made.UserVerified || made.Credential.UserVerified {
		t.Fatalf("registration: got %+v, %v, want it unverified", made, err)
	}
	asked.Kind = liaison.Authentication
	if used, err := party.Authentication(asked, made.Credential, device.Get(rpID, challenge), now); err != nil || used.UserVerified {
		t.Errorf("authentication: got %+v, %v, want it unverified", used, err)
	}
}

// TestResponsesOfOtherClients: what clients in the field write is read.
func TestResponsesOfOtherClients(t *testing.T) {
	party := newParty(t)
	// An app that says it may be backed up when it registers and not when it signs.
	device := &authenticator.Device{Origin: page, Uncounted: true, BackupEligible: true, BackupState: true}
	response := device.Create(rpID, challenge, user)
	device.BackupEligible, device.BackupState = false, false
	credential := registered(t, party, &authenticator.Device{Origin: page})
	for name, write := range map[string]func([]byte) string{
		"base64url": base64.RawURLEncoding.EncodeToString, "base64url with padding": base64.URLEncoding.EncodeToString,
		"base64": base64.StdEncoding.EncodeToString, "base64 without padding": base64.RawStdEncoding.EncodeToString,
	} {
		body := edited(t, response, func(top, inner map[string]any) {
			for _, field := range []string{"clientDataJSON", "attestationObject"} {
				data, _ := base64.RawURLEncoding.DecodeString(inner[field].(string))
				inner[field] = write(data)
			}
			top["device"], top["userHandle"] = "Pixel", "tester"
			top["clientExtensionResults"] = map[string]any{"liquid": map[string]any{"type": "algorand", "requestId": 5.0}}
			inner["transports"] = "none"
		})
		made, err := party.Registration(ceremony(liaison.Registration), body, now)
		if err != nil || made.Credential.ID != liaison.NewCredentialID(device.Passkeys[0].ID) || len(made.Credential.Transports) != 0 {
			t.Fatalf("registration in %s: got %+v, %v", name, made, err)
		}
		credential = made.Credential
	}
	for name, edit := range map[string]func(top, inner map[string]any){
		"no handle":     func(_, inner map[string]any) { delete(inner, "userHandle") },
		"null":          func(top, inner map[string]any) { inner["userHandle"], top["clientExtensionResults"] = nil, nil },
		"extra fields":  func(top, inner map[string]any) { top["userHandle"], inner["attestationObject"] = "tester", nil },
		"no extensions": func(top, _ map[string]any) { delete(top, "clientExtensionResults") },
	} {
		body := edited(t, device.Get(rpID, challenge), edit)
		if _, err := party.Authentication(ceremony(liaison.Authentication), credential, body, now); err != nil {
			t.Errorf("authentication, %s: %v", name, err)
		}
	}
}

// edited returns a response with changes.
func edited(t testing.TB, response []byte, edit func(top, inner map[string]any)) []byte {
	t.Helper()
	var top map[string]any
	if err := json.Unmarshal(response, &top); err != nil {
		t.Fatal(err)
	}
	edit(top, top["response"].(map[string]any))
	data, err := json.Marshal(top)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestResponse(t *testing.T) {
	party := newParty(t)
	device := &authenticator.Device{Origin: page}
	response := device.Create(rpID, challenge, user)
	said, err := party.Response(response)
	if err != nil || !bytes.Equal(said.Challenge, challenge) || said.Credential != liaison.NewCredentialID(device.Passkeys[0].ID) {
		t.Fatalf("Response: got %+v, %v", said, err)
	}
	client := func(text string) func(_, inner map[string]any) {
		return func(_, inner map[string]any) {
			inner["clientDataJSON"] = base64.RawURLEncoding.EncodeToString([]byte(text))
		}
	}
	for name, edit := range map[string]func(top, inner map[string]any){
		"two ids":              func(top, _ map[string]any) { top["rawId"] = "YQ" },
		"no id":                func(top, _ map[string]any) { top["id"], top["rawId"] = "", "" },
		"an id that asks":      func(top, _ map[string]any) { top["id"] = map[string]any{"$regex": "^a"} },
		"an id that is long":   func(top, _ map[string]any) { top["id"] = strings.Repeat("A", 1366); top["rawId"] = top["id"] },
		"another type":         func(top, _ map[string]any) { top["type"] = "password" },
		"no type":              func(top, _ map[string]any) { delete(top, "type") },
		"no response":          func(top, _ map[string]any) { delete(top, "response") },
		"no client data":       func(_, inner map[string]any) { delete(inner, "clientDataJSON") },
		"client data of text":  client("text"),
		"no challenge":         client(`{"type":"webauthn.create"}`),
		"an empty challenge":   client(`{"challenge":""}`),
		"a challenge of lines": client(`{"challenge":"mpqa\n"}`),
		"another spelling":     client(`{"challenge":"mpq="}`),
		"bits left over":       client(`{"challenge":"mpr"}`),
		"base64 in a number":   func(_, inner map[string]any) { inner["clientDataJSON"] = 5 },
		"base64 of lines":      func(_, inner map[string]any) { inner["clientDataJSON"] = "e30\n" },
	} {
		if said, err := party.Response(edited(t, response, edit)); !errors.Is(err, protocol.InvalidMessage) || said.Challenge != nil {
			t.Errorf("%s: got %+v, %v, want %s", name, said, err, protocol.InvalidMessage)
		}
	}
	long := append(response[:len(response):len(response)], bytes.Repeat([]byte(" "), protocol.MaxBodyBytes)...)
	if _, err := party.Response(long); !errors.Is(err, protocol.TooLarge) {
		t.Errorf("a long response: got %v, want %s", err, protocol.TooLarge)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, cfg := range map[string]passkey.Config{
		"an address":          {RPID: "127.0.0.1", Origins: []string{"http://127.0.0.1"}},
		"an IPv6 address":     {RPID: "::1", Origins: []string{"http://[::1]"}},
		"nothing":             {Origins: []string{page}},
		"no origin":           {RPID: rpID},
		"another domain":      {RPID: rpID, Origins: []string{"https://example.org"}},
		"the end of a name":   {RPID: rpID, Origins: []string{"https://anexample.com"}},
		"an origin with more": {RPID: rpID, Origins: []string{page + "/"}},
		"a short hash":        {RPID: rpID, Origins: []string{page, app[:len(app)-2]}},
		"the hash in hex":     {RPID: rpID, Origins: []string{page, "android:apk-key-hash:AB:CD"}},
	} {
		if party, err := passkey.New(cfg); err == nil {
			t.Errorf("%s: got %+v, want an error", name, party)
		}
	}
	if _, err := passkey.New(passkey.Config{RPID: "localhost", Origins: []string{"http://localhost:8080"}}); err != nil {
		t.Errorf("localhost: %v", err)
	}
}

// TestKeysOfNoUse: a key that no algorithm of ours has, or that is too large.
func TestKeysOfNoUse(t *testing.T) {
	party := newParty(t)
	device := &authenticator.Device{Origin: page}
	response := device.Create(rpID, challenge, user)
	for name, change := range map[string][2]string{
		"ES384":           {"\x03\x26\x20\x01", "\x03\x38\x22\x20\x01"},
		"off the curve":   {"\x21\x58\x20", "\x21\x58\x20"},
		"another type":    {"\xa5\x01\x02", "\xa5\x01\x03"},
		"another curve":   {"\x20\x01\x21", "\x20\x02\x21"},
		"no such algorit": {"\x03\x26", "\x03\x25"},
	} {
		body := edited(t, response, func(_, inner map[string]any) {
			data, _ := base64.RawURLEncoding.DecodeString(inner["attestationObject"].(string))
			changed := bytes.Replace(data, []byte(change[0]), []byte(change[1]), 1)
			if name == "off the curve" {
				at := bytes.Index(data, []byte(change[0])) + 3
				changed = bytes.Clone(data)
				changed[at+5] ^= 1
			}
			if bytes.Equal(changed, data) {
				t.Fatalf("%s: nothing to change", name)
			}
			inner["attestationObject"] = base64.RawURLEncoding.EncodeToString(changed)
		})
		_, err := party.Registration(ceremony(liaison.Registration), body, now)
		wantRefused(t, name, err, "")
	}
}

func FuzzResponses(f *testing.F) {
	party := newParty(f)
	device := &authenticator.Device{Origin: page}
	credential := registered(f, party, device)
	f.Add(device.Create(rpID, challenge, user))
	f.Add(device.Get(rpID, challenge))
	device.Attestation = "packed"
	f.Add(device.Create(rpID, challenge, user))
	f.Add([]byte(`{"id":"YQ","rawId":"YQ","type":"public-key","response":{"clientDataJSON":"e30"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		said, err := party.Response(data)
		if (err == nil) != (len(said.Challenge) > 0) {
			t.Errorf("Response(%q) = %+v, %v", data, said, err)
		}
		for _, kind := range []liaison.CeremonyKind{liaison.Registration, liaison.Authentication} {
			asked := ceremony(kind)
			asked.ID = liaison.CeremonyOf(said.Challenge)
			var v liaison.VerifiedPasskey
			if kind == liaison.Registration {
				v, err = party.Registration(asked, data, now)
			} else {
				v, err = party.Authentication(asked, credential, data, now)
			}
			if ok := err == nil; ok != (v.Credential.ID == said.Credential && ok) || ok && !slices.Contains([]string{page, app}, v.Origin) {
				t.Errorf("%s of %q: got %+v, %v", kind, data, v, err)
			}
		}
	})
}
