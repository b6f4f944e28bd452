package openapi

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
)

// comments are the documentation of types and fields, by "Type" and
// "Type.Field".
type comments map[string]string

// readComments parses the Go files of a folder, tests left out.
func readComments(dir string) (comments, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	found := comments{}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, d := range file.Decls {
			if decl, ok := d.(*ast.GenDecl); ok {
				found.add(decl)
			}
		}
	}
	return found, nil
}

func (c comments) add(decl *ast.GenDecl) {
	for _, spec := range decl.Specs {
		t, ok := spec.(*ast.TypeSpec)
		if !ok {
			continue
		}
		c[t.Name.Name] = plain(decl.Doc.Text())
		structure, ok := t.Type.(*ast.StructType)
		if !ok {
			continue
		}
		for _, field := range structure.Fields.List {
			for _, name := range field.Names {
				c[t.Name.Name+"."+name.Name] = plain(field.Doc.Text())
			}
		}
	}
}

func (c comments) typ(name string) string { return c[name] }

func (c comments) field(typ, name string) string { return c[typ+"."+name] }

// plain makes one paragraph of a comment, without the brackets of its links.
func plain(text string) string {
	return strings.NewReplacer("[", "", "]", "").Replace(strings.Join(strings.Fields(text), " "))
}
