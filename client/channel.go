package client

import (
	"context"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/liaison-dev/liaison/protocol"
)

const (
	// sendTimeout and restartTimeout bound calls whose context has no deadline.
	sendTimeout    = 30 * time.Second
	restartTimeout = 30 * time.Second
	// flushTimeout is how long Close waits for the other side to take what was
	// sent, and again for it to close its end.
	flushTimeout = 2 * time.Second
)

// Channel is a direct connection to the other side of a link. It keeps the
// order of messages and their limits, and loses none while it is open. All
// methods may be called concurrently.
type Channel struct {
	// Fixed.
	pairing *pairing
	data    *webrtc.DataChannel
}

func newChannel(p *pairing) *Channel { return &Channel{pairing: p, data: p.peer.dataChannel()} }

// Account returns whom the wallet proved to be; on the wallet's side its own
// account.
func (c *Channel) Account() protocol.Account {
	c.pairing.mu.Lock()
	defer c.pairing.mu.Unlock()
	return c.pairing.account
}

// Assurance returns how far it can be trusted that the account is the other
// side's. On the wallet's side it says what the site was told.
func (c *Channel) Assurance() protocol.Assurance {
	c.pairing.mu.Lock()
	defer c.pairing.mu.Unlock()
	return c.pairing.assurance
}

// Locality returns what was found out about where the other side is; the zero
// value if nothing was, or not yet.
func (c *Channel) Locality() LocalityReport {
	c.pairing.mu.Lock()
	defer c.pairing.mu.Unlock()
	return c.pairing.locality
}

// Resumption returns the id of what the keeper has of this pairing; empty if it
// cannot be resumed.
func (c *Channel) Resumption() string {
	c.pairing.mu.Lock()
	defer c.pairing.mu.Unlock()
	if c.pairing.kept == nil {
		return ""
	}
	return c.pairing.kept.id
}

// Path returns the way that the channel takes now.
func (c *Channel) Path() Path { return c.pairing.peer.path() }

// Send sends one binary message of at most [protocol.MaxChannelMessageBytes]
// bytes. It waits while too much is on its way already, 30 seconds at most if
// ctx has no deadline, and does not wait until the message has arrived. Errors:
// [protocol.TooLarge], [protocol.ChannelClosed] or the reason why the channel is
// over, [protocol.TimedOut], [protocol.Canceled].
func (c *Channel) Send(ctx context.Context, message []byte) error {
	return c.send(ctx, len(message), func() error { return c.data.Send(message) })
}

// SendText is [Channel.Send] for text, which a browser receives as a string. It
// must be UTF-8.
func (c *Channel) SendText(ctx context.Context, text string) error {
	return c.send(ctx, len(text), func() error { return c.data.SendText(text) })
}

func (c *Channel) send(ctx context.Context, size int, send func() error) error {
	const op = "send message"
	if size > protocol.MaxChannelMessageBytes {
		return &Error{Code: protocol.TooLarge, Op: op, Detail: "a message may have 65536 bytes"}
	}
	ctx, cancel := withDeadline(ctx, sendTimeout)
	defer cancel()
	for {
		switch {
		case isClosed(c.pairing.over):
			return c.pairing.reason()
		case ctx.Err() != nil:
			return contextError(ctx, op)
		case c.data.BufferedAmount() <= maxBuffered:
			if err := send(); err != nil {
				return &Error{Code: protocol.ChannelClosed, Op: op, Err: err}
			}
			return nil
		}
		c.drained(ctx)
	}
}

// drained waits until everything was taken by the other side, or something else
// happened that makes the wait pointless.
func (c *Channel) drained(ctx context.Context) {
	timer := time.NewTimer(100 * time.Millisecond) // another caller may have had the token
	defer timer.Stop()
	select {
	case <-c.pairing.peer.low:
	case <-timer.C:
	case <-c.pairing.over:
	case <-ctx.Done():
	}
}

// Receive returns the next message, text or binary. What arrived before the
// channel ended is still returned. It waits for as long as ctx allows, without a
// deadline of its own: silence is not a failure. Errors: [protocol.ChannelClosed]
// or the reason why the channel is over, [protocol.TimedOut],
// [protocol.Canceled].
func (c *Channel) Receive(ctx context.Context) ([]byte, error) {
	select {
	case m := <-c.pairing.peer.inbox:
		return m, nil
	default:
	}
	select {
	case m := <-c.pairing.peer.inbox:
		return m, nil
	case <-ctx.Done():
		return nil, contextError(ctx, "receive message")
	case <-c.pairing.over:
	}
	select {
	case m := <-c.pairing.peer.inbox:
		return m, nil
	default:
		return nil, c.pairing.reason()
	}
}

// Restart looks for a new path and returns when one is found, 30 seconds at most
// if ctx has no deadline. Only the site's side can ([protocol.LinkForbidden]), and
// not even that with a wallet of a dialect; and only while the server can be reached ([protocol.SignalingUnreachable]).
// The channel stays open whatever comes of it. A channel that lost its path does
// this by itself.
func (c *Channel) Restart(ctx context.Context) error {
	const op = "restart ICE"
	p := c.pairing
	if p.side != protocol.SiteSide {
		return &Error{Code: protocol.LinkForbidden, Op: op, Detail: "the site's side restarts"}
	}
	if p.unsealed.Load() {
		return &Error{Code: protocol.LinkForbidden, Op: op, Detail: "a wallet of a dialect offers, and no site"}
	}
	if isClosed(p.over) {
		return p.reason()
	}
	if !p.signalUp() {
		return &Error{Code: protocol.SignalingUnreachable, Op: op}
	}
	ctx, cancel := withDeadline(ctx, restartTimeout)
	defer cancel()
	_, before, _ := p.peer.ice()
	if err := p.restart(); err != nil {
		return wrap(op, protocol.ICEFailed, err)
	}
	for {
		state, checks, changed := p.peer.ice()
		if iceUp(state) && checks > before {
			return nil
		}
		select {
		case <-changed:
		case <-p.over:
			return p.reason()
		case <-ctx.Done():
			return contextError(ctx, op)
		}
	}
}

// Done is closed when the channel is over.
func (c *Channel) Done() <-chan struct{} { return c.pairing.over }

// Err says why the channel is over; nil while it is not. Its code is
// [protocol.ChannelClosed] if one of the two sides closed it,
// [protocol.PeerLost] if the other side went without a goodbye, and
// [protocol.ICEFailed] if the path was lost for good. After the last two the
// pairing can be resumed.
func (c *Channel) Err() error {
	if err := c.pairing.reason(); err != nil {
		return err
	}
	return nil
}

// Close hands over what was sent, for two seconds at most, says goodbye, so that
// neither side can resume, ends the link on the server, and returns when every
// goroutine has ended. Messages that arrived and were not received are dropped.
func (c *Channel) Close() error {
	c.end(true)
	return nil
}

// Leave is [Channel.Close] without the goodbye: what was kept for it can resume
// the pairing later.
func (c *Channel) Leave() error {
	c.end(false)
	return nil
}

func (c *Channel) end(goodbye bool) {
	p := c.pairing
	if !isClosed(p.over) {
		if goodbye {
			p.forget()
		}
		c.flush(goodbye)
	}
	p.close(&Error{Code: protocol.ChannelClosed, Op: "use channel"})
}

// flush waits until the other side has taken everything, says goodbye, closes the
// channel, and waits until the other side has seen that.
func (c *Channel) flush(goodbye bool) {
	p := c.pairing
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	for c.data.BufferedAmount() > 0 && ctx.Err() == nil && !isClosed(p.over) {
		c.drained(ctx)
	}
	if goodbye {
		_ = p.peer.tell(protocol.ControlMessage{T: protocol.ControlBye, Code: protocol.ChannelClosed}) // or it times out
		p.peer.drainControl(ctx)
	}
	_ = c.data.Close() // it is being closed in any case
	for !isClosed(p.peer.closed) && ctx.Err() == nil {
		select {
		case <-p.peer.inbox: // nobody will ask for it, and it blocks the end
		case <-p.peer.closed:
		case <-ctx.Done():
		}
	}
}
