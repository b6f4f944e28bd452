// Package codetable renders the protocol's table of codes, and the few limits
// that a browser needs, for readers who are not Go: [TypeScript] and [Limits]
// for the browser SDK, [Markdown] for spec/errors.md. [Files] names where each
// of them is kept in the repository.
//
//	for path, data := range codetable.Files() {
//		if err := os.WriteFile(path, data, 0o644); err != nil {
//			return err
//		}
//	}
//
// It writes nothing itself; command gencodes does, and the package's test fails
// when a file in the repository is not what this package renders. All functions
// are pure and may be called from several goroutines at once.
//
// The table itself is spec/errors.md, from package protocol.
package codetable
