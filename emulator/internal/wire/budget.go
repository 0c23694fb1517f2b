package wire

import (
	"cmp"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// DefaultMaxWaiting is the default limit of a Budget in bytes.
	DefaultMaxWaiting = 1 << 30

	debtor      = 4 << 10          // bytes from which on a queue is known to the Budget
	muchWaiting = 8 << 20          // bytes whose release is worth a collection
	giveBack    = 10 * time.Second // how long after the release, and so how often at most

	leanFrom  = 128 << 20 // bytes waiting from which on the collector is kept busy
	leanUntil = 64 << 20  // and down to which
	lean      = 20        // per cent of what is in use that may be garbage then
)

// Budget bounds the memory of what waits to be sent on many connections together. When there is too much, those for which
// most waits are ended, as one is whose own queue is too long.
type Budget struct {
	max       int64
	used      atomic.Int64 // bytes of memory that hold what waits; what many connections share counts once
	peak      atomic.Int64 // of used, since memory was given back
	relieving atomic.Bool
	giving    atomic.Bool
	lean      atomic.Bool // garbage is kept short

	mu      sync.Mutex
	debtors map[*Conn]struct{}
}

// NewBudget makes a Budget of so many bytes; 0 stands for DefaultMaxWaiting.
func NewBudget(most int64) *Budget {
	return &Budget{max: cmp.Or(most, DefaultMaxWaiting), debtors: map[*Conn]struct{}{}}
}

// list notes whether c has a queue worth a look.
func (b *Budget) list(c *Conn, owes bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if owes {
		b.debtors[c] = struct{}{}
	} else {
		delete(b.debtors, c)
	}
}

// add notes that n bytes more wait. It does not block, and no lock of the caller's is taken.
func (b *Budget) add(n int64) {
	used := b.used.Add(n)
	if used > b.max && !b.relieving.Swap(true) {
		go b.relieve()
	}
	if b.lean.Load() != b.wantsLean() {
		b.keepLean()
	}
	if peak := b.peak.Load(); used > peak {
		b.peak.Store(used)
	} else if peak >= muchWaiting && used < peak/4 && !b.giving.Swap(true) {
		time.AfterFunc(giveBack, b.giveBack)
	}
}

// leanBudgets are those of the process for which much waits.
var leanBudgets struct {
	sync.Mutex
	n      int
	before int // the percentage without them
}

func (b *Budget) wantsLean() bool {
	used := b.used.Load()
	return used >= leanFrom || used >= leanUntil && b.lean.Load()
}

// keepLean has the collector run more often while much waits. By default garbage may grow to the size of what is in use: the
// process would take twice the Budget.
func (b *Budget) keepLean() {
	l := &leanBudgets
	l.Lock()
	defer l.Unlock()
	wants := b.wantsLean()
	if wants == b.lean.Swap(wants) {
		return
	}
	if wants {
		if l.n++; l.n == 1 {
			if l.before = debug.SetGCPercent(lean); l.before < lean { // somebody wants less, or no collector
				debug.SetGCPercent(l.before)
			}
		}
		return
	}
	if l.n--; l.n == 0 && l.before >= lean {
		if now := debug.SetGCPercent(l.before); now != lean { // somebody has changed it meanwhile
			debug.SetGCPercent(now)
		}
	}
}

// giveBack returns memory to the system after much of what waited has gone: a process that has nothing to do would keep it
// for minutes.
func (b *Budget) giveBack() {
	b.peak.Store(b.used.Load())
	b.giving.Store(false)
	debug.FreeOSMemory()
}

// relieve ends the connections for which most waits until no more waits than may.
func (b *Budget) relieve() {
	for b.used.Load() > b.max && b.endLargest() {
	}
	b.relieving.Store(false)
}

// endLargest reports whether it has ended one.
func (b *Budget) endLargest() (ended bool) {
	type debt struct {
		c    *Conn
		size int64
	}
	b.mu.Lock()
	debts := make([]debt, 0, len(b.debtors))
	for c := range b.debtors {
		debts = append(debts, debt{c: c})
	}
	b.mu.Unlock()
	for i := range debts {
		debts[i].size = debts[i].c.Buffered()
	}
	slices.SortFunc(debts, func(x, y debt) int { return cmp.Compare(y.size, x.size) })
	for _, d := range debts {
		if b.used.Load() <= b.max {
			return ended
		}
		ended = d.c.endForBudget() || ended
	}
	return ended
}
