package emulator

import "github.com/seed-36a2c969/emu/emulator/internal/object"

// Object is a Durable Object seen from outside, by tests and tools. It stays
// valid whether the object is in memory or not.
type Object = object.Handle

// State says where an object is.
type State = object.State

// The states of an object.
const (
	Running    = object.Running    // an event has its turn
	Idle       = object.Idle       // in memory
	Hibernated = object.Hibernated // not in memory, with sockets
	Absent     = object.Absent     // not in memory, without sockets
)

// Pin is something that keeps an object in memory.
type Pin = object.Pin

// PinnedError is [Object.Hibernate]'s error for an object that the runtime would
// not let go.
type PinnedError = object.PinnedError

// Socket is a connection accepted for hibernation, seen from outside.
type Socket = object.Socket

// ErrBlocked is [Object.StorageBy]'s error when it is too late.
var ErrBlocked = object.ErrBlocked
