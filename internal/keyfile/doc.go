// Package keyfile keeps a wallet's keys in one encrypted file.
//
// [Create] makes a file that does not exist yet, [Open] reads one; [Wallet] is
// what is inside. Files that earlier versions wrote open as well.
//
//	wallet, err := keyfile.Open(path, passphrase)
//	if errors.Is(err, protocol.KeyLocked) {
//		return errors.New("wrong passphrase")
//	}
//
// The file is one that the tool age can open too: a small JSON document,
// encrypted with a passphrase (scrypt). Nobody depends on this program to get at
// a key:
//
//	age --decrypt wallet.age
//
// It is written beside its place and moved there when it is complete and on
// disk, with mode 0600. The package never overwrites a file, keeps no state, and
// may be used from several goroutines; two that create one path have one winner.
//
// It belongs to the command line and to no section of spec/: nothing here
// travels.
package keyfile
