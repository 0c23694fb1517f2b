package driver

import (
	"slices"
	"sync"
)

// Pairs makes the two ends of a WebSocketPair. The runtime that is linked in
// gives it with [SetPairs]; it is the one thing that user code can ask for
// without an event at hand.
type Pairs func() (client, server Socket)

var program struct {
	sync.Mutex
	classes []Class
	pairs   Pairs
}

// Register collects a class of this program. Names are not checked here: a
// world that is made of the classes reports what is wrong with them.
func Register(c Class) {
	program.Lock()
	defer program.Unlock()
	program.classes = append(program.classes, c)
}

// Registered returns the classes collected so far, in order.
func Registered() []Class {
	program.Lock()
	defer program.Unlock()
	return slices.Clone(program.classes)
}

// SetPairs is called by the runtime's package when it is initialised.
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
