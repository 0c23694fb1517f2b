// Package worker makes a program of a Worker. A program's main function
// registers its classes and calls [Main]:
//
//	func main() {
//		durable.Register("Counter", newCounter)
//		worker.Main(durable.WorkerFunc(fetch))
//	}
//
// `emu dev` builds and runs such a program. It can also be started by itself;
// its command line is emu's:
//
//	go run ./src dev --config wrangler.jsonc
package worker

import (
	"os"

	emucmd "github.com/seed-36a2c969/emu/cmd"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/program"
)

// With its log in JSON the program starts itself once more here, and this process makes events of
// what that prints: before main, so that main's own output is among it.
func init() { emucmd.Capture(os.Args[1:]) }

// Main runs the emu command line with w and the classes registered so far, and
// ends the process with its exit code.
func Main(w durable.Worker) {
	os.Exit(emucmd.MainWith(os.Args[1:], &program.Linked{
		Worker:  durable.Export(w),
		Classes: driver.Registered(),
	}))
}
