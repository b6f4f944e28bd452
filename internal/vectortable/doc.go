// Package vectortable holds the language-neutral vectors of the protocol and
// renders them as the files in vectors/.
//
// [Links], [SDPs], [SignIns], [Proofs], [Passkeys], [Tokens] and [Requests] are
// vectors, written by hand and never computed from the code that they test;
// [Files] renders them.
//
//	for path, data := range vectortable.Files() {
//		os.WriteFile(path, data, 0o644)
//	}
//
// It does not run them: the tests of package protocol and of the browser SDK do,
// each from the files. All functions return fresh values and may be called
// concurrently.
//
// It states spec/protocol.md §2 to §5, §6.1 and §8.1 and spec/sealed.md §1 and §4 as examples.
package vectortable
