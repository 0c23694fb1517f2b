package socket

import (
	"sync"

	"github.com/seed-36a2c969/emu/emulator/internal/host"
)

// Network is what the sockets of one world share.
type Network struct {
	host *host.Host

	mu       sync.Mutex
	unlisted map[*Socket]struct{} // the sockets with a connection that are in no object's list
}

// NewNetwork makes the network of a world.
func NewNetwork(h *host.Host) *Network {
	return &Network{host: h, unlisted: map[*Socket]struct{}{}}
}

// track notes a socket with a connection that is in no object's list, for Shut.
func (n *Network) track(s *Socket) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.unlisted[s] = struct{}{}
}

// untrack removes a socket from those that Shut ends because no object lists them.
func (n *Network) untrack(s *Socket) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.unlisted, s)
}

// Shut ends the connections that no object lists.
func (n *Network) Shut() {
	n.mu.Lock()
	unlisted := n.unlisted
	n.unlisted = map[*Socket]struct{}{}
	n.mu.Unlock()
	for s := range unlisted {
		s.shut()
	}
}
