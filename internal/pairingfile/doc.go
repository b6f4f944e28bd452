// Package pairingfile keeps what a wallet on a command line needs to resume its
// pairings, in a folder beside its key file.
//
// [Open] opens a [Folder] with the wallet's secret; [Folder.Keep],
// [Folder.Forget] and [Folder.List] are all that there is. A Folder is a
// client.Keeper.
//
//	folder, err := pairingfile.Open("wallet.age.pairings", secret)
//	pairings, err := folder.List(time.Now())
//
// Each pairing is a file of its own, mode 0600, encrypted with AES-256-GCM under
// a key that comes from the wallet's secret (HKDF-SHA256): who has the folder
// and not the wallet can do nothing with it but count. Names of files are hashes.
// A file is written whole or not at all.
//
// It does not protect from somebody who can read the wallet's memory. Several
// processes may use one folder at a time; a Folder is safe for concurrent use.
//
// It serves spec/sealed.md §9.
package pairingfile
