package durable

// https://developers.cloudflare.com/durable-objects/best-practices/error-handling/

import (
	"cmp"
	"errors"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

var (
	// ErrReset is the error of a State, Storage or WebSocket whose instance was reset.
	ErrReset = driver.ErrReset
	// ErrNoBinding is the error of a stub whose namespace is not bound.
	ErrNoBinding = driver.ErrNoBinding
	// ErrNoEvent is the error of a call that waits, if its context is not an event's.
	ErrNoEvent = driver.ErrNoEvent
)

// Error is an exception that the runtime or another object has thrown. A handler may
// return one to choose the class of exception that its caller sees.
type Error struct {
	Name, Message                 string // Name is the exception's class, such as TypeError
	Remote, Retryable, Overloaded bool
	DurableObjectReset            bool
	DurableObjectID               string // over RPC only
	Props                         Value  // the error's own properties, if it had more
	stack                         string
	event                         uint64 // see driver.Error
}

// Error returns the message without the class.
func (e *Error) Error() string { return e.Message }

// CloseError is the error of [WebSocket.Receive] after the peer has closed the connection,
// or after the connection was lost (code 1006, WasClean false).
type CloseError struct {
	Code     int
	Reason   string
	WasClean bool
}

func (e *CloseError) Error() string { return (*driver.Closed)(e).Error() }

// caught turns an error of the runtime into the one that the class author sees.
func caught(err error) error {
	var thrown *driver.Error
	var closed *driver.Closed
	switch {
	case err == nil:
		return nil
	case errors.As(err, &thrown):
		e := &Error{
			Name: thrown.Name, Message: thrown.Message, Remote: thrown.Remote, Retryable: thrown.Retryable,
			Overloaded: thrown.Overloaded, DurableObjectReset: thrown.DurableObjectReset,
			DurableObjectID: thrown.DurableObjectID, stack: thrown.Stack, event: thrown.Event,
		}
		if len(thrown.Props) > 0 {
			e.Props = Value{&driver.Object{Properties: thrown.Props}}
		}
		return e
	case errors.As(err, &closed):
		return (*CloseError)(closed)
	}
	return err
}

// thrown turns a class author's error into one for the runtime. An error that wraps an [Error] keeps
// the class and properties of that.
func thrown(err error) error {
	if err == nil {
		return nil
	}
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	d := e.thrown()
	d.Message, d.Cause = err.Error(), err
	return d
}

// As lets the runtime find the exception with errors.As, also in an error that user code panics with.
func (e *Error) As(target any) bool {
	d, ok := target.(**driver.Error)
	if ok {
		*d = e.thrown()
	}
	return ok
}

func (e *Error) thrown() *driver.Error {
	d := &driver.Error{
		Name: cmp.Or(e.Name, "Error"), Message: e.Message, Retryable: e.Retryable, Overloaded: e.Overloaded,
		Remote: e.Remote, DurableObjectReset: e.DurableObjectReset, Stack: e.stack, Event: e.event,
	}
	if o, ok := e.Props.v.(*driver.Object); ok {
		d.Props = o.Properties
	}
	return d
}
