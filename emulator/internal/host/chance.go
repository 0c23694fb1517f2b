package host

import (
	crand "crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"sync"
)

// Chance is a world's one source of randomness.
type Chance struct {
	mu  sync.Mutex
	src *rand.ChaCha8
}

// NewChance makes a source that a seed makes reproducible; seed 0 is random.
func NewChance(seed uint64) *Chance {
	var key [32]byte
	if seed == 0 {
		crand.Read(key[:])
	} else {
		binary.LittleEndian.PutUint64(key[:], seed)
	}
	return &Chance{src: rand.NewChaCha8(key)}
}

func (c *Chance) Read(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.src.Read(b)
}

// Fraction is uniform in [0, 1).
func (c *Chance) Fraction() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return float64(c.src.Uint64()>>11) / (1 << 53)
}

// UUID is crypto.randomUUID(): a version 4 UUID (RFC 9562 section 5.4).
func (c *Chance) UUID() string {
	var b [16]byte
	c.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// Reference is the text by which workerd refers to an internal error: 24 characters.
func (c *Chance) Reference() string {
	const digits = "0123456789abcdefghijklmnopqrstuv"
	var b [24]byte
	c.Read(b[:])
	for i := range b {
		b[i] = digits[b[i]&31]
	}
	return string(b[:])
}
