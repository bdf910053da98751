package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/sts"
)

// assumedAnswer is the answer of berth iam assume as JSON.
type assumedAnswer struct {
	Schema  string       `json:"schema"`
	Granted bool         `json:"granted"`
	Calls   []callAnswer `json:"calls"`
	Then    []simulated  `json:"then,omitempty"`
}

// callAnswer is one call of the token service as JSON.
type callAnswer struct {
	Operation sts.Operation   `json:"operation"`
	Role      string          `json:"role"`
	Caller    string          `json:"caller"`
	Granted   bool            `json:"granted"`
	Checks    []checkAnswer   `json:"checks"`
	Session   *sessionAnswer  `json:"session,omitempty"`
	Refusal   *refusalOfToken `json:"refusal,omitempty"`
}

type checkAnswer struct {
	Name   string    `json:"name"`
	State  sts.State `json:"state"`
	Detail string    `json:"detail"`
	// Explanation is the evaluator's, where policies were asked.
	Explanation *iam.Explanation `json:"explanation,omitempty"`
}

type sessionAnswer struct {
	ARN               string            `json:"arn"`
	ID                string            `json:"id,omitempty"`
	Seconds           int               `json:"seconds"`
	ExpiresAt         time.Time         `json:"expiresAt"`
	Tags              map[string]string `json:"tags"`
	TransitiveTagKeys []string          `json:"transitiveTagKeys"`
	SourceIdentity    string            `json:"sourceIdentity,omitempty"`
	Chained           bool              `json:"chained"`
	PackedPolicySize  int               `json:"packedPolicySize"`
}

type refusalOfToken struct {
	Code    sts.Code `json:"code"`
	Status  int      `json:"status"`
	Message string   `json:"message"`
}

func (c *cli) printAssumed(a *assumption, calls []madeCall, answers []thenAnswer) error {
	if c.json {
		return c.printJSON(assumedJSON(a, calls, answers))
	}
	for i := range calls {
		if i > 0 {
			fmt.Fprintln(c.stdout)
		}
		fmt.Fprintln(c.stdout, calls[i].headline())
		if err := c.printChecks(calls[i].outcome.Checks, a.trace); err != nil {
			return err
		}
		c.printSession(calls[i].outcome)
	}
	for _, x := range answers {
		fmt.Fprintln(c.stdout)
		if x.explanation == nil {
			fmt.Fprintf(c.stdout, "There is no session that could ask for %s\n", x.request.Action)
			continue
		}
		if err := writeExplanation(c.stdout, *x.explanation); err != nil {
			return err
		}
	}
	return nil
}

// headline is the answer in one line.
func (m *madeCall) headline() string {
	what := fmt.Sprintf("%s of %s by %s", m.outcome.Operation, m.role, m.caller)
	if r := m.outcome.Refusal; r != nil {
		return fmt.Sprintf("REFUSED %d %s  %s", r.Status, r.Code, what)
	}
	return "GRANTED  " + what
}

// printChecks prints checks in order, and what policies said where one failed.
func (c *cli) printChecks(checks []sts.Check, trace bool) error {
	width := 0
	for _, k := range checks {
		width = max(width, len(k.Name))
	}
	for i, k := range checks {
		mark := map[sts.State]string{sts.NotChecked: "-", sts.Passed: "ok", sts.Failed: "no"}[k.State]
		fmt.Fprintf(c.stdout, "  %2d  %-*s  %-2s  %s\n", i+1, width, k.Name, mark, k.Detail)
		if k.Ruling == nil || k.State != sts.Failed && !trace {
			continue
		}
		x := k.Ruling.Explain()
		if !trace {
			x.Trace = nil
		}
		if err := writeExplanation(indented{indented{indented{c.stdout}}}, x); err != nil {
			return err
		}
	}
	return nil
}

func (c *cli) printSession(o *sts.Outcome) {
	if o.Refusal != nil {
		fmt.Fprintf(c.stdout, "  answer   %s\n", o.Refusal.Message)
		return
	}
	s := o.Session
	fmt.Fprintf(c.stdout, "  session  %s\n", s.Principal.ARN)
	fmt.Fprintf(c.stdout, "  until    %s, %d s\n", s.ExpiresAt.UTC().Format(time.RFC3339), s.Seconds)
	for _, key := range slices.Sorted(maps.Keys(s.Facts.Tags)) {
		note := ""
		if slices.ContainsFunc(s.TransitiveTagKeys, func(k string) bool { return strings.EqualFold(k, key) }) {
			note = ", which goes along in a chain"
		}
		fmt.Fprintf(c.stdout, "  tag      %s=%s%s\n", key, s.Facts.Tags[key], note)
	}
	if s.Facts.SourceIdentity != "" {
		fmt.Fprintf(c.stdout, "  source   %s\n", s.Facts.SourceIdentity)
	}
}

func assumedJSON(a *assumption, calls []madeCall, answers []thenAnswer) assumedAnswer {
	out := assumedAnswer{Schema: "berth.iam.assumption/1", Granted: calls[len(calls)-1].outcome.Granted()}
	for i := range calls {
		o := calls[i].outcome
		out.Calls = append(out.Calls, callAnswer{
			Operation: o.Operation, Role: calls[i].role, Caller: calls[i].caller, Granted: o.Granted(),
			Checks: checksJSON(o.Checks, a.trace), Session: sessionJSON(o.Session), Refusal: refusalJSON(o.Refusal),
		})
	}
	for _, x := range answers {
		if x.explanation != nil {
			out.Then = append(out.Then, newSimulated(&x.request, *x.explanation))
		}
	}
	return out
}

func checksJSON(checks []sts.Check, trace bool) []checkAnswer {
	out := make([]checkAnswer, len(checks))
	for i, k := range checks {
		out[i] = checkAnswer{Name: k.Name, State: k.State, Detail: k.Detail}
		if k.Ruling != nil {
			x := k.Ruling.Explain()
			if !trace {
				x.Trace = nil
			}
			out[i].Explanation = &x
		}
	}
	return out
}

func sessionJSON(s *sts.Session) *sessionAnswer {
	if s == nil {
		return nil
	}
	out := &sessionAnswer{
		ARN: s.Principal.ARN, ID: s.UserID(), Seconds: s.Seconds, ExpiresAt: s.ExpiresAt.UTC(),
		Tags: map[string]string{}, TransitiveTagKeys: append([]string{}, s.TransitiveTagKeys...),
		SourceIdentity: s.Facts.SourceIdentity, Chained: s.Chained, PackedPolicySize: s.PackedPolicySize,
	}
	maps.Copy(out.Tags, s.Facts.Tags)
	return out
}

func refusalJSON(r *sts.Refusal) *refusalOfToken {
	if r == nil {
		return nil
	}
	return &refusalOfToken{Code: r.Code, Status: r.Status, Message: r.Message}
}
