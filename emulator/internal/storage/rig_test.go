package storage

import (
	"context"
	"encoding/binary"
	"sync/atomic"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/alarms"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
)

// openRig opens a namespace in a folder of its own. Its databases are closed with the test.
func openRig(t *testing.T) *Namespace {
	t.Helper()
	h := host.New(host.Options{})
	handles, scheduler := NewHandles(), alarms.New(h)
	n, err := Open(Options{Host: h, Handles: handles, Alarms: scheduler, SQL: true, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		handles.Close()
		scheduler.Close()
	})
	return n
}

// object returns the storage of a new instance of the object with that number.
func (n *Namespace) object(number int) *Storage {
	var id [32]byte
	binary.BigEndian.PutUint32(id[:], uint32(number))
	s := n.Storage(id, nil)
	s.turn = &testTurn{s: s}
	return s
}

// execute runs a statement, commits, and returns the first value of its first row, nil if there is none.
func execute(s *Storage, query string) (any, error) {
	rows, err := s.SQL().Exec(query, nil)
	if err != nil {
		return nil, err
	}
	row, ok, err := rows.Next()
	rows.End()
	if err == nil {
		err = s.flush()
	}
	if err != nil || !ok {
		return nil, err
	}
	return row[0], nil
}

// testTurn is an instance without events, sockets and a class, whose caller has the turn.
type testTurn struct {
	s    *Storage
	gone atomic.Bool
}

func (t *testTurn) ID() driver.ID                       { return driver.ID{Bytes: t.s.id} }
func (t *testTurn) Touched()                            {}
func (t *testTurn) Gone() bool                          { return t.gone.Load() }
func (t *testTurn) Holds(context.Context) (bool, error) { return true, nil }
func (t *testTurn) HandlesAlarm() bool                  { return true }
func (t *testTurn) FirstWrite()                         {}
func (t *testTurn) Leave()                              {}
func (t *testTurn) Reset(*driver.Error)                 { t.gone.Store(true) }
func (t *testTurn) Report(string)                       {}

func (t *testTurn) Flush() {
	if err := t.s.Commit(); err != nil {
		t.Reset(err)
	}
}

func (t *testTurn) Block(context.Context) (end func(), err error) { return func() {}, nil }

func (t *testTurn) Pin(driver.PinKind, driver.Place) Pin { return t }

func (t *testTurn) Unpin() {}

func (t *testTurn) Opened(func() (string, bool, error)) {}
