package directory_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/directory"
)

func TestNormalizeEmail(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"ann@example.com":           "ann@example.com",
		" Ann.Lee+x@EXAMPLE.Com\t":  "ann.lee+x@example.com",
		"admin@localhost":           "admin@localhost",
		"o'neill@sub.example.co.uk": "o'neill@sub.example.co.uk",
	} {
		if got, err := directory.NormalizeEmail(in); err != nil || got != want {
			t.Errorf("NormalizeEmail(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
}

func TestNormalizeEmailRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", "ann", "@example.com", "ann@", "a@b@c", "a b@example.com", "ann@exa mple.com", ".ann@example.com", "ann.@example.com",
		"a..b@example.com", "ann@-example.com", "ann@example-.com", "ann@.com", "ann@example.com.", "ann@example.com\nBcc: x@y",
		"ann\x00@example.com", "änn@example.com", "ann@exämple.com", `"ann"@example.com`, "Ann <ann@example.com>", "ann@[127.0.0.1]",
		"jac\u212a@example.com", "ann@\u212aexample.com", "adm\u0130n@example.com", // lower case of these is ASCII
		strings.Repeat("a", 65) + "@example.com", "a@" + strings.Repeat("a.", 130) + "com", "a@" + strings.Repeat("b", 64) + ".com",
	} {
		var invalid *directory.InvalidError
		if got, err := directory.NormalizeEmail(in); !errors.As(err, &invalid) || invalid.Field != "email" {
			t.Errorf("NormalizeEmail(%q) = %q, %v, want *InvalidError of email", in, got, err)
		}
	}
}

func TestCheckSlug(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"a", "0", "north", "a-b", "a_b", "a-b-c9", strings.Repeat("a", 63)} {
		if err := directory.CheckSlug("tenant", s); err != nil {
			t.Errorf("CheckSlug(%q) = %v", s, err)
		}
	}
	for _, s := range []string{"", "-", "-a", "a-", "a--b", "a-_b", "A", "a b", "a/b", "a.b", "ä", "a\x00", strings.Repeat("a", 64)} {
		if err := directory.CheckSlug("tenant", s); err == nil {
			t.Errorf("CheckSlug(%q) took it", s)
		}
	}
}

func FuzzNormalizeEmail(f *testing.F) {
	f.Add(" Ann@Example.com ")
	f.Add("a@b@c")
	f.Add("ann@example.com\n")
	f.Add("jac\u212a@example.com")
	f.Fuzz(func(t *testing.T, in string) {
		got, err := directory.NormalizeEmail(in)
		if err != nil {
			return
		}
		if !strings.EqualFold(got, strings.TrimSpace(in)) || len(got) != len(strings.TrimSpace(in)) {
			t.Errorf("NormalizeEmail(%q) = %q: another address", in, got)
		}
		again, err := directory.NormalizeEmail(got)
		if err != nil || again != got {
			t.Errorf("NormalizeEmail(%q) = %q, and of that %q, %v", in, got, again, err)
		}
		if strings.ContainsFunc(got, func(r rune) bool { return r <= ' ' || r >= 0x7f }) || strings.Count(got, "@") != 1 {
			t.Errorf("NormalizeEmail(%q) = %q", in, got)
		}
	})
}

func ExampleNewIdentity() {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	id := directory.NewIdentity(directory.Record{
		User: directory.User{ID: "u_ann", Email: "ann@example.com"},
		Grants: []directory.Grant{
			{Tenant: "north", Role: "teller"},
			{Tenant: "north", Role: "manager", ExpiresAt: noon.Add(time.Hour)},
			{Tenant: "south", Role: "manager", ExpiresAt: noon.Add(-time.Hour)},
		},
		Tenants: []directory.Tenant{{ID: "north"}, {ID: "south"}},
	}, noon)
	for _, m := range id.Memberships {
		fmt.Println(m.Tenant, m.Roles)
	}
	fmt.Println("until", id.ValidUntil.Format(time.TimeOnly))
	// Output:
	// north [manager teller]
	// until 13:00:00
}
