package socketio

import (
	"encoding/json"
	"strconv"
)

// Arg is an argument of an event or an acknowledgement that was received, or one
// with bytes somewhere inside that is to be sent.
type Arg struct {
	// JSON is the argument exactly as it came, in UTF-8. Bytes in it are
	// represented by placeholders: {"_placeholder":true,"num":0}.
	JSON json.RawMessage
	// Attachments are those that the numbers of the placeholders count. If there
	// are none, JSON has no placeholders, whatever it looks like.
	Attachments [][]byte
}

// Decode reads the argument into v, as json.Unmarshal does. Bytes inside stay
// placeholders.
func (a Arg) Decode(v any) error { return json.Unmarshal(a.JSON, v) }

// Bytes returns the argument's bytes if it is nothing but bytes.
func (a Arg) Bytes() (data []byte, ok bool) {
	if len(a.Attachments) == 0 {
		return nil, false
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(a.JSON, &object) != nil || string(object["_placeholder"]) != "true" {
		return nil, false
	}
	n, err := strconv.Atoi(string(object["num"]))
	if err != nil || n < 0 || n >= len(a.Attachments) {
		return nil, false
	}
	return a.Attachments[n], true
}

// Args returns arguments as [Socket.Emit] and [Event.Ack] take them.
func Args(args []Arg) []any {
	all := make([]any, len(args))
	for i, arg := range args {
		all[i] = arg
	}
	return all
}

// encoder gathers the arguments of a packet that is to be sent.
type encoder struct {
	args        []json.RawMessage
	attachments [][]byte
	plain       []json.RawMessage // arguments that may not have placeholders
}

func (e *encoder) add(v any) error {
	switch v := v.(type) {
	case []byte:
		e.args = append(e.args, placeholderFor(len(e.attachments)))
		e.attachments = append(e.attachments, v)
		return nil
	case Arg:
		return e.addArg(v)
	case json.RawMessage:
		return e.addArg(Arg{JSON: v})
	}
	data, err := marshal(v)
	if err != nil {
		return err
	}
	e.args = append(e.args, data)
	e.plain = append(e.plain, data)
	return nil
}

func (e *encoder) addArg(arg Arg) error {
	data := arg.JSON
	if data == nil {
		data = json.RawMessage("null")
	}
	// Whatever depth it has, clients have to cope with; ours was bounded before.
	if !checkJSON(data, len(data)) {
		return ErrArgument
	}
	if len(arg.Attachments) == 0 {
		e.args = append(e.args, data)
		e.plain = append(e.plain, data)
		return nil
	}
	found, err := placeholders(data)
	if err != nil {
		return err
	}
	numbers := make(map[int]int) // of the argument → of the packet
	var renumbered []byte
	written := 0
	for _, at := range found {
		if at.num >= len(arg.Attachments) {
			return ErrPlaceholder
		}
		n, ok := numbers[at.num]
		if !ok {
			n = len(e.attachments)
			numbers[at.num] = n
			e.attachments = append(e.attachments, arg.Attachments[at.num])
		}
		renumbered = strconv.AppendInt(append(renumbered, data[written:at.start]...), int64(n), 10)
		written = at.end
	}
	e.args = append(e.args, append(renumbered, data[written:]...))
	return nil
}

// finish checks that bytes of one argument do not appear in another: a client
// that gets one packet with both cannot tell a placeholder that somebody wrote
// from one that we did.
func (e *encoder) finish() error {
	if len(e.attachments) == 0 {
		return nil
	}
	for _, data := range e.plain {
		if found, err := placeholders(data); err != nil || len(found) > 0 {
			return ErrPlaceholder
		}
	}
	return nil
}

func placeholderFor(n int) json.RawMessage {
	return append(strconv.AppendInt([]byte(`{"_placeholder":true,"num":`), int64(n), 10), '}')
}

// encode returns the packet of an event or of an acknowledgement.
func encode(kind byte, namespace string, name string, args []any) (*packet, error) {
	var e encoder
	if kind == typeEvent {
		data, err := marshal(name)
		if err != nil {
			return nil, err
		}
		e.args = append(e.args, data)
	}
	for _, arg := range args {
		if err := e.add(arg); err != nil {
			return nil, err
		}
	}
	if err := e.finish(); err != nil {
		return nil, err
	}
	return &packet{kind: kind, namespace: namespace, args: e.args, attachments: e.attachments}, nil
}
