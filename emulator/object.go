package emulator

import "github.com/seed-36a2c969/emu/emulator/internal/object"

// Object is the handle by which tests and tools look at a Durable Object. It stays valid when the object
// leaves memory.
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

// PinnedError is the error of [Object.Hibernate] for an object that something keeps in memory.
type PinnedError = object.PinnedError

// Socket is a hibernatable WebSocket as tests and tools see it.
type Socket = object.Socket

// ErrBlocked is the error of [Object.StorageBy] if an event has kept its turn for too long.
var ErrBlocked = object.ErrBlocked
