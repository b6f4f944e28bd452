package openapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

// common are the codes that every call may answer with.
var common = []protocol.Code{protocol.OriginDenied, protocol.RateLimited, protocol.Unavailable, protocol.Internal}

// Render returns the document as indented JSON. The argument is the folder of
// package protocol's sources, for the descriptions.
func Render(protocolDir string) ([]byte, error) {
	found, err := readComments(protocolDir)
	if err != nil {
		return nil, err
	}
	s := &schemas{comments: found, named: object{}}
	paths := object{}
	for _, route := range server.Routes() {
		item, ok := paths[route.Path].(object)
		if !ok {
			item = object{}
			paths[route.Path] = item
		}
		item[strings.ToLower(route.Method)] = s.operation(route)
	}
	s.of(reflect.TypeFor[protocol.Problem]())
	document := object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Liaison", "version": "1", "license": object{"name": "Apache-2.0", "identifier": "Apache-2.0"},
			"description": "A website and a wallet find each other through a QR code, prove who they are, and talk directly. Every error is a problem document with a code.",
		},
		"paths": paths,
		"components": object{
			"schemas": s.named,
			"securitySchemes": object{
				"cookie": object{"type": "apiKey", "in": "cookie", "name": "__Host-liaison", "description": "For browsers; named liaison on a loopback origin without TLS."},
				"bearer": object{"type": "http", "scheme": "bearer", "description": "For native clients, the value of the cookie; for a wallet in a browser, the token that it has computed."},
			},
		},
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err = enc.Encode(document)
	return out.Bytes(), err
}

func (s *schemas) operation(route server.Route) object {
	op := object{"operationId": route.Name, "summary": route.Summary, "responses": s.responses(route)}
	if strings.Contains(route.Path, "{requestId}") {
		op["parameters"] = []object{{
			"name": "requestId", "in": "path", "required": true, "schema": s.of(reflect.TypeFor[protocol.RequestID]()),
		}}
	}
	if strings.Contains(route.Path, "{credentialId}") {
		op["parameters"] = []object{{
			"name": "credentialId", "in": "path", "required": true, "schema": s.of(reflect.TypeFor[protocol.Base64]()),
		}}
	}
	if strings.Contains(route.Path, "{sessionId}") {
		op["parameters"] = []object{{
			"name": "sessionId", "in": "path", "required": true, "schema": object{"type": "string", "description": "The id of one in the list of sessions."},
		}}
	}
	if route.Request != nil {
		op["requestBody"] = object{"required": true, "content": content("application/json", s.of(reflect.TypeOf(route.Request)))}
	}
	op["x-any-origin"] = route.AnyOrigin
	if description := describe(route); description != "" {
		op["description"] = description
	}
	if route.Session != "" {
		op["security"] = []object{{"cookie": []string{}}, {"bearer": []string{}}}
	}
	return op
}

// describe says what the types do not.
func describe(route server.Route) string {
	var sentences []string
	if route.Session != "" {
		sentences = append(sentences, "Needs a session: "+route.Session+".")
	}
	if route.AnyOrigin {
		sentences = append(sentences, "Pages of every origin may call it; from another than the server's no cookie counts and none is set.")
	}
	return strings.Join(sentences, " ")
}

func (s *schemas) responses(route server.Route) object {
	responses := object{}
	success, response := http.StatusNoContent, object{"description": "Done."}
	if route.Response != nil {
		success, response = http.StatusOK, object{
			"description": "Done.", "content": content("application/json", s.of(reflect.TypeOf(route.Response))),
		}
	}
	if route.Path == protocol.PathSocket {
		success, response = http.StatusSwitchingProtocols, object{"description": "The connection is a WebSocket."}
	}
	if route.SetsCookie {
		response["headers"] = object{"Set-Cookie": object{"schema": object{"type": "string"}, "description": "The session's new id, or its end."}}
	}
	responses[strconv.Itoa(success)] = response
	for status, codes := range byStatus(route) {
		responses[strconv.Itoa(status)] = object{
			"description": strings.Join(codes, ", "),
			"content":     content(protocol.ProblemType, object{"$ref": "#/components/schemas/Problem"}),
		}
	}
	return responses
}

// byStatus groups the codes that a call may answer with by their HTTP status.
func byStatus(route server.Route) map[int][]string {
	all := append(append([]protocol.Code(nil), route.Codes...), common...)
	if route.Session != "" {
		all = append(all, protocol.SessionRequired)
	}
	if route.Request != nil {
		all = append(all, protocol.InvalidMessage, protocol.TooLarge, protocol.UnsupportedMediaType)
	} else if strings.Contains(route.Path, "{") || route.Path == protocol.PathSocket {
		all = append(all, protocol.InvalidMessage)
	}
	grouped := make(map[int][]string)
	for _, code := range all {
		status := code.Info().Status
		grouped[status] = append(grouped[status], string(code))
	}
	return grouped
}

func content(mediaType string, schema object) object {
	return object{mediaType: object{"schema": schema}}
}
