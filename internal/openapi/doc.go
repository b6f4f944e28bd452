// Package openapi renders the server's routes as an OpenAPI 3.1 document.
//
// [Render] returns the document; internal/genopenapi writes it to
// server/openapi.json, and a test fails when the two differ. Types come from
// the Go types of package protocol by reflection, descriptions from their
// comments, so that nothing is said twice.
//
//	document, err := openapi.Render("protocol")
//
// It knows the types that the protocol uses and panics upon any other. It is
// not for use while a server runs.
package openapi
