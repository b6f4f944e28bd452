package liaison

//go:generate go run ./internal/gencodes
//go:generate go run ./internal/genvectors
