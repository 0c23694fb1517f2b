package emulator

import (
	"sync"

	"github.com/seed-36a2c969/emu/emulator/internal/host"
)

// network is what the sockets of a world share.
type network struct {
	host *host.Host

	mu       sync.Mutex
	unlisted map[*socket]struct{} // with a connection of their own, in no object's list
}

// track notes a socket that has a connection and is in no object's list, so that Close ends it.
func (n *network) track(s *socket) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.unlisted == nil {
		n.unlisted = map[*socket]struct{}{}
	}
	n.unlisted[s] = struct{}{}
}

// untrack removes s from the connections that Close ends itself because no object lists them.
func (n *network) untrack(s *socket) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.unlisted, s)
}

// shut ends the connections that no object lists.
func (n *network) shut() {
	n.mu.Lock()
	set := n.unlisted
	n.unlisted = nil
	n.mu.Unlock()
	for s := range set {
		s.shut()
	}
}
