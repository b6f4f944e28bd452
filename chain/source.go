package chain

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/liaison-dev/liaison/protocol"
)

const (
	// sourceTimeout bounds all that is asked for one proof: a person waits.
	sourceTimeout = 3 * time.Second
	// maxSourceBytes bounds an answer: real ones have some hundred bytes.
	maxSourceBytes = 64 << 10
)

const redacted = "[redacted]"

// Secret is what a service wants to know before it answers. It shows itself
// nowhere.
type Secret string

// String hides the secret.
func (Secret) String() string { return redacted }

// Format hides the secret, whatever the verb.
func (Secret) Format(s fmt.State, _ rune) { io.WriteString(s, redacted) }

// MarshalText hides the secret.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Endpoint is a service that the operator chose. It prints itself without path
// and token, which may both be secrets.
type Endpoint struct {
	// URL begins with http:// or https://. It has no query and no fragment.
	URL string
	// Token is sent with each request, if there is one.
	Token Secret
}

// String names the host alone.
func (e Endpoint) String() string {
	u, err := url.Parse(e.URL)
	if err != nil || u.Host == "" {
		return redacted
	}
	return u.Scheme + "://" + u.Host
}

// Format names the host alone, whatever the verb.
func (e Endpoint) Format(s fmt.State, _ rune) { io.WriteString(s, e.String()) }

// MarshalText names the host alone.
func (e Endpoint) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// source asks one service. It is safe for concurrent use.
type source struct {
	name  string       // fixed after New; for a log
	url   *url.URL     // fixed after New
	token Secret       // fixed after New
	http  *http.Client // fixed after New
}

// newSource returns nothing if there is no endpoint for the chain.
func newSource(name string, endpoints map[protocol.ChainID]Endpoint, chain protocol.ChainID, client *http.Client) (*source, error) {
	endpoint, ok := endpoints[chain]
	if !ok {
		return nil, nil
	}
	u, err := url.Parse(endpoint.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, protocol.Errorf(protocol.InvalidMessage, "%s of %s must be an address http(s)://host[:port][/path]", name, chain)
	}
	var own http.Client
	if client != nil {
		own = *client
	}
	// Whoever can make the service redirect must not choose who answers.
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &source{name: name, url: u, token: endpoint.Token, http: &own}, nil
}

// ask returns the body of a good answer. No error names more than the cause:
// the address of a service may hold a secret.
func (s *source) ask(req *http.Request) ([]byte, error) {
	resp, err := s.http.Do(req)
	if err != nil {
		return nil, refuse(s.name + " does not answer")
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, refuse(fmt.Sprintf("%s answers with status %d", s.name, resp.StatusCode))
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxSourceBytes+1))
	switch {
	case err != nil:
		return nil, refuse(s.name + " does not answer to the end")
	case len(body) > maxSourceBytes:
		return nil, refuse(s.name + " answers with too much")
	}
	return body, nil
}

// withDeadline bounds everything that is asked for one proof.
func withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, sourceTimeout)
}
