package liaison

//go:generate go run ./internal/gencodes
//go:generate go run ./internal/genvectors
//go:generate go run ./internal/genlink
//go:generate go run ./internal/genopenapi
