package process_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/berth-project/berth/process"
)

func ExampleSupervisor() {
	sup := process.New(process.Config{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- sup.Run(ctx) }()

	err := sup.Apply(ctx, []process.Spec{{
		Name:        "worker",
		Command:     []string{"sleep 1000"},
		Shell:       true,
		Environment: []string{"PATH=/usr/bin:/bin"},
		Scale:       2,
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, status := range sup.Status() {
		fmt.Printf("%s.%d %s\n", status.Process, status.Instance, status.State)
	}
	cancel()
	fmt.Println(<-ended)
	// Output:
	// worker.1 ready
	// worker.2 ready
	// <nil>
}

func ExampleSupervisor_Apply_hook() {
	sup := process.New(process.Config{})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- sup.Run(ctx) }()
	defer func() { cancel(); <-ended }()

	err := sup.Apply(ctx, []process.Spec{{
		Name:    "web",
		Command: []string{"/app/server"},
		Before:  []process.Hook{{Command: []string{"echo no such table; exit 3"}, Shell: true}},
	}})
	if failure, ok := errors.AsType[*process.StartError](err); ok {
		fmt.Println(failure)
	}
	// Output:
	// process web: before hook "echo no such table; exit 3": exit 3
	//   | no such table
}

func ExampleExec() {
	code, err := process.Exec(context.Background(), process.ExecConfig{
		Command: []string{"exit 42"}, Shell: true,
	})
	fmt.Println(code, err)
	// Output: 42 <nil>
}
