package host

import "sync"

// Group is a WaitGroup that can be sealed: no goroutine is added while another waits for the end.
type Group struct {
	mu     sync.Mutex
	sealed bool
	wg     sync.WaitGroup
}

// Enter counts the calling goroutine until Leave. If the group is sealed it reports false instead.
func (g *Group) Enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.sealed {
		g.wg.Add(1)
	}
	return !g.sealed
}

func (g *Group) Leave() { g.wg.Done() }

func (g *Group) Seal() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sealed = true
}

// Wait waits until each Enter has had its Leave.
func (g *Group) Wait() { g.wg.Wait() }
