package archtest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison/internal/archtest"
)

var update = flag.Bool("update", false, "write the list of modules in testdata anew")

// listed is what the go command says of a package.
type listed struct {
	Dir, ImportPath, Name                   string
	Imports, GoFiles, TestGoFiles, CgoFiles []string
	Standard                                bool
	Module                                  *struct{ Path string }
}

// list runs the go command in the module's root, for the platform that we ship.
func list(t *testing.T, args ...string) []listed {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=Dir,ImportPath,Name,Imports,GoFiles,TestGoFiles,CgoFiles,Standard,Module"}, args...)...)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %s: %v\n%s", args, err, stderr.String())
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func within(t *testing.T, p listed) string {
	t.Helper()
	pkg, ok := archtest.Within(p.ImportPath)
	if !ok {
		t.Fatalf("package %s is not of module %s", p.ImportPath, archtest.Module)
	}
	return pkg
}

func TestImportsFollowTheTable(t *testing.T) {
	for _, p := range list(t, "./...") {
		pkg := within(t, p)
		row, ok := archtest.RowOf(pkg)
		if !ok {
			t.Errorf("package %s has no row in archtest.Table: say there what it may import, and why", pkg)
			continue
		}
		for _, path := range p.Imports {
			if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
				continue // the standard library has no dot in its first element
			}
			if reason := row.Refuses(path); reason != "" {
				t.Errorf("package %s imports %s, which its row does not allow: %s", pkg, path, reason)
			}
		}
	}
}

func TestTableRefuses(t *testing.T) {
	own := func(pkg string) string { return archtest.Module + "/" + pkg }
	for _, c := range []struct {
		pkg, path string
		allowed   bool
	}{
		{"server", own("sqlite"), false},
		{"server", own("protocol"), true},
		{"server", archtest.Module, true},
		{"server", own("client"), false},
		{"client", own("server"), false},
		{"client", archtest.Module, false},
		{"sqlite", own("membus"), false},
		{"sqlite", "modernc.org/sqlite/lib", true},
		{"sqlite", "github.com/jackc/pgx/v5", false},
		{"protocol", archtest.Module, false},
		{"liaisontest", own("sqlite"), true},
		{"liaisontest", own("cmd/liaison"), false},
		{"cmd/liaison", "github.com/alecthomas/kong", true},
		{"internal/new", own("server"), false},
	} {
		row, ok := archtest.RowOf(c.pkg)
		if !ok {
			t.Fatalf("package %s has no row", c.pkg)
		}
		if reason := row.Refuses(c.path); (reason == "") != c.allowed {
			t.Errorf("%s imports %s: got refusal %q, want allowed: %t", c.pkg, c.path, reason, c.allowed)
		}
	}
	if row, ok := archtest.RowOf("util"); ok {
		t.Errorf("package util: got row %+v, want none", row)
	}
}

// TestProgramModules makes a new dependency of the program visible in review.
func TestProgramModules(t *testing.T) {
	file := filepath.Join("testdata", "cmd-liaison-modules.txt")
	var modules []string
	for _, p := range list(t, "-deps", "./cmd/liaison") {
		if !p.Standard && p.Module != nil && p.Module.Path != archtest.Module && !slices.Contains(modules, p.Module.Path) {
			modules = append(modules, p.Module.Path)
		}
	}
	slices.Sort(modules)
	got := strings.Join(modules, "\n") + "\n"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("modules in the program: got\n%s\nwant\n%s\nIf the change is meant, run: go test ./internal/archtest -update", got, want)
	}
}

func TestProgramHasNoC(t *testing.T) {
	for _, p := range list(t, "-deps", "./cmd/liaison") {
		if len(p.CgoFiles) > 0 && !p.Standard {
			t.Errorf("package %s needs cgo for %s: the program must be static", p.ImportPath, p.CgoFiles)
		}
	}
}

func TestTestsStayOutside(t *testing.T) {
	for _, p := range list(t, "./...") {
		if p.Name == "main" {
			continue // a program has no interface but its command line
		}
		for _, name := range p.TestGoFiles {
			if name != "export_test.go" {
				t.Errorf("%s/%s is a test inside its package: use package %s_test, and export_test.go as the only door", within(t, p), name, p.Name)
			}
		}
	}
}

func TestPackageComments(t *testing.T) {
	for _, p := range list(t, "./...") {
		var with []string
		for _, name := range p.GoFiles {
			if parse(t, p, name).Doc != nil {
				with = append(with, name)
			}
		}
		want := []string{"doc.go"}
		if p.Name == "main" && !slices.Contains(p.GoFiles, "doc.go") {
			want = []string{"main.go"}
		}
		if !slices.Equal(with, want) {
			t.Errorf("package %s has its package comment in %q, want it in %q", within(t, p), with, want)
		}
	}
}

func TestExportedNamesAreDocumented(t *testing.T) {
	for _, p := range list(t, "./...") {
		pkg := within(t, p)
		if p.Name == "main" || strings.HasPrefix(pkg, "internal/") {
			continue
		}
		for _, name := range p.GoFiles {
			for _, decl := range parse(t, p, name).Decls {
				for _, missing := range undocumented(decl) {
					t.Errorf("%s/%s: exported %s has no comment", pkg, name, missing)
				}
			}
		}
	}
}

func parse(t *testing.T, p listed, name string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// undocumented returns the exported names of a declaration that nothing is said
// about. The comment of a group counts for its constants and variables.
func undocumented(decl ast.Decl) (names []string) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Doc == nil && d.Name.IsExported() && (d.Recv == nil || exportedReceiver(d.Recv)) {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, undocumentedType(d, s)...)
			case *ast.ValueSpec:
				for _, name := range s.Names {
					if name.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
						names = append(names, name.Name)
					}
				}
			}
		}
	}
	return names
}

func undocumentedType(d *ast.GenDecl, s *ast.TypeSpec) (names []string) {
	if !s.Name.IsExported() {
		return nil
	}
	if s.Doc == nil && (d.Doc == nil || len(d.Specs) > 1) {
		names = append(names, s.Name.Name)
	}
	contract, ok := s.Type.(*ast.InterfaceType)
	if !ok {
		return names
	}
	for _, method := range contract.Methods.List {
		if len(method.Names) > 0 && len(contract.Methods.List) > 1 && method.Doc == nil && method.Comment == nil {
			names = append(names, s.Name.Name+"."+method.Names[0].Name)
		}
	}
	return names
}

func exportedReceiver(list *ast.FieldList) bool {
	typ := list.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if generic, ok := typ.(*ast.IndexExpr); ok {
		typ = generic.X
	}
	name, ok := typ.(*ast.Ident)
	return ok && name.IsExported()
}
