package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/liaison-dev/liaison/protocol"
)

// callTimeout bounds one REST call.
const callTimeout = 10 * time.Second

// rest makes REST calls to one server and keeps the token of its session.
type rest struct {
	// Fixed.
	origin protocol.Origin
	http   *http.Client
	dialer *net.Dialer
	tls    *tls.Config

	mu sync.Mutex
	// Guarded by mu.
	token string // secret; empty before the first answer that sets one
}

func newREST(origin protocol.Origin, config *tls.Config) *rest {
	dialer := &net.Dialer{Timeout: callTimeout}
	return &rest{
		origin: origin,
		dialer: dialer,
		tls:    config,
		http: &http.Client{
			Transport: &http.Transport{DialContext: dialer.DialContext, TLSClientConfig: config.Clone(), ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute},
			// A redirect would carry the token, or the wallet's proof, to where
			// nobody looked at the origin.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

func (r *rest) close() { r.http.CloseIdleConnections() }

func (r *rest) bearer() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.token
}

// call sends in, if it is not nil, and reads the answer into out, if that is
// not nil.
func (r *rest) call(ctx context.Context, op, method, path string, in, out any) error {
	calling, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	request, err := r.request(calling, method, path, in)
	if err != nil {
		return &Error{Code: protocol.InvalidMessage, Op: op, Err: err}
	}
	response, err := r.http.Do(request)
	if err != nil {
		return unreachable(ctx, op, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, protocol.MaxBodyBytes+1))
	if err != nil {
		return unreachable(ctx, op, err)
	}
	if response.StatusCode >= 300 {
		return problem(op, response.StatusCode, body)
	}
	r.keepToken(response)
	if out == nil {
		return nil
	}
	if len(body) > protocol.MaxBodyBytes || json.Unmarshal(body, out) != nil {
		return &Error{Code: protocol.InvalidPeer, Op: op, Detail: "the server's answer is not what the protocol has there"}
	}
	return nil
}

// callAgain is a POST that is made again until it is answered: what it asks for
// is done once however often it comes. It ends with a refusal, or with ctx.
func (r *rest) callAgain(ctx context.Context, op, path string, in, out any) error {
	var wait backoff
	for {
		err := r.call(ctx, op, http.MethodPost, path, in, out)
		if err == nil || !protocol.CodeOf(err).Info().Retry || ctx.Err() != nil {
			return err
		}
		if !wait.wait(ctx, nil) {
			return err
		}
	}
}

func (r *rest) request(ctx context.Context, method, path string, in any) (*http.Request, error) {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, string(r.origin)+path, body)
	if err != nil {
		return nil, err
	}
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if token := r.bearer(); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	return request, nil
}

// keepToken takes the session's token out of the cookie that a browser would
// have kept.
func (r *rest) keepToken(response *http.Response) {
	name := "liaison"
	if r.origin.Scheme() == "https" {
		name = "__Host-liaison"
	}
	for _, cookie := range response.Cookies() {
		if cookie.Name == name && cookie.Value != "" {
			r.mu.Lock()
			r.token = cookie.Value
			r.mu.Unlock()
		}
	}
}

// unreachable says why a call got no answer. The caller's own deadline or
// change of mind comes first.
func unreachable(ctx context.Context, op string, err error) *Error {
	if ctx.Err() != nil {
		return contextError(ctx, op)
	}
	return &Error{Code: protocol.SignalingUnreachable, Op: op, Err: err}
}

// problem reads an error answer. What is not one of this protocol comes from
// something in between, or from another program altogether.
func problem(op string, status int, body []byte) *Error {
	var p protocol.Problem
	if err := json.Unmarshal(body, &p); err != nil || !p.Code.Known() {
		return &Error{Code: protocol.SignalingUnreachable, Op: op, Detail: "the answer " + http.StatusText(status) + " does not come from a Liaison server of this version"}
	}
	return &Error{Code: p.Code, Op: op, Detail: remark(p.Detail), Instance: remark(p.Instance)}
}

// linkPath returns the path of a call on one link.
func linkPath(id protocol.RequestID, call ...string) string {
	return protocol.PathLinks + strings.Join(append([]string{string(id)}, call...), "/")
}
