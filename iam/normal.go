package iam

import (
	"cmp"
	"slices"

	"github.com/berth-project/berth/arn"
)

// Normal returns the policy in its one normal form, with nothing in common with
// p: every value in a list, every condition value a string, operators in their
// canonical spelling, the principal "*" as {"*": ["*"]}, an account number as
// the ARN of the account's root. The order is that of the document, and what is
// absent stays absent. Two policies of one normal form mean the same.
//
// The normal form has no text, hence no positions. Of {"*": ["*"]} the vendor
// writes it but does not take it; [Format] the policy itself to hand it in.
func (p *Policy) Normal() *Policy {
	n := &Policy{Kind: p.Kind, Version: p.Version, ID: cloned(p.ID)}
	partition := p.partition()
	for i := range p.Statements {
		s := &p.Statements[i]
		n.Statements = append(n.Statements, Statement{
			Sid:              cloned(s.Sid),
			Effect:           s.Effect,
			Principals:       s.Principals.normal(partition),
			Actions:          s.Actions.normal(),
			Resources:        s.Resources.normal(),
			Conditions:       normalConditions(s.Conditions),
			ConditionPresent: len(s.Conditions) > 0,
		})
	}
	return n
}

func cloned(s *string) *string {
	if s == nil {
		return nil
	}
	return new(*s)
}

func (e Elements) normal() Elements {
	return Elements{Not: e.Not, Values: slices.Clone(e.Values)}
}

func (p *Principals) normal(partition string) *Principals {
	if p == nil {
		return nil
	}
	n := &Principals{Not: p.Not}
	if p.Star {
		n.Entries = []PrincipalEntry{{Key: "*", Values: []string{"*"}}}
		return n
	}
	for _, e := range p.Entries {
		values := slices.Clone(e.Values)
		for i, v := range values {
			if e.Key == "AWS" && arn.ValidAccount(v) {
				values[i] = "arn:" + partition + ":iam::" + v + ":root"
			}
		}
		n.Entries = append(n.Entries, PrincipalEntry{Key: e.Key, Values: values})
	}
	return n
}

// partition returns the partition the policy is about: the one that all its ARNs
// name, or "aws". Principals and resources of one policy are in one partition.
func (p *Policy) partition() string {
	found := ""
	for i := range p.Statements {
		s := &p.Statements[i]
		lists := [][]string{s.Resources.Values}
		if s.Principals != nil {
			for _, e := range s.Principals.Entries {
				lists = append(lists, e.Values)
			}
		}
		for _, v := range slices.Concat(lists...) {
			parts, n := arn.Split(v)
			switch name := parts[1]; {
			case n < 2 || parts[0] != "arn" || !arn.ValidPartition(name):
			case found != "" && found != name:
				return "aws"
			default:
				found = name
			}
		}
	}
	return cmp.Or(found, "aws")
}

func normalConditions(all []Condition) []Condition {
	var out []Condition
	for _, c := range all {
		values := make([]Value, len(c.Values))
		for i, v := range c.Values {
			values[i] = Value{Text: v.Text}
		}
		out = append(out, Condition{Written: c.name(), Operator: c.Operator, Key: c.Key, Values: values})
	}
	return out
}

// name returns the operator in its canonical spelling; one that does not exist
// as it was written.
func (c *Condition) name() string {
	if c.Operator.Test == UnknownTest {
		return c.Written
	}
	return c.Operator.String()
}
