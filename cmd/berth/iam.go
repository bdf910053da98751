package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/source"
)

func (c *cli) iamCommand() *cobra.Command {
	return noun("iam", "IAM policies: explain, lint, generate and compare them",
		c.iamSimulateCommand(), c.iamEvaluateCommand(), c.iamLintCommand(), c.iamFormatCommand(),
		c.iamGenerateCommand(), c.iamTrustCommand(), c.iamNeedsCommand(), c.iamActionCommand(),
		c.iamAssumeCommand(), c.iamProbeCommand(), c.iamSAMLExplainCommand(), c.iamSAMLRolesCommand(), c.iamCodesCommand(),
	)
}

// maxPolicyFile bounds a file of policies, as package source does.
const maxPolicyFile = source.MaxBytes

// stdinName is what messages call standard input.
const stdinName = "standard input"

// readInput reads a file, or standard input for "-". The name it returns is
// what messages call it.
func (c *cli) readInput(path string, limit int64) (name string, data []byte, err error) {
	if path == "-" {
		data, err = readAtMost(c.stdin, limit)
		if err != nil {
			err = fmt.Errorf(stdinName+": %w", err)
		}
		return stdinName, data, err
	}
	f, err := os.Open(path)
	if err != nil {
		return path, nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return path, nil, fmt.Errorf("%s is a directory, not a file", path)
	}
	if data, err = readAtMost(f, limit); err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return path, data, err
}

func readAtMost(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("it is larger than %d bytes", limit)
	}
	return data, err
}

// policyFiles returns the files that arguments name: a file as it is, of a
// directory those that may hold policies.
func policyFiles(args []string) ([]string, error) {
	var files []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if arg == "-" || err != nil || !info.IsDir() {
			files = append(files, arg) // what is wrong with it is said when it is read
			continue
		}
		found, err := policyFilesBelow(arg)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	return files, nil
}

func policyFilesBelow(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(dir, path)
		switch {
		case err != nil || below == ".":
			return err
		case d.IsDir() && !source.WorthFolder(below):
			return fs.SkipDir
		case d.Type().IsRegular() && source.Worth(below):
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("search %s: %w", dir, err)
	}
	return files, nil
}

// policiesOf reads the policies of a file for a command that works with them:
// a document that is no policy is an error.
func (c *cli) policiesOf(path string, kind iam.Kind) ([]named, error) {
	name, data, err := c.readInput(path, maxPolicyFile)
	if err != nil {
		return nil, err
	}
	return policiesIn(name, data, kind)
}

// policiesIn is policiesOf for a file that was read.
func policiesIn(name string, data []byte, kind iam.Kind) ([]named, error) {
	file, err := source.Find(name, data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(file.Policies) == 0 {
		return nil, fmt.Errorf("%s: there is no policy in it", name)
	}
	var out []named
	var errs []error
	for _, found := range file.Policies {
		p, err := iam.Parse(found.Text, iam.ParseOptions{Kind: kind, Lenient: true})
		if err != nil {
			errs = append(errs, inFile(name, found.Position, err))
			continue
		}
		title := filepath.Base(name)
		if found.Name != "" && len(file.Policies) > 1 {
			title += " " + found.Name
		}
		out = append(out, named{title, p})
	}
	return out, errors.Join(errs...)
}

// named is a policy and what messages call it.
type named struct {
	name   string
	policy *iam.Policy
}

// inFile turns the problems of a policy into ones of the file it was found in,
// where place says where a position of the policy is.
func inFile(name string, place func(iam.Position) iam.Position, err error) error {
	var problems iam.Problems
	if !errors.As(err, &problems) {
		return fmt.Errorf("%s: %w", name, err)
	}
	var lines []string
	for _, p := range problems {
		at := place(p.Span.Start)
		line := fmt.Sprintf("%s:%d:%d: %s: %s", name, at.Line, at.Column, p.Code, p.Message)
		if p.Help != "" {
			line += " (" + p.Help + ")"
		}
		lines = append(lines, line)
	}
	return errors.New(strings.Join(lines, "\n"))
}

// onlyPolicy is policiesOf for a place that takes one.
func (c *cli) onlyPolicy(path string, kind iam.Kind) (*iam.Compiled, error) {
	if path == "" {
		return nil, nil
	}
	found, err := c.policiesOf(path, kind)
	if err != nil {
		return nil, err
	}
	return onlyOf(path, found)
}

// onlyOf returns the one policy there is.
func onlyOf(name string, found []named) (*iam.Compiled, error) {
	if len(found) != 1 {
		return nil, fmt.Errorf("%s: it has %d policies, and one is wanted here", name, len(found))
	}
	return iam.CompileNamed(found[0].name, found[0].policy), nil
}

func (c *cli) compiledPolicies(paths []string, kind iam.Kind) ([]*iam.Compiled, error) {
	var out []*iam.Compiled
	for _, path := range paths {
		found, err := c.policiesOf(path, kind)
		if err != nil {
			return nil, err
		}
		out = append(out, compiled(found)...)
	}
	return out, nil
}

func compiled(policies []named) []*iam.Compiled {
	out := make([]*iam.Compiled, len(policies))
	for i, n := range policies {
		out[i] = iam.CompileNamed(n.name, n.policy)
	}
	return out
}
