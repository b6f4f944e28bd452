// Package archtest holds the architecture as data: which package may import
// which, and why.
//
// [Table] is the table of rows, [RowOf] finds the row of a package, and
// [Row.Refuses] says why an import breaks it. The tests of this package hold the
// whole module against the table.
//
//	row, _ := archtest.RowOf("server")
//	reason := row.Refuses(archtest.Module + "/sqlite") // "the server gets a Store, …"
//
// It looks at imports of the program only, not at those of tests, and not at the
// nested modules. All functions may be called concurrently. The rules are those
// of docs/architecture.md, which spec/ says nothing about.
package archtest
