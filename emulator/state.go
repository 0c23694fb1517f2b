package emulator

// https://developers.cloudflare.com/durable-objects/api/state/

import (
	"context"
	"runtime"
	"strings"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
)

// state is an instance as its class sees it: ctx.
type state instance

func (st *state) instance() *instance { return (*instance)(st) }

func (st *state) ID() driver.ID           { return st.id }
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
	v, ok := ws.(*view)
	if !ok {
		return driver.TypeError(msgNotWebSocket)
	}
	return v.acceptHibernation(st.instance(), tags)
}

func (st *state) WebSockets(tag *string) []driver.Socket {
	if st.usable() != nil {
		return nil
	}
	found := st.life.sockets.all(tag)
	list := make([]driver.Socket, len(found))
	for i, s := range found {
		list[i] = s.viewOf(st.instance())
	}
	return list
}

func (st *state) Tags(ws driver.Socket) ([]string, error) {
	if err := st.usable(); err != nil {
		return nil, err
	}
	return ws.(*view).Tags()
}

func (st *state) SetAutoResponse(request, response string) error {
	if err := st.usable(); err != nil {
		return err
	}
	return st.life.sockets.auto.set(request, response)
}

func (st *state) UnsetAutoResponse() {
	if st.usable() == nil {
		st.life.sockets.auto.unset()
	}
}

func (st *state) AutoResponse() (request, response string, ok bool) {
	if st.usable() != nil {
		return "", "", false
	}
	return st.life.sockets.auto.get()
}

func (st *state) AutoResponseTimestamp(ws driver.Socket) time.Time {
	return ws.(*view).AutoResponseTimestamp()
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
	st.life.sockets.timeout.Store(int64(d.Truncate(time.Millisecond)))
	return nil
}

func (st *state) EventTimeout() time.Duration { return st.life.sockets.eventTimeout() }

// BlockConcurrencyWhile lets no other event in while f runs. If f fails or takes
// too long the object is reset, and the caller does not go on.
func (st *state) BlockConcurrencyWhile(ctx context.Context, f func(ctx context.Context) error, at driver.Place) error {
	in := st.instance()
	if err := st.usable(); err != nil {
		return err
	}
	e, err := in.eventIn(ctx)
	if err != nil {
		return err
	}
	if e.depth >= maxBlockDepth {
		return driver.PlainError(msgBlockNested)
	}
	p := &pin{kind: driver.PinBlock, at: at}
	in.pin(p)
	defer in.unpin(p)
	failed := in.block(e, func() error {
		err := stacks.Caught(func() error { return f(ctx) })
		if err == nil || in.storage.critical() != nil {
			in.flush() // as its end is a pause, in JavaScript too
		}
		return err
	})
	if failed == nil && !in.dead.Load() {
		return nil
	}
	if !in.dead.Load() {
		in.o.reset(in, driver.Exception(failed))
	}
	runtime.Goexit()
	return nil
}

func (st *state) WaitUntil(f func(ctx context.Context) error, at driver.Place) {
	if st.usable() == nil {
		st.instance().waitUntil(f, at)
	}
}

func (st *state) Abort(reason string, retryAlarm bool) {
	st.instance().touched()
	if reason == "" {
		reason = msgAbort
	}
	// workerd carries it in a C string, behind a colon and space.
	reason, _, _ = strings.Cut(reason, "\x00")
	reason = strings.TrimLeft(reason, " ")
	wrote := st.storage.wrote()
	if !retryAlarm {
		st.storage.abandonAlarm(wrote)
	}
	st.o.reset(st.instance(), driver.PlainError(reason))
	runtime.Goexit()
}
