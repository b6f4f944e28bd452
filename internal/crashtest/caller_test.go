package crashtest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/protocol"
)

// answer is what came back of one call. The zero value means that nothing did:
// the call may have been carried out or not.
type answer struct {
	status int
	code   protocol.Code // of a problem
	token  string        // that the answer sets
	body   []byte
	err    error // why nothing did
}

// lost reports whether it is unknown what the call did.
func (a answer) lost() bool { return a.status == 0 || a.status >= 500 }

// ok reports whether the call was acknowledged.
func (a answer) ok() bool { return a.status/100 == 2 }

func (a answer) String() string {
	if a.lost() {
		return fmt.Sprintf("no answer (%d, %v)", a.status, a.err)
	}
	return fmt.Sprintf("status %d %s", a.status, a.code)
}

// decode reads the body of an answer that is ok.
func decode[T any](a answer) (v T) {
	if err := json.Unmarshal(a.body, &v); err != nil {
		panic(fmt.Sprintf("body %q: %v", a.body, err))
	}
	return v
}

// caller makes REST calls to one process.
type caller struct {
	*process
	http *http.Client
}

// newCaller returns a caller whose every call has a connection of its own: on
// one that was used before, the HTTP client would make a call again when it
// breaks, and nobody could say what the first one did.
func newCaller(p *process) *caller {
	return &caller{p, &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}}
}

// newPatientCaller returns a caller for a process that is not about to die.
func newPatientCaller(t *testing.T, p *process) *caller {
	transport := new(http.Transport)
	t.Cleanup(transport.CloseIdleConnections)
	return &caller{p, &http.Client{Timeout: patience, Transport: transport}}
}

func (c *caller) call(method, path, token string, body any) answer {
	data, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	req, err := http.NewRequest(method, "http://"+c.address+path, bytes.NewReader(data))
	if err != nil {
		panic(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	began := time.Now()
	res, err := c.http.Do(req)
	if err != nil {
		return answer{err: c.why(err, began)}
	}
	defer res.Body.Close()
	a := answer{status: res.StatusCode}
	if a.body, err = io.ReadAll(res.Body); err != nil {
		return answer{err: c.why(err, began)}
	}
	for _, cookie := range res.Cookies() {
		a.token = cookie.Value
	}
	if !a.ok() {
		var p protocol.Problem
		if json.Unmarshal(a.body, &p) == nil {
			a.code = p.Code
		}
	}
	return a
}

// why says of a call without an answer how long it took, and whether the process was
// there: one that is slow, and one that has died unasked, are different failures.
func (c *caller) why(err error, began time.Time) error {
	took := time.Since(began).Round(time.Millisecond)
	select {
	case <-c.ended:
		return fmt.Errorf("%w after %v; the server is gone: %v", err, took, c.cmd.ProcessState)
	default:
		return fmt.Errorf("%w after %v; the server is there", err, took)
	}
}

// light makes the process end at one of its next statements.
func (c *caller) light(statements int, when string) answer {
	return c.call(http.MethodPost, fmt.Sprintf("%s%d/%s", fusePath, statements, when), "", nil)
}

func linkPath(id protocol.RequestID, call string) string {
	return protocol.PathLinks + string(id) + call
}

// wait lets a random time pass: when the process is killed from outside, the
// point at which that happens is meant to be left to chance.
func wait(d time.Duration, done <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-done:
	}
}
