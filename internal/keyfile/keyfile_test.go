package keyfile_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"filippo.io/age"

	"github.com/liaison-dev/liaison/internal/keyfile"
	"github.com/liaison-dev/liaison/protocol"
)

func TestMain(m *testing.M) {
	keyfile.LowerCostForTest()
	os.Exit(m.Run())
}

var wallet = keyfile.Wallet{Seed: bytes.Repeat([]byte{0xa5}, 32), Address: "SOMEADDRESS"}

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
	if err != nil || !bytes.Equal(got.Seed, wallet.Seed) || got.Address != wallet.Address {
		t.Errorf("Open = %+v, %v, want %+v", got, err, wallet)
	}
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
	for _, secret := range []string{string(wallet.Seed), "paWlpaWl", wallet.Address, "correct horse"} {
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
			if !errors.Is(err, protocol.KeyLocked) || got.Seed != nil {
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
	err := keyfile.Create(path, keyfile.Wallet{Seed: make([]byte, 32)}, "other")
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("second Create = %v, want fs.ErrExist", err)
	}
	if got, err := keyfile.Open(path, "correct horse"); err != nil || !bytes.Equal(got.Seed, wallet.Seed) {
		t.Errorf("after a second Create the file holds %x (error %v), want the first key", got.Seed, err)
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
	var doc map[string]any
	if err := json.Unmarshal(plain, &doc); err != nil || doc["version"] != 1.0 || doc["address"] != wallet.Address {
		t.Errorf("inside is %q (error %v), want JSON of version 1 with the address", plain, err)
	}
}
