package expression_test

import (
	"encoding/json"
	"fmt"

	"github.com/berth-project/berth/workflow/expression"
)

type vars map[string]any

func (v vars) Variable(name string) (any, bool) {
	value, ok := v[name]
	return value, ok
}

func ExampleProgram_Bool() {
	p, err := expression.Compile(expression.When, `steps.probe.output.width > 1920 && params.quality != "low"`)
	if err != nil {
		fmt.Println(err)
		return
	}
	yes, err := p.Bool(vars{
		"params": json.RawMessage(`{"quality": "high"}`),
		"steps":  map[string]any{"probe": map[string]any{"output": json.RawMessage(`{"width": 3840}`)}},
	})
	fmt.Println(p.Steps()[0].Name, yes, err)
	// Output: probe true <nil>
}

func ExampleProgram_JSON() {
	p, err := expression.Compile(expression.Transform, `input.files.filter(f, f.size > 10).map(f, {"name": f.name.upperAscii()})`)
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := p.JSON(vars{"input": json.RawMessage(`{"files": [{"name": "a", "size": 3}, {"name": "b", "size": 30}]}`)})
	fmt.Println(string(out), err)
	// Output: [{"name":"B"}] <nil>
}

func ExampleCompile() {
	_, err := expression.Compile(expression.When, `steps.probe.outptu == 1`)
	fmt.Println(err)
	// Output: 1:12: a step has no outptu (it has output, status, error, attempts)
}
