// Package linktable renders the table of a link's legal moves as spec/link.md:
// the diagram and the table come from the same Go literal that the server runs
// by.
//
// [Render] returns the document; internal/genlink writes it, and a test fails
// when the two differ. It implements nothing of the specification; it writes
// part of it.
//
//	os.WriteFile("spec/link.md", linktable.Render(), 0o644)
package linktable
