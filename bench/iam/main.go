package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	suites := flag.String("suites", "decide,cases,account", "which `suites` to run")
	rounds := flag.Int("rounds", 5, "how many rounds of each measurement; medians are printed")
	roles := flag.Int("roles", 10_000, "how many roles the account of the suite account has")
	flag.Parse()
	wanted := strings.Split(*suites, ",")
	for _, s := range wanted {
		if !slices.Contains([]string{"decide", "cases", "account"}, s) {
			return fmt.Errorf("there is no suite %q", s)
		}
	}
	peers, done, err := findPeers(ctx, os.Stderr)
	if err != nil {
		return err
	}
	defer done()
	if slices.Contains(wanted, "decide") {
		if err := decide(ctx, os.Stdout, peers, *rounds); err != nil {
			return fmt.Errorf("decide: %w", err)
		}
	}
	if slices.Contains(wanted, "cases") {
		if err := cases(ctx, os.Stdout, peers); err != nil {
			return fmt.Errorf("cases: %w", err)
		}
	}
	if slices.Contains(wanted, "account") {
		if err := accounts(ctx, os.Stdout, *roles, *rounds); err != nil {
			return fmt.Errorf("account: %w", err)
		}
	}
	return nil
}
