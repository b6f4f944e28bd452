package binarytest_test

import (
	"debug/elf"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// maxBinaryBytes is what the program may weigh.
const maxBinaryBytes = 40 << 20

// TestBinaryIsStatic checks that the program asks for no interpreter and no
// library, and what it weighs, with its symbols and without.
func TestBinaryIsStatic(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "liaison")
	if err := build(plain); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"stripped": binary, "plain": plain} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %.1f MB", name, float64(info.Size())/1e6)
		if info.Size() > maxBinaryBytes {
			t.Errorf("%s: %d bytes, want at most %d", name, info.Size(), maxBinaryBytes)
		}
		if runtime.GOOS == "linux" {
			checkELF(t, name, path)
		}
	}
}

func checkELF(t *testing.T, name, path string) {
	t.Helper()
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if slices.ContainsFunc(file.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		t.Errorf("%s: the program asks for an interpreter, want it static", name)
	}
	if libraries, err := file.ImportedLibraries(); err == nil && len(libraries) > 0 {
		t.Errorf("%s: the program needs %q, want no library", name, libraries)
	}
}

// BenchmarkStart reports how long the program takes from its start on a new data
// file to the first 200 of /readyz, and what it then holds in memory.
func BenchmarkStart(b *testing.B) {
	var held int64
	for b.Loop() {
		server, address := startServer(b)
		ready(b, address, time.Now().Add(patience))
		b.StopTimer()
		if runtime.GOOS == "linux" {
			held += resident(b, server.cmd.Process.Pid)
		}
		server.stop()
		b.StartTimer()
	}
	b.ReportMetric(float64(held)/float64(b.N)/1e6, "idle-MB")
}

// ready waits until the server says that it can do its work.
func ready(t testing.TB, address string, deadline time.Time) {
	t.Helper()
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		res, err := c.Get("http://" + address + "/readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
			err = errors.New(res.Status)
		}
		if time.Now().After(deadline) {
			t.Fatalf("not ready: %v", err)
		}
	}
}

// resident returns what a process holds in memory, in bytes.
func resident(t testing.TB, pid int) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if text, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kilobytes, err := strconv.ParseInt(strings.Fields(text)[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	t.Fatal("no VmRSS in the status of the process")
	return 0
}
