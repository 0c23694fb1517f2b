package emulator

// https://developers.cloudflare.com/durable-objects/api/state/

import (
	"context"
	"runtime"
	"slices"
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
	s := v.s
	if err := s.acceptable(); err != nil {
		return err
	}
	kept := make([]string, 0, len(tags))
	for _, tag := range tags {
		if len(kept) == maxTags {
			return driver.PlainError(msgTooManyTags)
		}
		if len(tag) > maxTag {
			return driver.PlainError(msgTagTooLong(tag))
		}
		if !slices.Contains(kept, tag) {
			kept = append(kept, tag)
		}
	}
	in := st.instance()
	err := in.o.own(in, func() error {
		if err := in.o.sockets.add(s); err != nil {
			return err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.mode, s.w, s.o, s.life, s.tags = hibernatable, in.o.ns.w, in.o, in.o.life, slices.Clip(kept)
		return nil
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.startReading()
	s.mu.Unlock()
	v.in, s.view = in, v
	s.join()
	return nil
}

// acceptable reports whether acceptWebSocket() may take the socket.
func (s *socket) acceptable() error {
	s.mu.Lock()
	mine := s.mode
	s.mu.Unlock()
	if mine == accepted || mine == hibernatable {
		return driver.PlainError(msgAlreadyAccepted)
	}
	if s.other == nil || mine == returned {
		return driver.PlainError(msgPairUsed)
	}
	s.other.mu.Lock()
	defer s.other.mu.Unlock()
	if s.other.mode != fresh || s.other.used {
		return driver.PlainError(msgPairUsed)
	}
	return nil
}

func (st *state) WebSockets(tag *string) []driver.Socket {
	if st.usable() != nil {
		return nil
	}
	found := st.o.sockets.all(tag)
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
	s := ws.(*view).s
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.mode {
	case hibernatable:
		return slices.Clone(s.tags), nil
	case accepted:
		return nil, driver.PlainError(msgTagsAccepted)
	}
	return nil, driver.PlainError(msgTagsNotAccepted)
}

func (st *state) SetAutoResponse(request, response string) error {
	if err := st.usable(); err != nil {
		return err
	}
	if len(request) > maxAutoResponse {
		return driver.RangeError(msgAutoResponse("Request", len(request)))
	}
	if len(response) > maxAutoResponse {
		return driver.RangeError(msgAutoResponse("Response", len(response)))
	}
	st.o.sockets.auto.Store(&autoResponse{request, response})
	return nil
}

func (st *state) UnsetAutoResponse() {
	if st.usable() == nil {
		st.o.sockets.auto.Store(nil)
	}
}

func (st *state) AutoResponse() (request, response string, ok bool) {
	usable := st.usable() == nil
	a := st.o.sockets.auto.Load()
	if a == nil || !usable {
		return "", "", false
	}
	return a.request, a.response, true
}

func (st *state) AutoResponseTimestamp(ws driver.Socket) time.Time { return ws.(*view).s.timestamp() }

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
	st.o.sockets.timeout.Store(int64(d.Truncate(time.Millisecond)))
	return nil
}

func (st *state) EventTimeout() time.Duration { return st.o.sockets.eventTimeout() }

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
