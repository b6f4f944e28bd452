package keyfile_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"filippo.io/age"

	"github.com/liaison-dev/liaison/internal/keyfile"
	"github.com/liaison-dev/liaison/protocol"
)

func TestMain(m *testing.M) {
	keyfile.LowerCostForTests()
	os.Exit(m.Run())
}

var wallet = keyfile.Wallet{Keys: []keyfile.Key{
	{Kind: "algorand", Secret: bytes.Repeat([]byte{0xa5}, 32), Address: "SOMEADDRESS"},
	{Kind: "did-p256", Secret: bytes.Repeat([]byte{0x5a}, 32), Address: "zOTHER"},
}}

func create(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "folder", "wallet.age")
	if err := keyfile.Create(path, wallet, "correct horse"); err != nil {
		t.Fatalf("Create: %v", err)
	}
	return path
}

func TestOpenReturnsWhatCreateWrote(t *testing.T) {
	got, err := keyfile.Open(create(t), "correct horse")
	if err != nil || !reflect.DeepEqual(got, wallet) {
		t.Errorf("Open = %+v, %v, want %+v", got, err, wallet)
	}
}

// A file that the first version of this package wrote.
func TestOpenReadsVersion1(t *testing.T) {
	got, err := keyfile.Open(filepath.Join("testdata", "version1.age"), "correct horse")
	if want := (keyfile.Wallet{Keys: wallet.Keys[:1]}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Open = %+v, %v, want %+v", got, err, want)
	}
}

func TestOpenRefusesOtherDocuments(t *testing.T) {
	for _, plain := range []string{
		``, `null`, `{}`, `[]`, `{"version":2}`, `{"version":2,"keys":[]}`, `{"version":3,"keys":[{"kind":"algorand","address":"A","secret":"paWl"}]}`,
		`{"version":0,"keys":[{"kind":"algorand","address":"A","secret":"paWl"}]}`, `{"version":1,"type":"other","address":"A","seed":"paWl"}`,
		`{"version":2,"type":"algorand-ed25519","address":"A","seed":"paWl"}`, `{"version":1,"keys":[{"kind":"algorand","address":"A","secret":"paWl"}]}`,
		`{"version":2,"keys":[{"kind":"algorand","address":"A","secret":"paWl="}]}`, `{"version":2,"keys":[{"kind":7}]}`, `{"version":2,"keys":{}}`,
	} {
		path := filepath.Join(t.TempDir(), "wallet.age")
		if err := os.WriteFile(path, encrypt(t, plain), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := keyfile.Open(path, "correct horse"); !errors.Is(err, protocol.KeyLocked) || got.Keys != nil {
			t.Errorf("document %s: Open = %+v, %v, want nothing and key_locked", plain, got, err)
		}
	}
}

// encrypt does what the tool age does.
func encrypt(t *testing.T, plain string) []byte {
	t.Helper()
	recipient, err := age.NewScryptRecipient("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	recipient.SetWorkFactor(4)
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, recipient)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return sealed.Bytes()
}

func TestFileIsPrivateAndEncrypted(t *testing.T) {
	path := create(t)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of key file is %v (error %v), want 0600", info.Mode(), err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{string(wallet.Keys[0].Secret), "paWlpaWl", "WlpaWlpa", wallet.Keys[0].Address, wallet.Keys[1].Address, "correct horse"} {
		if bytes.Contains(data, []byte(secret)) {
			t.Errorf("key file holds %q in the clear", secret)
		}
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("folder has %d files (error %v), want the key file alone", len(entries), err)
	}
}

func TestOpenRefuses(t *testing.T) {
	path := create(t)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(data)
	damaged[len(damaged)-1] ^= 1
	for name, c := range map[string]struct {
		content    []byte
		passphrase string
	}{
		"wrong passphrase": {data, "wrong horse"},
		"no passphrase":    {data, ""},
		"damaged":          {damaged, "correct horse"},
		"truncated":        {data[:len(data)-5], "correct horse"},
		"empty":            {nil, "correct horse"},
		"something else":   {[]byte("hello"), "correct horse"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "wallet.age")
			if err := os.WriteFile(path, c.content, 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := keyfile.Open(path, c.passphrase)
			if !errors.Is(err, protocol.KeyLocked) || got.Keys != nil {
				t.Errorf("Open = %+v, %v, want nothing and key_locked", got, err)
			}
		})
	}
}

func TestOpenMissingFile(t *testing.T) {
	_, err := keyfile.Open(filepath.Join(t.TempDir(), "none.age"), "x")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of a missing file = %v, want fs.ErrNotExist", err)
	}
}

func TestCreateNeverOverwrites(t *testing.T) {
	path := create(t)
	err := keyfile.Create(path, keyfile.Wallet{Keys: []keyfile.Key{{Kind: "algorand", Secret: make([]byte, 32)}}}, "other")
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("second Create = %v, want fs.ErrExist", err)
	}
	if got, err := keyfile.Open(path, "correct horse"); err != nil || !reflect.DeepEqual(got, wallet) {
		t.Errorf("after a second Create the file holds %+v (error %v), want the first keys", got, err)
	}
}

func TestCreateRefusesAnEmptyPassphrase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wallet.age")
	if err := keyfile.Create(path, wallet, ""); !errors.Is(err, protocol.KeyLocked) {
		t.Errorf("Create without a passphrase = %v, want key_locked", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Create without a passphrase left a file (%v)", err)
	}
}

func TestCreateRefusesAnEmptyWallet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wallet.age")
	if err := keyfile.Create(path, keyfile.Wallet{}, "correct horse"); !errors.Is(err, protocol.InvalidMessage) {
		t.Errorf("Create without keys = %v, want invalid_message", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Create without keys left a file (%v)", err)
	}
}

// The promise that the file opens without this program.
func TestAgeOpensTheFile(t *testing.T) {
	file, err := os.Open(create(t))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	identity, err := age.NewScryptIdentity("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	r, err := age.Decrypt(file, identity)
	if err != nil {
		t.Fatalf("age does not open the file: %v", err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"version":2,"keys":[{"kind":"algorand","address":"SOMEADDRESS","secret":"paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaU"},` +
		`{"kind":"did-p256","address":"zOTHER","secret":"WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo"}]}`
	if string(plain) != want {
		t.Errorf("inside is %s, want %s", plain, want)
	}
}
