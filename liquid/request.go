package liquid

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
)

// maxBody is the longest body that is read, in bytes.
const maxBody = 100 << 10

// object is a JSON object whose fields are looked at one by one: clients send
// fields that the wire does not have, and values of other types than each other.
type object map[string]json.RawMessage

// received is a request of a ceremony: its body, as it is and by its fields, and who
// makes it.
type received struct {
	object
	raw []byte
	visitor
}

// receive reads a request of a ceremony.
func (h *Handler) receive(w http.ResponseWriter, r *http.Request) (in received, err error) {
	if in.object, in.raw, err = readBody(r); err != nil {
		return in, err
	}
	in.visitor, err = h.visit(w.Header(), r)
	return in, err
}

// readBody reads the body of a request. One that is not JSON by its content type
// counts as an empty one.
func readBody(r *http.Request) (body object, data []byte, err error) {
	mediaType, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	isJSON := err == nil && mediaType == "application/json"
	if !isJSON {
		return object{}, nil, nil
	}
	if charset := parameters["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return nil, nil, refuse(http.StatusUnsupportedMediaType, "unsupported charset")
	}
	data, err = io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		io.CopyN(io.Discard, r.Body, maxBody) // or its sender is cut off before it sees why
		return nil, nil, refuse(http.StatusRequestEntityTooLarge, "request entity too large")
	case err != nil:
		return nil, nil, refuse(http.StatusBadRequest, "the body was cut off")
	case len(bytes.TrimSpace(data)) == 0:
		return object{}, nil, nil
	}
	if err := json.Unmarshal(data, &body); err != nil {
		var list []json.RawMessage
		if json.Unmarshal(data, &list) == nil {
			return object{}, data, nil // a list has none of the fields
		}
		return nil, nil, refuse(http.StatusBadRequest, "the body is not a JSON object")
	}
	if body == nil {
		return nil, nil, refuse(http.StatusBadRequest, "the body is not a JSON object")
	}
	return body, data, nil
}

// text returns a field that is a text, and "" if it is anything else.
func (o object) text(name string) string {
	var text string
	if json.Unmarshal(o[name], &text) != nil {
		return ""
	}
	return text
}

// object returns a field that is an object, and nil if it is anything else.
func (o object) object(name string) object {
	var inner object
	if json.Unmarshal(o[name], &inner) != nil {
		return nil
	}
	return inner
}

// has reports whether there is a field, whatever it holds.
func (o object) has(name string) bool {
	_, ok := o[name]
	return ok
}
