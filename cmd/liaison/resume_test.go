package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/internal/pairingfile"
	"github.com/liaison-dev/liaison/protocol"
)

// TestFind: what a site only said of itself is never mixed with what was verified,
// nor one server's with another's, or one account's with another's.
func TestFind(t *testing.T) {
	folder, err := pairingfile.Open(t.TempDir()+"/pairings", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	day := 0
	keep := func(id, server, origin, account string, verified bool) {
		day++
		r, err := client.ParseResumption(fmt.Appendf(nil,
			`{"version":1,"server":%q,"side":"wallet","site":{"name":"Bank","origin":%q},"verified":%t,"account":%q,"assurance":"sealed","locality":"off","expiresAt":%q,"id":%q,"secret":"%sA"}`,
			server, origin, verified, account, time.Now().AddDate(0, 0, day).UTC().Format(time.RFC3339), strings.Repeat(id, 22), strings.Repeat("B", 42)))
		if err != nil {
			t.Fatal(err)
		}
		if err := folder.Keep(r); err != nil {
			t.Fatal(err)
		}
	}
	const bank, shop, evil, broker = "https://bank.example", "https://shop.example", "https://evil.example", "https://broker.example"
	keep("a", bank, bank, "did:key:z1", true)
	keep("b", broker, bank, "did:key:z1", true)
	keep("c", bank, bank, "did:key:z2", true)
	keep("d", bank, bank, "did:key:z1", true)
	keep("e", bank, bank, "did:key:z1", true)
	keep("f", shop, shop, "did:key:z1", true)
	keep("g", evil, bank, "did:key:z1", false) // the newest, and it only says so
	keep("h", bank, bank, "did:key:z1", false)
	for _, c := range []struct {
		site       string
		unverified bool
		want       string
	}{
		{bank, false, "eda"},
		{bank, true, "h"},
		{shop, false, "f"},
		{shop, true, ""},
		{evil, true, ""},
		{"", false, "f"},
		{"", true, "h"},
		{"https://unknown.example", false, ""},
	} {
		found, err := find(folder, c.site, c.unverified)
		var got []string
		for _, r := range found {
			got = append(got, r.ID()[:1])
		}
		if !slices.Equal(got, strings.Split(c.want, "")) && (len(got) > 0 || c.want != "") {
			t.Errorf("find(%q, unverified %t) = %q, want %q", c.site, c.unverified, got, c.want)
		}
		if c.want == "" && !errors.Is(err, protocol.ResumptionUnknown) {
			t.Errorf("find(%q, unverified %t): %v, want %s", c.site, c.unverified, err, protocol.ResumptionUnknown)
		}
	}
}
