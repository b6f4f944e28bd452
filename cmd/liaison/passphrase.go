package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// maxPassphraseBytes bounds a passphrase file; the wrong file is rather larger.
const maxPassphraseBytes = 4 << 10

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// passphrase returns the wallet's passphrase: from the file, the environment, or
// the person, who types a new one twice.
func passphrase(e *env, path string, fresh bool) (string, error) {
	if path != "" {
		return readPassphrase(path)
	}
	if p := e.getenv("LIAISON_PASSPHRASE"); p != "" {
		return p, nil
	}
	if !isTerminal(e.stdin) {
		return "", &failure{
			what: "the wallet needs a passphrase and nobody can be asked", cause: "standard input is not a terminal",
			next: "the same command with --passphrase-file FILE, or with LIAISON_PASSPHRASE set", exit: exitUsage,
		}
	}
	if !fresh {
		return prompt(e, "Passphrase of the wallet: ")
	}
	first, err := prompt(e, "A new wallet is made. Choose its passphrase: ")
	if err != nil {
		return "", err
	}
	second, err := prompt(e, "The same again: ")
	if err == nil && first != second {
		err = &failure{what: "the two passphrases differ", cause: "a slip of the finger", next: "the same command again", exit: exitUsage}
	}
	return first, err
}

// prompt asks without echo. An interrupt ends it, and gives the terminal its
// echo back.
func prompt(e *env, question string) (string, error) {
	fd := int(e.stdin.(*os.File).Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("read passphrase: %w", err)
	}
	fmt.Fprint(e.stderr, question)
	defer fmt.Fprintln(e.stderr)
	type answer struct {
		typed []byte
		err   error
	}
	answered := make(chan answer, 1)
	go func() { // ends with a line, or with the process
		typed, err := term.ReadPassword(fd)
		answered <- answer{typed, err}
	}()
	select {
	case a := <-answered:
		if a.err != nil {
			return "", fmt.Errorf("read passphrase: %w", a.err)
		}
		return string(a.typed), nil
	case <-e.ctx.Done():
		_ = term.Restore(fd, before) // the process is about to end
		return "", waitError(e.ctx)
	}
}

// readPassphrase returns the first line of a file.
func readPassphrase(path string) (string, error) {
	refuse := func(cause string) error {
		return &failure{what: "the passphrase cannot be read from " + path, cause: cause, next: "the same command with --passphrase-file and the right file", exit: exitUsage}
	}
	file, err := os.Open(path)
	if err != nil {
		var cause *os.PathError
		if errors.As(err, &cause) {
			return "", refuse(cause.Err.Error())
		}
		return "", refuse(err.Error())
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxPassphraseBytes+1))
	if err != nil {
		return "", refuse(err.Error())
	}
	line, _, _ := strings.Cut(string(data), "\n")
	line = strings.TrimSuffix(line, "\r")
	if line == "" || len(data) > maxPassphraseBytes {
		return "", refuse("its first line is empty, or it is not a passphrase file")
	}
	return line, nil
}
