package space

import (
	"net/netip"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/diff/internal/language"
	"github.com/berth-project/berth/iam/internal/stranger"
)

// Strangers lack what a policy asks of those it means. A value that a text of a
// policy matches, if that text leaves strangers out, is not theirs to have.

// leftOut reports whether strangers cannot have values that match some texts.
func (v *view) leftOut(key string, templates []*template, matches language.Bits) bool {
	out := stranger.LeftOut(key)
	if !v.strangers || out == nil {
		return false
	}
	for i, t := range templates {
		if matches.Has(i) && t.leavesOut(out) {
			return true
		}
	}
	return false
}

// leavesOut judges a text that may have variables. What stands for the owner of
// the resource leaves others out; what stands for the caller is whatever the
// caller is.
func (t *template) leavesOut(out func(string) bool) bool {
	for i, p := range t.parts {
		if p.Kind != iam.Variable {
			continue
		}
		switch p.Text {
		case "aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths":
			return true
		}
		before := template{parts: t.parts[:i], rule: t.rule}
		return out(before.pattern() + "*")
	}
	return out(t.pattern())
}

// shutOut reports whether strangers cannot have a value.
func (v *view) shutOut(d *domain, value string) bool {
	out := stranger.LeftOut(d.key)
	if !v.strangers || out == nil {
		return false
	}
	for _, n := range d.literals {
		l := &v.space.literals[n]
		for _, t := range l.texts {
			if v.text(t).matches(value) && t.leavesOut(out) {
				return true
			}
		}
		if l.typed != nil && l.op.Test.Family() == iam.IPFamily && inRange(l.typed.Values, value, out) {
			return true
		}
	}
	return false
}

// inRange reports whether an address is in one of the ranges that leave out.
func inRange(ranges []iam.Value, value string, out func(string) bool) bool {
	addr, err := netip.ParseAddr(strings.TrimSpace(value))
	if err != nil {
		return false
	}
	for _, r := range ranges {
		if p, ok := iam.ParseIPRange(r.Text); ok && p.Contains(addr) && out(r.Text) {
			return true
		}
	}
	return false
}
