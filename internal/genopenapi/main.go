// Command genopenapi writes server/openapi.json from the server's routes. Run
// it from the module's root:
//
//	go run ./internal/genopenapi
package main

import (
	"fmt"
	"os"

	"github.com/liaison-dev/liaison/internal/openapi"
)

func main() {
	document, err := openapi.Render("protocol")
	if err == nil {
		err = os.WriteFile("server/openapi.json", document, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "genopenapi:", err)
		os.Exit(1)
	}
}
