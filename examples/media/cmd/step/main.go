// Command step executes one step of the pipeline, as Berth starts it for each
// attempt: the payload is on stdin, the answer goes to stdout, progress to
// stderr. See work.steps in berth.yaml and package work/shell.
//
//	step probe|transcode|thumbnails|package|notify|cleanup
//
// It reads its environment:
//
//	MEDIA_DATA                 the directory of the pipeline's files
//	BERTH_TENANT, BERTH_RUN    whose and which run this is: Berth says so, nobody else can
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/berth-project/berth/examples/media/internal/step"
	"github.com/berth-project/berth/examples/media/internal/vault"
)

func main() {
	os.Exit(run(os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}

// maxPayload bounds what is read, in bytes.
const maxPayload = 1 << 20

// run is the whole program. It returns the exit status.
func run(args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	answer, err := execute(args, getenv, stdin, stderr)
	if err == nil {
		err = json.NewEncoder(stdout).Encode(answer)
	}
	if err == nil {
		return 0
	}
	if f, ok := errors.AsType[*step.Failure](err); ok {
		if line, err := json.Marshal(f); err == nil {
			fmt.Fprintf(stderr, "::fail %s\n", line)
		}
	}
	fmt.Fprintln(stderr, err)
	return 1
}

func execute(args []string, getenv func(string) string, stdin io.Reader, stderr io.Writer) (any, error) {
	if len(args) != 1 {
		return nil, &step.Failure{Code: "refused", Message: "usage: step NAME", Fatal: true}
	}
	payload, err := io.ReadAll(io.LimitReader(stdin, maxPayload))
	if err != nil {
		return nil, err
	}
	files, err := vault.Open(getenv("MEDIA_DATA"), getenv("BERTH_TENANT"))
	if err != nil {
		return nil, err
	}
	defer files.Close() //nolint:errcheck // a directory
	return step.Execute(args[0], step.Job{
		Run: getenv("BERTH_RUN"), Files: files, Payload: payload, Progress: teller(stderr),
	})
}

// teller writes progress lines, one for every whole percent at most.
func teller(w io.Writer) func(float64, string) {
	last := -1
	return func(part float64, what string) {
		if percent := int(100 * part); percent != last {
			last = percent
			fmt.Fprintf(w, "::progress %d %s\n", percent, what)
		}
	}
}
