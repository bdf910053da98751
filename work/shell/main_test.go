package shell_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if what := os.Getenv("SHELL_TEST_PROGRAM"); what != "" {
		program(what)
		return
	}
	goleak.VerifyTestMain(m)
}

// program is what a test starts where a script would not do.
func program(what string) {
	switch what {
	case "memory":
		hold := make([]byte, 256<<20)
		for i := range hold {
			hold[i] = byte(i)
		}
		waitForever()
		fmt.Println(hold[len(hold)-1])
	case "daemon":
		// A process that has left session and group and shares nothing with
		// whoever started it but its environment.
		cmd := exec.Command(os.Args[0], os.Args[1:]...)
		cmd.Env = append(os.Environ(), "SHELL_TEST_PROGRAM=hold")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(cmd.Process.Pid)
	case "hold":
		holdConnection()
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
		holdConnection()
	case "reaped":
		reaped()
	case "engine":
		engine()
	}
}

func waitForever() { select {} }

// holdConnection tells its process number to the listener that SHELL_TEST_ADDR
// names and keeps the connection: the listener sees when it is gone.
func holdConnection() {
	conn, err := net.Dial("tcp", os.Getenv("SHELL_TEST_ADDR"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Fprintln(conn, os.Getpid())
	_, _ = conn.Read(make([]byte, 1)) // until the test has ended
}

// holder is a process that holds a connection.
type holder struct {
	pid  int
	gone chan struct{} // closed when the connection is
}

// holders listens for processes that hold a connection.
func holders(t *testing.T) (addr string, arrived <-chan holder) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	all := make(chan holder)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				in := bufio.NewReader(conn)
				line, _ := in.ReadString('\n')
				pid, _ := strconv.Atoi(line[:max(0, len(line)-1)])
				h := holder{pid, make(chan struct{})}
				select {
				case all <- h:
				case <-t.Context().Done():
					return
				}
				_, _ = in.ReadByte()
				close(h.gone)
			}()
		}
	}()
	return l.Addr().String(), all
}
