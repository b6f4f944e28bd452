package socketio

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"
)

var errJSON = errors.New("malformed JSON")

// checkJSON reports whether the data is one JSON value in UTF-8 whose arrays and
// objects are nested at most so deep. It needs no stack, however deep it gets.
func checkJSON(data []byte, maxDepth int) bool {
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			if depth++; depth > maxDepth {
				return false
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return utf8.Valid(data) && json.Valid(data)
}

// splitArray returns the elements of an array, byte for byte. The data must be
// valid JSON.
func splitArray(data []byte) ([]json.RawMessage, error) {
	data = bytes.TrimSpace(data)
	if len(data) < 2 || data[0] != '[' {
		return nil, errJSON
	}
	inner := data[1 : len(data)-1]
	if len(bytes.TrimSpace(inner)) == 0 {
		return nil, nil
	}
	var elements []json.RawMessage
	depth, quoted, start := 0, false, 0
	for i := 0; i < len(inner); i++ {
		switch c := inner[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		case c == ',' && depth == 0:
			elements = append(elements, bytes.TrimSpace(inner[start:i]))
			start = i + 1
		}
	}
	return append(elements, bytes.TrimSpace(inner[start:])), nil
}

// placeholder stands for an attachment: {"_placeholder":true,"num":0}
// ("Packet encoding"). Other keys beside these two do not matter.
type placeholder struct {
	start, end int // of the number in the data
	num        int
}

// placeholders finds all placeholders in valid JSON, in order. One without a
// sensible number is an error.
func placeholders(data []byte) ([]placeholder, error) {
	if !bytes.Contains(data, []byte("_placeholder")) && !bytes.Contains(data, []byte(`\u`)) {
		return nil, nil // most data; a key may be spelt with escapes
	}
	walk := walker{dec: json.NewDecoder(bytes.NewReader(data))}
	walk.dec.UseNumber()
	for {
		token, err := walk.dec.Token()
		switch {
		case errors.Is(err, io.EOF):
			// One inside of another ends first.
			slices.SortFunc(walk.found, func(a, b placeholder) int { return a.start - b.start })
			return walk.found, nil
		case err != nil:
			return nil, errJSON
		}
		if !walk.step(token) {
			return nil, ErrPlaceholder
		}
	}
}

// object is an object or array that the walker is in.
type object struct {
	isArray bool
	key     string
	inValue bool
	is      bool // "_placeholder" is true
	num     placeholder
	hasNum  bool
}

type walker struct {
	dec   *json.Decoder
	stack []object
	found []placeholder
}

func (w *walker) step(token json.Token) bool {
	if delim, ok := token.(json.Delim); ok {
		if delim == '{' || delim == '[' {
			w.value(token)
			w.stack = append(w.stack, object{isArray: delim == '['})
			return true
		}
		top := w.stack[len(w.stack)-1]
		w.stack = w.stack[:len(w.stack)-1]
		if top.is {
			w.found = append(w.found, top.num)
		}
		return !top.is || top.hasNum
	}
	w.value(token)
	return true
}

// value notes a key or a value of the innermost object. As in JavaScript, the
// last of equal keys counts.
func (w *walker) value(token json.Token) {
	if len(w.stack) == 0 {
		return
	}
	top := &w.stack[len(w.stack)-1]
	if top.isArray {
		return
	}
	if !top.inValue {
		top.key, _ = token.(string)
		top.inValue = true
		return
	}
	top.inValue = false
	switch top.key {
	case "_placeholder":
		top.is = token == true
	case "num":
		number, _ := token.(json.Number)
		n, err := strconv.Atoi(string(number))
		top.hasNum = err == nil && n >= 0 && strconv.Itoa(n) == string(number)
		end := int(w.dec.InputOffset())
		top.num = placeholder{start: end - len(number), end: end, num: n}
	}
}

// marshal encodes a value without the escapes that HTML would need.
func marshal(v any) (json.RawMessage, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, errors.Join(ErrArgument, err)
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}
