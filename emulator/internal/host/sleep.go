package host

// Waits for time, as by setTimeout.
// https://developers.cloudflare.com/workers/runtime-apis/web-standards/

import (
	"container/heap"
	"sync"
	"time"

	"github.com/seed-36a2c969/emu/emulator/internal/clock"
)

// sleeps are the waits for time that are under way. They end in the order of their
// times, as timers do in JavaScript; the time package starts a goroutine for each timer
// that is due, in no order.
type sleeps struct {
	mu      sync.Mutex
	heap    sleepHeap
	seq     uint64
	due     []func() // the callbacks of sleeps that are over, in their order
	calling bool     // a goroutine calls them
}

// Sleep is one wait for time.
type Sleep struct {
	of    *sleeps
	at    time.Time
	seq   uint64
	over  func()
	timer clock.Timer
	index int // -1 when it is over
}

// Sleep calls over when d of the world's time has passed.
func (h *Host) Sleep(d time.Duration, over func()) *Sleep {
	s := &Sleep{of: &h.sleeps, at: h.Now().Add(d), over: over}
	s.of.add(s)
	s.timer = h.Clock.AfterFunc(d, s.end)
	return s
}

func (l *sleeps) add(s *Sleep) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	s.seq = l.seq
	heap.Push(&l.heap, s)
}

// end ends the sleep, whose time has come, and those before it.
func (s *Sleep) end() {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	l := s.of
	for s.index >= 0 {
		l.due = append(l.due, heap.Pop(&l.heap).(*Sleep).over)
	}
	for !l.calling && len(l.due) > 0 {
		over := l.due[0]
		l.due = l.due[1:]
		l.calling = true
		l.mu.Unlock() // over may take a lock whose holder begins a sleep
		over()
		l.mu.Lock()
		l.calling = false
	}
}

// Stop ends the sleep without a call of over.
func (s *Sleep) Stop() {
	s.timer.Stop()
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	if s.index >= 0 {
		heap.Remove(&s.of.heap, s.index)
	}
}

// sleepHeap is a heap by time, then by age.
type sleepHeap []*Sleep

func (h sleepHeap) Len() int { return len(h) }
func (h sleepHeap) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].seq < h[j].seq
	}
	return h[i].at.Before(h[j].at)
}
func (h sleepHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *sleepHeap) Push(x any) {
	s := x.(*Sleep)
	s.index = len(*h)
	*h = append(*h, s)
}
func (h *sleepHeap) Pop() any {
	s := (*h)[len(*h)-1]
	(*h)[len(*h)-1] = nil
	*h = (*h)[:len(*h)-1]
	s.index = -1
	return s
}
