package emulator

import (
	crand "crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"sync"
)

// chance is a world's one source of randomness.
type chance struct {
	mu  sync.Mutex
	src *rand.ChaCha8
}

func newChance(seed uint64) *chance {
	var key [32]byte
	if seed == 0 {
		crand.Read(key[:])
	} else {
		binary.LittleEndian.PutUint64(key[:], seed)
	}
	return &chance{src: rand.NewChaCha8(key)}
}

func (c *chance) read(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.src.Read(b)
}

// fraction is uniform in [0, 1).
func (c *chance) fraction() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return float64(c.src.Uint64()>>11) / (1 << 53)
}

// uuid is crypto.randomUUID(): a version 4 UUID (RFC 9562 section 5.4).
func (c *chance) uuid() string {
	var b [16]byte
	c.read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// reference is what workerd calls an internal error: 24 characters.
func (c *chance) reference() string {
	const digits = "0123456789abcdefghijklmnopqrstuv"
	var b [24]byte
	c.read(b[:])
	for i := range b {
		b[i] = digits[b[i]&31]
	}
	return string(b[:])
}
