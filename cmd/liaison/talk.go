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

// talk sends each line of in and passes on each message, until either side
// closes. The end of in closes the channel once everything was sent, unless
// keepOpen: then only the other side ends it.
func talk(ctx context.Context, in *bufio.Reader, out *output, channel *client.Channel, keepOpen bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	receiving := make(chan error, 1)
	go func() { receiving <- receive(ctx, out, channel) }()
	sending := make(chan error, 1)
	go func() { sending <- send(ctx, in, channel) }() // ends with a line, or with the process
	for {
		select {
		case err := <-receiving:
			return err
		case err := <-sending:
			if err == nil && keepOpen {
				sending = nil
				continue
			}
			closing := channel.Close()
			cancel()
			if rest := <-receiving; !closedByPeer(rest) && !errors.Is(rest, protocol.Canceled) && err == nil {
				err = rest
			}
			return errors.Join(err, closing)
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

func send(ctx context.Context, in *bufio.Reader, channel *client.Channel) error {
	for {
		line, err := in.ReadString('\n')
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if line != "" || err == nil {
			if err := channel.SendText(ctx, strings.ToValidUTF8(line, "\uFFFD")); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// converse is talk with the end of the story told: a channel that one of the
// two sides closed is an end as it should be.
func converse(e *env, in *bufio.Reader, out *output, channel *client.Channel, keepOpen bool) error {
	defer channel.Close()
	err := talk(e.ctx, in, out, channel, keepOpen)
	if err == nil || closedByPeer(err) || e.ctx.Err() != nil {
		out.closed(protocol.ChannelClosed)
		return nil
	}
	return err
}
