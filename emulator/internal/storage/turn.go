package storage

import (
	"context"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Turn is the instance that a [Storage] belongs to, and its turn, which one event at a time has. Any
// goroutine may call Touched, Gone and ID. Only the event that has the turn may call the others.
type Turn interface {
	// ID is the object's id, with its name if that is known.
	ID() driver.ID
	// Touched is called where user code touches the storage.
	Touched()
	// Gone reports whether the instance was reset or has left memory.
	Gone() bool
	// Holds reports whether the event of ctx has the turn. It returns an error if the event is
	// not one of the instance.
	Holds(ctx context.Context) (bool, error)
	// HandlesAlarm reports whether setAlarm() may be called: the class has an alarm handler, or
	// its constructor runs. As in workerd, the constructor may always call it.
	HandlesAlarm() bool

	// FirstWrite is called at the first write of a batch. What was sent before it leaves the
	// object even if the batch is lost.
	FirstWrite()
	// Flush commits the batch, and then sends what waits in the output gate.
	Flush()
	// Leave sends what waits in the output gate, even if the batch is lost later.
	Leave()
	// Block keeps every event but that of ctx from having the turn, until end is called.
	Block(ctx context.Context) (end func(), err error)
	// Pin keeps the instance in memory until Unpin is called.
	Pin(kind driver.PinKind, at driver.Place) Pin
	// Reset resets the object.
	Reset(err *driver.Error)

	// Opened is called after the database was opened. name reads the object's name from it, if
	// wrangler's local explorer has stored one.
	Opened(name func() (name string, ok bool, err error))
	// Report logs an error whose details no caller sees.
	Report(message string)
}

// Pin is something that keeps an instance in memory.
type Pin interface{ Unpin() }
