package client_test

import (
	"testing"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/liaisontest"
)

// TestEveryKindOfWallet links a wallet of each kind with a server and a site that
// take all of them.
func TestEveryKindOfWallet(t *testing.T) {
	t.Parallel()
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	for _, kind := range chain.Kinds() {
		t.Run(kind, func(t *testing.T) {
			s := openLink(t, srv.Origin)
			var err error
			if s.key, err = chain.GenerateKey(kind); err != nil {
				t.Fatalf("GenerateKey(%s): %v", kind, err)
			}
			s.read()
			text, err := s.request.Text(s.key)
			if err != nil {
				t.Fatalf("Text: %v", err)
			}
			s.meet()
			if got := s.siteEnd.Account(); got != s.key.Account() {
				t.Errorf("Account() = %s, want %s; signed was\n%s", got, s.key.Account(), text)
			}
			s.collected()
		})
	}
}
