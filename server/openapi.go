package server

import (
	_ "embed"
	"net/http"
)

// openAPIDocument is generated from Routes by internal/genopenapi.
//
//go:embed openapi.json
var openAPIDocument []byte

// openAPI answers GET /v1/openapi.json.
func (s *Server) openAPI(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/json")
	w.Write(openAPIDocument) // a client that is gone needs no answer
	return nil
}
