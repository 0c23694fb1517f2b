package object

// Handlers that hang. A handler in Go can block on a channel, a lock or a connection of which the
// emulator knows nothing. It keeps its turn meanwhile, so that no other event of its object runs. In
// JavaScript a handler that waits always gives its turn up.
// https://developers.cloudflare.com/durable-objects/concepts/what-are-durable-objects/

import (
	"fmt"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
)

// hangingLooks is how many times a turn is looked at before it counts as hanging.
const hangingLooks = 6

// hanging warns of handlers that keep their turn for too long. It compares from time to time the
// numbers of all turns, so that an event that runs costs nothing more. An event that waits through
// the emulator (a sleep, a stub, Await, a client) has no turn and may take any time.
type hanging struct {
	host    *host.Host
	objects func() []*Object
	limit   time.Duration
	seen    map[*instance]*heldTurn
}

// heldTurn is a turn that an event had at the latest look.
type heldTurn struct {
	number uint64
	since  time.Time // of the first look that found it
	named  bool      // the warning is emitted
}

// WatchHanging warns of hanging handlers until the world ends.
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

// look finds the handlers that have had the same turn for as long as the limit.
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

// name emits a warning with the place of each of the first ten handlers, and one with the number of the rest.
func (h *hanging) name(late []*instance) {
	places := stacks.Handlers()
	for _, in := range late[:min(len(late), maxBusy)] {
		e := in.current.Load()
		if e == nil {
			continue // the handler has ended meanwhile
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
