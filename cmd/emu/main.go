// Command emu runs Cloudflare Durable Objects on this machine.
package main

import (
	"os"

	emucmd "github.com/seed-36a2c969/emu/cmd"
)

func main() { os.Exit(emucmd.Main(os.Args[1:])) }
