package arn_test

import (
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/arn"
)

func TestTemplateOverlaps(t *testing.T) {
	t.Parallel()
	bucket := arn.Template{Text: "arn:${Partition}:s3:::${BucketName}", Narrow: []string{"BucketName"}}
	object := arn.Template{Text: "arn:${Partition}:s3:::${BucketName}/${ObjectName}", Narrow: []string{"BucketName"}}
	function := arn.Template{Text: "arn:${Partition}:lambda:${Region}:${Account}:function:${FunctionName}"}
	root := arn.Template{Text: "arn:${Partition}:iam::${Account}:root"}
	for _, c := range []struct {
		template arn.Template
		pattern  string
		want     bool
	}{
		{bucket, "arn:aws:s3:::b", true},
		{bucket, "arn:aws:s3:::b*", true},
		{bucket, "arn:aws:s3:::b/*", false},
		{bucket, "arn:aws:s3:::*/*", false},
		{bucket, "arn:aws:s3:::", false},
		{bucket, "arn:aws:s3:eu-west-1::b", false},
		{bucket, "arn:*", true},
		{bucket, "*", true},
		{object, "*", true},
		{object, "arn:aws:s3:::b", false},
		{object, "arn:aws:s3:::b/", false},
		{object, "arn:aws:s3:::b*", true},
		{object, "arn:aws:s3:::b/*", true},
		{object, "arn:aws:s3:::*a/b/c", true},
		{function, "arn:aws:lambda:eu-west-1:123456789012:function:f", true},
		{function, "arn:aws:lambda:eu-west-1:123456789012:function:f:live", true},
		{function, "arn:aws:lambda:*:function:f", true},
		{function, "arn:aws:lambda:eu-west-1:123456789012:f", false},
		{function, "arn:aws:lambda::123456789012:function:f", false},
		{function, "arn:aws:*f", false},
		{function, "arn:aws:lambda", true},
		{function, "arn:aws:lambda:eu-west-1", true},
		{bucket, "arn:aws:lambda", false},
		{root, "arn:aws:iam::123456789012:r??t", true},
		{root, "arn:aws:iam::123456789012:user/root", false},
	} {
		if got := c.template.Overlaps(c.pattern); got != c.want {
			t.Errorf("%s overlaps %q = %v, want %v", c.template, c.pattern, got, c.want)
		}
	}
}

func TestTemplateOverlapsResource(t *testing.T) {
	t.Parallel()
	point := arn.Template{Text: "arn:${Partition}:s3:${Region}:${Account}:accesspoint/${Name}", Narrow: []string{"Name"}}
	for resource, want := range map[string]bool{
		"accesspoint/a": true, "accesspoint/*": true, "*:media": true, "*": true,
		"accesspoint/a/b": false, "accesspoint/": false, "media": false, "": false, "1:accesspoint/a": false,
	} {
		if got := point.OverlapsResource(resource); got != want {
			t.Errorf("%s OverlapsResource(%q) = %v, want %v", point, resource, got, want)
		}
	}
	if (arn.Template{Text: "arn:aws"}).OverlapsResource("*") {
		t.Error("a template without a resource part overlaps one")
	}
}

func TestTemplateFill(t *testing.T) {
	t.Parallel()
	template := arn.Template{Text: "arn:${Partition}:kinesis:${Region}:${Account}:stream/${Name}/of/${Name}"}
	if got, want := template.Pattern(), "arn:*:kinesis:*:*:stream/*/of/*"; got != want {
		t.Errorf("Pattern() = %q, want %q", got, want)
	}
	if diff := cmp.Diff([]string{"Partition", "Region", "Account", "Name"}, template.Variables()); diff != "" {
		t.Errorf("Variables() (-want +got):\n%s", diff)
	}
	got, missing := template.Fill(map[string]string{"Partition": "aws", "Region": "", "Name": "s", "Other": "x"})
	if want := "arn:aws:kinesis:*:*:stream/s/of/s"; got != want {
		t.Errorf("Fill() = %q, want %q", got, want)
	}
	if diff := cmp.Diff([]string{"Region", "Account"}, missing); diff != "" {
		t.Errorf("Fill() misses (-want +got):\n%s", diff)
	}
	for _, text := range []string{"", "${", "a${b", "${}", "$}"} {
		if template := (arn.Template{Text: text}); template.Overlaps("a") && text != "a${b" {
			t.Errorf("the template %q overlaps a", text)
		}
	}
}

// FuzzOverlap holds the relations between patterns against a single name.
func FuzzOverlap(f *testing.F) {
	f.Add("arn:aws:s3:::b*", "arn:*:c", "arn:aws:s3:::bc", "x", "y")
	f.Add("arn:aws:*x:*", "arn:aws:s*:::b/?", "arn:aws:sx:::b/c", "b", "c")
	f.Fuzz(func(t *testing.T, a, b, name, v, w string) {
		for _, s := range []string{a, b, name, v, w} {
			if len(s) > 40 || !utf8.ValidString(s) {
				return
			}
		}
		if arn.MatchResource(a, name) && arn.MatchResource(b, name) && !arn.Overlap(a, b) {
			t.Errorf("Overlap(%q, %q) = false, but both match %q", a, b, name)
		}
		template := arn.Template{Text: "arn:${P}:s3:::${B}/${K}", Narrow: []string{"B"}}
		filled, _ := template.Fill(map[string]string{"P": "aws", "B": noSlash(v), "K": "k" + w})
		if arn.MatchResource(a, filled) && !template.Overlaps(a) {
			t.Errorf("%s does not overlap %q, which matches %q", template, a, filled)
		}
	})
}

func noSlash(s string) string {
	out := "b"
	for _, r := range s {
		if r != '/' {
			out += string(r)
		}
	}
	return out
}
