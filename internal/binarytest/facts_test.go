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

// What the README promises of the program.
const (
	maxBinaryBytes = 40 << 20
	maxStart       = 100 * time.Millisecond
	maxIdleBytes   = 30 << 20
)

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

// TestBinaryStartsFastAndStaysSmall takes the best of some starts on a new data
// file: what else the machine does can only make it slower.
func TestBinaryStartsFastAndStaysSmall(t *testing.T) {
	best, smallest := patience, int64(1<<62)
	for range 10 {
		began := time.Now()
		server, address := startServer(t)
		ready(t, address, began.Add(patience))
		best = min(best, time.Since(began))
		if runtime.GOOS == "linux" {
			smallest = min(smallest, resident(t, server.cmd.Process.Pid))
		}
		server.stop()
	}
	t.Logf("ready after %v, %.1f MB resident", best, float64(smallest)/1e6)
	if best > maxStart {
		t.Errorf("ready after %v at best, want at most %v", best, maxStart)
	}
	if runtime.GOOS == "linux" && smallest > maxIdleBytes {
		t.Errorf("idle server: %d bytes resident at best, want at most %d", smallest, maxIdleBytes)
	}
}

// ready waits until the server says that it can do its work.
func ready(t *testing.T, address string, deadline time.Time) {
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
func resident(t *testing.T, pid int) int64 {
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
