// Command gencodes writes the files that are rendered from the protocol's table
// of codes and its limits. Run it from the module's root after a change there:
//
//	go run ./internal/gencodes
//
// It knows nothing of what the files hold: package codetable renders them.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/liaison-dev/liaison/internal/codetable"
)

func main() {
	if err := write("."); err != nil {
		fmt.Fprintln(os.Stderr, "gencodes:", err)
		os.Exit(1)
	}
}

// write replaces every rendered file under root, the module's root.
func write(root string) error {
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		return fmt.Errorf("not in the module's root: %w", err)
	}
	for path, data := range codetable.Files() {
		path = filepath.Join(root, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
