package wire

// DefaultMaxQueue is the default limit for the unsent frames of one connection, in bytes.
const DefaultMaxQueue = 64 << 20

// Handler receives what a [Conn] reads. The goroutine that reads calls it, so that calls for one Conn never overlap and must not
// block. A Handler may call the Conn. After PeerClosed, Failed or Lost only Ended and Overflow can follow. After Lost and Ended
// the Conn ends as with Finish once a Close frame is written, or after two seconds. After Overflow, Finish and Shut no call
// follows.
type Handler interface {
	// Message gets a complete message. The handler may keep data, which is valid UTF-8 unless binary. queued is how many bytes
	// the handler has queued for later (see [Conn.Consumed]), 0 if it has dealt with the message.
	Message(binary bool, data []byte) (queued int)
	// PeerClosed gets the peer's Close frame: the code as it was sent, or 1005 without one, and the reason as UTF-8. The Conn
	// throws all later bytes away.
	PeerClosed(code int, reason string)
	// Failed gets a violation of the protocol: status 1002, or 1009 for a message over the limit, and workerd's description of
	// it. The Conn has sent a Close frame with both, unless it had sent one before, and reads no more.
	Failed(status int, description string)
	// Lost gets the end of the stream without a Close frame: io.EOF, io.ErrUnexpectedEOF inside a message, or another error.
	// After the first two the peer may still read.
	Lost(err error)
	// Ended is called when the stream has ended after PeerClosed or Failed.
	Ended()
	// Overflow is called when the queue would have become buffered bytes long, since the peer does not read. The Conn has
	// dropped the queue, has sent a Close frame with 1009 unless a frame was sent in part, and ends as with Finish. together is
	// the limit of the Budget if that was exceeded, else 0.
	Overflow(buffered, together int64)
}

// Options are the settings of a [Conn].
type Options struct {
	MaxQueue int64   // most bytes that wait to be sent; 0: DefaultMaxQueue
	Budget   *Budget // of this and other connections; nil: none
	Poller   *Poller // reads the connection if it can; nil: a goroutine does
}
