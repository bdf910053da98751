package main

import (
	"bytes"
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/lint"
	"github.com/berth-project/berth/iam/source"
	"github.com/berth-project/berth/internal/diagnostic"
)

// linting is what berth iam lint is asked to do.
type linting struct {
	kind, format, config, threshold, least string
	resourceType, at                       string
	calls                                  string
	own, third, names, disable, usedBy     []string
	fix, unsafe, together, legacy          bool
}

var lintFormats = []string{"human", "json", "sarif", "junit", "github"}

func (c *cli) iamLintCommand() *cobra.Command {
	var l linting
	cmd := &cobra.Command{
		Use:   "lint FILE|DIR...",
		Short: "find what is wrong, dangerous, too wide or dead in policies",
		Long: "Reads policies wherever they are: JSON, outputs of the vendor's command line, CloudFormation templates (JSON), Terraform\n" +
			"plans and configuration, Markdown and other text. What a policy is for is told by the file or guessed; --kind says it.\n" +
			"Each finding has a code that \"berth explain code CODE\" explains. The exit status is 1 where a finding reaches --fail-on, 2 where a file cannot be read.\n" +
			"With --fix, safe fixes are written into plain policy files; what they change grants and denies the same.",
		Example: "  berth iam lint policies/ template.json README.md\n" +
			"  berth iam lint --kind trust --third-party 444455556666 --format sarif trust.json > lint.sarif",
		Args: atLeastOne("FILE or DIR"),
		RunE: func(_ *cobra.Command, args []string) error { return c.lint(&l, args) },
	}
	f := cmd.Flags()
	f.StringVar(&l.kind, "kind", "", "what the policies are for: `KIND` is "+strings.Join(iam.Kinds(), ", "))
	f.StringVar(&l.resourceType, "resource-type", "", "what a resource policy is attached to: `TYPE` such as s3:bucket or sqs:queue")
	f.StringVar(&l.format, "format", "human", "`FORMAT` of the report: "+strings.Join(lintFormats, ", "))
	f.StringVar(&l.threshold, "fail-on", "security:medium", "the mildest `SEVERITY[:LEVEL]` that fails: error, security, warning, suggestion, with critical, high, medium, low, info; or a level alone; or never")
	f.StringVar(&l.least, "show", "info", "the mildest `LEVEL` that is shown: critical, high, medium, low, info")
	f.StringSliceVar(&l.disable, "disable", nil, "`CODES` not to look for")
	f.StringSliceVar(&l.own, "own-account", nil, "`ACCOUNTS` of your own organisation")
	f.StringSliceVar(&l.third, "third-party", nil, "`ACCOUNTS` of others, such as vendors")
	f.StringSliceVar(&l.names, "organisation", nil, "`NAMES` of your company and its vendors, which make poor external IDs")
	f.StringVar(&l.config, "config", "", "a `FILE` of settings and accepted findings; docs/iam.md describes it")
	f.StringVar(&l.calls, "calls", "", "a `FILE` of recorded calls of those who have the policies: what is allowed and never used is found")
	f.StringSliceVar(&l.usedBy, "used-by", nil, "the `PROCESSES` of the manifest that share the policies: what only some of them need is found")
	f.StringVar(&l.at, "now", "", "judge dates as of this `TIME` (RFC 3339; default: the clock)")
	f.BoolVar(&l.legacy, "scp-legacy", false, "hold SCPs to the rules from before September 2025")
	f.BoolVar(&l.together, "together", false, "judge all policies as those of one principal, too")
	f.BoolVar(&l.fix, "fix", false, "write safe fixes into the files")
	f.BoolVar(&l.unsafe, "fix-unsafe", false, "with --fix: also those that change what the policy grants, to what it probably means")
	f.BoolVar(&c.json, "json", false, "the same as --format json")
	c.fileFlag(cmd)
	return cmd
}

func (c *cli) lint(l *linting, args []string) error {
	run, err := c.lintRun(l)
	if err != nil {
		return usageError{err}
	}
	if err := run.learn(); err != nil {
		return err
	}
	files, err := policyFiles(args)
	if err != nil {
		return err
	}
	unreadable := 0
	for _, file := range files {
		if err := run.file(file); err != nil {
			c.report(err)
			unreadable++
		}
	}
	if l.together {
		run.judgeTogether()
	}
	failed := run.failed()
	if err := c.writeLint(l, run); err != nil {
		return err
	}
	switch {
	case unreadable > 0: // not to be taken for findings
		return usageError{fmt.Errorf("%d of %d files could not be read", unreadable, len(files))}
	case failed:
		return errReported
	}
	return nil
}

// lintRun checks the settings.
func (c *cli) lintRun(l *linting) (*lintRun, error) {
	if c.json {
		l.format = "json"
	}
	if !slices.Contains(lintFormats, l.format) {
		return nil, fmt.Errorf("--format %q is not one of %s", l.format, strings.Join(lintFormats, ", "))
	}
	r := &lintRun{cli: c, linting: l, options: lint.Options{
		Now: time.Now(), ResourceType: l.resourceType, Disabled: l.disable,
		OwnAccounts: l.own, ThirdPartyAccounts: l.third, OrganizationNames: l.names,
	}}
	var err error
	if r.threshold, err = lint.ParseThreshold(l.threshold); err != nil {
		return nil, fmt.Errorf("--fail-on: %w", err)
	}
	var ok bool
	if r.least, ok = lint.ParseLevel(l.least); !ok {
		return nil, fmt.Errorf("--show %q is not a level", l.least)
	}
	if l.kind != "" {
		if r.kind, ok = iam.ParseKind(l.kind); !ok {
			return nil, fmt.Errorf("--kind %q is not one of %s", l.kind, strings.Join(iam.Kinds(), ", "))
		}
	}
	if l.at != "" {
		if r.options.Now, err = time.Parse(time.RFC3339, l.at); err != nil {
			return nil, fmt.Errorf("--now: %w", err)
		}
	}
	if l.config != "" {
		if err := r.configure(l.config); err != nil {
			return nil, err
		}
	}
	return r, r.options.Validate()
}

// learn reads what is known of those who have the policies.
func (r *lintRun) learn() (err error) {
	if r.calls != "" {
		if r.options.Calls, err = r.callsOf(r.calls); err != nil {
			return err
		}
	}
	if len(r.usedBy) > 0 {
		r.options.Uses, err = r.usesOf(r.usedBy)
	}
	return err
}

// lintRun is one run of the linter.
type lintRun struct {
	*cli
	*linting
	options   lint.Options
	threshold lint.Threshold
	least     lint.Level
	kind      iam.Kind
	config    lintConfig
	// documents are the policies that were judged, set what they are of.
	documents []lint.Document
	set       lint.Attached
	notes     diagnostic.List
	mended    int
}

func (r *lintRun) file(path string) error {
	name, data, err := r.readInput(path, maxPolicyFile)
	if err != nil {
		return err
	}
	name = filepath.ToSlash(name)
	file, err := source.Find(name, data)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, n := range file.Notes {
		r.notes = append(r.notes, &diagnostic.Problem{
			Severity: diagnostic.Warning, Code: "NOT_READ", Message: n.Message, Help: n.Help,
			File: name, Line: n.At.Line, Column: n.At.Column, Width: 1, Source: lineOf(data, n.At.Line),
		})
	}
	if r.fix && file.Format == source.PolicyJSON && len(file.Policies) == 1 && path != "-" {
		if data, file, err = r.mend(path, data, file); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, found := range file.Policies {
		if file.Format == source.PolicyJSON && len(file.Policies) == 1 {
			found.Name = "" // the file is the policy
		}
		r.judge(name, data, found)
	}
	return nil
}

func lineOf(text []byte, line int) string {
	for ; line > 1; line-- {
		i := bytes.IndexByte(text, '\n')
		if i < 0 {
			return ""
		}
		text = text[i+1:]
	}
	first, _, _ := bytes.Cut(text, []byte("\n"))
	return strings.TrimSuffix(string(first), "\r")
}

// judge lints one policy of a file.
func (r *lintRun) judge(name string, data []byte, found *source.Found) {
	policy, problems, o := r.policy(name, found)
	findings := lint.Policy(policy, problems, *o)
	d := lint.Document{File: name, Name: found.Name, Text: string(data), Policy: policy, Findings: findings, Place: found.Span}
	r.documents = append(r.documents, d)
	r.set.Policies, r.set.Problems, r.set.Options = append(r.set.Policies, policy), append(r.set.Problems, problems), append(r.set.Options, o)
}

// policy reads one policy of a file, and says how it is to be judged: as what
// the flags say it is, else the settings, else the file.
func (r *lintRun) policy(name string, found *source.Found) (*iam.Policy, iam.Problems, *lint.Options) {
	o, kind := r.options, found.Kind
	o.KindGuessed = !found.Certain
	typ := found.ResourceType
	if is, ok := r.config.kindOf(name); ok {
		kind, typ, o.KindGuessed = is.kind, cmp.Or(is.ResourceType, typ), false
	}
	if r.linting.kind != "" {
		kind, o.KindGuessed = r.kind, false
	}
	o.ResourceType = cmp.Or(o.ResourceType, typ)
	o.Suppressions = append(slices.Clone(o.Suppressions), r.config.suppressions(name)...)
	policy, problems := iam.Read(found.Text, iam.ParseOptions{Kind: kind, ResourceType: o.ResourceType, SCPLegacy: r.legacy})
	return policy, problems, &o
}

// mend writes fixes into a file that is one policy, and returns its new text.
func (r *lintRun) mend(path string, data []byte, file *source.File) ([]byte, *source.File, error) {
	which := lint.SafeFixes
	if r.unsafe {
		which = lint.AllFixes
	}
	policy, problems, o := r.policy(filepath.ToSlash(path), file.Policies[0])
	fixed, mended, err := lint.Mend(data, lint.Policy(policy, problems, *o), which)
	if err != nil || len(mended) == 0 {
		return data, file, nil // what cannot be mended is reported as it is
	}
	again, err := source.Find(path, fixed)
	if err != nil {
		return nil, nil, err
	}
	if err := rewrite(path, fixed); err != nil {
		return nil, nil, err
	}
	for _, f := range mended {
		fmt.Fprintf(r.stderr, "%s: %s: %s\n", path, f.Code, f.Fix.Description)
	}
	r.mended += len(mended)
	return fixed, again, nil
}

// judgeTogether adds what the policies of one principal do together.
func (r *lintRun) judgeTogether() {
	if len(r.documents) == 0 {
		return
	}
	for i := range r.documents {
		r.documents[i].Findings = nil
	}
	for _, f := range lint.Set(r.set, r.options) {
		d := &r.documents[f.Policy]
		d.Findings = append(d.Findings, f)
	}
}

func (r *lintRun) failed() bool {
	for _, d := range r.documents {
		if slices.ContainsFunc(d.Findings, r.threshold.Reached) {
			return true
		}
	}
	return false
}

func (c *cli) writeLint(l *linting, r *lintRun) error {
	for i := range r.documents {
		d := &r.documents[i]
		d.Findings = slices.DeleteFunc(d.Findings, func(f lint.Finding) bool { return f.Level > r.least })
	}
	switch l.format {
	case "json":
		return lint.WriteJSON(c.stdout, r.documents)
	case "sarif":
		return lint.WriteSARIF(c.stdout, r.documents, buildVersion())
	case "junit":
		return lint.WriteJUnit(c.stdout, r.documents, r.threshold)
	case "github":
		return lint.WriteGitHub(c.stdout, r.documents)
	}
	return c.writeLintForPeople(r)
}

func (c *cli) writeLintForPeople(r *lintRun) error {
	if err := diagnostic.Write(c.stdout, r.notes, diagnostic.Style{Color: c.colored(c.stdout)}); err != nil {
		return err
	}
	count := map[lint.Severity]int{}
	shown := len(r.notes)
	for i := range r.documents {
		d := &r.documents[i]
		for _, f := range d.Findings {
			count[f.Severity]++
		}
		if len(d.Findings) == 0 {
			continue
		}
		if shown > 0 {
			fmt.Fprintln(c.stdout)
		}
		shown++
		if err := diagnostic.WriteAll(c.stdout, shortened(d.Diagnostics()), diagnostic.Style{Color: c.colored(c.stdout)}); err != nil {
			return err
		}
	}
	fmt.Fprintf(c.stderr, "policies %d: errors %d, security %d, warnings %d, suggestions %d\n",
		len(r.documents), count[lint.Error], count[lint.Security], count[lint.Warning], count[lint.Suggestion])
	if r.mended > 0 {
		fmt.Fprintf(c.stderr, "findings mended: %d\n", r.mended)
	}
	return nil
}

// maxNote is how much of a note people are shown; the other formats have all.
const maxNote = 200

// shortened cuts long notes, such as what a wildcard stands for, at a word.
func shortened(list diagnostic.List) diagnostic.List {
	for _, p := range list {
		for i, note := range p.Notes {
			if len(note) <= maxNote {
				continue
			}
			if cut := strings.LastIndexByte(note[:maxNote], ' '); cut > 0 {
				p.Notes[i] = strings.TrimRight(note[:cut], ",") + " … (--json has the rest)"
			}
		}
	}
	return list
}
