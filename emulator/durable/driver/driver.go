// Package driver is the seam between the emulator and the front ends in which
// classes are written, as database/sql/driver is between database/sql and its
// databases. Package durable is the Go front end; a class author never needs
// this package.
//
// Down the seam ([Class], [Instance], [Worker]) the runtime calls user code;
// up the seam ([State], [Socket], [Storage], [Env], [Event]) user code calls
// the runtime. Values cross it as [Value], errors as [*Error].
package driver

import (
	"context"
	"strconv"
	"time"
)

// Handlers says which optional methods an [Instance] has.
type Handlers uint8

// The optional methods.
const (
	HandlesFetch Handlers = 1 << iota
	HandlesWebSocketMessage
	HandlesWebSocketClose
	HandlesWebSocketError
	HandlesAlarm
)

// Class is a Durable Object class exported by a program.
type Class interface {
	Name() string
	// Place is where the class was defined.
	Place() Place
	Handlers() Handlers
	// Goroutines reports whether its code may start goroutines. They keep an object in
	// memory, and those that touch it without its turn are reported.
	Goroutines() bool
	// Construct makes an instance. It runs as an event of its own, before
	// any other event of the instance.
	Construct(ctx context.Context, st State, env Env) (Instance, error)
}

// Instance is an object in memory. The runtime calls one method at a time,
// unless the one before it waits in an [Event].
type Instance interface {
	Fetch(ctx context.Context, r *Request) (*Response, error)
	WebSocketMessage(ctx context.Context, ws Socket, m Message) error
	WebSocketClose(ctx context.Context, ws Socket, code int, reason string, wasClean bool) error
	WebSocketError(ctx context.Context, ws Socket, err error) error
	Alarm(ctx context.Context, info AlarmInfo) error
	// Call runs an RPC method; [ErrNoMethod] if the class has none of that name.
	Call(ctx context.Context, method string, args []Value) (Value, error)
}

// Departed is an [Instance] whose Gone is called when it has left memory and its last event
// has ended. Gone must not call the runtime.
type Departed interface{ Gone() }

// Worker is a program's default export.
type Worker interface {
	Fetch(ctx context.Context, r *Request, env Env) (*Response, error)
}

// Program is a Worker with its classes, as a front end makes it.
type Program struct {
	Worker  Worker
	Classes []Class
	// Close frees what the front end holds for the program, once no world uses it.
	Close func() error
}

// AlarmInfo is the argument of alarm().
type AlarmInfo struct {
	ScheduledTime time.Time
	IsRetry       bool
	RetryCount    int
}

// Message is a WebSocket message. The receiver may keep Data.
type Message struct {
	Data   []byte
	Binary bool
}

// ID is a Durable Object id: 32 bytes, and the name it was made from if any.
type ID struct {
	Bytes   [32]byte
	Name    string
	HasName bool
}

// Env holds a program's bindings.
type Env interface {
	// Var returns a variable or secret. text is set for a string, json holds
	// every variable as JSON.
	Var(name string) (text string, isText bool, json []byte, ok bool)
	Namespace(binding string) (Namespace, bool)
	// Names are those of the variables and bindings, in order.
	Names() []string
}

// Namespace is a Durable Object binding.
type Namespace interface {
	IDFromName(name string) ID
	IDFromString(hex string) (ID, error)
	NewUniqueID() ID
	// Jurisdiction returns the namespace restricted to j.
	Jurisdiction(j string) (Namespace, error)
	Get(id ID) Stub
}

// Stub is a client of one object. Calls arrive there in the order in which they were
// started. An error says that nothing was begun, and done is not called.
type Stub interface {
	ID() ID
	// StartFetch sends a request, and again what its redirects lead to.
	StartFetch(ctx context.Context, r *Request, at Place, done func(*Response, error)) (Operation, error)
	// StartCall calls an RPC method.
	StartCall(ctx context.Context, method string, args []Value, at Place, done func(Value, error)) (Operation, error)
}

// Operation is something that an event has begun and waits for beside others: a call of
// another object, fetch(), a timer. It pins the event's object until its done is called.
//
// An event that has the turn begins its operations where it next gives the turn up: behind
// the output gate, in the order of the program. done is called once, on any goroutine, never
// with the turn and perhaps before the Start returns. It notes the result and sends a
// [Signal], and neither blocks nor calls the runtime beside that: then the result counts
// as the world's activity until the event goes on. On an instance that is gone it may not
// be called at all; [Event.WaitFor] returns [ErrReset] then.
type Operation interface {
	// Stop gives the result up: done is not called any more, and nothing is pinned.
	Stop()
}

// Signal wakes an event that waits for it. From Send until the event resumes, the world
// counts as active, so that a manual clock stands still. A second Send does nothing.
type Signal interface{ Send() }

// Event is the run of user code that a context belongs to: a Worker's
// invocation or an object's event. [EventOf] finds it.
type Event interface {
	// Wait runs f off the turn: other events may run until it returns. In a
	// Worker it only runs f. kind and at name the pin that it is meanwhile.
	Wait(ctx context.Context, kind PinKind, at Place, f func() error) error
	// NewSignal makes a signal. One that was sent must be waited for.
	NewSignal() Signal
	// WaitFor gives the turn up until s is sent or ctx ends. Events go on in the order in
	// which their signals were sent. The error is [ErrReset] if the instance is gone.
	WaitFor(ctx context.Context, s Signal) error
	// After calls f when d of the world's time has passed; timers end in the order of
	// their times.
	After(d time.Duration, at Place, f func()) Operation
	Now() time.Time
	UUID() string
	// StartFetch is the global fetch().
	StartFetch(ctx context.Context, r *Request, at Place, done func(*Response, error)) (Operation, error)
	// WaitUntil runs f after the event and keeps its object or invocation alive meanwhile.
	WaitUntil(f func(ctx context.Context) error, at Place)
	// Claim says that the calling goroutine goes on with the event, in place of the
	// one that it came on, which waits for it.
	Claim()
	// Say adds a line to the log, as console does: level is one of its methods.
	Say(level, text string)
	// InObject reports whether a turn is held, so that a Place is of use.
	InObject() bool
}

// EventKey is the key under which an event's context holds the [Event].
type EventKey struct{}

// EventOf returns the event that ctx belongs to, nil if none.
func EventOf(ctx context.Context) Event {
	if e, ok := ctx.(Event); ok {
		return e
	}
	e, _ := ctx.Value(EventKey{}).(Event)
	return e
}

// PinKind says what keeps an object in memory.
type PinKind string

// The kinds of pin.
const (
	PinEvent       PinKind = "event"       // a handler in flight
	PinBody        PinKind = "body"        // a response body that is still streamed
	PinFlush       PinKind = "flush"       // a piece of a response body that is handed over
	PinWaitUntil   PinKind = "waitUntil"   // a function given to waitUntil
	PinSleep       PinKind = "sleep"       // Sleep
	PinAwait       PinKind = "await"       // Await
	PinReceive     PinKind = "receive"     // Receive on a socket
	PinSocket      PinKind = "socket"      // an accepted socket that cannot hibernate
	PinOutgoing    PinKind = "outgoing"    // an outgoing WebSocket
	PinFetch       PinKind = "fetch"       // an outgoing fetch
	PinStub        PinKind = "stub"        // a call of another object
	PinBlock       PinKind = "block"       // blockConcurrencyWhile
	PinTransaction PinKind = "transaction" // an open transaction
	PinGoroutine   PinKind = "goroutine"   // a goroutine that the class left running
)

// State is an object's ctx.
type State interface {
	ID() ID
	Storage() Storage
	AcceptWebSocket(ws Socket, tags []string) error
	// WebSockets returns all sockets, or those of *tag.
	WebSockets(tag *string) []Socket
	Tags(ws Socket) ([]string, error)
	SetAutoResponse(request, response string) error
	UnsetAutoResponse()
	AutoResponse() (request, response string, ok bool)
	AutoResponseTimestamp(ws Socket) time.Time
	SetEventTimeout(d time.Duration) error
	EventTimeout() time.Duration
	// BeginBlock is blockConcurrencyWhile(): no other event is let in until the caller, who
	// must have the turn, calls end. If end gets an error, or the block took too long, the
	// object is reset and end returns [ErrReset]: the caller must not go on.
	BeginBlock(ctx context.Context, at Place) (end func(failed error) error, err error)
	WaitUntil(f func(ctx context.Context) error, at Place)
	// Abort resets the object. It returns, and the caller must not go on. Without
	// retryAlarm an alarm that runs is not run again.
	Abort(reason string, retryAlarm bool)
}

// Socket is one end of a WebSocket connection as one instance (or one Worker's
// invocation) sees it. The same connection is the same Socket for the life of
// an instance.
type Socket interface {
	Send(m Message) error
	// Close sends a Close frame; code 0 sends none.
	Close(code int, reason string) error
	ReadyState() int
	BufferedAmount() int64
	SetAttachment(v Value) error
	// Attachment returns a fresh copy, nil if there is none.
	Attachment() (Value, error)
	Accept(allowHalfOpen bool, at Place) error
	// StartReceive calls ready when an accepted socket has something for Receive: at once, if that is
	// so where the turn is given up. ready must not use the socket.
	StartReceive(ctx context.Context, at Place, ready func()) (Operation, error)
	// Receive takes the next message of an accepted socket; it is not ok if none is there. At the end
	// the error is a [*Closed], or a [*Error] for what JavaScript gets as an error event.
	Receive() (m Message, ok bool, err error)
	// Slot is the front end's own place on this socket, for its identity.
	Slot() *any
}

// Closed is the error of [Socket.Receive] after the peer has closed.
type Closed struct {
	Code     int
	Reason   string
	WasClean bool
}

func (c *Closed) Error() string {
	return "the WebSocket was closed with code " + strconv.Itoa(c.Code)
}
