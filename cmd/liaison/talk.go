package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/protocol"
)

// line is one line of standard input, or its end.
type line struct {
	text string
	err  error // io.EOF at the end
}

// readLines reads standard input line by line, for as long as the process lives:
// a question and the conversation after it have one reader.
func readLines(stdin io.Reader) <-chan line {
	lines := make(chan line)
	in := bufio.NewReader(stdin)
	go func() { // ends with the process
		for {
			text, err := in.ReadString('\n')
			text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
			if text != "" || err == nil {
				lines <- line{text: text}
			}
			if err != nil {
				for {
					lines <- line{err: err}
				}
			}
		}
	}()
	return lines
}

// conversation sends lines and passes on messages over one channel after the
// other.
type conversation struct {
	in       <-chan line
	out      *output
	keepOpen bool
	unsent   *line // taken from in, and not sent
}

// errEnded means that the end of the input ended the conversation.
var errEnded = errors.New("end of input")

// talk sends each line and passes on each message, until either side ends the
// channel. The end of the input closes it once everything was sent, unless it is
// kept open: then only the other side ends it.
func (c *conversation) talk(ctx context.Context, channel *client.Channel) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	receiving := make(chan error, 1)
	go func() { receiving <- receive(ctx, c.out, channel) }()
	sending := make(chan error, 1)
	go func() { sending <- c.send(ctx, channel) }()
	for {
		select {
		case err := <-receiving:
			cancel()
			if sending != nil {
				<-sending
			}
			return err
		case err := <-sending:
			sending = nil
			switch {
			case errors.Is(err, errEnded) && c.keepOpen:
				continue
			case errors.Is(err, errEnded):
				closing := channel.Close()
				if rest := <-receiving; !closedByPeer(rest) && !errors.Is(rest, protocol.Canceled) {
					return rest
				}
				return errors.Join(errEnded, closing)
			}
			cancel()
			if rest := <-receiving; !errors.Is(rest, protocol.Canceled) {
				return rest // why the channel ended says more than that nothing could be sent
			}
			return err
		}
	}
}

func receive(ctx context.Context, out *output, channel *client.Channel) error {
	for {
		message, err := channel.Receive(ctx)
		if err != nil {
			return err
		}
		out.message(message)
	}
}

// send sends lines until the input ends. A line that could not be sent is kept
// for the next channel.
func (c *conversation) send(ctx context.Context, channel *client.Channel) error {
	for {
		if c.unsent == nil {
			select {
			case typed := <-c.in:
				c.unsent = &typed
			case <-ctx.Done():
				return protocol.Canceled
			}
		}
		if err := c.unsent.err; err != nil {
			if errors.Is(err, io.EOF) {
				return errEnded
			}
			return err
		}
		if err := channel.SendText(ctx, strings.ToValidUTF8(c.unsent.text, "\uFFFD")); err != nil {
			return err
		}
		c.unsent = nil
	}
}

// converse talks, and meets the other side again when it went away without a
// goodbye. A channel that one of the two sides closed is an end as it should be.
// An interrupt leaves the pairing as it is.
func converse(e *env, in <-chan line, out *output, channel *client.Channel, keepOpen bool, meet again) error {
	c := &conversation{in: in, out: out, keepOpen: keepOpen}
	for {
		err := c.talk(e.ctx, channel)
		if interrupted := e.ctx.Err() != nil; interrupted {
			err = channel.Leave()
			out.left(channel.Resumption() != "")
			return err
		}
		switch {
		case err == nil, errors.Is(err, errEnded), closedByPeer(err):
			_ = channel.Close() // always nil
			out.closed(protocol.ChannelClosed)
			return nil
		case !lost(err) || channel.Resumption() == "":
			_ = channel.Close() // always nil
			return err
		}
		_ = channel.Leave() // always nil
		out.lost(protocol.CodeOf(err))
		if channel, err = meetAgain(e.ctx, meet, channel); err != nil {
			return err
		}
	}
}

// lost reports whether the other side is gone and may come back.
func lost(err error) bool {
	return errors.Is(err, protocol.PeerLost) || errors.Is(err, protocol.ICEFailed)
}

func meetAgain(ctx context.Context, meet again, channel *client.Channel) (*client.Channel, error) {
	ctx, cancel := context.WithTimeout(ctx, comeback)
	defer cancel()
	return meet(ctx, channel)
}
