package pairingfile

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/liaison-dev/liaison/client"
)

const (
	suffix = ".pairing"
	// maxFileBytes bounds what is read: a pairing has some 600 bytes.
	maxFileBytes = 16 << 10
)

// Folder is a place for pairings.
type Folder struct {
	path string      // fixed after Open
	aead cipher.AEAD // fixed after Open
}

// Open returns the folder at path, which need not exist yet, for the wallet with
// this secret.
func Open(path string, secret []byte) (*Folder, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "liaison/1 wallet pairings", 32)
	if err != nil {
		return nil, fmt.Errorf("open pairings: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("open pairings: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("open pairings: %w", err)
	}
	return &Folder{path: path, aead: aead}, nil
}

func (f *Folder) file(id string) string {
	sum := sha256.Sum256([]byte(id))
	return filepath.Join(f.path, hex.EncodeToString(sum[:16])+suffix)
}

// Keep writes a pairing, durably, in place of an older one of the same id.
func (f *Folder) Keep(r client.Resumption) error {
	if err := os.MkdirAll(f.path, 0o700); err != nil {
		return fmt.Errorf("make folder of pairings: %w", err)
	}
	path := f.file(r.ID())
	// The name is authenticated, so that files cannot be exchanged.
	data := f.aead.Seal(nil, nil, r.Encode(), []byte(filepath.Base(path)))
	temp, err := os.CreateTemp(f.path, ".new-*") // mode 0600
	if err != nil {
		return fmt.Errorf("write pairing: %w", err)
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(data)
	if err == nil {
		err = temp.Sync()
	}
	if closeErr := temp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write pairing: %w", err)
	}
	return nil
}

// Forget removes a pairing, if it is there.
func (f *Folder) Forget(id string) error {
	if err := os.Remove(f.file(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove pairing: %w", err)
	}
	return nil
}

// List returns the pairings that can be resumed at the given time, the one that
// lasts longest first. Files whose time is over are removed; those that the
// wallet's secret does not open are left alone.
func (f *Folder) List(now time.Time) ([]client.Resumption, error) {
	entries, err := os.ReadDir(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list pairings: %w", err)
	}
	var live []client.Resumption
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), suffix) {
			continue
		}
		r, ok := f.read(entry.Name())
		switch {
		case !ok:
		case !now.Before(r.ExpiresAt):
			if err := f.Forget(r.ID()); err != nil {
				return nil, err
			}
		default:
			live = append(live, r)
		}
	}
	slices.SortStableFunc(live, func(a, b client.Resumption) int { return b.ExpiresAt.Compare(a.ExpiresAt) })
	return live, nil
}

// read opens one file.
func (f *Folder) read(name string) (client.Resumption, bool) {
	info, err := os.Stat(filepath.Join(f.path, name))
	if err != nil || info.Size() > maxFileBytes {
		return client.Resumption{}, false
	}
	data, err := os.ReadFile(filepath.Join(f.path, name))
	if err != nil {
		return client.Resumption{}, false
	}
	plain, err := f.aead.Open(nil, nil, data, []byte(name))
	if err != nil {
		return client.Resumption{}, false
	}
	r, err := client.ParseResumption(plain)
	return r, err == nil && f.file(r.ID()) == filepath.Join(f.path, name)
}
