package iam_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/berth-project/berth/iam"
)

func document(resource string) []byte {
	return fmt.Appendf(nil, `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": %q}}`, resource)
}

func TestCacheReadsOnce(t *testing.T) {
	t.Parallel()
	c := iam.NewCache(2)
	get := func(text []byte, o iam.ParseOptions) *iam.Compiled {
		t.Helper()
		p, err := c.Compile(text, o)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	a := get(document("arn:aws:s3:::a"), iam.ParseOptions{})
	spaced := []byte("{\n\t\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::a\"}}\n")
	if get(spaced, iam.ParseOptions{}) != a {
		t.Error("a text with other space is read again")
	}
	if get(document("arn:aws:s3:::a"), iam.ParseOptions{Kind: iam.BoundaryPolicy}) == a {
		t.Error("another kind of policy is taken for the same")
	}
	if get(document("arn:aws:s3:::a"), iam.ParseOptions{}) != a {
		t.Error("the policy is gone before its time")
	}
	get(document("arn:aws:s3:::b"), iam.ParseOptions{}) // drops the boundary
	if get(document("arn:aws:s3:::a"), iam.ParseOptions{}) != a || c.Len() != 2 {
		t.Errorf("the policy used last was dropped; %d are kept", c.Len())
	}
	get(document("arn:aws:s3:::c"), iam.ParseOptions{})
	get(document("arn:aws:s3:::d"), iam.ParseOptions{})
	if get(document("arn:aws:s3:::a"), iam.ParseOptions{}) == a || c.Len() != 2 {
		t.Errorf("a policy outlived its place; %d are kept", c.Len())
	}
}

func TestCacheRefusesWhatParseRefuses(t *testing.T) {
	t.Parallel()
	c := iam.NewCache(0)
	for _, bad := range []string{"", "{", `{"Statement": []}`, `{"Version": "2012-10-17", "Statement": {"Effect": "allow", "Action": "*", "Resource": "*"}}`} {
		if p, err := c.Compile([]byte(bad), iam.ParseOptions{}); err == nil || p != nil {
			t.Errorf("Compile(%q) = %v, %v, want an error", bad, p, err)
		}
	}
	if c.Len() != 0 {
		t.Errorf("%d documents that cannot be read are kept", c.Len())
	}
}

func TestCacheIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	c := iam.NewCache(3)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 200 {
				bucket := fmt.Sprintf("arn:aws:s3:::bucket-%d", (i+j)%5)
				p, err := c.Compile(document(bucket), iam.ParseOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				req := user(nil)
				req.Resource = bucket
				if d := (&iam.PolicySet{Identity: []*iam.Compiled{p}}).Decide(req); !d.Allowed() {
					t.Errorf("the policy of %s is another's: %s", bucket, d.Reason)
					return
				}
			}
		})
	}
	wg.Wait()
	if c.Len() > 3 {
		t.Errorf("%d policies are kept, want at most 3", c.Len())
	}
}
