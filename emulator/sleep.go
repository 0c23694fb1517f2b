package emulator

// Waits for time, as by setTimeout.
// https://developers.cloudflare.com/workers/runtime-apis/web-standards/

import (
	"container/heap"
	"sync"
	"time"
)

// sleeps are the waits for time, which end in the order of their times: the time package
// starts a goroutine for each, in no order.
type sleeps struct {
	mu   sync.Mutex
	heap sleepHeap
	seq  uint64
}

type sleep struct {
	at    time.Time
	seq   uint64
	over  *signal
	index int // -1 when it is over
}

// begin adds a sleep that ends at a point of time.
func (l *sleeps) begin(at time.Time, over *signal) *sleep {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	s := &sleep{at: at, seq: l.seq, over: over}
	heap.Push(&l.heap, s)
	return s
}

// end ends a sleep whose time has come, and those before it.
func (l *sleeps) end(s *sleep) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for s.index >= 0 {
		heap.Pop(&l.heap).(*sleep).over.send()
	}
}

// drop removes a sleep that nobody waits for.
func (l *sleeps) drop(s *sleep) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.index >= 0 {
		heap.Remove(&l.heap, s.index)
	}
}

// sleepHeap is a heap by time, then by age.
type sleepHeap []*sleep

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
	s := x.(*sleep)
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
