// Command genlink writes spec/link.md from the table of a link's legal moves.
// Run it from the module's root:
//
//	go run ./internal/genlink
package main

import (
	"fmt"
	"os"

	"github.com/liaison-dev/liaison/internal/linktable"
)

func main() {
	if err := os.WriteFile("spec/link.md", linktable.Render(), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "genlink:", err)
		os.Exit(1)
	}
}
