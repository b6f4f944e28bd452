package main

import (
	"context"
	"strings"
	"time"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/protocol"
)

// talking are the flags of the two commands that open a channel.
type talking struct {
	JSON     bool          `help:"Write one JSON object a line to standard output, and nothing else."`
	Timeout  time.Duration `help:"Give up if the channel is not open after this long, for example 30s. The default is the life of the link, two minutes, and 30 seconds for the channel." placeholder:"DURATION"`
	KeepOpen bool          `help:"At the end of standard input keep receiving until the other side closes. Without it, the channel is closed when everything was sent."`
}

// deadline returns a context for everything up to the open channel.
func (t talking) deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if t.Timeout > 0 {
		return context.WithTimeout(ctx, t.Timeout)
	}
	return context.WithCancel(ctx)
}

func (t talking) output(e *env) *output {
	return &output{json: t.JSON, stdout: e.stdout, stderr: e.stderr}
}

// linkCommand plays the website.
type linkCommand struct {
	Server   string `help:"Where the server is; the default is ${default}." default:"http://localhost:8080" placeholder:"URL"`
	Code     bool   `help:"Ask for the six digits that the wallet shows before the channel opens."`
	Locality string `help:"How near the wallet must be: ${localities}; the default is ${default}." default:"report" placeholder:"LEVEL"`
	Legacy   string `help:"What to do about a wallet of Liquid Auth, which cannot seal what passes the server: deny, warn or allow; the default is ${default}. With --code, or --locality prefer or require, it is denied." default:"warn" placeholder:"POLICY"`
	talking
}

// Help is the long form of the help text.
func (linkCommand) Help() string {
	return "Draws a QR code and the link as text on standard error, waits for a wallet, prints its account, and then sends each line of standard input as one message and prints each message of the wallet on standard output."
}

// Run links and talks.
func (c *linkCommand) Run(e *env) error {
	out := c.output(e)
	return out.fail(c.run(e, out))
}

func (c *linkCommand) run(e *env, out *output) error {
	server, err := protocol.ParseOrigin(strings.TrimSuffix(c.Server, "/"))
	if err != nil {
		return &failure{
			what: "--server " + c.Server + " is not the address of a server", cause: "it must be https://HOST[:PORT], or http:// for this machine, without a path",
			next: "liaison link --server https://HOST", exit: exitUsage,
		}
	}
	level, err := nearness{c.Locality}.level()
	if err != nil {
		return err
	}
	legacy, err := client.ParseLegacy(c.Legacy)
	if err != nil {
		return &failure{what: "--legacy " + c.Legacy + " is no policy", cause: "it must be deny, warn or allow", next: "the same command with another --legacy", exit: exitUsage}
	}
	ctx, cancel := c.deadline(e.ctx)
	defer cancel()
	in, kept := readLines(e.stdin), new(memory)
	config := client.SiteConfig{Server: server, Locality: level, Legacy: legacy, Keeper: kept, ICE: e.ice, Observe: out.observe}
	if c.Code || level == protocol.LocalityPrefer {
		config.AskCode = askCode(e, out, in)
	}
	pending, err := client.OpenLink(ctx, config)
	if err != nil {
		return err
	}
	defer pending.Close()
	if err := c.show(e, out, pending); err != nil {
		return err
	}
	channel, err := pending.Accept(ctx)
	if err != nil {
		return err
	}
	return converse(e, in, out, channel, c.KeepOpen, resumeAsSite(kept, config))
}

// askCode has the person type what the wallet shows.
func askCode(e *env, out *output, in <-chan line) func(context.Context, int) (string, error) {
	return func(ctx context.Context, tries int) (string, error) {
		out.askCode(tries)
		select {
		case typed := <-in:
			return typed.text, typed.err
		case <-ctx.Done():
			return "", waitError(ctx)
		}
	}
}

func (c *linkCommand) show(e *env, out *output, pending *client.PendingLink) error {
	link, expires := pending.Link().Reveal(), pending.Challenge().ExpiresAt
	if c.JSON {
		out.write(event{Event: "link", URI: link, ExpiresAt: &expires})
		return nil
	}
	picture, err := drawQR(link, isTerminal(e.stderr))
	if err != nil {
		return err
	}
	out.say("%s\nScan the code with a wallet, or type in another terminal:\n\n  liaison wallet connect --unverified '%s'\n\nA terminal is no page, so a wallet cannot verify whose it is. Waiting until %s.",
		picture, link, expires.Local().Format(time.TimeOnly))
	return nil
}
