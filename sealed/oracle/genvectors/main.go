// Command genvectors writes the handshake vectors in vectors/. Run it from the
// folder of its module after a change of the handshake:
//
//	go run ./genvectors
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/liaison-dev/liaison/sealed/oracle"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "genvectors:", err)
		os.Exit(1)
	}
}

func run() error {
	files, err := oracle.Files()
	if err != nil {
		return err
	}
	for path, data := range files {
		if err := os.WriteFile(filepath.Join("..", "..", filepath.FromSlash(path)), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
