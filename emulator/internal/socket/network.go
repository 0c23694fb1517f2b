package socket

import (
	"sync"

	"github.com/seed-36a2c969/emu/emulator/internal/host"
)

// Network is what the sockets of a world share.
type Network struct {
	host *host.Host

	mu       sync.Mutex
	unlisted map[*Socket]struct{} // with a connection of their own, in no object's list
}

func NewNetwork(h *host.Host) *Network { return &Network{host: h} }

// track notes a socket that has a connection and is in no object's list, so that Close ends it.
func (n *Network) track(s *Socket) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.unlisted == nil {
		n.unlisted = map[*Socket]struct{}{}
	}
	n.unlisted[s] = struct{}{}
}

// untrack removes s from the connections that Close ends itself because no object lists them.
func (n *Network) untrack(s *Socket) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.unlisted, s)
}

// Shut ends the connections that no object lists.
func (n *Network) Shut() {
	n.mu.Lock()
	set := n.unlisted
	n.unlisted = nil
	n.mu.Unlock()
	for s := range set {
		s.shut()
	}
}
