package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

//go:embed dist
var dist embed.FS

// policy lets the page run its own scripts and talk to its own server, and
// nothing else: no inline code, no frame around it, no string that becomes a
// script.
const policy = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data: blob:; style-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// securityHeaders go with every answer that has content.
var securityHeaders = map[string]string{
	"Content-Security-Policy":      policy,
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
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".svg":  "image/svg+xml",
	".txt":  "text/plain; charset=utf-8",
}

// page is one file as it is served. Fixed after Handler.
type page struct {
	data         []byte
	contentType  string
	cacheControl string
	etag         string
}

// Handler serves the site page and what belongs to it, with its security
// headers. Assets carry a hash in their names and may be kept for a year; pages
// are asked for again each time and answered with 304 if they did not change.
func Handler() http.Handler {
	pages := make(map[string]page)
	// Nothing but a broken embedding can fail here, and a test would have seen it.
	if err := fs.WalkDir(dist, "dist", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := dist.ReadFile(name)
		pages[address(name)] = newPage(name, data)
		return err
	}); err != nil {
		panic(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, ok := pages[r.URL.Path]
		if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.NotFound(w, r)
			return
		}
		p.serve(w, r)
	})
}

// address returns the path under which an embedded file is served: pages at
// their folder's.
func address(name string) string {
	return strings.TrimSuffix(strings.TrimPrefix(name, "dist"), "index.html")
}

func newPage(name string, data []byte) page {
	sum := sha256.Sum256(data)
	p := page{
		data:         data,
		contentType:  contentTypes[path.Ext(name)],
		cacheControl: "no-cache",
		etag:         strconv.Quote(base64.RawURLEncoding.EncodeToString(sum[:12])),
	}
	if strings.HasPrefix(name, "dist/assets/") {
		p.cacheControl = "public, max-age=31536000, immutable"
	}
	return p
}

func (p page) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	for name, value := range securityHeaders {
		h.Set(name, value)
	}
	h.Set("Content-Type", p.contentType)
	h.Set("Cache-Control", p.cacheControl)
	h.Set("ETag", p.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(p.data))
}
