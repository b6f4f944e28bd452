package client

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/liaison-dev/liaison/protocol"
)

// Bounds of what a site publishes about the servers that act for it.
const (
	wellKnownPath    = "/.well-known/liaison.json"
	wellKnownTimeout = 3 * time.Second
	wellKnownBytes   = 4 << 10
)

// verifyOrigin reports whether the origin that a site claims is its own: the
// link leads there, or the origin itself names the link's server; and the server
// says that a page of that origin opened the link. Source: spec/sealed.md §7.
func verifyOrigin(ctx context.Context, claimed, server, opened protocol.Origin, config *tls.Config) bool {
	if claimed != opened {
		return false
	}
	return claimed.Host() == server.Host() || namesBroker(ctx, claimed, server.Host(), config)
}

// namesBroker asks the origin itself which servers act for it.
func namesBroker(ctx context.Context, origin protocol.Origin, host string, config *tls.Config) bool {
	if origin.Scheme() != "https" {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, wellKnownTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, string(origin)+wellKnownPath, nil)
	if err != nil {
		return false
	}
	transport := &http.Transport{TLSClientConfig: config.Clone(), ForceAttemptHTTP2: true, DisableKeepAlives: true}
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, wellKnownBytes+1))
	var published struct {
		Brokers []string `json:"brokers"`
	}
	if err != nil || response.StatusCode != http.StatusOK || len(data) > wellKnownBytes || json.Unmarshal(data, &published) != nil {
		return false
	}
	return slices.Contains(published.Brokers, host)
}
