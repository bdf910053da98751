package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/berth-project/berth/iam/evalcase"
)

// casesFile are the documented decisions, from the root of the repository.
const casesFile = "iam/testdata/eval-cases.json"

// cases counts the documented decisions that each contender answers as
// documented.
func cases(ctx context.Context, w io.Writer, peers []peer) error {
	data, err := os.ReadFile(casesFile)
	if err != nil {
		return err
	}
	var file struct{ Cases []json.RawMessage }
	if err := json.Unmarshal(data, &file); err != nil {
		return err
	}
	want := map[string]string{}
	right := 0
	for _, text := range file.Cases {
		c := evalcase.ParseCase(text)
		want[c.ID] = c.Expect.Decision
		if c.Run().Decision == c.Expect.Decision {
			right++
		}
	}
	fmt.Fprintf(w, "\n### cases: documented decisions\n\n| contender | as documented | otherwise | refused or not supported |\n|---|---:|---:|---:|\n")
	fmt.Fprintf(w, "| berth | %d | %d | 0 |\n", right, len(want)-right)
	for _, p := range peers {
		decisions, _, err := p.ask(ctx, file.Cases, 0)
		if err != nil {
			return err
		}
		var same, other, none int
		for id, decision := range want {
			switch decisions[id] {
			case decision:
				same++
			case "Allow", "ImplicitDeny", "ExplicitDeny":
				other++
			default:
				none++
			}
		}
		fmt.Fprintf(w, "| %s | %d | %d | %d |\n", p.name, same, other, none)
	}
	return nil
}
