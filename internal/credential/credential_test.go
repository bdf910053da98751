package credential_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/berth-project/berth/internal/credential"
)

func TestOf(t *testing.T) {
	t.Parallel()
	own := strconv.Itoa(os.Geteuid())
	for _, names := range [][2]string{{"", ""}, {own, strconv.Itoa(os.Getegid())}} {
		if cred, err := credential.Of(names[0], names[1]); cred != nil || err != nil {
			t.Errorf("Of(%q, %q) = %+v, %v; want nil, as Berth runs as that already", names[0], names[1], cred, err)
		}
	}
	for _, tt := range []struct{ user, group, want string }{
		{"no such user", "", "no such user"},
		{"", "no such group", "no such group"},
		{"4294967294", "", "a group is needed"},
		{"4294967296", "0", "4294967296"},
		{"-1", "0", "-1"},
	} {
		if cred, err := credential.Of(tt.user, tt.group); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Of(%q, %q) = %+v, %v; want an error that says %q", tt.user, tt.group, cred, err, tt.want)
		}
	}
}

func TestOnlyRootRunsProgramsAsOthers(t *testing.T) {
	t.Parallel()
	cred, err := credential.Of("4294967294", "4294967294")
	if os.Geteuid() != 0 {
		if err == nil || !strings.Contains(err.Error(), "needs root") {
			t.Errorf("Of = %+v, %v; want it to be refused", cred, err)
		}
		return
	}
	if err != nil || cred.Uid != 4294967294 || cred.Gid != 4294967294 || len(cred.Groups) != 0 {
		t.Errorf("Of = %+v, %v; want that user and group and no other groups", cred, err)
	}
}
