package web_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison/web"
)

func get(t *testing.T, method, target string, header http.Header) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	web.Handler().ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, target string) string {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	w := httptest.NewRecorder()
	web.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("GET %s: got %d, want 200", target, w.Code)
	}
	return w.Body.String()
}

var reference = regexp.MustCompile(`(?:src|href)="([^"#]+)"`)

// assets returns the addresses that a page refers to.
func assets(t *testing.T, page string) []string {
	t.Helper()
	var found []string
	for _, m := range reference.FindAllStringSubmatch(body(t, page), -1) {
		found = append(found, m[1])
	}
	if len(found) < 3 {
		t.Fatalf("%s refers to %q, want an icon, a style sheet and a script", page, found)
	}
	return found
}

func TestEveryReferencedAssetIsServed(t *testing.T) {
	hashed := regexp.MustCompile(`^/assets/[a-z]+-[0-9a-f]{12}\.(js|css|svg)$`)
	for _, page := range []string{"/", "/l/"} {
		for _, asset := range assets(t, page) {
			if !hashed.MatchString(asset) {
				t.Errorf("%s refers to %q, want an asset of its own with a hash in its name", page, asset)
			}
			res := get(t, http.MethodGet, asset, nil)
			if got, want := res.Header.Get("Cache-Control"), "public, max-age=31536000, immutable"; res.StatusCode != 200 || got != want {
				t.Errorf("GET %s: got %d with Cache-Control %q, want 200 with %q", asset, res.StatusCode, got, want)
			}
		}
	}
}

// What draws codes, connects directly, verifies proofs, makes passkeys and speaks other languages comes
// when it is needed, and everything says under which licence it is.
func TestWhatScriptsReferToIsServed(t *testing.T) {
	address := regexp.MustCompile(`/assets/[a-z]+-[0-9a-f]{12}\.(?:js|txt)`)
	seen := map[string]bool{}
	var look func(target string)
	look = func(target string) {
		for _, found := range address.FindAllString(body(t, target), -1) {
			if !seen[found] {
				seen[found] = true
				look(found)
			}
		}
	}
	look("/")
	look("/l/")
	var kinds []string
	for found := range seen {
		kinds = append(kinds, strings.TrimPrefix(found[:strings.Index(found, "-")], "/assets/"))
	}
	slices.Sort(kinds)
	kinds = slices.Compact(kinds)
	if want := []string{"ar", "chunk", "de", "direct", "licenses", "link", "passkeys", "qr", "site", "tabs", "verify"}; !slices.Equal(kinds, want) {
		t.Errorf("the scripts and what they refer to: got %q, want %q", kinds, want)
	}
}

// A page that breaks its own policy would stand there without script or style.
func TestPagesHoldNothingThatTheirPolicyForbids(t *testing.T) {
	inline := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script(?:[^>]*)>[^<]|<script>|https?://|javascript:`)
	for _, page := range []string{"/", "/l/"} {
		if m := inline.FindString(body(t, page)); m != "" {
			t.Errorf("%s: got %q in the page, want neither inline code or style nor a foreign address", page, m)
		}
	}
}

func TestHeaders(t *testing.T) {
	want := map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; trusted-types 'none'; img-src 'self' data: blob:; style-src 'self'; " +
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "no-referrer",
		"Permissions-Policy":           "camera=(self), publickey-credentials-get=(self), publickey-credentials-create=(self)",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
	}
	for _, target := range append(assets(t, "/"), "/", "/l/", "/l/?requestId=4f1c9b0e-0000-4000-8000-000000000000") {
		res := get(t, http.MethodGet, target, nil)
		for name, value := range want {
			if got := res.Header.Get(name); got != value {
				t.Errorf("GET %s: %s: got %q, want %q", target, name, got, value)
			}
		}
	}
}

func TestContentTypes(t *testing.T) {
	types := map[string]string{
		".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", "/": "text/html; charset=utf-8",
	}
	for _, target := range append(assets(t, "/"), "/", "/l/") {
		suffix := target[strings.LastIndexAny(target, "./"):]
		if got := get(t, http.MethodGet, target, nil).Header.Get("Content-Type"); got != types[suffix] {
			t.Errorf("GET %s: Content-Type: got %q, want %q", target, got, types[suffix])
		}
	}
}

func TestPageIsAskedForAgainAndNotSentAgain(t *testing.T) {
	first := get(t, http.MethodGet, "/", nil)
	etag := first.Header.Get("ETag")
	if got := first.Header.Get("Cache-Control"); got != "no-cache" || etag == "" {
		t.Fatalf("GET /: got Cache-Control %q and ETag %q, want no-cache and some tag", got, etag)
	}
	if res := get(t, http.MethodGet, "/", http.Header{"If-None-Match": {etag}}); res.StatusCode != http.StatusNotModified {
		t.Errorf("GET / with If-None-Match %s: got %d, want 304", etag, res.StatusCode)
	}
}

func TestHeadHasNoBody(t *testing.T) {
	res := get(t, http.MethodHead, "/", nil)
	if res.StatusCode != http.StatusOK || res.ContentLength == 0 {
		t.Errorf("HEAD /: got %d with length %d, want 200 with the page's length", res.StatusCode, res.ContentLength)
	}
	if n, _ := res.Body.Read(make([]byte, 1)); n != 0 {
		t.Error("HEAD /: got a body, want none")
	}
}

func TestEverythingElseIsNotFound(t *testing.T) {
	for _, c := range []struct{ method, target string }{
		{http.MethodGet, "/nothing"},
		{http.MethodGet, "/l"},
		{http.MethodGet, "/index.html"},
		{http.MethodGet, "/assets/"},
		{http.MethodGet, "/assets/../index.html"},
		{http.MethodGet, "/dist/index.html"},
		{http.MethodPost, "/"},
		{http.MethodOptions, "/"},
		{http.MethodDelete, "/l/"},
	} {
		if res := get(t, c.method, c.target, nil); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s %s: got %d, want 404", c.method, c.target, res.StatusCode)
		}
	}
}
