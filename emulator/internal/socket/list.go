package socket

// https://developers.cloudflare.com/durable-objects/best-practices/websockets/#durable-objects-hibernation-websocket-api

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Object is what the connections of an object need of it.
type Object interface {
	// Deliver queues an event for the object, which wakes if it hibernates.
	Deliver(e Event)
	Log(message string)
}

// List are the connections of an object from one reset to the next. They and the settings here outlive hibernation.
type List struct {
	object  Object
	net     *Network
	Auto    autoResponse
	timeout atomic.Int64 // of an event, in nanoseconds; 0 is none

	deferred atomic.Int32 // accepted ones whose peer's Close frame is not answered yet

	mu        sync.Mutex
	list      []*Socket            // hibernatable ones in the order of acceptance; nil where one has gone
	live      int                  // how many are not nil
	lingering map[*Socket]struct{} // closed by the peer and not by the object: open until it leaves memory
	plain     map[*Socket]struct{} // accepted ones that cannot hibernate
}

func NewList(o Object, n *Network) *List { return &List{object: o, net: n} }

// add lists a socket that was accepted for hibernation.
func (l *List) add(s *Socket) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.live >= maxSockets {
		return driver.PlainError(msgTooManySockets(""))
	}
	s.index = len(l.list)
	l.list = append(l.list, s)
	l.live++
	return nil
}

// addPlain notes a socket that pins the object.
func (l *List) addPlain(s *Socket) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.plain) >= maxSockets {
		return driver.PlainError(msgTooManySockets("non-hibernatable"))
	}
	if l.plain == nil {
		l.plain = map[*Socket]struct{}{}
	}
	l.plain[s] = struct{}{}
	return nil
}

// unlist takes a socket that the peer has closed from the list; it stays open
// until the object closes it or leaves memory.
func (l *List) unlist(s *Socket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.index < len(l.list) && l.list[s.index] == s {
		l.list[s.index] = nil
		l.live--
		l.compact()
		if l.lingering == nil {
			l.lingering = map[*Socket]struct{}{}
		}
		l.lingering[s] = struct{}{}
	}
}

// compact removes the gaps when they are many. l.mu is held.
func (l *List) compact() {
	if l.live > 0 && (len(l.list) < 32 || l.live > len(l.list)/2) {
		return
	}
	l.list = slices.Clip(slices.DeleteFunc(l.list, func(s *Socket) bool { return s == nil }))
	for i, s := range l.list {
		s.index = i
	}
}

// forget drops a socket that is closed on both sides.
func (l *List) forget(s *Socket) {
	l.unlist(s)
	l.mu.Lock()
	delete(l.lingering, s)
	l.mu.Unlock()
}

func (l *List) forgetPlain(s *Socket) {
	l.mu.Lock()
	delete(l.plain, s)
	l.mu.Unlock()
}

// All returns the listed sockets, newest first, or those of *tag, oldest first.
func (l *List) All(tag *string) []*Socket {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := make([]*Socket, 0, l.live)
	for _, s := range l.list {
		if s != nil && (tag == nil || slices.Contains(s.tags, *tag)) {
			found = append(found, s)
		}
	}
	if tag == nil {
		slices.Reverse(found)
	}
	return found
}

// Count is how many sockets are listed.
func (l *List) Count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.live
}

// Hibernate lets the instance's views go and ends the connections that only the
// peer had closed. It returns how many sockets stay.
func (l *List) Hibernate() int {
	l.mu.Lock()
	for _, s := range l.list {
		if s != nil {
			s.view = nil
		}
	}
	lingering, live := l.lingering, l.live
	l.lingering = nil
	l.mu.Unlock()
	for s := range lingering {
		s.mu.Lock()
		s.view = nil
		s.finish()
		s.mu.Unlock()
	}
	return live
}

// Evict is Hibernate for an instance that is taken out of memory whatever it does: what cannot hibernate is dropped.
func (l *List) Evict() int {
	l.dropPlain((*Socket).drop)
	return l.Hibernate()
}

// dropPlain drops the connections that cannot hibernate.
func (l *List) dropPlain(drop func(*Socket)) {
	l.mu.Lock()
	plain := l.plain
	l.plain = nil
	l.mu.Unlock()
	for s := range plain {
		drop(s)
	}
}

// Reset drops all connections of an object that is reset, after what was sent.
func (l *List) Reset() { l.end((*Socket).drop) }

// Shut drops all connections of an object whose world is closed, at once.
func (l *List) Shut() { l.end((*Socket).shut) }

// end drops all connections with a bare FIN, and answers nothing automatically any more.
func (l *List) end(drop func(*Socket)) {
	l.mu.Lock()
	list, lingering := l.list, l.lingering
	l.list, l.live, l.lingering = nil, 0, nil
	l.Auto.Unset()
	l.mu.Unlock()
	for _, s := range list {
		if s != nil {
			drop(s)
		}
	}
	for s := range lingering {
		drop(s)
	}
	l.dropPlain(drop)
}

// accepted returns the sockets that cannot hibernate.
func (l *List) accepted() []*Socket {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Keys(l.plain))
}

// SetEventTimeout is setHibernatableWebSocketEventTimeout(), in whole milliseconds; 0 is none.
func (l *List) SetEventTimeout(d time.Duration) {
	l.timeout.Store(int64(d.Truncate(time.Millisecond)))
}

// EventTimeout is what was set.
func (l *List) EventTimeout() time.Duration { return time.Duration(l.timeout.Load()) }

// Views returns the listed sockets as the instance sees them: newest first, or those of *tag, oldest first.
func (l *List) Views(in Instance, tag *string) []driver.Socket {
	found := l.All(tag)
	list := make([]driver.Socket, len(found))
	for i, s := range found {
		list[i] = s.viewOf(in)
	}
	return list
}
