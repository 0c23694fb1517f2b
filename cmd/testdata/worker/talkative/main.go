// A Worker that prints in every way there is.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/worker"
)

func main() {
	fmt.Println("main begins")
	worker.Main(durable.WorkerFunc(fetch))
}

func fetch(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
	switch r.URL.Path {
	case "/print":
		fmt.Println("standard output")
		fmt.Fprintln(os.Stderr, "standard error")
		log.SetFlags(0)
		log.Print("package log")
		println("println")
		fmt.Println(`{"type":"ready","message":"http://fake"}`)
		fmt.Print("cr lf\r\n")
		os.Stdout.Write([]byte("\x00\xff\x1b[31m\x1e\n"))
		fmt.Println(strings.Repeat("é", 5000))
	case "/part":
		fmt.Print("a part of a line")
	case "/panic":
		go panic("nobody recovers")
		select {}
	}
	return durable.Text(200, "ok"), nil
}
