package emulator

// https://developers.cloudflare.com/durable-objects/best-practices/websockets/#durable-objects-hibernation-websocket-api

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// socketObject is what the connections of an object need of it.
type socketObject interface {
	// Deliver queues an event for the object, which wakes if it hibernates.
	Deliver(e socketEvent)
	Log(message string)
}

// sockets are the connections of an object from one reset to the next. They and the settings here outlive hibernation.
type sockets struct {
	object  socketObject
	net     *network
	auto    autoResponse
	timeout atomic.Int64 // of an event, in nanoseconds; 0 is none

	deferred atomic.Int32 // accepted ones whose peer's Close frame is not answered yet

	mu        sync.Mutex
	list      []*socket            // hibernatable ones in the order of acceptance; nil where one has gone
	live      int                  // how many are not nil
	lingering map[*socket]struct{} // closed by the peer and not by the object: open until it leaves memory
	plain     map[*socket]struct{} // accepted ones that cannot hibernate
}

// add lists a socket that was accepted for hibernation.
func (l *sockets) add(s *socket) error {
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
func (l *sockets) addPlain(s *socket) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.plain) >= maxSockets {
		return driver.PlainError(msgTooManySockets("non-hibernatable"))
	}
	if l.plain == nil {
		l.plain = map[*socket]struct{}{}
	}
	l.plain[s] = struct{}{}
	return nil
}

// unlist takes a socket that the peer has closed from the list; it stays open
// until the object closes it or leaves memory.
func (l *sockets) unlist(s *socket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.index < len(l.list) && l.list[s.index] == s {
		l.list[s.index] = nil
		l.live--
		l.compact()
		if l.lingering == nil {
			l.lingering = map[*socket]struct{}{}
		}
		l.lingering[s] = struct{}{}
	}
}

// compact removes the gaps when they are many. l.mu is held.
func (l *sockets) compact() {
	if l.live > 0 && (len(l.list) < 32 || l.live > len(l.list)/2) {
		return
	}
	l.list = slices.Clip(slices.DeleteFunc(l.list, func(s *socket) bool { return s == nil }))
	for i, s := range l.list {
		s.index = i
	}
}

// forget drops a socket that is closed on both sides.
func (l *sockets) forget(s *socket) {
	l.unlist(s)
	l.mu.Lock()
	delete(l.lingering, s)
	l.mu.Unlock()
}

func (l *sockets) forgetPlain(s *socket) {
	l.mu.Lock()
	delete(l.plain, s)
	l.mu.Unlock()
}

// all returns the listed sockets, newest first, or those of *tag, oldest first.
func (l *sockets) all(tag *string) []*socket {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := make([]*socket, 0, l.live)
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

func (l *sockets) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.live
}

// hibernate lets the instance's views go and ends the connections that only the
// peer had closed. It returns how many sockets stay.
func (l *sockets) hibernate() int {
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

// dropPlain drops the connections that cannot hibernate.
func (l *sockets) dropPlain(drop func(*socket)) {
	l.mu.Lock()
	plain := l.plain
	l.plain = nil
	l.mu.Unlock()
	for s := range plain {
		drop(s)
	}
}

// end drops all connections with a bare FIN, and answers nothing automatically any more: the object was reset, or its world
// is closed.
func (l *sockets) end(drop func(*socket)) {
	l.mu.Lock()
	list, lingering := l.list, l.lingering
	l.list, l.live, l.lingering = nil, 0, nil
	l.auto.unset()
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
func (l *sockets) accepted() []*socket {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Keys(l.plain))
}

func (l *sockets) eventTimeout() time.Duration { return time.Duration(l.timeout.Load()) }
