package vectortable

import "strings"

// RequestFile is vectors/requests.json: spec/protocol.md §8.1.
type RequestFile struct {
	Comment string `json:"comment"`
	Texts   []Text `json:"texts"`
}

// Text is what one application says to the other, and what that is: "text",
// "request", "notification", "answer", "batch", "malformed request" or
// "malformed answer".
type Text struct {
	Name string `json:"name"`
	Text string `json:"text"`
	Kind string `json:"kind"`
	// ID is the id that an answer to it has, as JSON; empty if there is none.
	ID string `json:"id"`
}

// Requests returns the vectors of what is said over the channel.
func Requests() RequestFile {
	return RequestFile{Comment: generated, Texts: append(wellFormed(), malformed()...)}
}

func wellFormed() []Text {
	const question, answer = "request", "answer"
	longest := strings.Repeat("x", 128)
	return []Text{
		{"a text", "hello", "text", ""},
		{"no text at all", "", "text", ""},
		{"a text in braces", "{hello}", "text", ""},
		{"JSON that is no object", `"jsonrpc"`, "text", ""},
		{"a number", "2.0", "text", ""},
		{"nothing, in JSON", "null", "text", ""},
		{"an object of the application's own", `{"id":"1","method":"echo"}`, "text", ""},
		{"an array of the application's own", `["jsonrpc",{"id":"1"}]`, "text", ""},
		{"an empty array", "[]", "text", ""},
		{"an object in an object", `{"message":{"jsonrpc":"2.0"}}`, "text", ""},
		{"a message that breaks off", `{"jsonrpc":"2.0","id":"1","method":"ec`, "text", ""},
		{"two messages", `{"jsonrpc":"2.0","id":"1","method":"echo"}{"jsonrpc":"2.0","id":"2","method":"echo"}`, "text", ""},
		{"a request", `{"jsonrpc":"2.0","id":"1","method":"echo","params":["hello"]}`, question, `"1"`},
		{"a request with named params", `{"jsonrpc":"2.0","id":"1","method":"echo","params":{"text":"hello"}}`, question, `"1"`},
		{"a request without params", `{"jsonrpc":"2.0","id":"1","method":"echo"}`, question, `"1"`},
		{"a request with space around it", " \n{ \"jsonrpc\": \"2.0\", \"id\": \"1\", \"method\": \"echo\" }\n", question, `"1"`},
		{"a request with a member of the future", `{"jsonrpc":"2.0","id":"1","method":"echo","of":"the future"}`, question, `"1"`},
		{"a request that has a result, too", `{"jsonrpc":"2.0","id":"1","method":"echo","result":1}`, question, `"1"`},
		{"the longest names", `{"jsonrpc":"2.0","id":"` + longest + `","method":"` + longest + `"}`, question, `"` + longest + `"`},
		{"every kind of character", `{"jsonrpc":"2.0","id":"!az~","method":"wallet/sign.v1_AZ09<b>"}`, question, `"!az~"`},
		{"a name that objects have anyway", `{"jsonrpc":"2.0","id":"__proto__","method":"constructor"}`, question, `"__proto__"`},
		{"a notification", `{"jsonrpc":"2.0","method":"echo","params":[]}`, "notification", ""},
		{"an answer", `{"jsonrpc":"2.0","id":"1","result":["hello"]}`, answer, `"1"`},
		{"an answer with nothing", `{"jsonrpc":"2.0","id":"1","result":null}`, answer, `"1"`},
		{"an error", `{"jsonrpc":"2.0","id":"1","error":{"code":-32601,"message":"no such method"}}`, answer, `"1"`},
		{"an error with more", `{"jsonrpc":"2.0","id":"1","error":{"code":4001,"message":"","data":[1]}}`, answer, `"1"`},
	}
}

func malformed() []Text {
	const question, answer, batch = "malformed request", "malformed answer", "batch"
	long := strings.Repeat("x", 129)
	return []Text{
		{"another version", `{"jsonrpc":"1.0","id":"1","method":"echo"}`, question, `"1"`},
		{"a version that is a number", `{"jsonrpc":2.0,"id":"1","method":"echo"}`, question, `"1"`},
		{"neither asked nor answered", `{"jsonrpc":"2.0","id":"1"}`, question, `"1"`},
		{"nothing but a version", `{"jsonrpc":"2.0"}`, question, ""},
		{"an id that is a number", `{"jsonrpc":"2.0","id":7,"method":"echo"}`, question, "7"},
		{"an id that is no finite number", `{"jsonrpc":"2.0","id":1e999,"method":"echo"}`, question, ""},
		{"an id that is null", `{"jsonrpc":"2.0","id":null,"method":"echo"}`, question, ""},
		{"an id that is a list", `{"jsonrpc":"2.0","id":["1"],"method":"echo"}`, question, ""},
		{"an empty id", `{"jsonrpc":"2.0","id":"","method":"echo"}`, question, ""},
		{"an id with a space", `{"jsonrpc":"2.0","id":"1 2","method":"echo"}`, question, ""},
		{"an id that is too long", `{"jsonrpc":"2.0","id":"` + long + `","method":"echo"}`, question, ""},
		{"an empty method", `{"jsonrpc":"2.0","id":"1","method":""}`, question, `"1"`},
		{"a method that is too long", `{"jsonrpc":"2.0","id":"1","method":"` + long + `"}`, question, `"1"`},
		{"a method that turns the writing direction", `{"jsonrpc":"2.0","id":"1","method":"\u202eohce"}`, question, `"1"`},
		{"a method of two lines", `{"jsonrpc":"2.0","id":"1","method":"ec\nho"}`, question, `"1"`},
		{"a method that is no text", `{"jsonrpc":"2.0","id":"1","method":1}`, question, `"1"`},
		{"a method that is null, and a result", `{"jsonrpc":"2.0","id":"1","method":null,"result":1}`, question, `"1"`},
		{"params that are a text", `{"jsonrpc":"2.0","id":"1","method":"echo","params":"hello"}`, question, `"1"`},
		{"params that are null", `{"jsonrpc":"2.0","id":"1","method":"echo","params":null}`, question, `"1"`},
		{"a notification whose params are a number", `{"jsonrpc":"2.0","method":"echo","params":1}`, question, ""},
		{"a result and an error", `{"jsonrpc":"2.0","id":"1","result":1,"error":{"code":1,"message":""}}`, answer, `"1"`},
		{"an answer of another version", `{"jsonrpc":"3.0","id":"1","result":1}`, answer, `"1"`},
		{"an answer without an id", `{"jsonrpc":"2.0","result":1}`, answer, ""},
		{"an answer to nobody", `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"a batch"}}`, answer, ""},
		{"an error that is null", `{"jsonrpc":"2.0","id":"1","error":null}`, answer, `"1"`},
		{"an error that is a text", `{"jsonrpc":"2.0","id":"1","error":"no"}`, answer, `"1"`},
		{"an error without a code", `{"jsonrpc":"2.0","id":"1","error":{"message":"no"}}`, answer, `"1"`},
		{"an error whose code is no whole number", `{"jsonrpc":"2.0","id":"1","error":{"code":1.5,"message":"no"}}`, answer, `"1"`},
		{"an error without a message", `{"jsonrpc":"2.0","id":"1","error":{"code":1}}`, answer, `"1"`},
		{"a batch", `[{"jsonrpc":"2.0","id":"1","method":"echo"},{"jsonrpc":"2.0","id":"2","method":"echo"}]`, batch, "null"},
		{"a batch of one", `[{"jsonrpc":"2.0","method":"echo"}]`, batch, "null"},
		{"a batch with something else in it", `[1,{"jsonrpc":"1.0"}]`, batch, "null"},
	}
}
