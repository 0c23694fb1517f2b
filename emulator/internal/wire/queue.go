package wire

import "sync/atomic"

// joinBelow is the size in bytes up to which waiting writes are joined into one chunk.
const joinBelow = 16 << 10

// Shared is a frame that many connections send and that their queues hold once.
type Shared struct {
	frame []byte
	uses  atomic.Int32 // how many chunks of queues hold the frame
}

// NewShared makes a Shared of a whole frame. Nobody may change the frame afterwards.
func NewShared(frame []byte) *Shared { return &Shared{frame: frame[:len(frame):len(frame)]} }

// Frame is the frame, which must not be changed.
func (s *Shared) Frame() []byte { return s.frame }

// chunk is a piece of a queue: a copy of the frames that were written, or the rest of a Shared.
type chunk struct {
	b  []byte
	of *Shared // nil: a copy
}

// queue holds unsent frames, in chunks of whole frames. The first may have been sent in part. The zero queue is empty. The methods
// that change it return by how many bytes its memory has grown.
type queue struct {
	chunks []chunk
	begun  bool // a part of chunks[0] has been sent, or is being sent
	size   int64
}

func (q *queue) empty() bool { return len(q.chunks) == 0 }

// begin returns the first chunk, which the caller is about to send.
func (q *queue) begin() []byte {
	q.begun = true
	return q.chunks[0].b
}

// push adds frames to the end: a copy or, if of is not nil, the rest of a Shared. begun says that
// the beginning of the first frame has been sent.
func (q *queue) push(frames []byte, of *Shared, begun bool) (memory int64) {
	q.size += int64(len(frames))
	last := len(q.chunks) - 1
	switch {
	case of != nil:
		if of.uses.Add(1) == 1 {
			memory = int64(len(of.frame))
		}
	case last > 0 && q.chunks[last].of == nil && len(q.chunks[last].b)+len(frames) <= joinBelow:
		was := cap(q.chunks[last].b)
		q.chunks[last].b = append(q.chunks[last].b, frames...)
		return int64(cap(q.chunks[last].b) - was)
	default:
		frames = append([]byte(nil), frames...)
		memory = int64(cap(frames)) // some more than the length
	}
	q.begun = q.begun || begun
	q.chunks = append(q.chunks, chunk{frames, of})
	return memory
}

// drop returns by how many bytes the memory changes when a chunk is removed.
func (c chunk) drop() (memory int64) {
	switch {
	case c.of == nil:
		return -int64(cap(c.b))
	case c.of.uses.Add(-1) == 0:
		return -int64(len(c.of.frame))
	}
	return 0
}

// sent removes the first n bytes of the first chunk.
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

// cut removes all chunks but a first one that has been sent in part.
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

func (q *queue) clear() (memory int64) {
	for _, c := range q.chunks {
		memory += c.drop()
	}
	*q = queue{}
	return memory
}
