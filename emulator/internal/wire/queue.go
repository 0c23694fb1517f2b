package wire

import "sync/atomic"

// joinBelow is the size in bytes up to which small writes that wait are joined into one.
const joinBelow = 16 << 10

// Shared is a frame that many connections send and that their queues hold once.
type Shared struct {
	frame []byte
	uses  atomic.Int32 // chunks of queues
}

// NewShared makes a Shared of a whole frame that nobody changes.
func NewShared(frame []byte) *Shared { return &Shared{frame: frame[:len(frame):len(frame)]} }

// Frame is the frame, which must not be changed.
func (s *Shared) Frame() []byte { return s.frame }

// chunk is a piece of a queue: a copy of what was written, or the rest of a Shared.
type chunk struct {
	b  []byte
	of *Shared // nil: a copy
}

// queue is what waits to be sent: chunks of whole frames, of which the first may have been sent in part. The zero queue is
// empty. Its methods return by how many bytes the memory changes that they hold.
type queue struct {
	chunks []chunk
	begun  bool // a part of chunks[0] has been sent, or may be
	size   int64
}

func (q *queue) empty() bool { return len(q.chunks) == 0 }

// begin returns what is to be sent first, for somebody who is about to send it.
func (q *queue) begin() []byte {
	q.begun = true
	return q.chunks[0].b
}

// push copies frames to the end. begun says that their beginning has been sent already.
func (q *queue) push(frames []byte, begun bool) (memory int64) {
	q.size += int64(len(frames))
	if last := len(q.chunks) - 1; last > 0 && q.chunks[last].of == nil && len(q.chunks[last].b)+len(frames) <= joinBelow {
		was := cap(q.chunks[last].b)
		q.chunks[last].b = append(q.chunks[last].b, frames...)
		return int64(cap(q.chunks[last].b) - was)
	}
	q.begun = q.begun || begun
	b := append([]byte(nil), frames...)
	q.chunks = append(q.chunks, chunk{b: b})
	return int64(cap(b)) // a tenth more than its length
}

// pushShared adds s to the end, without its first bytes, which have been sent already.
func (q *queue) pushShared(s *Shared, sent int) (memory int64) {
	q.size += int64(len(s.frame) - sent)
	q.begun = q.begun || sent > 0
	q.chunks = append(q.chunks, chunk{s.frame[sent:], s})
	if s.uses.Add(1) == 1 {
		return int64(len(s.frame))
	}
	return 0
}

// drop is what the memory changes by when a chunk goes.
func (c chunk) drop() (memory int64) {
	switch {
	case c.of == nil:
		return -int64(cap(c.b))
	case c.of.uses.Add(-1) == 0:
		return -int64(len(c.of.frame))
	}
	return 0
}

// sent takes the first n bytes of the head away.
func (q *queue) sent(n int) (memory int64) {
	q.size -= int64(n)
	head := &q.chunks[0]
	if n < len(head.b) {
		head.b = head.b[n:]
		if head.of == nil {
			memory = -int64(n)
		}
		return memory
	}
	memory = head.drop()
	*head, q.begun = chunk{}, false
	q.chunks = q.chunks[1:]
	if len(q.chunks) == 0 {
		q.chunks = nil
	}
	return memory
}

// cut drops all but what completes a frame that has been sent in part.
func (q *queue) cut() (memory int64) {
	if !q.begun {
		return q.clear()
	}
	for _, c := range q.chunks[1:] {
		memory += c.drop()
	}
	clear(q.chunks[1:])
	q.chunks = q.chunks[:1:1]
	q.size = int64(len(q.chunks[0].b))
	return memory
}

// clear drops everything.
func (q *queue) clear() (memory int64) {
	for _, c := range q.chunks {
		memory += c.drop()
	}
	*q = queue{}
	return memory
}
