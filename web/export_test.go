package web

import (
	"io/fs"
	"net/http"
)

// HandlerOf serves other files than the built ones.
func HandlerOf(files fs.FS) (http.Handler, error) {
	pages, err := pagesOf(files)
	return serving(pages), err
}
