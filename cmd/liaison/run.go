package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/client"
)

// Exit codes.
const (
	exitDone = iota
	exitFailed
	exitUsage
	exitTimedOut
)

// env is everything that a command touches, so that tests can put something
// else in its place.
type env struct {
	ctx            context.Context // ends with an interrupt
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	configDir      func() (string, error)
	ice            client.ICE // tests keep to the loopback interface
}

// commandLine is the grammar of the command line.
type commandLine struct {
	Serve   serveCommand   `cmd:"" help:"Run the server and its page."`
	Link    linkCommand    `cmd:"" help:"Play the website: show a QR code, wait for a wallet, and talk to it."`
	Wallet  walletCommand  `cmd:"" help:"Play the wallet."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

type walletCommand struct {
	Connect  connectCommand  `cmd:"" help:"Answer a link: show who asks for what, sign in if you agree, and talk to the website."`
	Resume   resumeCommand   `cmd:"" help:"Meet a site again that the wallet is paired with."`
	Pairings pairingsCommand `cmd:"" help:"List the sites that the wallet is paired with, or forget them."`
	Show     showCommand     `cmd:"" help:"Print the wallet's accounts. A wallet is made on first use."`
}

const description = "Liaison links a website and a wallet by a QR code and lets them talk directly.\n\n" +
	"Every flag can also be set as an environment variable: --some-flag as LIAISON_SOME_FLAG.\n\n" +
	"Exit codes: 0 done, 1 refused or failed, 2 usage, 3 timed out."

// helpShown ends the parser after it printed a help text.
type helpShown struct{ code int }

// run carries out one command line and returns the exit code.
func run(e *env, args []string) (code int) {
	defer func() {
		if shown, ok := recover().(helpShown); ok {
			code = shown.code
		}
	}()
	var grammar commandLine
	parser, err := kong.New(&grammar,
		kong.Name("liaison"), kong.Description(description), kong.UsageOnError(),
		kong.Writers(e.stdout, e.stderr), kong.DefaultEnvars("LIAISON"), kong.Configuration(loadConfig),
		kong.Exit(func(code int) { panic(helpShown{code}) }),
		kong.Vars{"kinds": strings.Join(chain.Kinds(), ", "), "localities": "off, report, prefer or require", "chains": defaultChains()},
	)
	if err != nil {
		panic(err) // the grammar itself is wrong
	}
	command, err := parser.Parse(args)
	if err != nil {
		return e.report(usage(err))
	}
	return e.report(command.Run(e))
}

// report prints an error and returns the exit code for it.
func (e *env) report(err error) int {
	if err == nil {
		return exitDone
	}
	f := failureOf(err)
	if !f.reported {
		fmt.Fprint(e.stderr, f.text())
	}
	return f.exit
}

// say writes a line for people.
func (e *env) say(format string, args ...any) { fmt.Fprintf(e.stderr, format+"\n", args...) }

// usage makes a failure of what the parser refused.
func usage(err error) error {
	next := "liaison --help"
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil && parse.Context.Selected() != nil {
		next = "liaison " + parse.Context.Selected().Path() + " --help"
	}
	return &failure{what: err.Error(), cause: "the command line does not have the form that the command expects", next: next, exit: exitUsage}
}

// defaultChains names the chains that a server accepts unless it is told.
func defaultChains() string {
	var names []string
	for _, id := range chain.Default().Chains() {
		names = append(names, string(id))
	}
	return strings.Join(names, ", ")
}
