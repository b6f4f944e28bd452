// Package vectors finds the public test vectors of others, which lie beside the
// project and are read in place.
//
// [Path] and [JSON] are all there is; both work for tests only.
//
//	var file struct{ TestGroups []group }
//	vectors.JSON(t, "wycheproof/ed25519.json", &file)
//
// The folder is where the environment variable LIAISON_VECTORS says, else
// "../shared/vectors" beside the repository. A test whose vectors are missing is
// skipped with a message that names them; where the variable CI is set it fails
// instead, since nobody would read the message there. The package holds no
// vectors itself, keeps no state, and is safe for concurrent use.
//
// It serves the tests of spec/protocol.md §4 and §5.
package vectors
