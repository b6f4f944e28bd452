// Command genvectors writes the files in vectors/. Run it from the module's root
// after a change of package vectortable:
//
//	go run ./internal/genvectors
//
// It knows nothing of what the files hold: package vectortable renders them.
package main

import (
	"fmt"
	"os"

	"github.com/liaison-dev/liaison/internal/vectortable"
)

func main() {
	for path, data := range vectortable.Files() {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "genvectors:", err)
			os.Exit(1)
		}
	}
}
