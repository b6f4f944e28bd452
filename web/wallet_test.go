package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/liaison-dev/liaison/web"
)

// walletFiles are the kinds of files of which a wallet's page is made.
var walletFiles = fstest.MapFS{
	"index.html":                  {Data: []byte("site")},
	"assets/site-0123456789ab.js": {Data: []byte("site()")},
	"wallet/index.html":           {Data: []byte("wallet")},
	"wallet/sw.js":                {Data: []byte("worker()")},
	"wallet/manifest.webmanifest": {Data: []byte("{}")},
	"wallet/icon.png":             {Data: []byte("png")},
	"wallet/icon.svg":             {Data: []byte("<svg/>")},
	"wallet/text.woff2":           {Data: []byte("font")},
	"wallet/words.json":           {Data: []byte("{}")},
}

func getOf(t *testing.T, files fstest.MapFS, target string) *http.Response {
	t.Helper()
	handler, err := web.HandlerOf(files)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	return w.Result()
}

// TestWalletFiles: each file of a wallet under its type, and none kept without
// asking: a service worker that is kept would serve an old wallet for ever.
func TestWalletFiles(t *testing.T) {
	for target, contentType := range map[string]string{
		"/wallet/":                     "text/html; charset=utf-8",
		"/wallet/sw.js":                "text/javascript; charset=utf-8",
		"/wallet/manifest.webmanifest": "application/manifest+json",
		"/wallet/icon.png":             "image/png",
		"/wallet/icon.svg":             "image/svg+xml",
		"/wallet/text.woff2":           "font/woff2",
		"/wallet/words.json":           "application/json",
	} {
		res := getOf(t, walletFiles, target)
		if got := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || got != contentType {
			t.Errorf("GET %s: got %d, Content-Type %q, want 200, %q", target, res.StatusCode, got, contentType)
		}
		if got := res.Header.Get("Cache-Control"); got != "no-cache" {
			t.Errorf("GET %s: Cache-Control: got %q, want no-cache", target, got)
		}
	}
}

// directives returns the parts of a policy by their names.
func directives(res *http.Response) map[string]string {
	parts := make(map[string]string)
	for part := range strings.SplitSeq(res.Header.Get("Content-Security-Policy"), "; ") {
		name, value, _ := strings.Cut(part, " ")
		parts[name] = value
	}
	return parts
}

// TestWalletPolicy: the wallet's page, and its service worker, which is bound by its
// own script's policy, may call other servers. Nothing else may.
func TestWalletPolicy(t *testing.T) {
	widened := map[string]string{
		"connect-src": "'self' https: wss: http://localhost:* ws://localhost:* http://127.0.0.1:* ws://127.0.0.1:*",
		"worker-src":  "'self'", "manifest-src": "'self'", "media-src": "'self' blob:", "font-src": "'self'",
		"trusted-types": "liaison-wallet",
	}
	site := directives(getOf(t, walletFiles, "/"))
	if site["connect-src"] != "'self'" || site["default-src"] != "'none'" {
		t.Fatalf("policy of the site = %q, want one that talks to its own server", site)
	}
	for _, target := range []string{"/wallet/", "/wallet/sw.js"} {
		wallet := directives(getOf(t, walletFiles, target))
		for name, value := range widened {
			if wallet[name] != value {
				t.Errorf("%s: %s: got %q, want %q", target, name, wallet[name], value)
			}
		}
		for name, value := range site {
			if widened[name] == "" && wallet[name] != value {
				t.Errorf("%s: %s: got %q, want the site's %q", target, name, wallet[name], value)
			}
		}
		// The site has two of them as well, narrower.
		if got, want := len(wallet), len(site)+len(widened)-2; got != want {
			t.Errorf("%s: the policy has %d parts, want %d: %q", target, got, want, wallet)
		}
	}
	for _, target := range []string{"/", "/assets/site-0123456789ab.js"} {
		other := directives(getOf(t, walletFiles, target))
		for name := range widened {
			if other[name] != site[name] {
				t.Errorf("%s: %s: got %q, want %q", target, name, other[name], site[name])
			}
		}
	}
}

// TestWalletAsItIsTyped: who leaves out the last character gets there, if there is a
// wallet.
func TestWalletAsItIsTyped(t *testing.T) {
	res := getOf(t, walletFiles, "/wallet")
	if got := res.Header.Get("Location"); res.StatusCode != http.StatusFound || got != "/wallet/" {
		t.Errorf("GET /wallet: got %d to %q, want 302 to /wallet/", res.StatusCode, got)
	}
	without := fstest.MapFS{"index.html": walletFiles["index.html"]}
	for _, target := range []string{"/wallet", "/wallet/", "/wallet/sw.js"} {
		if res := getOf(t, without, target); res.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s without a wallet: got %d, want 404", target, res.StatusCode)
		}
	}
}

// TestFileOfNoType: browsers are told not to guess, so a file without a type would
// not work.
func TestFileOfNoType(t *testing.T) {
	if _, err := web.HandlerOf(fstest.MapFS{"wallet/sound.strange": {Data: []byte("x")}}); err == nil {
		t.Error("a file of a type that is not known was taken, want an error")
	}
}
