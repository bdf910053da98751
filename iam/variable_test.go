package iam_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
)

func literalPart(text string) iam.Part { return iam.Part{Kind: iam.Literal, Text: text} }
func variablePart(key string) iam.Part { return iam.Part{Kind: iam.Variable, Text: key} }
func brokenPart(text string) iam.Part  { return iam.Part{Kind: iam.Broken, Text: text} }
func defaultPart(key, text string) iam.Part {
	return iam.Part{Kind: iam.Variable, Text: key, Default: text, HasDefault: true}
}

func TestParseTemplate(t *testing.T) {
	t.Parallel()
	const both = iam.WildcardSyntax | iam.VariableSyntax
	run, one := iam.Part{Kind: iam.AnyRun}, iam.Part{Kind: iam.AnyOne}
	for _, tc := range []struct {
		text   string
		syntax iam.Syntax
		want   iam.Template
	}{
		{"", both, nil},
		{"plain", both, iam.Template{literalPart("plain")}},
		{"a*b?", both, iam.Template{literalPart("a"), run, literalPart("b"), one}},
		{"**", both, iam.Template{run, run}},
		{"a*b?${x:y}", 0, iam.Template{literalPart("a*b?${x:y}")}},
		{"a*b?${x:y}", iam.WildcardSyntax, iam.Template{literalPart("a"), run, literalPart("b"), one, literalPart("${x:y}")}},
		{"a*b?${x:y}", iam.VariableSyntax, iam.Template{literalPart("a*b?"), variablePart("x:y")}},
		{"${aws:username}", both, iam.Template{variablePart("aws:username")}},
		{"a/${aws:username}/*", both, iam.Template{literalPart("a/"), variablePart("aws:username"), literalPart("/"), run}},
		{"${a:b}${c:d}", both, iam.Template{variablePart("a:b"), variablePart("c:d")}},
		// The three escapes are text, and text joins text.
		{"a${*}b${?}c${$}d", both, iam.Template{literalPart("a*b?c$d")}},
		{"a${*}", iam.VariableSyntax, iam.Template{literalPart("a*")}},
		{"${$}{aws:username}", both, iam.Template{literalPart("${aws:username}")}},
		{"a$b$", both, iam.Template{literalPart("a$b$")}},
		{"$${a:b}", both, iam.Template{literalPart("$"), variablePart("a:b")}},
		// Defaults are text, whatever is in them.
		{"${a:b,'x'}", both, iam.Template{defaultPart("a:b", "x")}},
		{"${a:b,  'x y'  }", both, iam.Template{defaultPart("a:b", "x y")}},
		{"${a:b, ''}", both, iam.Template{defaultPart("a:b", "")}},
		{"${a:b, '*}${c:d}, \"'}*", both, iam.Template{defaultPart("a:b", "*}${c:d}, \""), run}},
		{"${aws:PrincipalTag/Cost Center}", both, iam.Template{variablePart("aws:PrincipalTag/Cost Center")}},
		// What cannot be read ends where the next can begin.
		{"${", both, iam.Template{brokenPart("${")}},
		{"a${b:c", both, iam.Template{literalPart("a"), brokenPart("${b:c")}},
		{"${}*", both, iam.Template{brokenPart("${}"), run}},
		{"${ a:b }*", both, iam.Template{brokenPart("${ a:b }"), run}},
		{"${a:b, x}*", both, iam.Template{brokenPart("${a:b, x}"), run}},
		{"${a:b, 'x}*", both, iam.Template{brokenPart("${a:b, 'x}"), run}},
		{"${a:b, 'x'y}*", both, iam.Template{brokenPart("${a:b, 'x'y}"), run}},
		{"${a:b, 'x", both, iam.Template{brokenPart("${a:b, 'x")}},
		{"${a/${b:c}}", both, iam.Template{brokenPart("${a/"), variablePart("b:c"), literalPart("}")}},
	} {
		if diff := cmp.Diff(tc.want, iam.ParseTemplate(tc.text, tc.syntax)); diff != "" {
			t.Errorf("ParseTemplate(%q, %d) (-want +got):\n%s", tc.text, tc.syntax, diff)
		}
	}
}

// FuzzParseTemplate checks that nothing of a text gets lost and that only what
// is asked for is more than text.
func FuzzParseTemplate(f *testing.F) {
	for _, text := range []string{"a*b?${x:y}", "${a:b, 'x'}", "${*}${?}${$}", "${a${b}", "${a, 'b", "$${", "${a, '}'}"} {
		f.Add(text, byte(3))
	}
	f.Fuzz(func(t *testing.T, text string, syntax byte) {
		s := iam.Syntax(syntax) & (iam.WildcardSyntax | iam.VariableSyntax)
		parts := iam.ParseTemplate(text, s)
		length := 0
		for i, p := range parts {
			if p.Kind == iam.Literal && (p.Text == "" || i > 0 && parts[i-1].Kind == iam.Literal) {
				t.Fatalf("ParseTemplate(%q) = %+v: literals are not joined", text, parts)
			}
			wild := p.Kind == iam.AnyRun || p.Kind == iam.AnyOne
			if wild && s&iam.WildcardSyntax == 0 || !wild && p.Kind != iam.Literal && s&iam.VariableSyntax == 0 {
				t.Fatalf("ParseTemplate(%q, %d) = %+v: more than was asked for", text, s, parts)
			}
			length += max(len(p.Text)+len(p.Default), 1)
		}
		if length > len(text) {
			t.Fatalf("ParseTemplate(%q) = %+v: more text than there was", text, parts)
		}
		if s&iam.VariableSyntax == 0 && s&iam.WildcardSyntax == 0 && text != "" && (len(parts) != 1 || parts[0].Text != text) {
			t.Fatalf("ParseTemplate(%q, 0) = %+v, want the text", text, parts)
		}
	})
}
