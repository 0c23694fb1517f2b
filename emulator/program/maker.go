// Package program finds, builds and runs the program behind a Worker's configuration.
package program

import (
	"context"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Maker makes a Worker's program in this process. A front end whose programs are not compiled
// needs no more than this: neither a child nor a handshake.
type Maker interface {
	Make(ctx context.Context) (*driver.Program, error)
}

// Linked is the Maker of a Go program's own process, which the Worker is linked into.
type Linked driver.Program

// Make returns the program.
func (l *Linked) Make(context.Context) (*driver.Program, error) {
	p := driver.Program(*l)
	p.Close = func() error { return nil } // it ends with the process
	return &p, nil
}
