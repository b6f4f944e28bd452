package protocol_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/liaison-dev/liaison/protocol"
)

func TestCodesAreDistinct(t *testing.T) {
	codes, closes := map[protocol.Code]bool{}, map[int]protocol.Code{}
	for _, info := range protocol.Codes() {
		if codes[info.Code] {
			t.Errorf("code %s: got two rows, want one", info.Code)
		}
		codes[info.Code] = true
		if other, ok := closes[info.Close]; ok && info.Close != 0 {
			t.Errorf("close code %d: got %s and %s, want one", info.Close, other, info.Code)
		}
		closes[info.Close] = info.Code
	}
}

// TestCloseRangeAgreesWithRetry guards what an old SDK does with a close code
// that it has never heard of: to reconnect where nothing can come of it would
// make every client of a dead session knock for ever.
func TestCloseRangeAgreesWithRetry(t *testing.T) {
	for _, info := range protocol.Codes() {
		switch {
		case info.Close == 0:
		case info.Close < 4000 || info.Close > 4999:
			t.Errorf("%s: close code is %d, want one of 4000 to 4999", info.Code, info.Close)
		case info.Retry != (info.Close < 4500):
			t.Errorf("%s: close code %d and retry %t, want retry exactly below 4500", info.Code, info.Close, info.Retry)
		}
	}
}

func TestCodeRowsAreWhole(t *testing.T) {
	for _, info := range protocol.Codes() {
		if info.Status != 0 && (info.Status < 400 || info.Status > 599) {
			t.Errorf("%s: HTTP status is %d, want 400 to 599 or 0", info.Code, info.Status)
		}
		if info.Meaning == "" || info.Remedy == "" {
			t.Errorf("%s: got meaning %q and remedy %q, want a sentence each", info.Code, info.Meaning, info.Remedy)
		}
		if !info.Code.Known() || info.Code.Info() != info {
			t.Errorf("%s: Known and Info do not find its row", info.Code)
		}
	}
}

func TestEveryDeclaredCodeIsInTheTable(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); !ok || typ.Name != "Code" || len(spec.Values) != 1 {
			return true
		}
		literal, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		declared++
		if !protocol.Code(literal).Known() {
			t.Errorf("code %s (%s) is declared, but has no row", spec.Names[0].Name, literal)
		}
		return true
	})
	if rows := len(protocol.Codes()); declared != rows {
		t.Errorf("got %d declared codes and %d rows, want as many", declared, rows)
	}
}

func TestCodeSurvivesWrapping(t *testing.T) {
	err := fmt.Errorf("scan: %w", fmt.Errorf("read: %w", protocol.Errorf(protocol.LinkExpired, "an hour ago")))
	if !errors.Is(err, protocol.LinkExpired) || protocol.CodeOf(err) != protocol.LinkExpired {
		t.Errorf("error %v: got code %s, want %s", err, protocol.CodeOf(err), protocol.LinkExpired)
	}
	if got := protocol.CodeOf(errors.New("disk is full")); got != protocol.Internal {
		t.Errorf("error without a code: got %s, want %s", got, protocol.Internal)
	}
	if c := protocol.Code("of_tomorrow"); c.Known() || c.Info().Code != protocol.Internal {
		t.Errorf("code of the future: got row %+v, want that of internal", c.Info())
	}
}
