// Command berth runs a server-side app as a cloud service: the gateway in
// front of it, the processes behind it, and the answers to why.
//
// Each subcommand is one file, a thin shell over the packages that do the
// work; internal/service wires those packages into a running service.
package main

import (
	"context"
	"io"
	"os"
	_ "time/tzdata" // rules name time zones, and an image from scratch has none
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], streams{os.Environ(), os.Stdin, os.Stdout, os.Stderr}))
}

// streams are what a command works with besides its arguments: data goes to
// stdout, talk to stderr.
type streams struct {
	environ []string
	stdin   io.Reader
	stdout  io.Writer
	stderr  io.Writer
}
