package wire

// DefaultMaxQueue is the default limit for what waits to be sent to a peer that does not read, in bytes.
const DefaultMaxQueue = 64 << 20

// Handler receives what a [Conn] reads. The calls for one Conn never overlap, and come from the goroutine that reads: they
// must not block. They may call the Conn. PeerClosed, Failed and Lost end what is read, and only Ended and Overflow can
// follow them. After Lost and Ended the Conn ends as with Finish as soon as a Close frame has been written, and at the latest
// two seconds later.
// Nothing follows Overflow, and nothing is called after Finish or Shut.
type Handler interface {
	// Message is a complete message. data is the handler's to keep; if it is not binary, it is valid UTF-8. It returns how
	// many bytes it keeps queued for later (see [Conn.Consumed]), 0 if the message is dealt with.
	Message(binary bool, data []byte) (queued int)
	// PeerClosed is the peer's Close frame: its code as it was sent, or 1005 if it had none, and its reason as UTF-8.
	// Bytes that follow it are thrown away.
	PeerClosed(code int, reason string)
	// Failed is a violation of the protocol: status 1002, or 1009 for a message over the limit, and workerd's
	// description of it. A Close frame with both has been written, unless one had been already. Nothing more is read.
	Failed(status int, description string)
	// Lost is the end of the stream without a Close frame: io.EOF, io.ErrUnexpectedEOF inside a message, or what went
	// wrong. After the first two the peer may still read what is written.
	Lost(err error)
	// Ended says that the stream has ended after PeerClosed or Failed.
	Ended()
	// Overflow says that the peer does not read: with the last Write, buffered bytes would have waited. They were dropped,
	// a Close frame with 1009 was written unless a frame was sent in part, and the Conn ends as with Finish. together is 0,
	// or the limit of the Budget if that was exceeded, and the Conn one for which most waited.
	Overflow(buffered, together int64)
}

// Options are the settings of a [Conn].
type Options struct {
	MaxQueue int64   // most bytes that wait to be sent; 0: DefaultMaxQueue
	Budget   *Budget // of this and other connections; nil: none
	Poller   *Poller // reads the connection if it can; nil: a goroutine does
}
