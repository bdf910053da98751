package arn

import (
	"strings"

	"github.com/berth-project/berth/internal/glob"
)

// Problem is something that keeps a pattern from ever matching a resource, or
// that is not the form of an ARN.
type Problem struct {
	Component Component
	Kind      ProblemKind
	// Text is the component as written.
	Text string
}

// ProblemKind is what is wrong with a component.
type ProblemKind uint8

// The kinds of problems.
const (
	// Missing: the ARN ends before the component, or has it empty where it must
	// not be.
	Missing ProblemKind = iota + 1
	// Invalid: no resource has this in the component.
	Invalid
	// WrongCase: it would be right in lower case.
	WrongCase
)

// Check returns what is wrong with an ARN or a pattern of ARNs, in the order of
// the components. Wildcards are taken for whatever would make them right, and so
// are policy variables, in which colons do not count. "*" has no problems.
//
// Of a text that ends early only that is told: its parts may stand for other
// components than they seem to.
//
// Region and account are checked where they are given. Whether the service wants
// them, and what the resource part must look like, is known to iam/catalog.
func Check(pattern string) []Problem {
	if pattern == "*" {
		return nil
	}
	parts, n := Split(withoutVariables(pattern))
	var found []Problem
	report := func(c Component, k ProblemKind) {
		found = append(found, Problem{Component: c, Kind: k, Text: parts[c]})
	}
	if k := checkWord(parts[PrefixComponent], "arn"); k != 0 {
		report(PrefixComponent, k)
		return found
	}
	if n < len(parts) {
		report(Component(n), Missing)
		return found
	}
	for c := PartitionComponent; c <= ResourceComponent; c++ {
		if k := checkComponent(c, parts); k != 0 {
			report(c, k)
		}
	}
	return found
}

func checkComponent(c Component, parts [6]string) ProblemKind {
	text := parts[c]
	switch c {
	case PartitionComponent:
		return checkPartition(text)
	case ServiceComponent:
		return checkService(text)
	case RegionComponent:
		return checkRegion(parts[PartitionComponent], text)
	case AccountComponent:
		if text != "" && text != "aws" && text != "cloudfront" && !couldBeAccount(text) {
			return Invalid
		}
	case ResourceComponent:
		if text == "" {
			return Missing
		}
	}
	return 0
}

// withoutVariables puts a "*" in the place of each policy variable.
func withoutVariables(pattern string) string {
	if !strings.Contains(pattern, "${") {
		return pattern
	}
	return Template{Text: pattern}.Pattern()
}

func checkWord(text, word string) ProblemKind {
	switch {
	case glob.Match(text, word):
		return 0
	case glob.MatchFold(text, word):
		return WrongCase
	}
	return Invalid
}

func checkPartition(text string) ProblemKind {
	if text == "" {
		return Missing
	}
	worst := Invalid
	for i := range partitions {
		switch checkWord(text, partitions[i].Name) {
		case 0:
			return 0
		case WrongCase:
			worst = WrongCase
		}
	}
	return worst
}

// checkService checks the form of a service's namespace: lower-case letters,
// digits and hyphens.
func checkService(text string) ProblemKind {
	const form = "abcdefghijklmnopqrstuvwxyz0123456789-*?"
	switch {
	case text == "":
		return Missing
	case strings.Trim(text, form) == "":
		return 0
	case strings.Trim(strings.ToLower(text), form) == "":
		return WrongCase
	}
	return Invalid
}

func checkRegion(partition, text string) ProblemKind {
	if text == "" {
		return 0
	}
	folded := false
	for i := range partitions {
		p := &partitions[i]
		if !glob.MatchFold(partition, p.Name) {
			continue
		}
		if p.couldBeRegion(text) {
			return 0
		}
		folded = folded || p.couldBeRegion(strings.ToLower(text))
	}
	if folded {
		return WrongCase
	}
	return Invalid
}

// couldBeRegion reports whether a pattern matches a region of the partition,
// known or yet to come.
func (p *Partition) couldBeRegion(pattern string) bool {
	if glob.Literal(pattern) {
		return p.hasForm(pattern)
	}
	for _, r := range p.regions {
		if glob.Match(pattern, r) {
			return true
		}
	}
	for _, form := range p.forms {
		if glob.Overlap(pattern, form+"-*-?") {
			return strings.Trim(pattern, "abcdefghijklmnopqrstuvwxyz0123456789-*?") == ""
		}
	}
	return false
}

// couldBeAccount reports whether a pattern matches twelve digits.
func couldBeAccount(pattern string) bool {
	stars := strings.Count(pattern, "*")
	digits := len(pattern) - stars
	return strings.Trim(pattern, "0123456789*?") == "" && (digits == 12 || stars > 0 && digits < 12)
}
