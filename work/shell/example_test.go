package shell_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shell"
)

// printer is a reporter that prints.
type printer struct{}

func (printer) Progress(percent float64, message string) { fmt.Printf("%v%% %s\n", percent, message) }
func (printer) Save(json.RawMessage)                     {}
func (printer) Log(lines []byte)                         { fmt.Printf("log: %s", lines) }

func Example() {
	scratch, _ := os.MkdirTemp("", "example")
	defer os.RemoveAll(scratch)
	executor, err := shell.New(shell.Options{
		Scratch: scratch,
		Commands: map[string]shell.Command{
			"count": {
				Script: true,
				Argv:   []string{`echo "::progress 50 counting" >&2; wc -c < $BERTH_PAYLOAD_FILE`},
				Input:  shell.InputFile,
			},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	result := executor.Execute(context.Background(), work.Task{Type: "count", With: json.RawMessage(`{"text":"abc"}`)}, printer{})
	fmt.Println(string(result.Output))
	// Output:
	// 50% counting
	// 14
}
