package storage

import (
	"context"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Turn is the instance of an object that a [Storage] belongs to, and what it does with its
// turn: one event at a time has that. Touched, Gone and ID may be called on any goroutine,
// the others by the event that has the turn.
type Turn interface {
	// ID is the object's id, with its name if that is known.
	ID() driver.ID
	// Touched is called where user code touches the storage.
	Touched()
	// Gone reports whether the instance was reset or has left memory.
	Gone() bool
	// Holds reports whether the event of ctx has the turn. The error says that the instance
	// has no such event.
	Holds(ctx context.Context) (bool, error)
	// HandlesAlarm reports whether setAlarm() may be called: the class has an alarm handler, or
	// its constructor runs, which is not asked.
	HandlesAlarm() bool

	// FirstWrite is called at the first write of a batch. What was sent before it leaves even if
	// the batch is lost.
	FirstWrite()
	// Flush is the output gate: it commits the batch, and then lets leave what was sent.
	Flush()
	// Leave lets leave what was sent, whatever becomes of the batch.
	Leave()
	// Block lets no event but that of ctx have the turn until end is called.
	Block(ctx context.Context) (end func(), err error)
	// Pin keeps the instance in memory until Unpin is called.
	Pin(kind driver.PinKind, at driver.Place) Pin
	// Reset resets the object.
	Reset(err *driver.Error)

	// Opened is called when the database has been opened. name reads the object's name from
	// it, if wrangler's local explorer has noted one.
	Opened(name func() (name string, ok bool, err error))
	// Report says what went wrong that no caller gets to see, or not in these words.
	Report(message string)
}

// Pin is something that keeps an instance in memory.
type Pin interface{ Unpin() }
