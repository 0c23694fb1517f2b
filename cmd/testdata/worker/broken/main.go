// Command broken does not compile.
package main

import "github.com/seed-36a2c969/emu/emulator/worker"

func main() {
	worker.Mein(nil)
}
