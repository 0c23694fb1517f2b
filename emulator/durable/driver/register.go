package driver

import (
	"slices"
	"sync"
)

// Pairs makes the two ends of a WebSocketPair. User code can make a pair without an event, so the
// runtime registers its function for the whole program, with [SetPairs].
type Pairs func() (client, server Socket)

var program struct {
	sync.Mutex
	classes []Class
	pairs   Pairs
}

// Register adds a class to those of this program. It does not check the name: the world that is made of
// the classes does.
func Register(c Class) {
	program.Lock()
	defer program.Unlock()
	program.classes = append(program.classes, c)
}

// Registered returns the classes in the order in which they were registered.
func Registered() []Class {
	program.Lock()
	defer program.Unlock()
	return slices.Clone(program.classes)
}

// SetPairs sets the function behind [NewPair]. The runtime calls it when it is initialised.
func SetPairs(p Pairs) {
	program.Lock()
	defer program.Unlock()
	program.pairs = p
}

// NewPair makes a WebSocketPair. It panics if no runtime is linked in.
func NewPair() (client, server Socket) {
	program.Lock()
	p := program.pairs
	program.Unlock()
	if p == nil {
		panic("durable: WebSocketPair needs a runtime: import emulator/worker or emulator/emutest")
	}
	return p()
}
