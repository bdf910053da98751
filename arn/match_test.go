package arn_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/berth-project/berth/arn"
)

func TestMatchResource(t *testing.T) {
	t.Parallel()
	const (
		object = "arn:aws:s3:::bucket/a/b:c"
		queue  = "arn:aws:sqs:eu-west-1:123456789012:jobs"
		lambda = "arn:aws:lambda:eu-west-1:123456789012:function:f:live"
	)
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"*", object, true},
		{"*", "*", true},
		{"*", "", true},
		{"?", "*", true},
		{queue, "*", false},
		{"arn:*", object, true},
		{"arn:aws:s3:::bucket/*", object, true},
		{"arn:aws:s3:::bucket*", object, true},
		{"arn:aws:s3:::bucket/?/*", object, true},
		{"arn:aws:s3:::BUCKET/*", object, false},
		{"arn:aws:s3:::bucket", object, false},
		// Behind the fifth colon a wildcard takes colons.
		{"arn:aws:lambda:eu-west-1:123456789012:function:*", lambda, true},
		{"arn:aws:lambda:eu-west-1:123456789012:*live", lambda, true},
		{"arn:aws:lambda:eu-west-1:123456789012:function?f?live", lambda, true},
		// Before it, only a star at the end of its segment does.
		{"arn:aws:sqs:*:jobs", queue, true},
		{"arn:aws:*:jobs", queue, true},
		{"arn:aws:sqs:*1:123456789012:jobs", queue, true},
		{"arn:aws:*s:eu-west-1:123456789012:jobs", queue, true},
		{"arn:a*s:sqs:eu-west-1:123456789012:jobs", queue, true},
		{"arn:a*1:123456789012:jobs", queue, false},
		{"arn:aws:sqs:*2:jobs", queue, false},
		{"arn?aws:sqs:eu-west-1:123456789012:jobs", queue, false},
		{"arn:aws:s*", queue, true},
		{"arn:aws:s*s:eu:123456789012:jobs", "arn:aws:sq:s:eu:123456789012:jobs", false},
		{"arn:*:*:*:*:jobs", queue, true},
		{"arn:aws:sqs:*:*:*:*", queue, false},
		{"arn:aws:sqs:??-west-?:????????????:jobs", queue, true},
		// A star that must stop gives way to one before it that need not.
		{"arn:*:e*1:123456789012:jobs", queue, true},
		{"arn:*:1*2:jobs", queue, true},
		{"arn:aws:s3:::b\u00e9?", "arn:aws:s3:::b\u00e9\u00e9", true},
		// Fields that are missing are "*".
		{"arn:aws:sqs", queue, true},
		{"arn:aws:sqs:eu-west-1", queue, true},
		{"arn:aws:sqs:eu-west-1:123456789012", queue, true},
		{"arn:aws:s3", queue, false},
		{"arn:aws:sqs:eu-west-2", queue, false},
		{"arn:aws:sqs:eu-west-1:jobs", queue, false},
		{"arn:aws:sq", queue, false},
		{"arn:aws", queue, true},
		{"arn:aws:s3::", object, true},
		{"arn:aws:s3:::", object, false},
		{"arn", queue, false},
		{"sqs:jobs", "sqs:jobs", true},
		{"arn:aws:sqs", "arn:aws:sqs", false},
		{"arn:aws:sqs", "*", false},
	} {
		if got := arn.MatchResource(c.pattern, c.s); got != c.want {
			t.Errorf("MatchResource(%q, %q) = %v, want %v", c.pattern, c.s, got, c.want)
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	const topic = "arn:aws:sns:eu-west-1:123456789012:news:0a1b"
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{topic, topic, true},
		{"arn:aws:sns:*:123456789012:news*", topic, true},
		{"arn:*:*:*:*:*", topic, true},
		{"*:*:*:*:*:*", topic, true},
		{"arn:aws:sns:eu-west-?:123456789012:n?ws:*", topic, true},
		{"*", topic, false},
		{"arn:aws:sns:*", topic, false},
		{"arn:aws:sns:*:news:0a1b", topic, false},
		{"arn:aws:sns:*:*:NEWS*", topic, false},
		{"arn:aws:s3:::b*", "arn:aws:s3", false},
		{"*", "*", false},
	} {
		if got := arn.Match(c.pattern, c.s); got != c.want {
			t.Errorf("Match(%q, %q) = %v, want %v", c.pattern, c.s, got, c.want)
		}
	}
}

func TestMatchingDoesNotAllocate(t *testing.T) {
	const pattern, s = "arn:*:sqs:*1:*:j*s", "arn:aws:sqs:eu-west-1:123456789012:jobs"
	if !arn.Match(pattern, s) || !arn.MatchResource(pattern, s) {
		t.Fatal("the pattern does not match")
	}
	if n := testing.AllocsPerRun(100, func() { arn.Match(pattern, s); arn.MatchResource(pattern, s) }); n != 0 {
		t.Errorf("matching allocates %v times", n)
	}
}

// FuzzMatch compares with the rules as the package comment words them.
func FuzzMatch(f *testing.F) {
	f.Add("arn:aws:*1:*:j*s", "arn:aws:sqs:eu-west-1:1:jobs")
	f.Add("a:*:b*:?:*c", "a:::b::::c")
	f.Add("*b*:*c:d", "ab:x:bc:d")
	f.Add("a*:b?c:*:*:*:**", "a:b:bxc:::::x")
	f.Add("arn:b:?", "arn:b:x:::y:z")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if len(pattern) > 14 || len(s) > 18 || !utf8.ValidString(pattern) || !utf8.ValidString(s) {
			return
		}
		if got, want := arn.MatchResource(pattern, s), referenceResource(pattern, s); got != want {
			t.Errorf("MatchResource(%q, %q) = %v, want %v", pattern, s, got, want)
		}
		if got, want := arn.Match(pattern, s), referenceOperator(pattern, s); got != want {
			t.Errorf("Match(%q, %q) = %v, want %v", pattern, s, got, want)
		}
	})
}

// referenceResource gives each wildcard the characters it may stand for, by the
// segment it is in, and tries everything.
func referenceResource(pattern, s string) bool {
	segments := strings.SplitN(pattern, ":", 6)
	if !slices.ContainsFunc(segments, func(f string) bool { return strings.HasSuffix(f, "*") }) && segments[0] == "arn" && len(segments) > 1 {
		for len(segments) < 6 {
			segments = append(segments, "*")
		}
	}
	var tokens []token
	for n, segment := range segments {
		if n > 0 {
			tokens = append(tokens, token{":", true})
		}
		for i, r := range segment {
			last := i == len(segment)-1
			tokens = append(tokens, token{string(r), n == 5 || r == '*' && last})
		}
	}
	return everything(tokens, []rune(s))
}

// token is a character of a pattern, and whether as a wildcard it takes colons.
type token struct {
	text   string
	colons bool
}

func everything(tokens []token, s []rune) bool {
	if len(tokens) == 0 {
		return len(s) == 0
	}
	takes := len(s) > 0 && (tokens[0].colons || s[0] != ':')
	switch tokens[0].text {
	case "*":
		return everything(tokens[1:], s) || takes && everything(tokens, s[1:])
	case "?":
		return takes && everything(tokens[1:], s[1:])
	}
	return len(s) > 0 && tokens[0].text == string(s[0]) && everything(tokens[1:], s[1:])
}

func referenceOperator(pattern, s string) bool {
	p, v := strings.SplitN(pattern, ":", 6), strings.SplitN(s, ":", 6)
	if len(p) != 6 || len(v) != 6 {
		return false
	}
	for i := range p {
		var tokens []token
		for _, r := range p[i] {
			tokens = append(tokens, token{string(r), true})
		}
		if !everything(tokens, []rune(v[i])) {
			return false
		}
	}
	return true
}

func TestComplete(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		"arn:aws:sqs":            "arn:aws:sqs:*:*:*",
		"arn:aws:sqs::":          "arn:aws:sqs:::*",
		"arn:aws:s?s:eu-*-1":     "arn:aws:s?s:eu-*-1:*:*",
		"arn:aws:s3:::":          "arn:aws:s3:::",
		"arn:aws:s3:::bucket":    "arn:aws:s3:::bucket",
		"arn:aws:sqs:*:jobs":     "arn:aws:sqs:*:jobs",
		"arn:aws:sqs:*":          "arn:aws:sqs:*",
		"arn:*":                  "arn:*",
		"*":                      "*",
		"":                       "",
		"arn":                    "arn",
		"execute-api:/prod/GET/": "execute-api:/prod/GET/",
	} {
		if got := arn.Complete(pattern); got != want {
			t.Errorf("Complete(%q) = %q, want %q", pattern, got, want)
		}
	}
}

func BenchmarkMatchResource(b *testing.B) {
	const s = "arn:aws:s3:::bucket/a/long/key/of/an/object.json"
	for _, pattern := range []string{s, "arn:aws:s3:::bucket/*", "arn:aws:sqs:*:*:jobs"} {
		b.Run(pattern, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				arn.MatchResource(pattern, s)
			}
		})
	}
}
