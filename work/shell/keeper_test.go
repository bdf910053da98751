package shell_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/berth-project/berth/process"
	"github.com/berth-project/berth/work/shell"
)

// reaped is a Berth whose supervisor reaps every child that nobody keeps, as it
// does where Berth is the first process of a container.
func reaped() {
	ctx, cancel := context.WithCancel(context.Background())
	supervisor := process.New(process.Config{Reap: true})
	ended := make(chan error, 1)
	go func() { ended <- supervisor.Run(ctx) }()
	e, err := shell.New(shell.Options{Shell: anything, Scratch: os.Getenv("SHELL_TEST_SCRATCH"), Keeper: supervisor})
	if err != nil {
		panic(err)
	}
	for range 50 {
		// What is left behind becomes the supervisor's; the status does not.
		f := e.Execute(ctx, task(with{"command": "setsid sleep 1000 & exit 3"}), newRecorder()).Failure
		if f == nil || f.Code != "exit.3" {
			fmt.Printf("%+v\n", f)
		}
	}
	cancel()
	fmt.Println("ended:", <-ended)
}

func TestASupervisorThatReapsLeavesTheProgramsOfStepsAlone(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux lets a program adopt orphans")
	}
	cmd := exec.CommandContext(t.Context(), self(t))
	cmd.Env = append(os.Environ(), "SHELL_TEST_PROGRAM=reaped", "SHELL_TEST_SCRATCH="+t.TempDir()+"/steps")
	out, err := cmd.CombinedOutput()
	if got := strings.TrimSpace(string(out)); err != nil || got != "ended: <nil>" {
		t.Errorf("50 programs that exit with 3 under a supervisor: %v\n%s", err, got)
	}
}
