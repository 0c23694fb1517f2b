package clock

import (
	"container/heap"
	"time"
)

// Queue holds what is due at a time: the earliest first and, of one time, what was added
// first. The zero Queue is empty.
type Queue[T interface{ entry() *Entry }] struct {
	heap dueHeap[T]
	seq  uint64
}

// Entry is what a queue's elements embed.
type Entry struct {
	Due   time.Time // not to be changed while it is in a queue
	seq   uint64    // of all that have been added
	place int       // in the heap, from 1; 0 is in none
}

func (e *Entry) entry() *Entry { return e }

// Queued reports whether it is in a queue.
func (e *Entry) Queued() bool { return e.place > 0 }

func (q *Queue[T]) Len() int { return len(q.heap) }

// First is the one that is due first. The queue must not be empty.
func (q *Queue[T]) First() T { return q.heap[0] }

// Add adds x.
func (q *Queue[T]) Add(x T) {
	q.seq++
	x.entry().seq = q.seq
	heap.Push(&q.heap, x)
}

// Remove takes x out. It reports whether x was in the queue.
func (q *Queue[T]) Remove(x T) bool {
	e := x.entry()
	if !e.Queued() {
		return false
	}
	heap.Remove(&q.heap, e.place-1)
	return true
}

type dueHeap[T interface{ entry() *Entry }] []T

func (h dueHeap[T]) Len() int { return len(h) }
func (h dueHeap[T]) Less(i, j int) bool {
	a, b := h[i].entry(), h[j].entry()
	if a.Due.Equal(b.Due) {
		return a.seq < b.seq
	}
	return a.Due.Before(b.Due)
}
func (h dueHeap[T]) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].entry().place, h[j].entry().place = i+1, j+1
}
func (h *dueHeap[T]) Push(x any) {
	*h = append(*h, x.(T))
	x.(T).entry().place = len(*h)
}
func (h *dueHeap[T]) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	clear((*h)[last:])
	*h = (*h)[:last]
	x.entry().place = 0
	return x
}
