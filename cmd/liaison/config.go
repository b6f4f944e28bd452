package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"
)

// configFile gives flags the values of a JSON object, by the flags' names. The
// command line goes before it, and so does the environment: it is what a person
// changes for one machine or one run.
type configFile struct{ values map[string]any }

func loadConfig(r io.Reader) (kong.Resolver, error) {
	var values map[string]any
	if err := json.NewDecoder(r).Decode(&values); err != nil {
		return nil, fmt.Errorf("the file of --config is not a JSON object: %w", err)
	}
	return configFile{values}, nil
}

// Validate refuses a name that is no flag: a misspelled one would leave a
// default in force that nobody wants.
func (c configFile) Validate(app *kong.Application) error {
	known := make(map[string]bool)
	for _, command := range app.Leaves(true) {
		for _, flags := range command.AllFlags(false) {
			for _, flag := range flags {
				known[flag.Name] = true
			}
		}
	}
	for name := range c.values {
		if !known[name] {
			return fmt.Errorf("the file of --config sets %q, which is no flag", name)
		}
	}
	return nil
}

// Resolve returns the value for a flag; nil if the file has none.
func (c configFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil
		}
	}
	return c.values[flag.Name], nil
}
