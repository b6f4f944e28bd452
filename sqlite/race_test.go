//go:build race

package sqlite_test

// kills is small here: the process to be killed starts slowly under the race
// detector, which sees nothing of what kills are about.
const kills = 4
