package openapi

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/liaison-dev/liaison/protocol"
)

// object is a JSON object with its keys in the order that encoding/json gives
// them, which is the alphabet's: the document is then the same in each run.
type object = map[string]any

// schemas collects the named types that a document refers to.
type schemas struct {
	comments comments
	named    object
}

// patterns are the forms of strings that have a type of their own.
var patterns = map[reflect.Type]object{
	reflect.TypeFor[protocol.RequestID](): {"type": "string", "pattern": "^[A-Za-z0-9._-]{16,64}$"},
	reflect.TypeFor[protocol.ChannelID](): {"type": "string", "pattern": "^l1\\.[A-Za-z0-9_-]{43}$"},
	reflect.TypeFor[protocol.Nonce]():     {"type": "string", "pattern": "^[A-Za-z0-9]{22,64}$"},
	reflect.TypeFor[protocol.Origin]():    {"type": "string", "format": "uri"},
	reflect.TypeFor[protocol.ChainID]():   {"type": "string", "pattern": "^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}$"},
	reflect.TypeFor[protocol.Account]():   {"type": "string", "pattern": "^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}:[-.%a-zA-Z0-9]{1,128}$"},
	reflect.TypeFor[protocol.Base64]():    {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"},
	reflect.TypeFor[time.Time]():          {"type": "string", "format": "date-time"},
}

// of returns the schema of a type, by reference if it has a name.
func (s *schemas) of(t reflect.Type) object {
	if form, ok := patterns[t]; ok {
		return form
	}
	if t == reflect.TypeFor[protocol.Code]() {
		return object{"type": "string", "enum": codes()}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Uint64:
		return object{"type": "integer", "minimum": 0}
	case reflect.Int32:
		return object{"type": "integer"}
	case reflect.Slice:
		return object{"type": "array", "items": s.of(t.Elem())}
	case reflect.Struct:
		if _, ok := s.named[t.Name()]; !ok {
			s.named[t.Name()] = nil // a type may refer to itself
			s.named[t.Name()] = s.structure(t)
		}
		return object{"$ref": "#/components/schemas/" + t.Name()}
	}
	panic(fmt.Sprintf("openapi: no schema for %s", t))
}

func (s *schemas) structure(t reflect.Type) object {
	properties := object{}
	required := []string{}
	for i := range t.NumField() {
		field := t.Field(i)
		name, rest, _ := strings.Cut(field.Tag.Get("json"), ",")
		property := s.of(field.Type)
		if text := s.comments.field(t.Name(), field.Name); text != "" {
			property = withDescription(property, text)
		}
		properties[name] = property
		if rest != "omitempty" {
			required = append(required, name)
		}
	}
	return object{
		"type": "object", "description": s.comments.typ(t.Name()),
		"properties": properties, "required": required,
	}
}

// withDescription leaves shared schemas alone. OpenAPI 3.1 allows a description
// beside a reference.
func withDescription(schema object, text string) object {
	described := object{"description": text}
	for k, v := range schema {
		described[k] = v
	}
	return described
}

func codes() []string {
	var all []string
	for _, info := range protocol.Codes() {
		if info.Status != 0 {
			all = append(all, string(info.Code))
		}
	}
	return all
}
