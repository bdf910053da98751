package arn_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/arn"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in            string
		want          arn.ARN
		typ, id, name string
	}{
		{"arn:aws:s3:::bucket", arn.ARN{Partition: "aws", Service: "s3", Resource: "bucket"}, "", "bucket", "bucket"},
		{"arn:aws:iam::123456789012:role/team/app", arn.ARN{Partition: "aws", Service: "iam", Account: "123456789012", Resource: "role/team/app"}, "role", "team/app", "app"},
		{"arn:aws:iam::123456789012:root", arn.ARN{Partition: "aws", Service: "iam", Account: "123456789012", Resource: "root"}, "", "root", "root"},
		{"arn:aws:lambda:eu-west-1:123456789012:function:f:live", arn.ARN{Partition: "aws", Service: "lambda", Region: "eu-west-1", Account: "123456789012", Resource: "function:f:live"}, "function", "f:live", "live"},
		{"arn:aws-cn:sqs:cn-north-1:123456789012:jobs", arn.ARN{Partition: "aws-cn", Service: "sqs", Region: "cn-north-1", Account: "123456789012", Resource: "jobs"}, "", "jobs", "jobs"},
		{"arn:aws:apigateway:eu-west-1::/apis/a1", arn.ARN{Partition: "aws", Service: "apigateway", Region: "eu-west-1", Resource: "/apis/a1"}, "apis", "a1", "a1"},
	} {
		got, err := arn.Parse(c.in)
		if err != nil {
			t.Errorf("Parse(%q): %v", c.in, err)
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("Parse(%q) (-want +got):\n%s", c.in, diff)
		}
		if got.String() != c.in {
			t.Errorf("Parse(%q).String() = %q", c.in, got.String())
		}
		if got.ResourceType() != c.typ || got.ResourceID() != c.id || got.Name() != c.name {
			t.Errorf("Parse(%q) has type %q, ID %q and name %q, want %q, %q and %q", c.in, got.ResourceType(), got.ResourceID(), got.Name(), c.typ, c.id, c.name)
		}
	}
}

func TestParseNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"", "does not begin"},
		{"bucket", "does not begin"},
		{"ARN:aws:s3:::b", "does not begin"},
		{"arn", "before its partition"},
		{"arn:aws", "before its service"},
		{"arn:aws:s3", "before its region"},
		{"arn:aws:s3:", "before its account"},
		{"arn:aws:s3::", "before its resource"},
		{"arn:aws:s3:::", "empty resource"},
		{"arn::s3:::b", "empty partition"},
		{"arn:aws::::b", "empty service"},
		{"arn:aws:s3:::" + strings.Repeat("x", arn.MaxLength), "longer than"},
	} {
		if _, err := arn.Parse(c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Parse(%.40q) = %v, want an error with %q", c.in, err, c.want)
		}
	}
}

func TestARNIsTextInJSON(t *testing.T) {
	t.Parallel()
	type doc struct{ Queue, None arn.ARN }
	in := `{"Queue":"arn:aws:sqs:eu-west-1:123456789012:jobs","None":""}`
	var d doc
	if err := json.Unmarshal([]byte(in), &d); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(d)
	if err != nil || string(out) != in {
		t.Errorf("Marshal = %s, %v, want %s", out, err, in)
	}
	if err := json.Unmarshal([]byte(`{"Queue":"jobs"}`), &d); err == nil {
		t.Error("Unmarshal takes a name that is no ARN")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("arn:aws:iam::123456789012:role/team/app")
	f.Add("arn:::::")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := arn.Parse(s)
		if err != nil {
			return
		}
		if a.String() != s {
			t.Errorf("Parse(%q).String() = %q", s, a.String())
		}
		if a.IsZero() {
			t.Errorf("Parse(%q) is the zero value", s)
		}
		if !strings.HasSuffix(a.Resource, a.ResourceID()) || !strings.HasSuffix(a.ResourceID(), a.Name()) {
			t.Errorf("Parse(%q): %q does not end in %q and %q", s, a.Resource, a.ResourceID(), a.Name())
		}
		if !arn.Match(strings.NewReplacer("*", "?", "\xff", "?", "\xfe", "?").Replace(s), s) {
			t.Errorf("Match(%q) does not match itself", s)
		}
	})
}
