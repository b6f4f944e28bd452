package linktable_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/internal/linktable"
)

// TestUpToDate fails when the table changed and the document did not.
func TestUpToDate(t *testing.T) {
	got, err := os.ReadFile("../../spec/link.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, linktable.Render()) {
		t.Fatal("spec/link.md is not up to date; run: make generate")
	}
}

// TestEveryEventIsExplained finds an event that was added without a meaning.
func TestEveryEventIsExplained(t *testing.T) {
	for _, kind := range liaison.EventKinds() {
		if strings.Contains(string(linktable.Render()), "| "+string(kind)+" |  |") {
			t.Errorf("event %s has no meaning", kind)
		}
	}
}
