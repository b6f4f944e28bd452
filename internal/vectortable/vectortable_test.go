package vectortable_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/liaison-dev/liaison/internal/vectortable"
)

func TestFilesDoNotDrift(t *testing.T) {
	for path, want := range vectortable.Files() {
		got, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(path)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs from package vectortable; run: go generate ./...", path)
		}
	}
}

// TestNamesAreDistinct guards against a change that does nothing: two vectors
// of one file must not have the same input.
func TestNamesAreDistinct(t *testing.T) {
	seen := map[string]string{}
	for _, v := range vectortable.SignIns().Unreadable {
		key := v.Namespace + "\x00" + v.Text
		if other, ok := seen[key]; ok {
			t.Errorf("vectors %q and %q: got the same text, want different ones", other, v.Name)
		}
		seen[key] = v.Name
	}
	sdps := vectortable.SDPs()
	for _, v := range append(sdps.Valid, sdps.Refused...) {
		key := fmt.Sprint(v.First, v.SDP) // one is valid, save as the first
		if other, ok := seen[key]; ok {
			t.Errorf("vectors %q and %q: got the same session description, want different ones", other, v.Name)
		}
		seen[key] = v.Name
	}
	for _, v := range vectortable.Links().Invalid {
		if other, ok := seen[v.Link]; ok {
			t.Errorf("vectors %q and %q: got the same link, want different ones", other, v.Name)
		}
		seen[v.Link] = v.Name
	}
	texts := map[string]string{}
	for _, v := range vectortable.Requests().Texts {
		if other, ok := texts[v.Text]; ok {
			t.Errorf("vectors %q and %q: got the same text, want different ones", other, v.Name)
		}
		texts[v.Text] = v.Name
	}
	names := map[string]bool{}
	for _, v := range append(vectortable.Proofs().Valid, vectortable.Proofs().Refused...) {
		key, err := json.Marshal(v.Proof)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[string(key)]; ok || names[v.Name] {
			t.Errorf("vectors %q and %q: got the same proof or name, want different ones", other, v.Name)
		}
		seen[string(key)], names[v.Name] = v.Name, true
	}
}
