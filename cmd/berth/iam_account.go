package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/iam/account"
)

// exportForms describes what an export of an account may be.
const exportForms = "DIR is an export of one or several accounts, one file of it, or - for one on standard input: the output of\n" +
	"\"aws iam get-account-authorization-details\", of get-role, list-roles and the like, and folders that people can write:\n" +
	"users, groups, roles, policies, resources, scps and rcps below a folder with the number of the account. docs/iam.md\n" +
	"describes it."

func accountFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "account-dir", "", "the `DIR` of the export")
	_ = cmd.MarkFlagRequired("account-dir")
}

// snapshot reads an export, and reports whether all of it could be read.
func (c *cli) snapshot(dir string) (s *account.Snapshot, whole bool, err error) {
	files, err := c.exportFiles(dir)
	if err != nil {
		return nil, false, err
	}
	s, problems := account.Read(files)
	for _, p := range problems {
		fmt.Fprintf(c.stderr, "warning: %v\n", p)
	}
	if len(s.Accounts()) == 0 {
		return nil, false, fmt.Errorf("%s: there is no account in it; docs/iam.md describes what an export is", dir)
	}
	return s, len(problems) == 0, nil
}

// exportFiles reads the files of an export. Their names begin with the folder's
// own, which may be the number of an account.
func (c *cli) exportFiles(dir string) (map[string][]byte, error) {
	if info, err := os.Stat(dir); dir == "-" || err == nil && !info.IsDir() {
		_, data, err := c.readInput(dir, account.MaxBytes)
		name := filepath.ToSlash(dir)
		if !strings.EqualFold(filepath.Ext(name), ".json") {
			name = "-" // a file that is named is read, whatever it is called
		}
		return map[string][]byte{name: data}, err
	} else if err != nil {
		return nil, err
	}
	prefix := filepath.Clean(dir)
	if prefix == "." {
		if abs, err := filepath.Abs(dir); err == nil {
			prefix = filepath.Base(abs)
		}
	}
	files, left := map[string][]byte{}, int64(account.MaxBytes)
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case !d.Type().IsRegular() || !strings.EqualFold(filepath.Ext(path), ".json"):
			return nil
		}
		_, data, err := c.readInput(filepath.Join(dir, path), left)
		left -= int64(len(data))
		files[filepath.ToSlash(filepath.Join(prefix, path))] = data
		return err
	})
	if err == nil && len(files) == 0 {
		err = errors.New(dir + ": there is no file of JSON in it")
	}
	return files, err
}
