package host

import "sync"

// Group counts goroutines until it is sealed: a WaitGroup that refuses what would start
// while somebody waits for the end.
type Group struct {
	mu     sync.Mutex
	sealed bool
	wg     sync.WaitGroup
}

// Enter counts the calling goroutine until Leave. It reports false, and counts nothing,
// if the group is sealed.
func (g *Group) Enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.sealed {
		g.wg.Add(1)
	}
	return !g.sealed
}

// Leave ends what Enter began.
func (g *Group) Leave() { g.wg.Done() }

// Seal makes every later Enter fail.
func (g *Group) Seal() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sealed = true
}

// Wait waits until each Enter has had its Leave.
func (g *Group) Wait() { g.wg.Wait() }
