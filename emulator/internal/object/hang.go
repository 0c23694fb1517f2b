package object

// Handlers that hold their object and do not end. JavaScript cannot: its code either
// computes or waits, and what waits lets others in. Go can block on a channel, a lock or
// a connection of which the emulator knows nothing; from then on nothing else of the
// object runs.
// https://developers.cloudflare.com/durable-objects/concepts/what-are-durable-objects/

import (
	"fmt"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
)

// hangingLooks is how often, in the time that a handler may hold its object, one looks.
const hangingLooks = 6

// hanging names the handlers that hold their objects for too long. Nothing is noted as
// they run: it looks from time to time who has which turn. What waits through the
// emulator (a sleep, a stub, Await, a client) has given its turn up, for however long.
type hanging struct {
	host    *host.Host
	objects func() []*Object
	limit   time.Duration
	seen    map[*instance]*heldTurn
}

// heldTurn is a turn that was there at the latest look.
type heldTurn struct {
	number uint64
	since  time.Time // when it was first seen
	named  bool
}

// WatchHanging looks until the world ends.
func WatchHanging(on *host.Host, objects func() []*Object, limit time.Duration) {
	h := &hanging{host: on, objects: objects, limit: limit, seen: map[*instance]*heldTurn{}}
	on.Go(func() {
		ticker := time.NewTicker(h.limit / hangingLooks)
		defer ticker.Stop()
		for {
			select {
			case <-h.host.Context().Done():
				return
			case now := <-ticker.C:
				h.look(now)
			}
		}
	})
}

// look names those that have had the same turn for as long as the limit.
func (h *hanging) look(now time.Time) {
	still := make(map[*instance]*heldTurn, len(h.seen))
	var late []*instance
	for _, o := range h.objects() {
		in := o.instance()
		if in == nil {
			continue
		}
		number, held := in.heldTurn()
		if !held {
			continue
		}
		t := h.seen[in]
		if t == nil || t.number != number {
			t = &heldTurn{number: number, since: now}
		}
		still[in] = t
		if !t.named && now.Sub(t.since) >= h.limit {
			t.named = true
			late = append(late, in)
		}
	}
	h.seen = still
	if len(late) > 0 {
		h.name(late)
	}
}

// name emits a warning for each handler that hangs: for the first ten, with its place.
func (h *hanging) name(late []*instance) {
	places := stacks.Handlers()
	for _, in := range late[:min(len(late), maxBusy)] {
		e := in.current.Load()
		if e == nil {
			continue // it has ended meanwhile
		}
		where := ""
		if at := places[in.label]; at != (driver.Place{}) {
			where = " at " + at.String()
		}
		in.o.emit(host.Event{Type: host.EventWarning, Cause: e.because(), Handler: e.handler, Message: fmt.Sprintf(msgHanging, e.handler, h.limit, where)})
	}
	if more := len(late) - maxBusy; more > 0 {
		h.host.Emit(host.Event{Type: host.EventWarning, Message: fmt.Sprintf(msgMoreHang, more)})
	}
}
