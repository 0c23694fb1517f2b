package object

// https://developers.cloudflare.com/durable-objects/api/state/

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
)

// state is ctx: an instance as its class sees it.
type state instance

func (st *state) instance() *instance { return (*instance)(st) }

func (st *state) ID() driver.ID { return st.id }

func (st *state) Storage() driver.Storage { return st.storage }

func (st *state) usable() error {
	st.instance().touched()
	if st.dead.Load() {
		return driver.ErrReset
	}
	return st.instance().overdue()
}

func (st *state) AcceptWebSocket(ws driver.Socket, tags []string) error {
	if err := st.usable(); err != nil {
		return err
	}
	return st.life.sockets.Accept(st.instance(), ws, tags)
}

func (st *state) WebSockets(tag *string) []driver.Socket {
	if st.usable() != nil {
		return nil
	}
	return st.life.sockets.Views(st.instance(), tag)
}

func (st *state) Tags(ws driver.Socket) ([]string, error) {
	if err := st.usable(); err != nil {
		return nil, err
	}
	s, _ := socket.Of(ws)
	return s.Tags()
}

func (st *state) SetAutoResponse(request, response string) error {
	if err := st.usable(); err != nil {
		return err
	}
	return st.life.sockets.Auto.Set(request, response)
}

func (st *state) UnsetAutoResponse() {
	if st.usable() == nil {
		st.life.sockets.Auto.Unset()
	}
}

func (st *state) AutoResponse() (request, response string, ok bool) {
	if st.usable() != nil {
		return "", "", false
	}
	return st.life.sockets.Auto.Get()
}

func (st *state) AutoResponseTimestamp(ws driver.Socket) time.Time {
	s, _ := socket.Of(ws)
	return s.AutoAnswered()
}

func (st *state) SetEventTimeout(d time.Duration) error {
	if err := st.usable(); err != nil {
		return err
	}
	switch {
	case d < 0:
		return driver.TypeError(msgNegative)
	case d > maxEventTimeout:
		return driver.PlainError(msgEventTimeoutMax)
	}
	st.life.sockets.SetEventTimeout(d)
	return nil
}

func (st *state) EventTimeout() time.Duration { return st.life.sockets.EventTimeout() }

// BeginBlock is blockConcurrencyWhile(): no other event has a turn until the caller, with its turn,
// calls end. If end gets an error, or is not called in time, the object is reset.
func (st *state) BeginBlock(ctx context.Context, at driver.Place) (end func(failed error) error, err error) {
	in := st.instance()
	if err := st.usable(); err != nil {
		return nil, err
	}
	e, err := in.eventIn(ctx)
	if err != nil {
		return nil, err
	}
	if e.depth >= maxBlockDepth {
		return nil, driver.PlainError(msgBlockNested)
	}
	unblock, err := in.hold(e)
	if err != nil {
		return nil, err
	}
	p := &pin{kind: driver.PinBlock, at: at}
	in.pin(p)
	return func(failed error) error {
		defer in.unpin(p)
		if failed == nil || in.storage.Critical() != nil {
			in.flush() // the end of the block is a wait in JavaScript, where the output gate opens
		}
		unblock()
		if p, ok := failed.(*driver.Panic); ok {
			failed = stacks.Panicked(p.Value, p.Stack)
		}
		if failed != nil && !in.dead.Load() {
			in.o.reset(in, driver.Exception(failed))
		}
		if in.dead.Load() {
			return driver.ErrReset
		}
		return nil
	}, nil
}

func (st *state) WaitUntil(f func(ctx context.Context) error, at driver.Place) {
	if st.usable() == nil {
		st.instance().waitUntil(f, at)
	}
}

func (st *state) Abort(reason string, retryAlarm bool) {
	st.instance().touched()
	// workerd carries the reason in a C string, behind a colon and space.
	reason, _, _ = strings.Cut(cmp.Or(reason, msgAbort), "\x00")
	reason = strings.TrimLeft(reason, " ")
	if !retryAlarm {
		st.storage.AbandonAlarm()
	}
	st.o.reset(st.instance(), driver.PlainError(reason))
}
