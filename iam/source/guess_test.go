package source_test

import (
	"strings"
	"testing"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/source"
)

// TestKindsAreGuessedFromContentAndWords gives a policy the words above it or the
// name of its file.
func TestKindsAreGuessedFromContentAndWords(t *testing.T) {
	t.Parallel()
	const chained = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::210987654321:role/next"}]}`
	for _, tc := range []struct {
		file, above, policy string
		want                iam.Kind
		why                 string
	}{
		{"a.md", "", identity, iam.IdentityPolicy, "no Principal"},
		{"a.md", "", resource, iam.ResourcePolicy, "has a Principal"},
		{"a.md", "", trust, iam.TrustPolicy, "sts:AssumeRole"},
		{"a.md", "The bucket policy:", trust, iam.TrustPolicy, "sts:AssumeRole"},
		{"a.md", "A permissions boundary.", identity, iam.BoundaryPolicy, "boundary"},
		{"a.md", "This is the boundary.", resource, iam.ResourcePolicy, "has a Principal"},
		{"a.md", "Attach this SCP to the unit.", identity, iam.ServiceControlPolicy, "scp"},
		{"a.md", "The description of it.", identity, iam.IdentityPolicy, "no Principal"},
		{"a.md", "Resource control policies deny.", resource, iam.ResourceControlPolicy, "resource control policy"},
		{"a.md", "As a session policy:", identity, iam.SessionPolicy, "session policy"},
		{"a.md", "As an endpoint policy:", resource, iam.EndpointPolicy, "endpoint policy"},
		{"a.md", "Our bucket policy:", resource, iam.ResourcePolicy, "bucket policy"},
		{"a.md", "Attach this IAM policy:", resource, iam.IdentityPolicy, "iam policy"},
		{"a.md", "Trust policies name who may. This role assumes the next:", chained, iam.IdentityPolicy, "no Principal"},
		{"trust-policy.json", "", trust, iam.TrustPolicy, "sts:AssumeRole"},
		{"dev-boundary.json", "", identity, iam.BoundaryPolicy, "boundary"},
		{"QueuePolicy.json", "", resource, iam.ResourcePolicy, "Principal"},
		{"rcp.json", "", resource, iam.ResourceControlPolicy, "rcp"},
	} {
		text := tc.above + "\n\n" + tc.policy
		p := find(t, tc.file, text).Policies
		if len(p) != 1 || p[0].Kind != tc.want || p[0].Certain || !strings.Contains(p[0].Why, tc.why) {
			t.Errorf("Find(%q, %q) = %v, want a guess of %v because of %q", tc.file, text, p, tc.want, tc.why)
		}
	}
}

func TestNamesComeFromWhatIsAbove(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("A sentence of running text.\n", 6)
	for _, tc := range []struct{ file, text, want string }{
		{"a.md", "# Media access\n\nSome words.\n\n" + identity, "Media access"},
		{"a.md", "Media access\n============\n" + identity, "Media access"},
		{"a.md", "**Media access**\n\n" + identity, "Media access"},
		{"a.md", "## `media` access ##\n" + long + identity, "media access"},
		{"a.md", "Media access\n" + long + identity, "line 8"},
		{"a.md", "2.1 Media access\n\n" + identity, "Media access"},
		{"a.md", "Media access:\n\n" + identity, "Media access"},
		{"a.md", "media-access.json\n" + identity, "media-access.json"},
		{"a.sh", "cat > /tmp/media.json <<EOF\n" + identity, "media.json"},
		{"a.sh", "aws iam put-role-policy --role-name app --policy-name media --policy-document '" + identity + "'", "media"},
		{"a.yaml", "policies:\n  media: " + identity, "media"},
		{"a.txt", identity + "\n" + identity, "line 1"},
		{"dir/media.access.json", identity, "media"},
		{"-", identity, "policy"},
		{"a.json", `{"roles":{"app":{"policy":` + identity + `}}}`, "roles.app.policy"},
	} {
		p := find(t, tc.file, tc.text).Policies
		if len(p) == 0 || p[0].Name != tc.want {
			t.Errorf("Find(%q, %q) = %v, want the name %q", tc.file, tc.text, names(p), tc.want)
		}
	}
}

func names(policies []*source.Found) []string {
	var all []string
	for _, p := range policies {
		all = append(all, p.Name)
	}
	return all
}

func TestNamesCannotSteerATerminal(t *testing.T) {
	t.Parallel()
	p := find(t, "a.json", `{"\u001b[31m\nx":`+identity+`}`).Policies
	if len(p) != 1 || strings.ContainsAny(p[0].Name, "\x1b\n") {
		t.Errorf("Find = %q, want a name without control characters", names(p))
	}
}

// TestBrokenPoliciesAreReturned finds JSON that is meant as a policy and is not
// JSON, so that its mistake can be told.
func TestBrokenPoliciesAreReturned(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"comma at the end": {"x\n{\"Statement\":[{\"Effect\":\"Allow\",}]}\ny", []string{"{\"Statement\":[{\"Effect\":\"Allow\",}]}"}},
		"not closed":       {"{\n\"Statement\":[{\"Effect\":\"Allow\"}]\n\nThen go on.", []string{"{\n\"Statement\":[{\"Effect\":\"Allow\"}]"}},
		"comment":          {"{\"Statement\":[ // all\n{\"Effect\":\"Allow\"}]}", []string{"{\"Statement\":[ // all\n{\"Effect\":\"Allow\"}]}"}},
		"single quotes":    {"{'Statement':[{'Effect':'Allow'}]}", []string{"{'Statement':[{'Effect':'Allow'}]}"}},
		"two, the first not closed": {
			"{\n \"Statement\":[{\"Effect\":\"Allow\"}]\n\n{\"Statement\":[{\"Effect\":\"Deny\"}]}",
			[]string{"{\n \"Statement\":[{\"Effect\":\"Allow\"}]", "{\"Statement\":[{\"Effect\":\"Deny\"}]}"},
		},
		"whole ones in a broken document": {
			`{"a": {"Statement":[{"Effect":"Allow"}]}, oops "b": {"Statement":[{"Effect":"Deny"}]}}`,
			[]string{`{"Statement":[{"Effect":"Allow"}]}`, `{"Statement":[{"Effect":"Deny"}]}`},
		},
		"missing comma between statements": {
			"{\n  \"Statement\":[\n    {\"Effect\":\"Allow\"}\n    {\"Effect\":\"Deny\"}\n  ]\n}",
			[]string{"{\n  \"Statement\":[\n    {\"Effect\":\"Allow\"}\n    {\"Effect\":\"Deny\"}\n  ]\n}"},
		},
		"other broken JSON":   {"{\"a\": 1,}", nil},
		"a string not closed": {"{\"Statement\":[{\"Effect\":\"Allow}]}\n", []string{"{\"Statement\":[{\"Effect\":\"Allow}]}"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, p := range find(t, "a.txt", tc.text).Policies {
				got = append(got, string(p.Text))
			}
			if strings.Join(got, "|") != strings.Join(tc.want, "|") {
				t.Errorf("Find(%q) = %q, want %q", tc.text, got, tc.want)
			}
		})
	}
}
