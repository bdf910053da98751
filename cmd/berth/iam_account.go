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
const exportForms = "DIR is an export of one or several accounts, or one file of it: the output of \"aws iam get-account-authorization-details\", of\n" +
	"get-role, list-roles and the like, and folders that people can write: users, groups, roles, policies, resources, scps and\n" +
	"rcps below a folder with the number of the account. docs/iam.md describes it."

func accountFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "account-dir", "", "the `DIR` of the export")
	_ = cmd.MarkFlagRequired("account-dir")
}

// snapshot reads an export, and reports whether all of it could be read.
func (c *cli) snapshot(dir string) (s *account.Snapshot, whole bool, err error) {
	files, err := exportFiles(dir)
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
func exportFiles(dir string) (map[string][]byte, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, err
	} else if !info.IsDir() {
		data, err := os.ReadFile(dir)
		return map[string][]byte{filepath.ToSlash(dir): data}, err
	}
	prefix := filepath.Clean(dir)
	if prefix == "." {
		if abs, err := filepath.Abs(dir); err == nil {
			prefix = filepath.Base(abs)
		}
	}
	files, size := map[string][]byte{}, int64(0)
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case !d.Type().IsRegular() || !strings.EqualFold(filepath.Ext(path), ".json"):
			return nil
		}
		data, err := os.ReadFile(filepath.Join(dir, path))
		if size += int64(len(data)); size > account.MaxBytes {
			return fmt.Errorf("%s: it is larger than %d bytes; split it by account", dir, account.MaxBytes)
		}
		files[filepath.ToSlash(filepath.Join(prefix, path))] = data
		return err
	})
	if err == nil && len(files) == 0 {
		err = errors.New(dir + ": there is no file of JSON in it")
	}
	return files, err
}
