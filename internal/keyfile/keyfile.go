package keyfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"filippo.io/age"

	"github.com/liaison-dev/liaison/protocol"
)

const (
	formatVersion = 2
	// maxFileBytes bounds what is read: a file holds some 300 bytes, and 150 more
	// for each further key.
	maxFileBytes = 64 << 10
	// maxWorkFactor bounds the memory that a strange file can make scrypt take,
	// at 2^20 blocks of 1 KiB. New files use [workFactor].
	maxWorkFactor = 20
)

// Wallet is the content of a key file: at least one key.
type Wallet struct {
	Keys []Key
}

// Key is one key of a wallet.
type Key struct {
	// Kind says what the secret is the secret of: one of chain.Kinds.
	Kind string
	// Secret is what chain.ParseKey takes.
	Secret []byte
	// Address is the account's address, so that a reader can check that the
	// secret is understood in the same way.
	Address string
}

// document is what stands in the file, encrypted.
type document struct {
	Version int           `json:"version"`
	Keys    []documentKey `json:"keys"`
}

type documentKey struct {
	Kind    string          `json:"kind"`
	Address string          `json:"address"`
	Secret  protocol.Base64 `json:"secret"`
}

// firstDocument is what version 1 wrote: one key of one kind.
type firstDocument struct {
	Type    string          `json:"type"`
	Address string          `json:"address"`
	Seed    protocol.Base64 `json:"seed"`
}

const (
	firstVersion = 1
	firstType    = "algorand-ed25519"
	// firstKind is the kind by which the one key of version 1 is known since.
	firstKind = "algorand"
)

// workFactor is the exponent of scrypt's cost: about a second on a small
// machine.
var workFactor = 18

// LowerCostForTests makes passphrases cheap to try, also for who guesses them. It is
// for tests, whose keys protect nothing: they open files dozens of times.
func LowerCostForTests() { workFactor = 4 }

// Create writes a new file that passphrase opens; missing folders are made with
// mode 0700. If there is a file already, the error is [fs.ErrExist] and the file
// stays as it is; a wallet without keys gives [protocol.InvalidMessage].
func Create(path string, wallet Wallet, passphrase string) error {
	data, err := encrypt(wallet, passphrase)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make folder of key file: %w", err)
	}
	return writeNew(path, data)
}

// Open reads a file. [fs.ErrNotExist] means that there is none,
// [protocol.KeyLocked] that the passphrase does not open it or that it is not a
// key file at all.
func Open(path, passphrase string) (Wallet, error) {
	file, err := os.Open(path)
	if err != nil {
		return Wallet{}, fmt.Errorf("open key file: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFileBytes))
	if err != nil {
		return Wallet{}, fmt.Errorf("read key file: %w", err)
	}
	return decrypt(data, passphrase)
}

func encrypt(wallet Wallet, passphrase string) ([]byte, error) {
	if passphrase == "" {
		return nil, protocol.Errorf(protocol.KeyLocked, "the passphrase is empty")
	}
	if len(wallet.Keys) == 0 {
		return nil, protocol.Errorf(protocol.InvalidMessage, "a wallet has at least one key")
	}
	doc := document{Version: formatVersion}
	for _, k := range wallet.Keys {
		doc.Keys = append(doc.Keys, documentKey{k.Kind, k.Address, k.Secret})
	}
	plain, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("encode key file: %w", err)
	}
	recipient, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, fmt.Errorf("encrypt key file: %w", err)
	}
	recipient.SetWorkFactor(workFactor)
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, recipient)
	if err != nil {
		return nil, fmt.Errorf("encrypt key file: %w", err)
	}
	if _, err := w.Write(plain); err != nil {
		return nil, fmt.Errorf("encrypt key file: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("encrypt key file: %w", err)
	}
	return sealed.Bytes(), nil
}

func decrypt(data []byte, passphrase string) (Wallet, error) {
	if passphrase == "" {
		return Wallet{}, protocol.Errorf(protocol.KeyLocked, "the passphrase is empty")
	}
	identity, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return Wallet{}, fmt.Errorf("open key file: %w", err)
	}
	identity.SetMaxWorkFactor(maxWorkFactor)
	r, err := age.Decrypt(bytes.NewReader(data), identity)
	var noMatch *age.NoIdentityMatchError
	switch {
	case errors.As(err, &noMatch):
		return Wallet{}, protocol.Errorf(protocol.KeyLocked, "the passphrase does not open this key file")
	case err != nil:
		return Wallet{}, protocol.Errorf(protocol.KeyLocked, "this is not a key file")
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return Wallet{}, protocol.Errorf(protocol.KeyLocked, "the key file is damaged")
	}
	return parse(plain)
}

// parse reads the document of this version and of those before it.
func parse(plain []byte) (Wallet, error) {
	var doc struct {
		document
		firstDocument
	}
	if err := json.Unmarshal(plain, &doc); err != nil {
		return Wallet{}, protocol.Errorf(protocol.KeyLocked, "the key file is damaged")
	}
	switch {
	case doc.Version == firstVersion && doc.Type == firstType:
		return Wallet{[]Key{{firstKind, doc.Seed, doc.Address}}}, nil
	case doc.Version != formatVersion:
		return Wallet{}, protocol.Errorf(protocol.KeyLocked, "the key file was written by another version of this program")
	case len(doc.Keys) == 0:
		return Wallet{}, protocol.Errorf(protocol.KeyLocked, "the key file is damaged")
	}
	var wallet Wallet
	for _, k := range doc.Keys {
		wallet.Keys = append(wallet.Keys, Key{k.Kind, k.Secret, k.Address})
	}
	return wallet, nil
}

// writeNew puts data at path in one step. A hard link, unlike a rename, fails if
// something is there: a key is never replaced.
func writeNew(path string, data []byte) error {
	dir := filepath.Dir(path)
	temp, err := os.CreateTemp(dir, ".key-*") // mode 0600
	if err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	defer os.Remove(temp.Name())
	defer temp.Close()
	if _, err := temp.Write(data); err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	if err := temp.Sync(); err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	if err := os.Link(temp.Name(), path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("write key file %s: %w", path, fs.ErrExist)
		}
		return fmt.Errorf("write key file: %w", err)
	}
	return syncFolder(dir)
}

// syncFolder makes the new name durable: a wallet whose address was shown must
// not be gone after a power cut.
func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	return nil
}
