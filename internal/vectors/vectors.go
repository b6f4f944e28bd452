package vectors

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Path returns the path of a vector file, named relative to the folder of
// vectors with forward slashes. If the file is missing, the test ends.
func Path(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(folder(t), filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		const hint = "public test vectors %q are missing (looked at %s); set LIAISON_VECTORS to the folder that holds them"
		if os.Getenv("CI") != "" {
			t.Fatalf(hint, name, path)
		}
		t.Skipf(hint, name, path)
	}
	return path
}

// JSON reads a vector file into dst. If it is missing or not JSON, the test
// ends.
func JSON(t testing.TB, name string, dst any) {
	t.Helper()
	data, err := os.ReadFile(Path(t, name))
	if err != nil {
		t.Fatalf("read vectors %q: %v", name, err)
	}
	if err := json.Unmarshal(data, dst); err != nil {
		t.Fatalf("vectors %q: %v", name, err)
	}
}

func folder(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("LIAISON_VECTORS"); dir != "" {
		return dir
	}
	root, err := os.Getwd()
	if err != nil {
		t.Fatalf("find the repository: %v", err)
	}
	for !isFile(filepath.Join(root, "go.mod")) && filepath.Dir(root) != root {
		root = filepath.Dir(root)
	}
	return filepath.Join(root, "..", "shared", "vectors")
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
