//go:build !race

package sqlite_test

// kills is how often the crash test kills its process.
const kills = 40
