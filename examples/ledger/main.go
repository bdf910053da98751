// Command ledger is a small bank for several credit unions: accounts, deposits,
// withdrawals, transfers and statements, as pages and as a JSON API.
//
// It runs behind Berth, which signs people in, keeps strangers out and sends the
// statement files; see berth.yaml beside it. Of Berth it imports package session
// alone.
//
//	ledger migrate              bring the database up to date
//	ledger seed                 add two banks and their accounts to try things with
//	ledger tenant ID NAME CUR   add a bank
//	ledger verify               check that balances and entries add up
//	ledger serve                answer requests (the default)
//
// It reads its environment:
//
//	BERTH_SOCKET, PORT          where to listen: a unix socket, or a port of 127.0.0.1
//	DATABASE_URL                postgres://…; without it SQLite in LEDGER_DATA
//	LEDGER_DATA                 the directory of the database (default .berth/ledger)
//	STATEMENTS_DIR              the directory of statement files (default LEDGER_DATA/statements)
//	BERTH_JWKS_URL, …           how to verify who is calling, see package session
//	LEDGER_DEVELOPMENT=1        without these: everybody on this machine is one made-up person
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
	"github.com/berth-project/berth/examples/ledger/internal/store"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stderr))
}

// run is the whole program. It returns the exit status.
func run(ctx context.Context, args []string, getenv func(string) string, stderr io.Writer) int {
	log := slog.New(slog.NewJSONHandler(stderr, nil))
	err := dispatch(ctx, args, getenv, log)
	if usage, ok := errors.AsType[usageError](err); ok {
		fmt.Fprintln(stderr, usage)
		return 2
	}
	if err != nil {
		log.Error("ledger ends", "error", err)
		return 1
	}
	return 0
}

// usageError is a command line that is not understood.
type usageError string

func (e usageError) Error() string {
	return string(e) + "\nusage: ledger [serve | migrate | seed | verify | tenant ID NAME CURRENCY]"
}

func dispatch(ctx context.Context, args []string, getenv func(string) string, log *slog.Logger) error {
	if len(args) == 0 {
		args = []string{"serve"}
	}
	command, args := args[0], args[1:]
	if command != "tenant" && len(args) > 0 {
		return usageError("too many arguments")
	}
	st, err := store.Open(store.Config{URL: getenv("DATABASE_URL"), Directory: dataDirectory(getenv)})
	if err != nil {
		return err
	}
	defer func() { _ = st.Close() }() // everything is committed
	switch command {
	case "serve":
		return serve(ctx, st, getenv, log)
	case "migrate":
		return st.Migrate(ctx)
	case "seed":
		return seed(ctx, st, time.Now())
	case "verify":
		return verify(ctx, st)
	case "tenant":
		return addTenant(ctx, st, args)
	}
	return usageError(fmt.Sprintf("no command %q", command))
}

func verify(ctx context.Context, st *store.Store) error {
	problems, err := st.Verify(ctx)
	for _, p := range problems {
		err = errors.Join(err, errors.New(p))
	}
	return err
}

func dataDirectory(getenv func(string) string) string {
	if dir := getenv("LEDGER_DATA"); dir != "" {
		return dir
	}
	return filepath.Join(".berth", "ledger")
}

var (
	tenantID = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)
	currency = regexp.MustCompile(`^[A-Z]{3}$`)
)

// reserved are the first segments of paths that are not tenants.
var reserved = map[string]bool{"api": true, "assets": true, "beta": true, "healthz": true, "statements": true}

func addTenant(ctx context.Context, st *store.Store, args []string) error {
	if len(args) != 3 || args[1] == "" || !tenantID.MatchString(args[0]) || reserved[args[0]] || !currency.MatchString(args[2]) {
		return usageError("a tenant needs an id of lower-case letters, digits and hyphens, a name, and a currency such as USD")
	}
	return st.AddTenant(ctx, bank.Tenant{ID: args[0], Name: args[1], Currency: args[2]})
}
