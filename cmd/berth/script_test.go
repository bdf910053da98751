package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"berth": func() {
			os.Exit(run(context.Background(), os.Args[1:], streams{os.Environ(), os.Stdin, os.Stdout, os.Stderr}))
		},
	})
}

// TestScripts runs the command line as people do; each script is one behaviour.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"json":   scriptJSON,
			"status": scriptStatus,
			"engine": scriptEngine, "start": scriptStart, "until": scriptUntil, "keep": scriptKeep, "receiver": scriptReceiver,
		},
	})
}

// scriptJSON is the command "json FILE PATH VALUE": what stands at the path of a
// JSON file, such as calls.0.granted, is the value, as text or as JSON. A path
// that begins with @1 is of the second document of the file, one that ends in
// len is how long a list is. "json FILE PATH" is that there is something at all.
func scriptJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 && len(args) != 3 {
		ts.Fatalf("usage: json FILE PATH [VALUE]")
	}
	got, err := atJSON(ts.ReadFile(args[0]), args[1])
	switch {
	case len(args) == 2:
		if (err == nil) == neg {
			ts.Fatalf("%s of %s: got %q, %v", args[1], args[0], got, err)
		}
	case err != nil:
		ts.Fatalf("%s of %s: %v", args[1], args[0], err)
	case (got == args[2]) == neg:
		ts.Fatalf("%s of %s = %s, want %s", args[1], args[0], got, args[2])
	}
}

func atJSON(text, path string) (string, error) {
	var documents []any
	for dec := json.NewDecoder(strings.NewReader(text)); ; {
		var v any
		if err := dec.Decode(&v); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return "", err
		}
		documents = append(documents, v)
	}
	document := 0
	if rest, ok := strings.CutPrefix(path, "@"); ok {
		number, below, _ := strings.Cut(rest, ".")
		n, err := strconv.Atoi(number)
		if err != nil {
			return "", err
		}
		document, path = n, below
	} else if len(documents) > 1 {
		return "", fmt.Errorf("there are %d documents; say @N", len(documents))
	}
	if document >= len(documents) {
		return "", fmt.Errorf("there are %d documents", len(documents))
	}
	v := documents[document]
	for step := range strings.SplitSeq(path, ".") {
		next, ok := below(v, step)
		if !ok {
			return "", fmt.Errorf("nothing at %q", step)
		}
		v = next
	}
	if s, ok := v.(string); ok {
		return s, nil
	}
	out, err := json.Marshal(v)
	return string(out), err
}

func below(v any, step string) (any, bool) {
	switch v := v.(type) {
	case map[string]any:
		x, ok := v[step]
		return x, ok
	case []any:
		if step == "len" {
			return len(v), true
		}
		if i, err := strconv.Atoi(step); err == nil && i < len(v) {
			return v[i], true
		}
	}
	return nil, false
}

// scriptStatus is the command "status N BERTH ARGS...": berth exits with N.
func scriptStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	var exit interface{ ExitCode() int }
	if err != nil && !errors.As(err, &exit) {
		ts.Fatalf("%v", err)
	}
	if exit != nil {
		got = exit.ExitCode()
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit status %d, want %s", got, args[0])
	}
}
