package server_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/membus"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

var demo = server.AndroidApp{
	Package:     "foundation.algorand.demo",
	Fingerprint: "47:CC:4E:EE:B9:50:59:A5:8B:E0:19:45:CA:0A:6D:59:16:F9:A9:C2:96:75:F8:F3:64:86:92:46:2B:7D:5D:5C",
}

func TestAndroidOrigin(t *testing.T) {
	if got := demo.Origin(); got != app {
		t.Errorf("origin of %+v: got %q, want %q", demo, got, app)
	}
	for _, fingerprint := range []string{"", "47", strings.ToLower(demo.Fingerprint), strings.ReplaceAll(demo.Fingerprint, ":", ""), demo.Fingerprint + ":00"} {
		if got := (server.AndroidApp{Package: "a.b", Fingerprint: fingerprint}).Origin(); got != "" {
			t.Errorf("origin of the fingerprint %q: got %q, want none", fingerprint, got)
		}
	}
}

func TestAppsOfTheOrigin(t *testing.T) {
	other := demo
	other.Fingerprint = strings.Replace(demo.Fingerprint, "47", "48", 1)
	srv := liaisontest.NewServer(t, func(cfg *server.Config) {
		cfg.AndroidApps = []server.AndroidApp{demo, {Package: "com.example.two", Fingerprint: demo.Fingerprint}, other}
		cfg.IOSApps = []string{"TEAM123456.com.example.wallet"}
	})
	relation := `["delegate_permission/common.handle_all_urls","delegate_permission/common.get_login_creds"]`
	for path, expect := range map[string]string{
		"/.well-known/assetlinks.json": `[{"relation":` + relation + `,"target":{"namespace":"web","site":"` + string(srv.Origin) + `"}},` +
			`{"relation":` + relation + `,"target":{"namespace":"android_app","package_name":"foundation.algorand.demo","sha256_cert_fingerprints":["` + demo.Fingerprint + `","` + other.Fingerprint + `"]}},` +
			`{"relation":` + relation + `,"target":{"namespace":"android_app","package_name":"com.example.two","sha256_cert_fingerprints":["` + demo.Fingerprint + `"]}}]`,
		"/.well-known/apple-app-site-association": `{"applinks":{"details":[{"appIDs":["TEAM123456.com.example.wallet"],"components":[{"/":"/l/*"}]}]},"webcredentials":{"apps":["TEAM123456.com.example.wallet"]}}`,
	} {
		r := newPeer(t, srv).call("GET", path, nil)
		var got, wanted any
		if err := json.Unmarshal(r.body, &got); err != nil || r.status != 200 || r.header.Get("Content-Type") != "application/json" {
			t.Fatalf("%s: %d %v %s: %v", path, r.status, r.header, r.body, err)
		}
		if err := json.Unmarshal([]byte(expect), &wanted); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, wanted) {
			t.Errorf("%s:\n got %s\nwant %s", path, r.body, expect)
		}
		wantProblem(t, newPeer(t, liaisontest.NewServer(t)).call("GET", path, nil), protocol.NoRoute)
	}
}

func TestAppsAreChecked(t *testing.T) {
	for name, change := range map[string]func(*server.Config){
		"a package of one word": func(c *server.Config) {
			c.AndroidApps = []server.AndroidApp{{Package: "demo", Fingerprint: demo.Fingerprint}}
		},
		"a short fingerprint": func(c *server.Config) {
			c.AndroidApps = []server.AndroidApp{{Package: demo.Package, Fingerprint: "47:CC"}}
		},
		"an app without a team":  func(c *server.Config) { c.IOSApps = []string{"com.example.wallet"} },
		"an app without a name":  func(c *server.Config) { c.IOSApps = []string{"TEAM123456."} },
		"an app with a wildcard": func(c *server.Config) { c.IOSApps = []string{"TEAM123456.*"} },
	} {
		srv := liaisontest.NewServer(t)
		bus := membus.New().Join()
		defer bus.Close()
		cfg := server.Config{Origin: srv.Origin, Store: srv.Store, Bus: bus, Verifier: verifierFunc(nil), Chains: []protocol.ChainID{protocol.AlgorandMainNet}}
		change(&cfg)
		if _, err := server.New(cfg); err == nil {
			t.Errorf("%s: New took it", name)
		}
	}
}
