package openapi_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison/internal/openapi"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

// TestUpToDate fails when the routes or the types changed and the document was
// not generated anew.
func TestUpToDate(t *testing.T) {
	want, err := openapi.Render("../../protocol")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../server/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatal("server/openapi.json is not up to date; run: make generate")
	}
}

// TestServed fetches the document from a server and looks up what it refers to.
func TestServed(t *testing.T) {
	srv := liaisontest.NewServer(t)
	res, err := http.Get(string(srv.Origin) + protocol.PathOpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var document struct {
		OpenAPI    string
		Paths      map[string]map[string]json.RawMessage
		Components struct{ Schemas map[string]json.RawMessage }
	}
	if err := json.NewDecoder(res.Body).Decode(&document); err != nil {
		t.Fatal(err)
	}
	if document.OpenAPI != "3.1.0" {
		t.Errorf("openapi = %q, want 3.1.0", document.OpenAPI)
	}
	for _, route := range server.Routes() {
		if document.Paths[route.Path][strings.ToLower(route.Method)] == nil {
			t.Errorf("%s %s is not in the document", route.Method, route.Path)
		}
	}
	text, _ := json.Marshal(document)
	for rest := string(text); ; {
		_, after, ok := strings.Cut(rest, "#/components/schemas/")
		if !ok {
			break
		}
		name, tail, _ := strings.Cut(after, `"`)
		if document.Components.Schemas[name] == nil {
			t.Errorf("schema %s is referred to and missing", name)
		}
		rest = tail
	}
}
