package sts_test

import (
	"bytes"
	"crypto/rand"
	"regexp"
	"strings"
	"testing"

	"github.com/berth-project/berth/iam/sts"
)

func TestNewExternalID(t *testing.T) {
	t.Parallel()
	got, err := sts.NewExternalID(bytes.NewReader([]byte("0123456789abcdef")))
	if want := "30313233343536373839616263646566"; err != nil || got != want {
		t.Errorf("NewExternalID = %q, %v, want %q", got, err, want)
	}
	a, errA := sts.NewExternalID(rand.Reader)
	b, errB := sts.NewExternalID(rand.Reader)
	if errA != nil || errB != nil || a == b || !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(a) {
		t.Errorf("NewExternalID = %q and %q (%v, %v), want two of 32 digits", a, b, errA, errB)
	}
	if got, err := sts.NewExternalID(strings.NewReader("short")); err == nil {
		t.Errorf("NewExternalID of too few bits = %q, want an error", got)
	}
}
