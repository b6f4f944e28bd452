package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/internal/keyfile"
	"github.com/liaison-dev/liaison/protocol"
)

// holding are the flags of commands that need the wallet's key.
type holding struct {
	Wallet         string `help:"The wallet's key file. It is made on first use. The default is liaison/wallet.age in the folder for configuration." placeholder:"FILE"`
	PassphraseFile string `help:"Read the wallet's passphrase from the first line of this file. Without it, from LIAISON_PASSPHRASE, else it is asked for." placeholder:"FILE"`
}

// key opens the wallet, or makes it.
func (h holding) key(e *env) (*chain.AlgorandKey, error) {
	path, err := h.path(e)
	if err != nil {
		return nil, err
	}
	_, err = os.Stat(path)
	fresh := errors.Is(err, fs.ErrNotExist)
	secret, err := passphrase(e, h.PassphraseFile, fresh)
	if err != nil {
		return nil, err
	}
	if fresh {
		return makeKey(e, path, secret)
	}
	wallet, err := keyfile.Open(path, secret)
	if err != nil {
		return nil, err
	}
	key, err := chain.NewAlgorandKey(wallet.Seed)
	if err != nil || key.Address() != wallet.Address {
		return nil, protocol.Errorf(protocol.KeyLocked, "the key file %s is damaged", path)
	}
	return key, nil
}

func makeKey(e *env, path, secret string) (*chain.AlgorandKey, error) {
	key := chain.GenerateAlgorandKey()
	if err := keyfile.Create(path, keyfile.Wallet{Seed: key.Seed(), Address: key.Address()}, secret); err != nil {
		return nil, err
	}
	e.say("Made a wallet: %s\nIts key is in %s. Keep a copy of the file, and the passphrase.", key.Address(), path)
	return key, nil
}

func (h holding) path(e *env) (string, error) {
	if h.Wallet != "" {
		return h.Wallet, nil
	}
	dir, err := e.configDir()
	if err != nil {
		return "", &failure{what: "there is no folder for the wallet", cause: err.Error(), next: "the same command with --wallet FILE", exit: exitUsage}
	}
	return filepath.Join(dir, "liaison", "wallet.age"), nil
}

// showCommand prints the wallet's account.
type showCommand struct{ holding }

// Run prints one line.
func (c *showCommand) Run(e *env) error {
	key, err := c.key(e)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(e.stdout, key.Account())
	return err
}

// connectCommand plays the wallet.
type connectCommand struct {
	Link string `arg:"" help:"The link, in quotes: liquid://… or https://…"`
	Yes  bool   `help:"Agree without being asked."`
	holding
	talking
}

// Help is the long form of the help text.
func (connectCommand) Help() string {
	return "Shows which site asks for what, with the whole text that would be signed, and asks for consent; the default is no. Then each line of standard input is sent as one message, and each message of the website is printed on standard output."
}

// Run answers the link and talks.
func (c *connectCommand) Run(e *env) error {
	out := c.output(e)
	return out.fail(c.run(e, out))
}

func (c *connectCommand) run(e *env, out *output) error {
	ctx, cancel := c.deadline(e.ctx)
	defer cancel()
	request, err := client.ReadLink(ctx, c.Link, client.WalletConfig{ICE: e.ice, Observe: out.observe})
	if err != nil {
		return linkFailure(err)
	}
	defer request.Close()
	key, err := c.key(e)
	if err != nil {
		return err
	}
	text, err := request.Text(key)
	if err != nil {
		return err
	}
	in := bufio.NewReader(e.stdin)
	c.show(out, request, text)
	if err := c.consent(ctx, e, in, request); err != nil {
		return err
	}
	channel, err := request.Approve(ctx, key)
	if err != nil {
		return err
	}
	return converse(e, in, out, channel, c.KeepOpen)
}

// consent returns nil if the person agreed. If not, the site is told.
func (c *connectCommand) consent(ctx context.Context, e *env, in *bufio.Reader, request *client.Request) error {
	if c.Yes {
		return nil
	}
	yes, err := agree(ctx, e, in)
	if yes || err != nil {
		return err
	}
	if err := request.Reject(ctx); err != nil {
		return err
	}
	return protocol.Errorf(protocol.UserRejected, "nothing was signed, and the site was told")
}

// linkFailure makes a usage error of a text that is no link.
func linkFailure(err error) error {
	if !errors.Is(err, protocol.InvalidLink) {
		return err
	}
	f := failureOf(err)
	f.exit = exitUsage
	return f
}

func (c *connectCommand) show(out *output, request *client.Request, text string) {
	site := request.Site()
	if c.JSON {
		out.write(event{Event: "request", Site: &site, Text: text})
		return
	}
	// The origin first: it is checked, and a name can be anything.
	out.say("%s asks you to sign in, until %s. It calls itself %q. You would sign this text and nothing else:\n\n    %s\n",
		site.Origin, request.ExpiresAt().Local().Format(time.TimeOnly), site.Name, strings.ReplaceAll(text, "\n", "\n    "))
}

// agree asks the person. Whatever is not a clear yes is a no; no answer in time
// is an error.
func agree(ctx context.Context, e *env, in *bufio.Reader) (bool, error) {
	fmt.Fprint(e.stderr, "Sign in and connect? [y/N] ")
	typed := make(chan string, 1)
	go func() { // ends with a line, or with the process
		line, _ := in.ReadString('\n')
		typed <- line
	}()
	select {
	case line := <-typed:
		answer := strings.ToLower(strings.TrimSpace(line))
		return answer == "y" || answer == "yes", nil
	case <-ctx.Done():
		fmt.Fprintln(e.stderr)
		return false, waitError(ctx)
	}
}

// waitError says why a wait for a person ended.
func waitError(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return protocol.TimedOut
	}
	return protocol.Canceled
}
