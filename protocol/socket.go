package protocol

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The WebSocket at /v1/ws carries one JSON object a message, subprotocol
// "liaison.1", at most 64 KiB, without compression. Source: spec/protocol.md §7.
//
//	website                      server                       wallet
//	subscribe link          →
//	                        ← subscribed
//	                                          ← POST …/join
//	                        ← frame n=0       ← subscribe join
//	POST …/offer            →                   frame n=0 →
//	                                          ← POST /v1/links/{requestId}
//	                        ← link (held)
//	subscribe answer-ADDR   →                 ← subscribe offer-ADDR
//	                        ← subscribed         subscribed →
//	send n=1 (candidate)    →                    frame n=1 →
//	                        ← acked           ← ack next=2
//	                        ← frame n=1       ← send n=1 (candidate)
//	ack next=2              →                    acked →
//	                                          ← POST …/release
//	                        ← link

// Op is the kind of a message.
type Op string

// Messages from a client.
const (
	// OpSubscribe asks for a topic of a link: topic, requestId, since (how many
	// frames this client has received), next (how many of its own it knows to be
	// acknowledged).
	OpSubscribe Op = "subscribe"
	// OpSend hands over one frame for the other side: requestId, n, d.
	OpSend Op = "send"
	// OpAck says that all frames below next have arrived: requestId, next.
	OpAck Op = "ack"
	// OpClose ends the link for both sides: requestId, and code, which tells the
	// other side why.
	OpClose Op = "close"
)

// Messages from the server.
const (
	// OpSubscribed confirms a subscription: topic, requestId, expiresAt, next
	// (how many frames of this client the other side has acknowledged).
	OpSubscribed Op = "subscribed"
	// OpLink tells the site who claimed its link: requestId, account, proof,
	// answer if the wallet sent one, held while the wallet has not released the
	// claim. It comes again, without held, when the wallet has.
	OpLink Op = "link"
	// OpFrame brings a frame of the other side: topic, requestId, n, d.
	OpFrame Op = "frame"
	// OpAcked says how many frames of this client have arrived: requestId, next.
	OpAcked Op = "acked"
	// OpPeer says whether the other side is attached: requestId, state.
	OpPeer Op = "peer"
	// OpNotice tells of something that changes nothing: requestId, code. Today
	// this is [LinkTaken]: a second wallet tried to join the link.
	OpNotice Op = "notice"
	// OpClosed says that the link has ended and why: requestId, code.
	OpClosed Op = "closed"
	// OpError answers a message that could not be carried out: code, detail,
	// and requestId if the message had one.
	OpError Op = "error"
)

// PeerState says whether the other side of a link is attached.
type PeerState string

// States of a peer.
const (
	PeerHere PeerState = "here"
	PeerGone PeerState = "gone"
)

// Topic is what a subscription is for: a link, or the frames for one address.
type Topic string

// Topics of a link. Both bring the frames of the other side as long as nobody
// has claimed the link.
const (
	// TopicLink is for the site that opened it: who claims it.
	TopicLink Topic = "link"
	// TopicJoin is for the wallet that joined it.
	TopicJoin Topic = "join"
)

const (
	offerTopic  = "offer-"
	answerTopic = "answer-"
)

// OfferTopic carries the frames of a site to the wallet with this address.
func OfferTopic(address string) Topic { return Topic(offerTopic + address) }

// AnswerTopic carries the frames of the wallet with this address to a site.
func AnswerTopic(address string) Topic { return Topic(answerTopic + address) }

// Side is one of the two ends of a link.
type Side uint8

// The two ends.
const (
	SiteSide Side = iota
	WalletSide
)

// Other returns the opposite end.
func (s Side) Other() Side { return 1 - s }

// String returns "site" or "wallet".
func (s Side) String() string {
	if s == SiteSide {
		return "site"
	}
	return "wallet"
}

// Topic returns the topic that carries the frames for side s of a link which
// the wallet with this address claimed.
func (s Side) Topic(address string) Topic {
	if s == SiteSide {
		return AnswerTopic(address)
	}
	return OfferTopic(address)
}

// Side returns whose frames the topic carries and the address in it; ok is
// false for any other topic.
func (t Topic) Side() (receiver Side, address string, ok bool) {
	if a, found := strings.CutPrefix(string(t), offerTopic); found {
		return WalletSide, a, a != ""
	}
	if a, found := strings.CutPrefix(string(t), answerTopic); found {
		return SiteSide, a, a != ""
	}
	return 0, "", false
}

// ClientMessage is any message from a client; Op says which fields count.
type ClientMessage struct {
	Op        Op        `json:"op"`
	Topic     Topic     `json:"topic,omitempty"`
	RequestID RequestID `json:"requestId"`
	Since     uint64    `json:"since,omitempty"`
	N         uint64    `json:"n,omitempty"`
	D         string    `json:"d,omitempty"`
	Next      uint64    `json:"next,omitempty"`
	Code      Code      `json:"code,omitempty"`
}

// Frame returns the frame of a send message.
func (m ClientMessage) Frame() Frame { return Frame{N: m.N, D: m.D} }

// ParseClientMessage reads and checks a message from a client.
func ParseClientMessage(data []byte) (ClientMessage, error) {
	if len(data) > MaxMessageBytes {
		return ClientMessage{}, Errorf(TooLarge, "a message may have %d bytes", MaxMessageBytes)
	}
	m, canonical := parseCanonical(data)
	if !canonical {
		if err := decodeStrict(bytes.NewReader(data), &m); err != nil {
			return ClientMessage{}, err
		}
	}
	if err := m.Validate(); err != nil {
		return ClientMessage{}, err
	}
	return m, nil
}

// Validate checks the fields that the op has, and that there are no others.
func (m ClientMessage) Validate() error {
	if _, err := ParseRequestID(string(m.RequestID)); err != nil {
		return err
	}
	allowed := ClientMessage{Op: m.Op, RequestID: m.RequestID}
	switch m.Op {
	case OpSubscribe:
		allowed.Topic, allowed.Since, allowed.Next = m.Topic, m.Since, m.Next
		if _, _, ok := m.Topic.Side(); !ok && m.Topic != TopicLink && m.Topic != TopicJoin {
			return Errorf(InvalidMessage, "unknown topic")
		}
	case OpSend:
		allowed.N, allowed.D = m.N, m.D
		if err := m.Frame().Validate(); err != nil {
			return err
		}
	case OpAck:
		allowed.Next = m.Next
	case OpClose:
		allowed.Code = m.Code
		// One that invites to try again would make the other side do that.
		if m.Code != "" && (!m.Code.Known() || m.Code.Info().Status == 0 || m.Code.Info().Retry) {
			return Errorf(InvalidMessage, "no link ends with this code")
		}
	default:
		return Errorf(InvalidMessage, "unknown op")
	}
	if m != allowed {
		return Errorf(InvalidMessage, "a field does not belong to this op")
	}
	return nil
}

// ServerMessage is any message from the server; Op says which fields count.
// A client ignores fields and ops that it does not know.
type ServerMessage struct {
	Op        Op         `json:"op"`
	Topic     Topic      `json:"topic,omitempty"`
	RequestID RequestID  `json:"requestId,omitempty"`
	N         uint64     `json:"n,omitempty"`
	D         string     `json:"d,omitempty"`
	Next      uint64     `json:"next,omitempty"`
	State     PeerState  `json:"state,omitempty"`
	Account   Account    `json:"account,omitempty"`
	Proof     *Proof     `json:"proof,omitempty"`
	Dialect   Dialect    `json:"dialect,omitempty"`
	Answer    *Frame     `json:"answer,omitempty"`
	Held      bool       `json:"held,omitempty"`
	ExpiresAt *time.Time `json:"expiresAt,omitempty"`
	Code      Code       `json:"code,omitempty"`
	Detail    string     `json:"detail,omitempty"`
	Remedy    string     `json:"remedy,omitempty"`
}

// ParseServerMessage reads a message from the server.
func ParseServerMessage(data []byte) (ServerMessage, error) {
	var m ServerMessage
	if len(data) > MaxMessageBytes {
		return m, Errorf(TooLarge, "a message may have %d bytes", MaxMessageBytes)
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return ServerMessage{}, Errorf(InvalidMessage, "the server's message is not valid JSON")
	}
	if m.Op == OpFrame {
		if err := (Frame{N: m.N, D: m.D}).Validate(); err != nil {
			return ServerMessage{}, err
		}
	}
	return m, nil
}

// AppendFrame writes an [OpFrame] message. It is the one message that is sent
// often enough for the encoder's reflection to show; none of its strings needs
// escaping, since each was checked when it came in.
func AppendFrame(b []byte, topic Topic, id RequestID, f Frame) []byte {
	b = slices.Grow(b, len(topic)+len(id)+len(f.D)+80)
	b = append(b, `{"op":"frame","topic":"`...)
	b = append(b, topic...)
	b = append(b, `","requestId":"`...)
	b = append(b, id...)
	b = append(b, `","n":`...)
	b = strconv.AppendUint(b, f.N, 10)
	b = append(b, `,"d":"`...)
	b = append(b, f.D...)
	return append(b, `"}`...)
}

// AppendAcked writes an [OpAcked] message.
func AppendAcked(b []byte, id RequestID, next uint64) []byte {
	b = slices.Grow(b, len(id)+60)
	b = append(b, `{"op":"acked","requestId":"`...)
	b = append(b, id...)
	b = append(b, `","next":`...)
	b = strconv.AppendUint(b, next, 10)
	return append(b, '}')
}
