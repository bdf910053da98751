package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/diff"
	"github.com/berth-project/berth/iam/source"
)

// comparison is what berth iam diff is asked.
type comparison struct {
	kind             string
	beside           []string
	failOn, noAccess []string
	noPublic         bool
	options          diff.Options
	rules            []diff.Rule
}

func (c *cli) iamDiffCommand() *cobra.Command {
	var q comparison
	cmd := &cobra.Command{
		Use:   "diff A B",
		Short: "say what policies grant that others do not, with a request that proves it",
		Long: "A and B are files; several policies in one are taken together, FILE#NAME takes those of one role or resource, and - is\n" +
			"standard input. Compared is what they grant, not how they are written: every difference comes with a request, and that\n" +
			"there is none is proved. With rules (--fail-on, --no-access, --no-public) the exit status is 1 where B breaks one, or where\n" +
			"that cannot be ruled out; else it is 0 whatever differs. B alone is enough for rules that are about B.",
		Example: "  git show main:policies/web.json | berth iam diff - policies/web.json --fail-on new-access:write\n" +
			"  berth iam diff policies/web.json --no-access iam:PassRole,s3:Delete*",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && (len(q.noAccess) > 0 || q.noPublic) && len(q.failOn) == 0 {
				return nil
			}
			return exactly("A", "B")(cmd, args)
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if err := q.parseRules(); err != nil {
				return usageError{err}
			}
			return c.diff(&q, args)
		},
	}
	f := cmd.Flags()
	f.StringVar(&q.kind, "kind", "", "what the policies are for: `KIND` is "+strings.Join(iam.Kinds(), ", ")+" (default: by the files)")
	f.StringArrayVar(&q.beside, "beside", nil, "a `FILE` with policies that apply beside both, such as FullAWSAccess beside SCPs; may be given several times")
	f.BoolVar(&q.options.KnownActions, "known-actions", false, "leave out actions that do not exist yet: s3:* is then the same as the list of today's")
	f.StringArrayVar(&q.failOn, "fail-on", nil, "fail on what is new: `RULE` is new-access or new-access:LEVEL, of list, read, tagging, write, permissionsManagement")
	f.StringSliceVar(&q.noAccess, "no-access", nil, "fail where B grants any of the `ACTIONS`, which may be patterns")
	f.BoolVar(&q.noPublic, "no-public", false, "fail where B grants to everyone")
	c.jsonFlag(cmd)
	return cmd
}

// parseRules takes the flags of rules together.
func (q *comparison) parseRules() error {
	for _, text := range q.failOn {
		r, err := diff.ParseRule(text)
		if err != nil {
			return fmt.Errorf("--fail-on: %w", err)
		}
		q.rules = append(q.rules, r)
	}
	if len(q.noAccess) > 0 {
		r, err := diff.ParseRule("access:" + strings.Join(q.noAccess, ","))
		if err != nil {
			return fmt.Errorf("--no-access: %w", err)
		}
		q.rules = append(q.rules, r)
	}
	if q.noPublic {
		q.rules = append(q.rules, diff.Rule{Kind: diff.PublicAccess})
	}
	if q.kind != "" {
		if _, ok := iam.ParseKind(q.kind); !ok {
			return fmt.Errorf("--kind %q is not one of %s", q.kind, strings.Join(iam.Kinds(), ", "))
		}
	}
	return nil
}

func (c *cli) diff(q *comparison, files []string) error {
	sides, kind, err := c.sides(q.kind, files)
	if err != nil {
		return err
	}
	for _, file := range q.beside {
		found, err := c.policiesOf(file, kind)
		if err != nil {
			return err
		}
		q.options.Beside = append(q.options.Beside, documents(found)...)
	}
	b := sides[len(sides)-1]
	old := &side{}
	answer := diffAnswer{Schema: "berth.iam.diff/1"}
	if len(sides) == 2 {
		old = sides[0]
		r := diff.Compare(old.documents(), b.documents(), q.options)
		answer.Result = &r
	}
	for _, rule := range q.rules {
		broken, err := rule.Check(old.documents(), b.documents(), q.options)
		if err != nil {
			return err
		}
		answer.Violations = append(answer.Violations, broken...)
	}
	if err := c.printDiff(&answer, old, b, len(q.rules) > 0); err != nil {
		return err
	}
	if len(answer.Violations) > 0 {
		return errReported
	}
	return nil
}

// side is one of the two things that are compared.
type side struct {
	path string // as given
	kind iam.Kind
	all  []named
}

func (s *side) documents() []*iam.Policy { return documents(s.all) }

func documents(all []named) []*iam.Policy {
	out := make([]*iam.Policy, len(all))
	for i, n := range all {
		out[i] = n.policy
	}
	return out
}

// sides reads files as policies of one kind: that of the word, or else the one
// that the files are about.
func (c *cli) sides(word string, paths []string) ([]*side, iam.Kind, error) {
	if len(paths) == 2 && paths[0] == "-" && paths[1] == "-" {
		return nil, 0, usageError{errors.New("standard input can be one of the two only")}
	}
	files := make([]*policyFile, len(paths))
	var all []*source.Found
	for i, path := range paths {
		f, err := c.policyFile(path)
		if err != nil {
			return nil, 0, err
		}
		files[i], all = f, append(all, f.found...)
	}
	kind, ok := iam.ParseKind(word)
	if !ok {
		kind = kindOf(all)
	}
	var out []*side
	for i, f := range files {
		found, err := c.policiesIn(f, kind)
		if err != nil {
			return nil, kind, err
		}
		if n := f.count(kind); n > 0 {
			fmt.Fprintf(c.stderr, "note: %s has policies of other kinds than %s: %d are left out; --kind says which kind is meant\n", f.name, kind, n)
		}
		out = append(out, &side{path: paths[i], kind: kind, all: found})
	}
	return out, kind, nil
}

// kindOf is the kind of policies that a question is about: of what a role may do
// and who may assume it the former.
func kindOf(found []*source.Found) iam.Kind {
	for _, f := range found {
		if fits(f.Kind, iam.IdentityPolicy) {
			return f.Kind
		}
	}
	if len(found) > 0 {
		return found[0].Kind
	}
	return iam.IdentityPolicy
}
