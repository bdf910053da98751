// Package e2e_test runs the whole of it: Berth as it is built from this
// repository, the ledger as its manifest says, and people who use it.
package e2e_test

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"testing"

	"github.com/berth-project/berth/examples/internal/story"
)

var ledger = story.New("examples/ledger", func(data string) ([]string, error) {
	return []string{"LEDGER_DATA=" + data, "DATABASE_URL="}, nil
})

func TestMain(m *testing.M) { os.Exit(ledger.Main(m)) }

// order is a request to the API that moves money, with a key of its own.
func order(path, body string) story.Request {
	return story.Request{Method: "POST", Path: path, Kind: "application/json", Body: body, Header: map[string]string{"Idempotency-Key": rand.Text()}}
}

// balance is what an account of Acme has, as its API tells this person.
func balance(p *story.Person, account string) int64 {
	p.T.Helper()
	var a struct {
		Balance int64 `json:"balance_cents"`
	}
	if err := json.Unmarshal([]byte(p.Want(story.Get("/api/acme/accounts/"+account), 200).Text), &a); err != nil {
		p.T.Fatal(err)
	}
	return a.Balance
}
