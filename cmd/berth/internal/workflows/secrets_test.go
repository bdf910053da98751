package workflows_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berth-project/berth/cmd/berth/internal/workflows"
	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work/outbox"
)

func TestSecretsAreReadFromAFileOfTheirOwnerOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secrets.json")
	write := func(text string, mode os.FileMode) {
		t.Helper()
		_ = os.Remove(path)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"hook":{"values":["new","old"],"tenants":["acme"],"hosts":["api.example.org"],"steps":["ship"]}}`, 0o600)
	all, err := workflows.ReadSecrets(path)
	if err != nil {
		t.Fatal(err)
	}
	hook := all["hook"]
	if len(hook.Values) != 2 || hook.Values[0].Reveal() != "new" || hook.Tenants[0] != "acme" || hook.Hosts[0] != "api.example.org" || hook.Steps[0] != "ship" {
		t.Errorf("ReadSecrets() = %+v", hook)
	}
	for _, c := range []struct {
		text string
		mode os.FileMode
		want string
	}{
		{`{}`, 0o644, "chmod 600"},
		{`{"a":{"value":"x"}}`, 0o600, "unknown field"},
		{`{"a":`, 0o600, "unexpected"},
		{`{"a":{"values":[],"tenants":["acme"]}}`, 0o600, "there is none"},
		{`{"a":{"values":["old",""],"tenants":["acme"]}}`, 0o600, "an empty one"},
		{`{"a":{"values":["old"]}}`, 0o600, "nobody may use it"},
		{strings.Repeat(" ", 2<<20), 0o600, "bytes"},
	} {
		write(c.text, c.mode)
		if _, err := workflows.ReadSecrets(path); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "old") {
			t.Errorf("ReadSecrets() of %.20q = %v, want an error with %q", c.text, err, c.want)
		}
	}
}

func TestSecretsOfTheOperatorAreNoTenants(t *testing.T) {
	t.Parallel()
	one := func(s workflows.Secret) workflows.Secret {
		s.Values = []secret.String{secret.New("key")}
		return s
	}
	secrets := workflows.NewSecrets(map[string]workflows.Secret{
		"operators": one(workflows.Secret{Operator: true}),
		"acmes":     one(workflows.Secret{Tenants: []string{"acme"}}),
		"everyones": one(workflows.Secret{Tenants: []string{"*"}}),
	})
	for _, c := range []struct {
		event outbox.Event
		ok    bool
	}{
		{outbox.Event{Operator: true, Tenant: "acme", Secret: "operators"}, true},
		{outbox.Event{Operator: true, Tenant: "acme", Secret: "everyones"}, true},
		{outbox.Event{Operator: true, Tenant: "acme", Secret: "acmes"}, false},
		{outbox.Event{Operator: true, Tenant: "acme", Secret: "none"}, false},
		{outbox.Event{Tenant: "acme", Secret: "operators"}, false},
		{outbox.Event{Tenant: "operator", Secret: "operators"}, false},
		{outbox.Event{Tenant: "", Secret: "operators"}, false},
		{outbox.Event{Tenant: "*", Secret: "operators"}, false},
		{outbox.Event{Tenant: "acme", Secret: "acmes"}, true},
		{outbox.Event{Tenant: "zenith", Secret: "acmes"}, false},
	} {
		keys, err := secrets.Signing(c.event)
		if (err == nil) != c.ok || (len(keys) == 1) != c.ok {
			t.Errorf("Signing(%+v) = %d keys, %v; want them given: %v", c.event, len(keys), err, c.ok)
		}
	}
	if err := (workflows.Secret{Values: []secret.String{secret.New("key")}}).Validate(); err == nil {
		t.Error("Validate() of a secret that nobody may use = nil")
	}
}
