// Package credential finds as whom a program is to run: the user and the group
// of names or ids that an operator wrote down.
package credential

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// Of returns the credential of a user and a group, each a name or an id; nil
// where that is who Berth runs as already. An empty name means Berth's own. An
// error names what is not there, or that only root may run programs as others.
func Of(userName, groupName string) (*syscall.Credential, error) {
	if userName == "" && groupName == "" {
		return nil, nil
	}
	cred := &syscall.Credential{Uid: uint32(os.Geteuid()), Gid: uint32(os.Getegid())}
	if userName != "" {
		if err := setUser(cred, userName, groupName != ""); err != nil {
			return nil, err
		}
	}
	if groupName != "" {
		gid, err := lookupGroup(groupName)
		if err != nil {
			return nil, err
		}
		cred.Gid = gid
	}
	if cred.Uid == uint32(os.Geteuid()) && cred.Gid == uint32(os.Getegid()) {
		return nil, nil
	}
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("running as user %q, group %q needs root; berth runs as user id %d", userName, groupName, os.Geteuid())
	}
	return cred, nil
}

// setUser fills in the user, its primary and its supplementary groups. An id
// without an account has no primary group: it has to come with one, or the
// program would keep root's.
func setUser(cred *syscall.Credential, name string, hasGroup bool) error {
	account, err := user.Lookup(name)
	uid, parseErr := strconv.ParseUint(name, 10, 32)
	if err != nil && parseErr == nil {
		account, err = user.LookupId(name)
		if err != nil && hasGroup {
			cred.Uid = uint32(uid)
			return nil
		}
		if err != nil {
			return fmt.Errorf("user id %s has no account: a group is needed with it", name)
		}
	}
	if err != nil {
		return fmt.Errorf("user %q: %w", name, err)
	}
	return fillAccount(cred, account)
}

func fillAccount(cred *syscall.Credential, account *user.User) error {
	ids, err := account.GroupIds()
	if err != nil {
		return fmt.Errorf("groups of user %q: %w", account.Username, err)
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return fmt.Errorf("user %q: id %q: %w", account.Username, account.Uid, err)
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return fmt.Errorf("user %q: group id %q: %w", account.Username, account.Gid, err)
	}
	cred.Uid, cred.Gid = uint32(uid), uint32(gid)
	for _, id := range ids {
		n, err := strconv.ParseUint(id, 10, 32)
		if err != nil {
			return fmt.Errorf("user %q: group id %q: %w", account.Username, id, err)
		}
		cred.Groups = append(cred.Groups, uint32(n))
	}
	return nil
}

func lookupGroup(name string) (uint32, error) {
	group, err := user.LookupGroup(name)
	if err == nil {
		name = group.Gid
	}
	gid, parseErr := strconv.ParseUint(name, 10, 32)
	if parseErr != nil {
		return 0, fmt.Errorf("group %q: %w", name, err)
	}
	return uint32(gid), nil
}
