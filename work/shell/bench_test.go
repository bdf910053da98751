package shell_test

import (
	"testing"

	"github.com/berth-project/berth/work/shell"
)

func BenchmarkExecute(b *testing.B) {
	e, err := shell.New(shell.Options{Scratch: b.TempDir(), Commands: map[string]shell.Command{"true": {Argv: []string{"true"}}}})
	if err != nil {
		b.Fatal(err)
	}
	tk := task(with{"n": 1})
	tk.Type = "true"
	for b.Loop() {
		if got := e.Execute(b.Context(), tk, newRecorder()); got.Failure != nil {
			b.Fatal(got.Failure)
		}
	}
}
