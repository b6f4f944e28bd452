// Mutants shows that every check is guarded by a test: it takes the checks out of
// the code one by one, and expects the tests that are named with each to fail.
//
//	mutants [-only TEXT] [-j N] [-v] [-n]
//
// It changes no file: the compiler reads the changed one through an overlay. It
// must run in the folder of the module, and fails if a mutant lives, does not
// compile, or is no longer found in the code. With -n it looks for the texts and
// the tests alone, which takes seconds. scripts/mutants.sh runs it.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// mutant is one check that is taken out.
type mutant struct {
	file     string // within the module
	old, new string // old stands in the file once
	tests    string // names of tests, of which at least one must fail
	note     string // what the program does then
	pkg      string // whose tests they are; default: the file's
}

func (m mutant) dir() string {
	if m.pkg != "" {
		return "./" + m.pkg
	}
	return "./" + filepath.ToSlash(filepath.Dir(m.file))
}

// fate is what became of a mutant.
type fate struct {
	word  string // caught, SURVIVED, STALE or BROKEN
	guard string // the test that failed first, or what else there is to say
	log   string
}

func table() []mutant {
	return slices.Concat(clientMutants(), sealedMutants(), protocolMutants(), chainMutants(), serverMutants(), liquidMutants(), passkeyMutants())
}

func main() {
	only := flag.String("only", "", "only mutants whose file or note holds this text")
	jobs := flag.Int("j", runtime.NumCPU(), "mutants at a time")
	verbose := flag.Bool("v", false, "show what the tests say of each mutant that lives")
	dry := flag.Bool("n", false, "take nothing out: see whether every check and every test is there")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var chosen []mutant
	for _, m := range table() {
		if strings.Contains(m.file, *only) || strings.Contains(m.note, *only) {
			chosen = append(chosen, m)
		}
	}
	good := present(ctx, chosen)
	if good && !*dry {
		good = passes(ctx, chosen) && run(ctx, chosen, *jobs, *verbose)
	}
	if !good {
		os.Exit(1)
	}
}

// run reports whether every mutant was caught.
func run(ctx context.Context, chosen []mutant, jobs int, verbose bool) bool {
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return false
	}
	defer os.RemoveAll(dir)
	counts := make(map[string]int)
	var mu sync.Mutex // for counts and the output
	var group sync.WaitGroup
	places := make(chan struct{}, max(jobs, 1))
	for i, m := range chosen {
		places <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		group.Go(func() {
			defer func() { <-places }()
			f := m.run(ctx, filepath.Join(dir, fmt.Sprint(i)))
			mu.Lock()
			defer mu.Unlock()
			counts[f.word]++
			fmt.Printf("%-8s  %s: %s (%s)\n", f.word, m.file, m.note, f.guard)
			if verbose && f.word != caught {
				fmt.Println(f.log)
			}
		})
	}
	group.Wait()
	fmt.Printf("%d mutants, %d caught", len(chosen), counts[caught])
	for _, word := range []string{survived, stale, broken} {
		if counts[word] > 0 {
			fmt.Printf(", %d %s", counts[word], word)
		}
	}
	fmt.Println()
	return counts[caught] == len(chosen)
}

const (
	caught   = "caught"
	survived = "SURVIVED"
	stale    = "STALE"  // its old text is not there once
	broken   = "BROKEN" // it does not compile
)

var firstFailure = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)

// run runs the tests on the code with the check taken out.
func (m mutant) run(ctx context.Context, dir string) fate {
	source, err := os.ReadFile(m.file)
	if err != nil {
		return fate{word: stale, guard: err.Error()}
	}
	if bytes.Count(source, []byte(m.old)) != 1 {
		return fate{word: stale, guard: "the file has changed meanwhile"}
	}
	overlay, err := m.write(dir, bytes.Replace(source, []byte(m.old), []byte(m.new), 1))
	if err != nil {
		return fate{word: broken, guard: err.Error()}
	}
	out, err := goTest(ctx, "-overlay", overlay, "-run", "^("+strings.ReplaceAll(m.tests, " ", "|")+")$", m.dir())
	switch {
	case err == nil:
		return fate{word: survived, guard: m.tests, log: out}
	case strings.Contains(out, "[build failed]") || strings.Contains(out, "[setup failed]"):
		return fate{word: broken, guard: "it does not compile", log: out}
	}
	f := fate{word: caught, guard: "the tests did not end well"}
	if found := firstFailure.FindStringSubmatch(out); found != nil {
		f.guard = found[1]
	}
	return f
}

// write puts the changed file where the compiler will look for it.
func (m mutant) write(dir string, changed []byte) (overlay string, err error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	from, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	to := filepath.Join(dir, filepath.Base(m.file))
	if err := os.WriteFile(to, changed, 0o600); err != nil {
		return "", err
	}
	data, err := json.Marshal(map[string]map[string]string{"Replace": {from: to}})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, data, 0o600)
}

// goTest runs the tests of a package once.
func goTest(ctx context.Context, args ...string) (string, error) {
	args = append([]string{"test", "-vet=off", "-count=1", "-failfast", "-timeout=2m"}, args...)
	out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput()
	return string(out), err
}

// named returns the tests of each package.
func named(chosen []mutant) map[string][]string {
	tests := make(map[string][]string)
	for _, m := range chosen {
		tests[m.dir()] = append(tests[m.dir()], strings.Fields(m.tests)...)
	}
	for pkg, names := range tests {
		tests[pkg] = slices.Compact(slices.Sorted(slices.Values(names)))
	}
	return tests
}

// present reports whether every check and every test is where the table says.
func present(ctx context.Context, chosen []mutant) bool {
	good := true
	complain := func(format string, args ...any) {
		fmt.Printf(format+"\n", args...)
		good = false
	}
	for _, m := range chosen {
		source, err := os.ReadFile(m.file)
		if err != nil {
			complain("%v", err)
		} else if n := bytes.Count(source, []byte(m.old)); n != 1 {
			complain("%-8s  %s: %s (its text is there %d times)", stale, m.file, m.note, n)
		}
	}
	tests := named(chosen)
	for _, pkg := range slices.Sorted(maps.Keys(tests)) {
		listed, err := goTest(ctx, "-list", ".", pkg)
		if err != nil {
			complain("%s: tests do not compile\n%s", pkg, listed)
			continue
		}
		for _, name := range tests[pkg] {
			if !slices.Contains(strings.Split(listed, "\n"), name) {
				complain("%s: there is no test %s", pkg, name)
			}
		}
	}
	return good
}

// passes reports whether the tests pass while every check is in its place.
func passes(ctx context.Context, chosen []mutant) bool {
	good := true
	tests := named(chosen)
	for _, pkg := range slices.Sorted(maps.Keys(tests)) {
		if out, err := goTest(ctx, "-timeout=10m", "-run", "^("+strings.Join(tests[pkg], "|")+")$", pkg); err != nil {
			fmt.Printf("%s: tests fail before anything is taken out\n%s", pkg, out)
			good = false
		}
	}
	return good
}
