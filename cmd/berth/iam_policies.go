package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/source"
)

// maxPolicyFile bounds a file of policies, as package source does.
const maxPolicyFile = source.MaxBytes

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

// policyFile is a file and the policies that were found in it.
type policyFile struct {
	name, part string // of FILE#NAME
	found      []*source.Found
}

// policyFile reads a file of policies.
func (c *cli) policyFile(path string) (*policyFile, error) {
	path, part := cutPart(path)
	name, data, err := c.readInput(path, maxPolicyFile)
	if err != nil {
		return nil, err
	}
	return newPolicyFile(name, part, data)
}

func newPolicyFile(name, part string, data []byte) (*policyFile, error) {
	file, err := source.Find(name, data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &policyFile{name, part, file.Policies}, nil
}

// count returns how many policies of the file are of kinds that do not fit.
func (f *policyFile) count(kind iam.Kind) int {
	n := 0
	for _, p := range f.found {
		if p.Certain && !fits(p.Kind, kind) {
			n++
		}
	}
	return n
}

// policiesOf reads the policies of a file for a command that works with them:
// a document that is no policy is an error. FILE#NAME are those of one name.
func (c *cli) policiesOf(path string, kind iam.Kind) ([]named, error) {
	f, err := c.policyFile(path)
	if err != nil {
		return nil, err
	}
	return c.policiesIn(f, kind)
}

// cutPart takes a FILE#NAME apart, unless there is a file of that very name.
func cutPart(path string) (file, part string) {
	i := strings.LastIndexByte(path, '#')
	if i < 0 {
		return path, ""
	}
	if _, err := os.Stat(path); err == nil {
		return path, ""
	}
	return path[:i], path[i+1:]
}

// policiesIn is policiesOf for a file that was read.
func (c *cli) policiesIn(file *policyFile, kind iam.Kind) ([]named, error) {
	name := file.name
	chosen, err := choose(file.found, file.part, kind)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if owners := ownersOf(chosen); file.part == "" && len(owners) > 1 {
		fmt.Fprintf(c.stderr, "note: %s has policies of %s, which are taken together; %s#%s takes those of one\n",
			name, strings.Join(owners, ", "), filepath.Base(name), owners[0])
	}
	var out []named
	var errs []error
	for _, found := range chosen {
		p, err := iam.Parse(found.Text, iam.ParseOptions{Kind: kind, ResourceType: found.ResourceType, Lenient: true})
		if err != nil {
			errs = append(errs, inFile(name, found.Position, err))
			continue
		}
		title := filepath.Base(name)
		if found.Name != "" && len(file.found) > 1 {
			title += " " + found.Name
		}
		out = append(out, named{title, p})
	}
	return out, errors.Join(errs...)
}

// choose returns the policies of a file that are of the name and can be of the
// kind: a role's trust policy is not what the role may do.
func choose(policies []*source.Found, part string, kind iam.Kind) ([]*source.Found, error) {
	if len(policies) == 0 {
		return nil, errors.New("there is no policy in it")
	}
	var chosen []*source.Found
	var others []string
	for _, f := range policies {
		switch {
		case part != "" && f.Name != part && !strings.HasPrefix(f.Name, part+"/") && !slices.Contains(f.AttachedTo, part):
			others = append(others, f.Name)
		case f.Certain && !fits(f.Kind, kind):
			others = append(others, fmt.Sprintf("%s (%s)", f.Name, f.Kind))
		default:
			chosen = append(chosen, f)
		}
	}
	if len(chosen) > 0 {
		return chosen, nil
	}
	const most = 10
	if len(others) > most {
		others = append(others[:most], fmt.Sprintf("%d more", len(others)-most))
	}
	what := fmt.Sprintf("a policy of the kind %s", kind)
	if part != "" {
		what += fmt.Sprintf(" named %q", part)
	}
	return nil, fmt.Errorf("it does not have %s; it has %s", what, strings.Join(others, ", "))
}

// fits reports whether a policy that is known to be of a kind can serve as one
// of another: what a policy grants to its principal can also bound it.
func fits(have, want iam.Kind) bool {
	own := func(k iam.Kind) bool { return k.Identity() || k == iam.BoundaryPolicy || k == iam.SessionPolicy }
	return have == want || own(have) && own(want)
}

// ownersOf are who has the policies, as the file names them.
func ownersOf(policies []*source.Found) []string {
	var owners []string
	for _, f := range policies {
		owners = append(owners, f.AttachedTo...)
	}
	return sortedUnique(owners)
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
		return nil, fmt.Errorf("%s: it has %d policies, and one is wanted here; FILE#NAME takes one", name, len(found))
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
