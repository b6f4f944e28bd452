package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"sync"
)

// decodeStrict reads one JSON value into dst and nothing after it. Where
// encoding/json is generous, two programs could read one message differently,
// so it is not: every field is known, spelt as it must be, and there once.
func decodeStrict(r io.Reader, dst any) error {
	dec := json.NewDecoder(r)
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return Errorf(InvalidMessage, "not a JSON object of the expected form")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Errorf(InvalidMessage, "there is something after the JSON object")
	}
	if err := checkKeys(json.NewDecoder(bytes.NewReader(raw)), fieldNames(reflect.TypeOf(dst))); err != nil {
		return decodeError(err)
	}
	strict := json.NewDecoder(bytes.NewReader(raw))
	strict.DisallowUnknownFields()
	return decodeError(strict.Decode(dst))
}

func decodeError(err error) error {
	var ours *Error
	var wrongType *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &ours):
		return ours
	case errors.As(err, &wrongType):
		return Errorf(InvalidMessage, "field %q has the wrong type", wrongType.Field)
	}
	return Errorf(InvalidMessage, "not a JSON object of the expected form")
}

// checkKeys refuses keys that encoding/json would take for another spelling of
// a field, and keys that stand twice in one object. It reads one value, which
// is known to be well-formed.
func checkKeys(dec *json.Decoder, names map[string]bool) error {
	token, err := dec.Token()
	delim, nested := token.(json.Delim)
	if err != nil || !nested {
		return err
	}
	seen := make(map[string]bool)
	for dec.More() {
		if delim == '{' {
			key, err := dec.Token()
			if err != nil {
				return err
			}
			name, _ := key.(string)
			if !names[name] || seen[name] {
				return Errorf(InvalidMessage, "a field is unknown or stands twice")
			}
			seen[name] = true
		}
		if err := checkKeys(dec, names); err != nil {
			return err
		}
	}
	_, err = dec.Token() // the end of what was opened
	return err
}

// knownNames remembers the result of fieldNames for each type.
var knownNames sync.Map // of reflect.Type to map[string]bool

// fieldNames returns the names of all JSON fields within a type.
func fieldNames(t reflect.Type) map[string]bool {
	if known, ok := knownNames.Load(t); ok {
		return known.(map[string]bool)
	}
	names := make(map[string]bool)
	addFieldNames(t, names)
	knownNames.Store(t, names)
	return names
}

func addFieldNames(t reflect.Type, names map[string]bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return
	}
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" {
			names[name] = true
			addFieldNames(t.Field(i).Type, names)
		}
	}
}
