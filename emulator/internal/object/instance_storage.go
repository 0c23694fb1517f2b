package object

import (
	"context"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/storage"
)

// storageTurn implements [storage.Turn] for the storage of an instance.
type storageTurn instance

func (t *storageTurn) instance() *instance { return (*instance)(t) }

func (t *storageTurn) ID() driver.ID { return t.o.ID() }

func (t *storageTurn) Touched() { t.instance().touched() }

func (t *storageTurn) Gone() bool { return t.dead.Load() }

func (t *storageTurn) FirstWrite() { t.out.Writes() }

func (t *storageTurn) Flush() { t.instance().flush() }

func (t *storageTurn) Leave() { t.instance().leave() }

func (t *storageTurn) Reset(err *driver.Error) { t.o.reset(t.instance(), err) }

// HandlesAlarm is true in the constructor: workerd, too, lets a class without an alarm handler set an alarm there.
func (t *storageTurn) HandlesAlarm() bool {
	return t.obj == nil || t.instance().handles(driver.HandlesAlarm)
}

func (t *storageTurn) Holds(ctx context.Context) (bool, error) {
	e, err := t.instance().eventIn(ctx)
	return err == nil && e.holds, err
}

func (t *storageTurn) Block(ctx context.Context) (end func(), err error) {
	e, err := t.instance().eventIn(ctx)
	if err != nil {
		return nil, err
	}
	if e.depth >= maxBlockDepth {
		return nil, driver.PlainError(msgBlockNested)
	}
	return t.instance().hold(e)
}

func (t *storageTurn) Pin(kind driver.PinKind, at driver.Place) storage.Pin {
	p := &storagePin{pin: pin{kind: kind, at: at}, in: t.instance()}
	p.in.pin(&p.pin)
	return p
}

type storagePin struct {
	pin
	in *instance
}

func (p *storagePin) Unpin() { p.in.unpin(&p.pin) }

// Opened notes the name that the database has for the object, for the log: the object may have been addressed only by its id.
func (t *storageTurn) Opened(name func() (string, bool, error)) {
	o := t.o
	if t.id.HasName || !o.host.Events.Observed() || o.noted.Load() != nil {
		return
	}
	if name, ok, err := name(); err == nil && ok {
		o.noted.Store(&name)
	}
}

func (t *storageTurn) Report(message string) {
	t.o.emit(host.Event{Type: host.EventError, Cause: t.instance().because(), Handler: "storage", Message: message})
}
