package driver

import (
	"cmp"
	"errors"
	"fmt"
)

// Error is a JavaScript exception. Name is its class. Props are its own properties, without those that
// have a field here; name is among them if the exception has its own.
type Error struct {
	Name, Message                 string
	Stack                         string // a Go stack for the log, which is not sent to callers
	Remote, Retryable, Overloaded bool
	DurableObjectReset            bool
	DurableObjectID               string
	NotError                      bool // a value that is no Error object was thrown; Message is its text
	Props                         []Property
	Cause                         error // the Go error that it was made of; nil after a call between objects
	// Event is the number of the world's latest event that reports the exception; 0 is none. A
	// later event about the same exception names that one as its cause.
	Event uint64
}

func (e *Error) Error() string {
	if e.Name == "" || e.Name == "Error" {
		return e.Message
	}
	return e.Name + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.Cause }

// Uncaught returns the text for the log, which always begins with the class.
func (e *Error) Uncaught() string {
	if e.NotError {
		return e.Message
	}
	return cmp.Or(e.Name, "Error") + ": " + e.Message
}

// NewError makes an exception of a class.
func NewError(name, message string) *Error { return &Error{Name: name, Message: message} }

// PlainError makes an exception of class Error.
func PlainError(message string) *Error { return NewError("Error", message) }

// TypeError makes an exception of class TypeError.
func TypeError(message string) *Error { return NewError("TypeError", message) }

// RangeError makes an exception of class RangeError.
func RangeError(message string) *Error { return NewError("RangeError", message) }

// Exception returns the exception that an error of user code stands for.
func Exception(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Name: "Error", Message: err.Error(), Cause: err}
}

// ConnectionLost is workerd's message for whatever was cut off: an object, a connection or a body.
const ConnectionLost = "Network connection lost."

var (
	// ErrReset is the error of a State, Storage or Socket whose instance is gone.
	ErrReset = errors.New("durable: the object was reset")
	// ErrNoBinding is the error of a stub whose namespace is not bound.
	ErrNoBinding = errors.New("durable: no such binding")
	// ErrNoEvent is the error of a call that waits, if its context is not an event's.
	ErrNoEvent = errors.New("durable: the context does not belong to an event")
)

// ErrNoMethod is the error of [Instance.Call] for a method that the class does not have.
var ErrNoMethod = errors.New("driver: no such method")

// Panic is the error of a function of user code that has panicked. Stack is the stack of its
// goroutine, as [debug.Stack] prints it.
type Panic struct {
	Value any
	Stack []byte
}

func (p *Panic) Error() string { return fmt.Sprint(p.Value) }
