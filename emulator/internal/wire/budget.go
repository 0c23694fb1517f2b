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

	debtor      = 4 << 10          // the size in bytes from which on the Budget lists a queue
	muchWaiting = 8 << 20          // the smallest peak, in bytes, after which memory is given back
	giveBack    = 10 * time.Second // how long after the peak, and so how often at most

	leanFrom  = 128 << 20 // while more bytes than this wait, garbage is kept short …
	leanUntil = 64 << 20  // … until fewer than this wait
	lean      = 20        // the collector's percentage (GOGC) meanwhile
)

// Budget bounds the memory of all queues of unsent frames together. Over the bound it ends the connections with the longest
// queues, as a connection ends when its own queue is too long.
type Budget struct {
	max       int64
	used      atomic.Int64 // bytes of memory of all queues; a frame that many connections share counts once
	peak      atomic.Int64 // the highest used since memory was given back
	relieving atomic.Bool  // a goroutine is in relieve
	giving    atomic.Bool  // a timer calls giveBack
	lean      atomic.Bool  // garbage is kept short

	mu      sync.Mutex
	debtors map[*Conn]struct{}
}

// NewBudget makes a Budget of so many bytes; 0 stands for DefaultMaxWaiting.
func NewBudget(most int64) *Budget {
	return &Budget{max: cmp.Or(most, DefaultMaxWaiting), debtors: map[*Conn]struct{}{}}
}

// list adds c to the connections that may be ended when the budget is exceeded, or removes c.
func (b *Budget) list(c *Conn, owes bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if owes {
		b.debtors[c] = struct{}{}
	} else {
		delete(b.debtors, c)
	}
}

// add notes that the memory of the queues grows by n bytes. It does not block, and takes no lock that the caller may hold.
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

// leanBudgets counts the Budgets of the process that keep garbage short.
var leanBudgets struct {
	sync.Mutex
	n      int
	before int // the collector's percentage before the first of them
}

func (b *Budget) wantsLean() bool {
	used := b.used.Load()
	return used >= leanFrom || used >= leanUntil && b.lean.Load()
}

// keepLean makes the collector run more often while many bytes wait. By default as much memory may be garbage as is in use, so
// that the process would take twice the Budget.
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
			if l.before = debug.SetGCPercent(lean); l.before < lean { // the program itself asks for a lower percentage, or for no collector
				debug.SetGCPercent(l.before)
			}
		}
		return
	}
	if l.n--; l.n == 0 && l.before >= lean {
		if now := debug.SetGCPercent(l.before); now != lean { // the program has changed it meanwhile
			debug.SetGCPercent(now)
		}
	}
}

// giveBack returns memory to the system after long queues have become short. The runtime of an idle process would keep it for
// minutes.
func (b *Budget) giveBack() {
	b.peak.Store(b.used.Load())
	b.giving.Store(false)
	debug.FreeOSMemory()
}

// relieve ends the connections with the longest queues until the Budget is kept.
func (b *Budget) relieve() {
	for b.used.Load() > b.max && b.endLargest() {
	}
	b.relieving.Store(false)
}

// endLargest ends connections, those with the longest queues first, until the Budget is kept. It reports whether it has ended any.
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
