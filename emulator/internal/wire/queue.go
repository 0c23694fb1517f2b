package wire

// joinBelow is the size in bytes up to which small writes that wait are joined into one.
const joinBelow = 16 << 10

// queue is what waits to be sent: copies of what was written, each of whole frames, of which the first may have been sent
// in part. The zero queue is empty.
type queue struct {
	chunks [][]byte
	begun  bool // a part of chunks[0] has been sent, or may be
	size   int64
}

func (q *queue) empty() bool { return len(q.chunks) == 0 }

// begin returns what is to be sent first, for somebody who is about to send it.
func (q *queue) begin() []byte {
	q.begun = true
	return q.chunks[0]
}

// push copies frames to the end. begun says that their beginning has been sent already.
func (q *queue) push(frames []byte, begun bool) {
	q.size += int64(len(frames))
	if last := len(q.chunks) - 1; last > 0 && len(q.chunks[last])+len(frames) <= joinBelow {
		q.chunks[last] = append(q.chunks[last], frames...)
		return
	}
	q.begun = q.begun || begun
	q.chunks = append(q.chunks, append([]byte(nil), frames...))
}

// sent takes the first n bytes of the head away.
func (q *queue) sent(n int) {
	q.size -= int64(n)
	if n < len(q.chunks[0]) {
		q.chunks[0] = q.chunks[0][n:]
		return
	}
	q.chunks[0], q.begun = nil, false
	q.chunks = q.chunks[1:]
	if len(q.chunks) == 0 {
		q.chunks = nil
	}
}

// cut drops all but what completes a frame that has been sent in part.
func (q *queue) cut() {
	if !q.begun {
		*q = queue{}
		return
	}
	q.chunks = q.chunks[:1:1]
	q.size = int64(len(q.chunks[0]))
}
