package driver

import "errors"

// Error is a JavaScript exception. Name is its class; Props are its own
// properties beside these.
type Error struct {
	Name, Message                 string
	Stack                         string // a Go stack for the log, never sent
	Remote, Retryable, Overloaded bool
	DurableObjectReset            bool
	DurableObjectID               string
	Props                         []Property
	Cause                         error // what it was made of, nil across objects
}

func (e *Error) Error() string {
	if e.Name == "" || e.Name == "Error" {
		return e.Message
	}
	return e.Name + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.Cause }

var (
	// ErrReset is what a State, Storage or Socket kept from an instance that
	// is gone answers.
	ErrReset = errors.New("durable: the object was reset")
	// ErrNoBinding is what the stubs of a namespace that is not bound answer.
	ErrNoBinding = errors.New("durable: no such binding")
	// ErrNoEvent is what a call that waits answers if its context is not an event's.
	ErrNoEvent = errors.New("durable: the context does not belong to an event")
)

// ErrNoMethod is [Instance.Call]'s error for a method the class has not.
var ErrNoMethod = errors.New("driver: no such method")
