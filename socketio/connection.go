package socketio

import (
	"errors"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/liaison-dev/liaison/socketio/engineio"
)

// connection is one client with all of its namespaces.
type connection struct {
	// Fixed.
	server  *Server
	session *engineio.Session

	// Owned by Message.
	partial      *packet // its attachments have not all come
	partialBytes int

	mu sync.Mutex
	// Guarded by mu.
	sockets map[string]*Socket // by namespace; those we disconnected remain
	lonely  *time.Timer        // runs while no socket is connected
	ended   bool
	tasks   []task
	waiting int           // bytes of the tasks
	working bool          // a goroutine carries out tasks
	room    chan struct{} // gets a value when a task was taken and Message waits
}

// task is something that is done in its turn.
type task struct {
	do    func()
	bytes int // that it keeps alive
}

func newConnection(server *Server, session *engineio.Session) *connection {
	c := &connection{server: server, session: session}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lonely = time.AfterFunc(server.cfg.ConnectTimeout, c.abandon)
	return c
}

// abandon ends a connection that is of no use to anybody.
func (c *connection) abandon() {
	c.mu.Lock()
	used := c.live() > 0
	c.mu.Unlock()
	if !used {
		c.session.Close(ConnectTimeout)
	}
}

// live returns how many sockets are connected or about to be. The caller holds
// mu.
func (c *connection) live() int {
	n := 0
	for _, s := range c.sockets {
		if s.isLive() {
			n++
		}
	}
	return n
}

// settleLocked starts the timer of a connection without sockets.
func (c *connection) settleLocked() {
	if !c.ended && c.live() == 0 {
		c.lonely.Reset(c.server.cfg.ConnectTimeout)
	}
}

// Message implements engineio.Handler.
func (c *connection) Message(m engineio.Message) {
	p, err := c.assemble(m)
	switch {
	case err != nil:
		c.session.Close(ParseError)
	case p != nil && !c.receive(p):
		c.session.Close(ParseError)
	}
}

// assemble returns a packet once it is complete, and nil before.
func (c *connection) assemble(m engineio.Message) (*packet, error) {
	if m.Binary {
		if c.partial == nil {
			return nil, errPacket
		}
		c.partialBytes += len(m.Data)
		if c.partialBytes > c.server.cfg.MaxPacketBytes {
			return nil, errPacket
		}
		c.partial.attachments = append(c.partial.attachments, m.Data)
		c.partial.awaited--
	} else {
		if c.partial != nil {
			return nil, errPacket
		}
		p, err := parsePacket(m.Data, &c.server.cfg)
		if err != nil {
			return nil, err
		}
		c.partial, c.partialBytes = p, len(m.Data)
	}
	if c.partial.awaited > 0 {
		return nil, nil
	}
	p := c.partial
	c.partial = nil
	return p, nil
}

// receive handles a packet. It returns false if the client may not send it.
func (c *connection) receive(p *packet) bool {
	if p.kind != typeAck {
		c.await()
	}
	if p.kind == typeConnect {
		c.connect(p)
		return true
	}
	c.mu.Lock()
	socket := c.sockets[p.namespace]
	if socket != nil && p.kind == typeDisconnect {
		delete(c.sockets, p.namespace)
		c.settleLocked()
	}
	c.mu.Unlock()
	if socket == nil {
		return false
	}
	switch p.kind {
	case typeDisconnect:
		socket.left(ClientDisconnect)
	case typeEvent:
		c.receiveEvent(socket, p)
	case typeAck:
		// Not with the events: a handler may be waiting for it.
		socket.acknowledged(p)
	default:
		return false
	}
	return true
}

func (c *connection) receiveEvent(socket *Socket, p *packet) {
	if len(p.args) == 0 {
		return
	}
	name, ok := parseName(p.args[0])
	if !ok {
		return // a number, which no handler has for its name
	}
	e := &Event{socket: socket, Name: name, hasAck: p.hasID, id: p.id}
	for _, arg := range p.args[1:] {
		e.Args = append(e.Args, Arg{JSON: arg, Attachments: p.attachments})
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.doLocked(task{func() { socket.handle(e) }, p.size()})
}

// connect begins to connect to a namespace.
func (c *connection) connect(p *packet) {
	namespace := c.server.namespace(p.namespace)
	if namespace == nil {
		c.refuse(p.namespace, &ConnectError{Message: "Invalid namespace"})
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.sockets[p.namespace]
	switch {
	case c.ended:
		return
	case old != nil && old.isLive():
		return // clients up to 4.1 say it twice if their user does
	case old == nil && len(c.sockets) >= c.server.cfg.MaxNamespaces:
		c.refuse(p.namespace, &ConnectError{Message: "Too many namespaces"})
		return
	}
	socket := newSocket(c, namespace, p.data)
	if c.sockets == nil {
		c.sockets = make(map[string]*Socket)
	}
	c.sockets[p.namespace] = socket
	c.lonely.Stop()
	c.doLocked(task{do: socket.connect, bytes: len(p.data)})
}

// refuse answers a CONNECT with an error.
func (c *connection) refuse(namespace string, err *ConnectError) {
	type answer struct {
		Message string `json:"message"`
		Data    any    `json:"data,omitempty"`
	}
	data, failed := marshal(answer{err.Message, err.Data})
	if failed != nil {
		// The user's data: the client had better learn of the refusal without it.
		c.server.cfg.Logger.Error("socketio: data of a refusal does not encode")
		data, _ = marshal(answer{Message: err.Message}) // a string always does
	}
	p := packet{kind: typeConnectError, namespace: namespace, data: data}
	_ = c.session.Send(p.messages()...) // a client that is gone needs no answer
}

// Closed implements engineio.Handler.
func (c *connection) Closed(reason engineio.Reason) {
	c.mu.Lock()
	c.ended = true
	c.lonely.Stop()
	sockets := c.sockets
	c.sockets = nil
	c.mu.Unlock()
	c.partial = nil
	for _, socket := range sockets {
		socket.left(reason)
	}
}

// await returns when there is room for one more event, or the session has ended.
func (c *connection) await() {
	for {
		c.mu.Lock()
		if len(c.tasks) < c.server.cfg.MaxWaitingEvents && c.waiting < c.server.cfg.MaxPacketBytes {
			c.mu.Unlock()
			return
		}
		room := make(chan struct{})
		c.room = room
		c.mu.Unlock()
		select {
		case <-room:
		case <-c.session.Done():
			return
		}
	}
}

// do has something done after all that is to be done already.
func (c *connection) do(what func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.doLocked(task{do: what})
}

func (c *connection) doLocked(t task) {
	c.tasks = append(c.tasks, t)
	c.waiting += t.bytes
	if !c.working {
		c.working = true
		c.server.running.Add(1)
		go c.work()
	}
}

// work carries out tasks while there are any.
func (c *connection) work() {
	defer c.server.running.Done()
	for {
		task := c.next()
		if task == nil {
			return
		}
		c.guard(task)
	}
}

func (c *connection) next() func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.room != nil {
		close(c.room)
		c.room = nil
	}
	if len(c.tasks) == 0 {
		c.working = false
		c.tasks = nil
		return nil
	}
	next := c.tasks[0]
	c.tasks[0] = task{}
	c.tasks = c.tasks[1:]
	c.waiting -= next.bytes
	return next.do
}

// guard calls the user's code. A panic costs one connection and not the process.
func (c *connection) guard(call func()) {
	defer func() {
		if cause := recover(); cause != nil {
			// The value is left out: it may hold what a client sent.
			c.server.cfg.Logger.Error("socketio: handler panicked", slog.String("stack", string(debug.Stack())))
			c.session.Close(ServerError)
		}
	}()
	call()
}

// sendError translates an error of the engine.
func sendError(err error) error {
	if errors.Is(err, engineio.ErrClosed) || errors.Is(err, engineio.ErrSlowReader) {
		return ErrDisconnected
	}
	return err
}
