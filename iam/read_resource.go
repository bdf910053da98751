package iam

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
)

// resourceFaults checks a resource pattern: "*", or an ARN with wildcards and
// variables.
func (r *reader) resourceFaults(s string) []fault {
	var faults []fault
	if r.variables {
		faults = variableFaults(s)
	}
	if s == "*" || r.options.Kind == ResourcePolicy && strings.HasPrefix(s, "execute-api:/") {
		return faults // API Gateway completes the second form when it stores the policy
	}
	if !strings.HasPrefix(s, "arn:") {
		return append(faults, fault{codeARNPrefix, "resource " + quoted(s) + " is not an ARN", `write "*" or an ARN: "arn:aws:service:region:account:resource"`})
	}
	a := splitARN(s, r.variables)
	if f := a.incomplete("resource"); f.code != "" {
		return append(faults, f)
	}
	return append(faults, a.faults("resource", r.variables)...)
}

// arnFields are the six fields of an ARN; n is how many there are.
type arnFields struct {
	text   string
	fields [6]string
	n      int
}

// splitARN splits at the first five colons that are not in a variable.
func splitARN(s string, variables bool) arnFields {
	a := arnFields{text: s}
	start := 0
	for i := 0; i < len(s) && a.n < 5; i++ {
		switch {
		case variables && strings.HasPrefix(s[i:], "${"):
			_, n, _ := scanVariable(s[i:])
			i += n - 1
		case s[i] == ':':
			a.fields[a.n] = s[start:i]
			a.n++
			start = i + 1
		}
	}
	a.fields[a.n] = s[start:]
	a.n++
	return a
}

// incomplete returns what an ARN lacks. A "*" at the end of a field may stand
// for fields after it, so an ARN with one can be shorter.
func (a arnFields) incomplete(what string) fault {
	names := [...]string{"prefix", "partition", "service", "region", "account", "resource"}
	if a.n < len(a.fields) {
		if slices.ContainsFunc(a.fields[:a.n], func(f string) bool { return strings.HasSuffix(f, "*") }) {
			return fault{}
		}
		return fault{codeARNField, what + " " + quoted(a.text) + " has no " + strings.Join(names[a.n:], ", "), `write "arn:aws:service:region:account:resource"; region and account may be empty`}
	}
	for i := 1; i <= 2; i++ {
		if a.fields[i] == "" {
			return fault{codeARNField, what + " " + quoted(a.text) + " has an empty " + names[i], `write "arn:aws:service:region:account:resource"; region and account may be empty`}
		}
	}
	if a.fields[5] == "" {
		return fault{codeARNResource, what + " " + quoted(a.text) + " names nothing behind the account", `name the resource, or write "*"`}
	}
	return fault{}
}

// faults returns what is wrong with the fields that are there.
func (a arnFields) faults(what string, variables bool) []fault {
	var faults []fault
	fixed := func(s string) bool {
		return s != "" && !strings.ContainsAny(s, "*?") && !(variables && strings.Contains(s, "${"))
	}
	if p := a.fields[1]; fixed(p) && !arn.ValidPartition(p) {
		faults = append(faults, fault{codeARNPartition, "partition " + quoted(p) + " of " + what + " " + quoted(a.text) + " does not exist", `write "aws", "aws-cn" or "aws-us-gov"`})
	}
	if s := a.fields[2]; fixed(s) && strings.ToLower(s) != s {
		faults = append(faults, fault{codeARNServiceCase, "service " + quoted(s) + " of " + what + " " + quoted(a.text) + " has capital letters", "write " + quoted(strings.ToLower(s))})
	}
	if n := a.fields[4]; fixed(n) && !arn.ValidAccount(n) && n != "aws" && n != "cloudfront" {
		faults = append(faults, fault{codeARNAccount, "account " + quoted(n) + " of " + what + " " + quoted(a.text) + " is not an account number", "write 12 digits"})
	}
	return faults
}
