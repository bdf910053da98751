package diff_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/diff"
)

// TestResultForPeopleAndMachines compares the two forms of a result with files.
func TestResultForPeopleAndMachines(t *testing.T) {
	t.Parallel()
	a := policyOf(t, iam.ResourcePolicy,
		`{"Sid": "Site", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/site"}, "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::media/*"}`,
		`{"Sid": "Partner", "Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/shared/*", "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/25"}}}`,
		`{"Sid": "TLS", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}`,
	)
	b := policyOf(t, iam.ResourcePolicy,
		`{"Sid": "Site", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/site"}, "Action": ["s3:GetObject", "s3:*Tagging"], "Resource": "arn:aws:s3:::media/*"}`,
		`{"Sid": "Partner", "Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/shared/*", "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}`,
		`{"Effect": "Allow", "Principal": "*", "Action": "s3:PutBucketPolicy", "Resource": "arn:aws:s3:::media", "Condition": {"StringLike": {"aws:UserAgent": "*Console*"}}}`,
	)
	r := diff.Compare(a, b, diff.Options{})
	compareWithFile(t, "incomparable.txt", r.String())
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	compareWithFile(t, "incomparable.json", string(text)+"\n")
}

func compareWithFile(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", name, d)
	}
}

func TestLevels(t *testing.T) {
	t.Parallel()
	l := diff.Levels{List: 2, Write: 3, PermissionsManagement: 1, Unlisted: 1}
	if got, want := l.String(), "1 PermissionsManagement, 3 Write, 2 List, 1 unlisted"; got != want || l.Total() != 7 {
		t.Errorf("Levels = %q of %d, want %q of 7", got, l.Total(), want)
	}
	if got := (diff.Levels{}).String(); got != "" {
		t.Errorf("no actions are %q", got)
	}
}
