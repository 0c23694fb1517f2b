package wire

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	// DefaultMaxWaiting is the default limit of a Budget in bytes.
	DefaultMaxWaiting = 1 << 30

	debtor = 4 << 10 // bytes from which on a queue is known to the Budget
)

// Budget bounds the memory of what waits to be sent on many connections together. When there is too much, those for which
// most waits are ended, as one is whose own queue is too long.
type Budget struct {
	max       int64
	used      atomic.Int64 // bytes of memory that hold what waits; what many connections share counts once
	relieving atomic.Bool

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
	if b.used.Add(n) > b.max && !b.relieving.Swap(true) {
		go b.relieve()
	}
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
