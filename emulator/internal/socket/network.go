package socket

import (
	"sync"

	"github.com/seed-36a2c969/emu/emulator/internal/host"
)

// Network holds those sockets of one world that no object lists, so that the world's end can close them.
type Network struct {
	host *host.Host

	mu       sync.Mutex
	unlisted map[*Socket]struct{} // sockets with a connection
}

func NewNetwork(h *host.Host) *Network {
	return &Network{host: h, unlisted: map[*Socket]struct{}{}}
}

// track adds a socket to those that Shut ends.
func (n *Network) track(s *Socket) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.unlisted[s] = struct{}{}
}

// untrack removes a socket from those that Shut ends.
func (n *Network) untrack(s *Socket) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.unlisted, s)
}

// Shut ends the connections of the sockets that no object lists.
func (n *Network) Shut() {
	n.mu.Lock()
	unlisted := n.unlisted
	n.unlisted = map[*Socket]struct{}{}
	n.mu.Unlock()
	for s := range unlisted {
		s.shut()
	}
}
