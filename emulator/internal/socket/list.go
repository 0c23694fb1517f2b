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

// Object is an object as its sockets see it.
type Object interface {
	// Deliver queues an event for the object, which wakes if it hibernates.
	Deliver(e Event)
	Log(message string)
}

// List holds the sockets of an object from one reset to the next, with the settings of its WebSockets. It outlives hibernation.
type List struct {
	object   Object
	net      *Network
	Auto     AutoResponse
	timeout  atomic.Int64 // of a handler, in nanoseconds; 0 is none
	deferred atomic.Int32 // how many accepted sockets have yet to answer a Close frame: see receiver.deferred

	mu        sync.Mutex
	list      []*Socket            // hibernatable sockets in the order of acceptance; nil in place of one that is closed
	live      int                  // how many in list are not nil
	lingering map[*Socket]struct{} // sockets that the peer has closed and the object has not; they end when it leaves memory
	plain     map[*Socket]struct{} // accepted sockets, which cannot hibernate
}

// NewList makes the list of an object.
func NewList(o Object, n *Network) *List { return &List{object: o, net: n} }

// Accept is acceptWebSocket().
func (l *List) Accept(in Instance, ws driver.Socket, tags []string) error {
	v, ok := ws.(*View)
	if !ok {
		return driver.TypeError(msgNotWebSocket)
	}
	s := v.s
	if err := acceptable(s); err != nil {
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
	err := in.Own(func() error {
		if err := l.add(s); err != nil {
			return err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.mode, s.net, s.list, s.tags = hibernatable, l.net, l, slices.Clip(kept)
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

// acceptable returns acceptWebSocket()'s error for a socket that is accepted already or whose other end is in use.
func acceptable(s *Socket) error {
	s.mu.Lock()
	mine := s.mode
	s.mu.Unlock()
	if mine == accepted || mine == hibernatable {
		return driver.PlainError(msgAlreadyAccepted)
	}
	s.other.mu.Lock()
	defer s.other.mu.Unlock()
	if mine == returned || s.other.mode != fresh || s.other.used {
		return driver.PlainError(msgPairUsed)
	}
	return nil
}

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

// unlist moves a socket that the peer has closed to the lingering ones, so that getWebSockets() no longer lists it.
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

// compact removes the nil entries once they are half of the list. To remove each at once would move all sockets behind it, for
// every socket that closes. l.mu is held.
func (l *List) compact() {
	if l.live > 0 && (len(l.list) < 32 || l.live > len(l.list)/2) {
		return
	}
	l.list = slices.Clip(slices.DeleteFunc(l.list, func(s *Socket) bool { return s == nil }))
	for i, s := range l.list {
		s.index = i
	}
}

// forget removes a hibernatable socket that is closed.
func (l *List) forget(s *Socket) {
	l.unlist(s)
	l.mu.Lock()
	delete(l.lingering, s)
	l.mu.Unlock()
}

// forgetPlain removes an accepted socket that is closed.
func (l *List) forgetPlain(s *Socket) {
	l.mu.Lock()
	delete(l.plain, s)
	l.mu.Unlock()
}

// All returns the listed sockets, the newest first. With a tag it returns those that have it, the oldest first. Both orders are
// workerd's.
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

// Views is getWebSockets(): the instance's views of All.
func (l *List) Views(in Instance, tag *string) []driver.Socket {
	found := l.All(tag)
	views := make([]driver.Socket, len(found))
	for i, s := range found {
		views[i] = s.viewOf(in)
	}
	return views
}

// Count is how many sockets getWebSockets() lists.
func (l *List) Count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.live
}

func (l *List) accepted() []*Socket {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Keys(l.plain))
}

// SetEventTimeout is setHibernatableWebSocketEventTimeout(); 0 is none.
func (l *List) SetEventTimeout(d time.Duration) {
	l.timeout.Store(int64(d.Truncate(time.Millisecond)))
}

// EventTimeout is getHibernatableWebSocketEventTimeout().
func (l *List) EventTimeout() time.Duration { return time.Duration(l.timeout.Load()) }

// Hibernate forgets the instance's views and ends the lingering connections. It returns how many sockets stay.
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

// Evict is Hibernate for an instance that leaves memory although something pins it: its accepted sockets are dropped.
func (l *List) Evict() int {
	l.dropPlain((*Socket).drop)
	return l.Hibernate()
}

// Reset drops all sockets of an object that is reset. Frames that have left the outbox are still sent.
func (l *List) Reset() { l.dropAll((*Socket).drop) }

// Shut drops all sockets of an object whose world is closed. Frames that wait are not sent.
func (l *List) Shut() { l.dropAll((*Socket).shut) }

func (l *List) dropAll(drop func(*Socket)) {
	l.Auto.Unset() // a message that arrives from now on gets no response
	l.mu.Lock()
	list, lingering := l.list, l.lingering
	l.list, l.live, l.lingering = nil, 0, nil
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

func (l *List) dropPlain(drop func(*Socket)) {
	l.mu.Lock()
	plain := l.plain
	l.plain = nil
	l.mu.Unlock()
	for s := range plain {
		drop(s)
	}
}
