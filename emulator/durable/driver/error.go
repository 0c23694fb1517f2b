package driver

import (
	"cmp"
	"errors"
	"fmt"
)

// Error is a JavaScript exception. Name is its class; Props are its own
// properties beside these, with name if it has one of its own.
type Error struct {
	Name, Message                 string
	Stack                         string // a Go stack for the log, never sent
	Remote, Retryable, Overloaded bool
	DurableObjectReset            bool
	DurableObjectID               string
	NotError                      bool // what was thrown is no Error object; Message is its text
	Props                         []Property
	Cause                         error // what it was made of, nil across objects
	// Event is the number of the world's latest event that reports the exception; 0 is none. Who
	// logs the exception again names that event as the cause.
	Event uint64
}

func (e *Error) Error() string {
	if e.Name == "" || e.Name == "Error" {
		return e.Message
	}
	return e.Name + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.Cause }

// Uncaught is the exception as a log shows it: with its class, whatever that is.
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

// TypeError makes one of class TypeError.
func TypeError(message string) *Error { return NewError("TypeError", message) }

// RangeError makes one of class RangeError.
func RangeError(message string) *Error { return NewError("RangeError", message) }

// Exception is an error of user code as the exception that it stands for.
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

// Panic is a panic of user code as the error of what it was called for. Stack is that of
// the goroutine, as [debug.Stack] prints it.
type Panic struct {
	Value any
	Stack []byte
}

func (p *Panic) Error() string { return fmt.Sprint(p.Value) }
