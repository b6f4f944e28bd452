package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

//go:embed dist
var dist embed.FS

// ownCode lets a page run its own scripts and nothing else: no inline code, no
// frame around it, no string that becomes a script.
const ownCode = "; img-src 'self' data: blob:; style-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// sitePolicy lets the site's page talk to its own server alone.
const sitePolicy = "default-src 'none'; script-src 'self'; connect-src 'self'; trusted-types 'none'" + ownCode

// walletPolicy lets the wallet's page talk to whatever server made the code that it
// scans: with TLS, or on this machine. It is an app as well, with a manifest, a
// service worker that starts it without a network, and fonts and sounds of its own. The
// address of that worker is the one thing that needs a trusted type.
const walletPolicy = "default-src 'none'; script-src 'self'; " +
	"connect-src 'self' https: wss: http://localhost:* ws://localhost:* http://127.0.0.1:* ws://127.0.0.1:*; " +
	"worker-src 'self'; manifest-src 'self'; media-src 'self' blob:; font-src 'self'; trusted-types liaison-wallet" + ownCode

// walletPath is where the wallet lives. Its service worker controls what is below.
const walletPath = "/wallet/"

// policy returns what the file at an address may do. A service worker is bound by
// that of its own script and not by that of the page.
func policy(address string) string {
	if strings.HasPrefix(address, walletPath) {
		return walletPolicy
	}
	return sitePolicy
}

// securityHeaders go with every answer that has content, beside its policy.
var securityHeaders = map[string]string{
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Referrer-Policy":              "no-referrer",
	"Permissions-Policy":           "camera=(self), publickey-credentials-get=(self), publickey-credentials-create=(self)",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
}

// Types are named here because the ones that the standard library reads from
// the machine differ from one to the next.
var contentTypes = map[string]string{
	".html":        "text/html; charset=utf-8",
	".js":          "text/javascript; charset=utf-8",
	".css":         "text/css; charset=utf-8",
	".svg":         "image/svg+xml",
	".png":         "image/png",
	".woff2":       "font/woff2",
	".json":        "application/json",
	".webmanifest": "application/manifest+json",
	".txt":         "text/plain; charset=utf-8",
}

// page is one file as it is served. Fixed after Handler.
type page struct {
	data         []byte
	contentType  string
	cacheControl string
	policy       string
	etag         string
}

// Handler serves the site page and what belongs to it, with its security
// headers. Assets carry a hash in their names and may be kept for a year; all else,
// a service worker and a manifest included, is asked for again each time and answered
// with 304 if it did not change.
func Handler() http.Handler {
	// Nothing but a broken embedding can fail here, and a test would have seen it.
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err)
	}
	pages, err := pagesOf(files)
	if err != nil {
		panic(err)
	}
	return serving(pages)
}

func serving(pages map[string]page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, ok := pages[r.URL.Path]
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			http.NotFound(w, r)
		case ok:
			p.serve(w, r)
		case pages[walletPath].data != nil && r.URL.Path+"/" == walletPath:
			http.Redirect(w, r, walletPath, http.StatusFound) // as a person types it
		default:
			http.NotFound(w, r)
		}
	})
}

// pagesOf returns the files by the addresses under which they are served.
func pagesOf(files fs.FS) (map[string]page, error) {
	pages := make(map[string]page)
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		at := address(name)
		pages[at], err = newPage(at, path.Ext(name), data)
		return err
	})
	return pages, err
}

// address returns the path under which a file is served: a page at its folder's.
func address(name string) string { return "/" + strings.TrimSuffix(name, "index.html") }

func newPage(address, extension string, data []byte) (page, error) {
	sum := sha256.Sum256(data)
	p := page{
		data:         data,
		contentType:  contentTypes[extension],
		cacheControl: "no-cache",
		policy:       policy(address),
		etag:         strconv.Quote(base64.RawURLEncoding.EncodeToString(sum[:12])),
	}
	if p.contentType == "" {
		return p, fmt.Errorf("web: %s is of a type that browsers would have to guess", address)
	}
	if strings.HasPrefix(address, "/assets/") {
		p.cacheControl = "public, max-age=31536000, immutable"
	}
	return p, nil
}

func (p page) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	for name, value := range securityHeaders {
		h.Set(name, value)
	}
	h.Set("Content-Security-Policy", p.policy)
	h.Set("Content-Type", p.contentType)
	h.Set("Cache-Control", p.cacheControl)
	h.Set("ETag", p.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(p.data))
}
