package codetable_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison/internal/codetable"
	"github.com/liaison-dev/liaison/protocol"
)

func TestFilesAreCurrent(t *testing.T) {
	for path, want := range codetable.Files() {
		got, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(path)))
		if err != nil {
			t.Errorf("%s: %v; run: go run ./internal/gencodes", path, err)
			continue
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs from package protocol; run: go run ./internal/gencodes", path)
		}
	}
}

func TestEveryCodeIsRendered(t *testing.T) {
	for path, data := range codetable.Files() {
		if strings.Contains(path, "limits") {
			continue
		}
		for _, c := range protocol.Codes() {
			if !strings.Contains(string(data), string(c.Code)) || !strings.Contains(string(data), c.Remedy) {
				t.Errorf("%s: code %s with its remedy: got none, want one row", path, c.Code)
			}
		}
	}
}
