package store_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
	"github.com/berth-project/berth/examples/ledger/internal/store"
)

// Where the test binary finds these, it is the program that is killed.
const (
	writerURL       = "LEDGER_TEST_WRITER_URL"
	writerDirectory = "LEDGER_TEST_WRITER_DIRECTORY"
	writerKeys      = "LEDGER_TEST_WRITER_KEYS"
)

// write moves a cent again and again, each time under a new key, and says what
// it is about to do and what it has done, until it is killed.
func write(out io.Writer) error {
	s, err := store.Open(store.Config{URL: os.Getenv(writerURL), Directory: os.Getenv(writerDirectory)})
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		key := os.Getenv(writerKeys) + strconv.Itoa(i)
		fmt.Fprintln(out, "asked", key)
		if _, err := s.Move(context.Background(), store.Ask{Caller: casey, Key: key}, transfer("a", "b", 1)); err != nil {
			return err
		}
		fmt.Fprintln(out, "done", key)
	}
}

// A program that is killed, at whatever instant, leaves each movement whole or
// undone, and asking again with its key leads to one movement either way.
func TestKilledProgramsLeaveWholeMovements(t *testing.T) {
	everywhere(t, func(t *testing.T, b books) {
		b.provide(t, "a", casey.Email, 100_000)
		b.provide(t, "b", "cody@acme.test", 0)
		keys := 0
		for round := range 6 {
			asked, done := b.writeAndKill(t, fmt.Sprintf("round-%d-", round), 3+5*round)
			for _, key := range asked {
				again, err := b.Move(t.Context(), store.Ask{Caller: casey, Key: key}, transfer("a", "b", 1))
				if err != nil {
					t.Fatal(err)
				}
				if done[key] && !again.Replayed {
					t.Errorf("%s was answered, and lost when the program was killed", key)
				}
			}
			keys += len(asked)
		}
		if got := b.balance(t, "b"); got != bank.Amount(keys) {
			t.Errorf("%d keys moved %d cents", keys, got)
		}
		if problems, err := b.Verify(t.Context()); err != nil || len(problems) > 0 {
			t.Errorf("Verify() = %q, %v", problems, err)
		}
	})
}

// writeAndKill kills a writer when it has done some movements, and returns what
// it said it was asked and had done by then.
func (b books) writeAndKill(t *testing.T, keys string, enough int) (asked []string, done map[string]bool) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), writerURL+"="+b.at.URL, writerDirectory+"="+b.at.Directory, writerKeys+"="+keys)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done = map[string]bool{}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		switch what, key, _ := strings.Cut(lines.Text(), " "); what {
		case "asked":
			asked = append(asked, key)
		case "done":
			done[key] = true
		}
		if len(done) == enough {
			_ = cmd.Process.Kill() // once is enough; the rest of what it said is still read
		}
	}
	_ = cmd.Wait() // it was killed
	if len(done) < enough {
		t.Fatalf("the writer ended by itself after %d of %d movements", len(done), enough)
	}
	return asked, done
}
