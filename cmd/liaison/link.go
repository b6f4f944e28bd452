package main

import (
	"bufio"
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
	Server string `help:"Where the server is; the default is ${default}." default:"http://localhost:8080" placeholder:"URL"`
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
	ctx, cancel := c.deadline(e.ctx)
	defer cancel()
	pending, err := client.OpenLink(ctx, client.SiteConfig{Server: server, ICE: e.ice, Observe: out.observe})
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
	return converse(e, bufio.NewReader(e.stdin), out, channel, c.KeepOpen)
}

func (c *linkCommand) show(e *env, out *output, pending *client.PendingLink) error {
	link, expires := pending.Link().String(), pending.Challenge().ExpiresAt
	if c.JSON {
		out.write(event{Event: "link", URI: link, ExpiresAt: &expires})
		return nil
	}
	picture, err := drawQR(link, isTerminal(e.stderr))
	if err != nil {
		return err
	}
	out.say("%s\nScan the code with a wallet, or type in another terminal:\n\n  liaison wallet connect '%s'\n\nWaiting until %s.",
		picture, link, expires.Local().Format(time.TimeOnly))
	return nil
}
