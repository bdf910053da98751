// Command program is the only thing in the image that the tests run: it does
// what its arguments say, in their order.
package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	for _, arg := range os.Args[1:] {
		verb, rest, _ := strings.Cut(arg, " ")
		if err := do(verb, rest); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(9)
		}
	}
}

func do(verb, rest string) error {
	switch verb {
	case "out":
		fmt.Println(os.ExpandEnv(rest))
	case "err":
		fmt.Fprintln(os.Stderr, os.ExpandEnv(rest))
	case "result":
		return os.WriteFile(os.Getenv("BERTH_RESULT_FILE"), []byte(rest), 0o644)
	case "copy":
		from, to, _ := strings.Cut(os.ExpandEnv(rest), " ")
		data, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		return os.WriteFile(to, data, 0o644)
	case "write":
		return os.WriteFile(rest, nil, 0o644)
	case "link":
		_ = os.Remove(os.Getenv("BERTH_RESULT_FILE"))
		return os.Symlink(rest, os.Getenv("BERTH_RESULT_FILE"))
	case "env":
		for _, e := range os.Environ() {
			fmt.Println(e)
		}
	case "status":
		data, err := os.ReadFile("/proc/self/status")
		fmt.Println(string(data))
		return err
	case "networks":
		all, err := net.Interfaces()
		for _, i := range all {
			fmt.Println(i.Name)
		}
		return err
	case "flood":
		for range 1 << 20 {
			fmt.Println(strings.Repeat("x", 100))
		}
	case "memory":
		hold := make([]byte, 512<<20)
		for i := range hold {
			hold[i] = byte(i)
		}
		fmt.Println(hold[len(hold)-1])
	case "exit":
		n, err := strconv.Atoi(rest)
		if err != nil {
			return err
		}
		os.Exit(n)
	case "wait":
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGTERM)
		fmt.Fprintln(os.Stderr, "waiting")
		<-asked
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
		fmt.Fprintln(os.Stderr, "waiting")
		time.Sleep(time.Hour)
	}
	return nil
}
