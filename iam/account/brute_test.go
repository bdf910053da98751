package account_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/account"
)

// randomExport makes a small account or two, in which about everything that can
// be wrong with a path is.
func randomExport(r *rand.Rand) export {
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	names := []string{"a", "b", "c", "d", "e"}
	who := func() string {
		id := pick(here, here, here, there)
		return pick(id, "arn:aws:iam::"+id+":root", roleARN(id, pick(names...)), "arn:aws:iam::"+id+":user/"+pick(names...), "*",
			"arn:aws:sts::"+id+":assumed-role/"+pick(names...)+"/s1")
	}
	condition := func(statement string) string {
		return when(statement, pick(`{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`, `{"StringEquals":{"sts:ExternalId":"x"}}`,
			`{"StringEquals":{"aws:PrincipalTag/team":"blue"}}`, `{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}`))
	}
	maybe := func(statement string) string {
		if r.IntN(4) == 0 {
			return condition(statement)
		}
		return statement
	}
	policy := func() string {
		id := pick(here, here, there)
		switch r.IntN(7) {
		case 0:
			return document(maybe(allow("s3:GetObject", pick("arn:aws:s3:::media/*", "arn:aws:s3:::logs/*"))))
		case 1:
			return document(maybe(allow("sts:*", "*")), maybe(deny("sts:AssumeRole", roleARN(id, pick(names...)))))
		case 2:
			return document(maybe(allow("*", "*")), maybe(deny("*", roleARN(id, pick(names...)))))
		case 3:
			return document(maybe(allow("sts:AssumeRole", "arn:aws:iam::"+id+":role/"+pick("*", "?", "${aws:PrincipalTag/team}"))))
		}
		return document(maybe(allow("sts:AssumeRole", roleARN(id, pick(names...)))))
	}
	e := export{}
	for _, id := range []string{here, there} {
		for _, n := range names {
			tags := `"tags":{"team":"` + pick("blue", "a") + `"},`
			if r.IntN(2) == 0 {
				e[id+"/users/"+n+".json"] = `{` + tags + `"policies":[` + policy() + `]}`
			}
			e[id+"/roles/"+n+".json"] = `{` + tags + `"trust":` + document(maybe(trusts(aws(who()))), maybe(trusts(aws(who())))) + `,"policies":[` + policy() + `,` + policy() + `]}`
		}
	}
	e[here+"/resources/media.json"] = `{"arn":"arn:aws:s3:::media","policy":` + document(maybe(to(aws(who()), allow("s3:GetObject", "arn:aws:s3:::media/*")))) + `}`
	if r.IntN(3) == 0 {
		e[there+"/scps/x.json"] = document(allow("*", "*"), maybe(deny("sts:AssumeRole", "*")))
	}
	return e
}

// paths finds by asking about each pair who can get to the grants within so many
// links, as asked or only if keys had other values. It looks at one step at a
// time with questions of its own, so it shares no search with WhoCan.
func paths(t *testing.T, s *account.Snapshot, q account.Query) map[string]account.Certainty {
	t.Helper()
	best := map[string]account.Certainty{}
	record := func(arn string, c account.Certainty) bool {
		if old, ok := best[arn]; ok && old <= c {
			return false
		}
		best[arn] = c
		return true
	}
	for _, g := range direct(t, s, q) {
		record(g.Who.ARN, g.Certainty)
	}
	edges := map[string][]account.Grant{} // who can assume a role at once
	for _, p := range s.Principals() {
		if p.Kind == iam.AssumedRole {
			edges[p.ARN] = direct(t, s, account.Query{Action: "sts:AssumeRole", Resource: p.ARN, Context: q.Context})
		}
	}
	for range account.DefaultLinks {
		// All steps of a round start from where the round before ended.
		before := map[string]account.Certainty{}
		for arn, c := range best {
			before[arn] = c
		}
		for role, c := range before {
			for _, g := range edges[role] {
				if g.Who.ARN != role {
					record(g.Who.ARN, max(c, g.Certainty))
				}
			}
		}
	}
	return best
}

// direct returns the grants without links to users and roles of the snapshot.
func direct(t *testing.T, s *account.Snapshot, q account.Query) []account.Grant {
	t.Helper()
	q.MaxLinks = -1
	a, err := s.WhoCan(q)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(slices.Clone(a.Grants), func(g account.Grant) bool {
		return len(g.Via) > 0 || g.Who.Outside || g.Who.Kind != iam.User && g.Who.Kind != iam.AssumedRole
	})
}

// TestWhoCanFindsWhatAskingEveryPairFinds compares the search with the sum of
// all single steps, in random accounts.
func TestWhoCanFindsWhatAskingEveryPairFinds(t *testing.T) {
	t.Parallel()
	chains := 0
	for seed := range uint64(300) {
		s := read(t, randomExport(rand.New(rand.NewPCG(seed, 7))))
		q := account.Query{Action: "s3:GetObject", Resource: media, ResourceAccount: here}
		a, err := s.WhoCan(q)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, g := range a.Grants {
			if !g.Who.Outside && (g.Who.Kind == iam.User || g.Who.Kind == iam.AssumedRole) {
				got[g.Who.ARN] = open(g.Certainty)
				checkPath(t, s, g)
				chains += len(g.Via)
			}
		}
		want := map[string]string{}
		for arn, c := range paths(t, s, q) {
			want[arn] = open(c)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("seed %d: WhoCan differs from asking every pair (-want +got):\n%s", seed, diff)
		}
	}
	if chains < 100 {
		t.Errorf("%d links in all: the accounts test little", chains)
	}
}

// open tells apart what the search promises: the shortest of the surest paths,
// where what is allowed as asked counts as sure.
func open(c account.Certainty) string {
	if c == account.Conditional {
		return "open"
	}
	return "sure"
}

// TestAnswersAreTheSameEachTime asks twice, of two readings of one export.
func TestAnswersAreTheSameEachTime(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		e := randomExport(rand.New(rand.NewPCG(seed, 9)))
		q := account.Query{Action: "s3:GetObject", Resource: media, ResourceAccount: here}
		if diff := cmp.Diff(whoCan(t, read(t, e), q), whoCan(t, read(t, e), q)); diff != "" {
			t.Fatalf("seed %d: two answers differ:\n%s", seed, diff)
		}
	}
}

// checkPath asks again about each link of a grant.
func checkPath(t *testing.T, s *account.Snapshot, g account.Grant) {
	t.Helper()
	from := g.Who.ARN
	for _, l := range g.Via {
		ok := slices.ContainsFunc(direct(t, s, account.Query{Action: l.Action, Resource: l.Role}), func(d account.Grant) bool { return d.Who.ARN == from })
		if !ok {
			t.Errorf("%s: nobody lets %s assume %s", g, from, l.Role)
		}
		from = l.Role
	}
}

// TestRolesFindsTheSamePaths compares going from a principal to its roles with
// going from the roles to who can assume them.
func TestRolesFindsTheSamePaths(t *testing.T) {
	t.Parallel()
	found := 0
	for seed := range uint64(40) {
		s := read(t, randomExport(rand.New(rand.NewPCG(seed, 8))))
		for _, p := range s.Principals() {
			var want []string
			bySession := map[string]bool{}
			for _, role := range s.Principals() {
				if role.Kind != iam.AssumedRole || role == p {
					continue
				}
				a, err := s.WhoCan(account.Query{Action: "sts:AssumeRole", Resource: role.ARN, MaxLinks: account.DefaultLinks - 1, Context: iam.Context{}})
				if err != nil {
					t.Fatal(err)
				}
				for _, g := range a.Grants {
					if g.Who.ARN != p.ARN || g.Who.Kind != p.Kind {
						continue
					}
					if bySession[role.ARN] = needsSession(g); !needsSession(g) {
						want = append(want, fmt.Sprintf("%s %s", role.ARN, open(g.Certainty)))
					}
				}
			}
			var got []string
			for _, path := range s.Roles(p, iam.Context{}, 0) {
				if !bySession[path.Role] {
					got = append(got, fmt.Sprintf("%s %s", path.Role, open(path.Certainty)))
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("seed %d: Roles(%s) differs from WhoCan (-want +got):\n%s", seed, p.ARN, diff)
			}
			found += len(got)
		}
	}
	if found < 100 {
		t.Errorf("%d roles in all: the accounts test little", found)
	}
}

// needsSession reports whether a path is through one session of a role only.
// Roles looks at sessions of any name.
func needsSession(g account.Grant) bool {
	for _, n := range g.AllNeeds() {
		if strings.HasPrefix(n.Conditions[0], "the session is named") {
			return true
		}
	}
	return false
}
