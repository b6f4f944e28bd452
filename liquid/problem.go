package liquid

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/liaison-dev/liaison/protocol"
)

// failure is an answer that says no. Each body has the key "error", by which some
// clients alone tell that something went wrong.
type failure struct {
	status int
	body   any
}

func (f failure) Error() string { return http.StatusText(f.status) }

// reason is the body of a ceremony that failed.
type reason struct {
	Reason string `json:"reason"`
	Error  string `json:"error"`
}

// refusal is the body of everything else.
type refusal struct {
	Message    string `json:"message"`
	Error      string `json:"error"`
	StatusCode int    `json:"statusCode"`
}

func refuse(status int, message string) failure {
	return failure{status, refusal{message, http.StatusText(status), status}}
}

var (
	errNoExtension = failure{http.StatusNotImplemented, reason{"not_implemented", "Liquid extension is required"}}

	errNoChallenge         = failure{http.StatusUnauthorized, reason{"unauthorized", "Challenge not found"}}
	errExtensionMissing    = failure{http.StatusUnauthorized, reason{"unauthorized", "Liquid extension not found"}}
	errUnverified          = failure{http.StatusUnauthorized, reason{"unauthorized", "User verification failed"}}
	errUserUnknown         = failure{http.StatusUnauthorized, reason{"not_found", "User not found."}}
	errCredentialUnknown   = failure{http.StatusUnauthorized, reason{"not_found", "Credential not found."}}
	errAssertionChallenge  = failure{http.StatusUnauthorized, reason{"unauthorized", "Challenge not found."}}
	errAssertionUnverified = failure{http.StatusUnauthorized, reason{"unauthorized", "User verification failed."}}

	errForbidden = refuse(http.StatusForbidden, "Forbidden resource")
)

func notFound(r *http.Request) failure {
	return refuse(http.StatusNotFound, "Cannot "+r.Method+" "+r.URL.Path)
}

// asFailure returns what a client is told of an error.
func asFailure(err error) failure {
	var f failure
	if errors.As(err, &f) {
		return f
	}
	switch protocol.CodeOf(err) {
	case protocol.RateLimited:
		return refuse(http.StatusTooManyRequests, "Too many requests; try again in a moment")
	case protocol.Overloaded, protocol.Unavailable, protocol.ShuttingDown:
		return refuse(http.StatusServiceUnavailable, "The server cannot do this at the moment; try again")
	}
	return refuse(http.StatusInternalServerError, "Internal server error")
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		panic("liquid: answer does not encode: " + err.Error()) // all of its types do
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(data) // a client that is gone needs no answer
}
