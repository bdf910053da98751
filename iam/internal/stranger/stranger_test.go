package stranger_test

import (
	"testing"

	"github.com/berth-project/berth/iam/internal/stranger"
)

func TestLeftOut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		key, value string
		want       bool
	}{
		{"aws:PrincipalOrgID", "o-a1b2c3d4e5", true},
		{"aws:PrincipalOrgID", "o-*", false},
		{"aws:PrincipalOrgPaths", "o-a1b2c3d4e5/*", true},
		{"aws:PrincipalOrgPaths", "*/r-ab12/*", false},
		{"aws:PrincipalArn", "arn:aws:iam::111122223333:role/*", true},
		{"aws:PrincipalArn", "arn:aws:iam::*:role/deploy", false},
		{"aws:SourceArn", "arn:aws:s3:::media", true},
		{"aws:SourceArn", "arn:aws:s3:::*", false},
		{"aws:SourceArn", "arn:aws:sns:*:*:alerts", false},
		{"aws:userid", "AROAEXAMPLE:*", true},
		{"aws:userid", "*:session", false},
		{"aws:SourceIp", "203.0.113.0/24", true},
		{"aws:SourceIp", "128.0.0.0/1", false},
		{"aws:SourceIp", "2001:db8::/32", true},
		{"aws:SourceIp", "::/0", false},
		{"AWS:PRINCIPALISAWSSERVICE", "true", true},
		{"aws:PrincipalIsAWSService", "false", false},
	} {
		if got := stranger.LeftOut(c.key)(c.value); got != c.want {
			t.Errorf("LeftOut(%q)(%q) = %v, want %v", c.key, c.value, got, c.want)
		}
	}
	for _, key := range []string{"aws:Referer", "aws:SecureTransport", "s3:prefix"} {
		if stranger.LeftOut(key) != nil {
			t.Errorf("%s keeps strangers out", key)
		}
	}
}
