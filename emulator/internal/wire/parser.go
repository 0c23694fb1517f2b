package wire

import (
	"cmp"
	"encoding/binary"
)

// DefaultMaxMessage is workerd's limit for a message, in bytes.
const DefaultMaxMessage = 32 << 20

// Status codes of RFC 6455 section 7.4.1 that a Parser fails with.
const (
	statusProtocol = 1002
	statusTooLarge = 1009
)

// Receiver receives what a [Parser] reads. Feed calls it, in the order of the frames.
type Receiver interface {
	// Message gets a complete message, put together from its fragments. The receiver may keep data, which is valid UTF-8
	// unless binary: U+FFFD stands for every other byte. The result is that of [Handler]; a Parser ignores it.
	Message(binary bool, data []byte) (queued int)
	// Ping gets the payload of a ping, for a pong. payload is only valid during the call.
	Ping(payload []byte)
	// PeerClosed gets the peer's Close frame: the code as it was sent, even one that RFC 6455 section 7.4 forbids, or 1005
	// without one, and the reason as UTF-8. A payload of one byte is no code. It is the last call.
	PeerClosed(code int, reason string)
	// Failed gets a violation of the protocol: status 1002, or 1009 for a message over the limit, and workerd's description
	// of it. It is the last call.
	Failed(status int, description string)
}

// Parser reads the frames of one direction of a connection, which arrive in pieces. Like workerd it accepts frames without a
// mask and control frames of any length, and knows no extension. It allocates memory for bytes that have arrived, never for the
// length that a header announces, and holds none between messages.
//
// The zero Parser is ready.
type Parser struct {
	// MaxMessage is the largest message in bytes; 0 stands for DefaultMaxMessage. Set it before the first Feed.
	MaxMessage int

	part  *partial // nil between messages
	ended bool
}

// partial is the state of a Parser in the middle of a message or of a frame.
type partial struct {
	header     [maxHeader]byte // the first bytes of a header that has not arrived completely
	headerLen  int
	payload    bool // frame's payload is arriving
	frame      frame
	control    []byte // the payload of a control frame, as far as it has arrived
	message    []byte // the payload of a message, likewise
	fragmented bool   // the message needs a continuation frame
	opcode     byte   // of the message's first frame
	rsv1       bool
}

// Feed parses the next bytes of the stream and calls r for each message or control frame that they complete. It does not keep
// b. After PeerClosed or Failed it ignores b.
func (p *Parser) Feed(b []byte, r Receiver) {
	for len(b) > 0 && !p.ended {
		f, rest, ok := p.header(b)
		if !ok {
			return
		}
		if p.part == nil || !p.part.payload {
			if status, description := p.check(f); status != 0 {
				p.fail(r, status, description)
				return
			}
		}
		b = p.body(f, rest, r)
	}
}

// Ended reports whether PeerClosed or Failed was called.
func (p *Parser) Ended() bool { return p.ended }

// Idle reports whether the Parser stands between two messages.
func (p *Parser) Idle() bool { return p.part == nil }

// header returns the frame to which the first bytes of b belong, and the bytes that follow its header. ok is false if the header
// has not arrived completely.
func (p *Parser) header(b []byte) (f frame, rest []byte, ok bool) {
	part := p.part
	if part != nil && part.payload {
		return part.frame, b, true
	}
	if part == nil || part.headerLen == 0 {
		f, n := parseHeader(b)
		if n == 0 {
			part = p.partial()
			part.headerLen = copy(part.header[:], b)
			return f, nil, false
		}
		return f, b[n:], true
	}
	for part.headerLen < 2 || part.headerLen < headerSize(part.header[:]) {
		if len(b) == 0 {
			return f, nil, false
		}
		part.header[part.headerLen] = b[0]
		part.headerLen++
		b = b[1:]
	}
	f, _ = parseHeader(part.header[:part.headerLen])
	part.headerLen = 0
	if !part.fragmented {
		p.part = nil
	}
	return f, b, true
}

// check looks for violations of the protocol in a header, in workerd's order. status is 0 without one.
func (p *Parser) check(f frame) (status int, description string) {
	room := uint64(cmp.Or(p.MaxMessage, DefaultMaxMessage))
	fragmented := false
	if p.part != nil {
		room -= uint64(len(p.part.message))
		fragmented = p.part.fragmented
	}
	switch {
	case f.rsv:
		return statusProtocol, msgReservedBits
	case f.payload > room: // control frames too
		return statusTooLarge, msgTooLarge(f.payload, room)
	case f.opcode == OpContinuation && !fragmented:
		return statusProtocol, msgContinuation
	case f.opcode != OpContinuation && f.opcode&bitCtl == 0 && fragmented:
		return statusProtocol, msgNewData
	case f.opcode&bitCtl != 0 && !f.fin:
		return statusProtocol, msgFragmentedCtl
	}
	return 0, ""
}

// body takes the bytes of b that belong to the frame's payload, and returns those that follow.
func (p *Parser) body(f frame, b []byte, r Receiver) (rest []byte) {
	take := b[:min(f.payload, uint64(len(b)))]
	rest = b[len(take):]
	whole := uint64(len(take)) == f.payload

	control := f.opcode&bitCtl != 0
	if whole && f.fin && (p.part == nil || control && !p.part.payload) { // the frame has arrived in one piece
		data := make([]byte, len(take))
		f.unmask(data, take)
		p.dispatch(f, data, r)
		return rest
	}

	part := p.partial()
	buf := &part.message
	if control {
		buf = &part.control
	}
	old := len(*buf)
	*buf = extend(*buf, len(take), p.growth(f, len(*buf)))
	f.unmask((*buf)[old:], take)
	f.payload -= uint64(len(take))
	part.frame, part.payload = f, !whole
	switch {
	case !whole:
	case !f.fin:
		if !part.fragmented {
			part.fragmented, part.opcode, part.rsv1 = true, f.opcode, f.rsv1
		}
	case control:
		data := part.control
		part.control = nil
		if !part.fragmented {
			p.part = nil
		}
		p.dispatch(f, data, r)
	default:
		data := part.message
		part.message = nil
		if cap(data)-len(data) > len(data)/8 { // the receiver may keep it for long
			data = append(make([]byte, 0, len(data)), data...)
		}
		p.dispatch(f, data, r)
	}
	return rest
}

// dispatch hands a message or a control frame to r. f is its last frame, data its whole payload.
func (p *Parser) dispatch(f frame, data []byte, r Receiver) {
	opcode, compressed := f.opcode, f.rsv1
	if p.part != nil && p.part.fragmented {
		compressed = compressed || p.part.rsv1
		if opcode == OpContinuation {
			opcode = p.part.opcode
		}
	}
	if opcode&bitCtl == 0 {
		p.part = nil
	}
	switch {
	case opcode == OpPing:
		r.Ping(data)
	case opcode == OpPong:
	case compressed: // workerd overlooks the bit in pings, pongs and continuations that are not the last
		p.fail(r, statusProtocol, msgCompressed)
	case opcode == OpText:
		r.Message(false, text(data))
	case opcode == OpBinary:
		r.Message(true, data)
	case opcode == OpClose:
		p.ended, p.part = true, nil
		if len(data) < 2 {
			r.PeerClosed(codeNone, "")
			return
		}
		r.PeerClosed(int(binary.BigEndian.Uint16(data)), string(text(data[2:])))
	default:
		p.fail(r, statusProtocol, msgOpcode(opcode))
	}
}

func (p *Parser) fail(r Receiver, status int, description string) {
	p.ended, p.part = true, nil
	r.Failed(status, description)
}

func (p *Parser) partial() *partial {
	if p.part == nil {
		p.part = new(partial)
	}
	return p.part
}

// growth is how many bytes of a payload may follow the n that have arrived: the rest of f if f is the last frame, and otherwise
// as many as the limit allows, since further fragments come.
func (p *Parser) growth(f frame, n int) uint64 {
	if f.fin {
		return f.payload
	}
	return uint64(cmp.Or(p.MaxMessage, DefaultMaxMessage) - n)
}

// extend makes b longer by n bytes. It doubles the capacity when that is too small: the copies stay linear in the size of the
// message, however small the pieces are. It adds at most the bytes that may follow, so that a message in one frame fits exactly.
func extend(b []byte, n int, most uint64) []byte {
	if cap(b)-len(b) < n {
		room := len(b) + int(min(uint64(max(len(b), n)), most))
		b = append(make([]byte, 0, room), b...)
	}
	return b[:len(b)+n]
}
