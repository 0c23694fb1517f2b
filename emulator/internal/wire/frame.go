package wire

import (
	"bytes"
	"encoding/binary"
	"math"
)

// Frames as in RFC 6455 section 5.2.

// Opcodes of RFC 6455 section 11.8.
const (
	OpContinuation = 0x0
	OpText         = 0x1
	OpBinary       = 0x2
	OpClose        = 0x8
	OpPing         = 0x9
	OpPong         = 0xA
)

const (
	bitFin   = 0x80
	bitRSV1  = 0x40
	bitsRSV  = 0x30 // RSV2 and RSV3: no extension that uses them exists
	bitMask  = 0x80
	bitCtl   = 0x08 // set in the opcodes of control frames
	opBits   = 0x0F
	lenBits  = 0x7F
	len16    = 126
	len64    = 127
	maskSize = 4

	maxHeader = 2 + 8 + maskSize

	codeNone = 1005 // RFC 6455 section 7.4.1: the Close frame had no code
)

// AppendFrame appends a whole message in one unmasked frame, as a server sends it. A control frame may be longer than
// the 125 bytes of section 5.5: workerd answers a long ping with a long pong.
func AppendFrame(dst []byte, opcode byte, payload []byte) []byte {
	return append(appendHeader(dst, opcode, len(payload)), payload...)
}

// AppendClose appends a Close frame. Without a code (0) its payload is empty, and reason is not sent.
func AppendClose(dst []byte, code int, reason string) []byte {
	if code == 0 {
		return appendHeader(dst, OpClose, 0)
	}
	dst = appendHeader(dst, OpClose, 2+len(reason))
	dst = binary.BigEndian.AppendUint16(dst, uint16(code))
	return append(dst, reason...)
}

// Sendable reports whether a Close frame may carry a code: RFC 6455 section 7.4 with workerd's bounds.
func Sendable(code int) bool {
	return code >= 1000 && code <= 4999 && code != 1004 && code != codeNone && code != 1006 && code != 1015
}

func appendHeader(dst []byte, opcode byte, n int) []byte {
	dst = append(dst, bitFin|opcode)
	switch {
	case n < len16:
		return append(dst, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, len16), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(dst, len64), uint64(n))
	}
}

// frame is a frame's header.
type frame struct {
	opcode    byte
	fin, rsv1 bool
	rsv       bool // RSV2 or RSV3
	key       [maskSize]byte
	payload   uint64 // bytes that have not arrived
}

// headerSize is the size of the header that starts with b, which holds two bytes at least.
func headerSize(b []byte) int {
	n := 2
	switch b[1] & lenBits {
	case len16:
		n += 2
	case len64:
		n += 8
	}
	if b[1]&bitMask != 0 {
		n += maskSize
	}
	return n
}

// parseHeader reads the header that b starts with. Its size is 0 if b does not hold all of it. A frame without a mask
// has a key of zeros, which changes nothing.
func parseHeader(b []byte) (f frame, size int) {
	if len(b) < 2 {
		return f, 0
	}
	size = headerSize(b)
	if len(b) < size {
		return f, 0
	}
	f = frame{
		opcode: b[0] & opBits,
		fin:    b[0]&bitFin != 0,
		rsv1:   b[0]&bitRSV1 != 0,
		rsv:    b[0]&bitsRSV != 0,
	}
	switch n := b[1] & lenBits; n {
	case len16:
		f.payload = uint64(binary.BigEndian.Uint16(b[2:]))
	case len64:
		f.payload = binary.BigEndian.Uint64(b[2:])
	default:
		f.payload = uint64(n)
	}
	if b[1]&bitMask != 0 {
		f.key = [maskSize]byte(b[size-maskSize:])
	}
	return f, size
}

// unmask writes src without its mask to dst, which has the same length. It turns the key for the bytes that come next.
func (f *frame) unmask(dst, src []byte) {
	if f.key == [maskSize]byte{} {
		copy(dst, src)
		return
	}
	k := uint64(binary.LittleEndian.Uint32(f.key[:]))
	k |= k << 32
	i := 0
	for ; i+8 <= len(src); i += 8 {
		binary.LittleEndian.PutUint64(dst[i:], binary.LittleEndian.Uint64(src[i:])^k)
	}
	rest := len(src) - i
	for ; i < len(src); i++ {
		dst[i] = src[i] ^ f.key[i%maskSize]
	}
	if r := rest % maskSize; r != 0 {
		f.key = [maskSize]byte{f.key[r], f.key[(r+1)%maskSize], f.key[(r+2)%maskSize], f.key[(r+3)%maskSize]}
	}
}

// endOfClose is the index after the first Close frame in frames, or -1 without one. frames are whole ones of this side. The
// head of a response may stand before them: its first byte, unlike that of a frame, has no FIN bit.
func endOfClose(frames []byte) int {
	at := 0
	if len(frames) > 0 && frames[0]&bitFin == 0 {
		at = bytes.Index(frames, []byte("\r\n\r\n")) + 4
	}
	for at < len(frames) {
		f, size := parseHeader(frames[at:])
		if size == 0 || f.payload > uint64(len(frames)-at-size) {
			return -1 // not frames
		}
		at += size + int(f.payload)
		if f.opcode == OpClose {
			return at
		}
	}
	return -1
}
