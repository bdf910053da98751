package e2e_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/berth-project/berth/examples/internal/story"
)

// A program that is killed while it makes an image is started again, and what
// it makes then is what an undisturbed run makes of the same image.
func TestAKilledStepIsTriedAgain(t *testing.T) {
	t.Parallel()
	eli := signIn(t, media.Service(t), "eli@acme.test")
	img := photo(t, 4000, 3000)
	undisturbed := eli.await(eli.submit(upload(t, "acme", img)))
	id := eli.submit(upload(t, "acme", img))
	kill(t, eli, id, "transcode")
	v := eli.await(id)
	if v.State != "succeeded" {
		t.Fatalf("run = %s: %+v", v.State, v.Detail.Failure)
	}
	attempts := 0
	for _, item := range v.step(t, "transcode").Items {
		attempts = max(attempts, item.Attempt)
	}
	if attempts < 2 {
		t.Errorf("no step of the run was tried again: %+v", v.step(t, "transcode"))
	}
	if got, want := v.Detail.Output, undisturbed.Detail.Output; !slices.Equal(got.Files, want.Files) || got.Package != want.Package {
		t.Errorf("the run made %+v, want what the undisturbed one made, %+v", got, want)
	}
	unfinished, err := filepath.Glob(filepath.Join(eli.Service.Data, "acme", "*", id, ".*"))
	if err != nil || len(unfinished) > 0 {
		t.Errorf("the killed program left %v, %v", unfinished, err)
	}
}

// kill kills a program that executes a step of a run, as soon as there is one.
func kill(t *testing.T, p *person, id, step string) {
	t.Helper()
	for deadline := time.Now().Add(story.Patience); time.Now().Before(deadline); {
		if pid := executing(id, step); pid > 0 && syscall.Kill(pid, syscall.SIGKILL) == nil {
			return
		}
		if v := p.look(id); v.State == "succeeded" || v.State == "failed" {
			t.Fatalf("the run is %s, and no program of step %s was seen", v.State, step)
		}
	}
	t.Fatalf("no program executes step %s of run %s", step, id)
}

// executing finds a program by the environment that Berth gives it; 0 where
// there is none.
func executing(id, step string) int {
	all, _ := filepath.Glob("/proc/[0-9]*/environ") // the pattern is right
	for _, path := range all {
		environ, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended, or is somebody else's
		}
		variables := bytes.Split(environ, []byte{0})
		has := func(variable string) bool {
			return slices.ContainsFunc(variables, func(v []byte) bool { return string(v) == variable })
		}
		if has("BERTH_RUN="+id) && has("BERTH_STEP="+step) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path))) // a number by the pattern
			return pid
		}
	}
	return 0
}
