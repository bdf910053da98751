package source

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/berth-project/berth/internal/jsonsource"
)

// find tells what the file is and reads it as that.
func (f *finder) find(t text) {
	content := bytes.TrimSpace(bytes.TrimPrefix(t.bytes, []byte("\ufeff")))
	switch {
	case len(content) == 0:
		f.file.Format = Prose
	case strings.IndexByte(`{["`, content[0]) >= 0 && f.json(t):
	case bytes.HasPrefix(content, []byte("%7B")), bytes.HasPrefix(content, []byte("%7b")), bytes.HasPrefix(content, []byte("%5B")):
		f.encoded(t)
	case isTerraform(f.name, t.bytes):
		f.file.Format = TerraformConfiguration
		f.terraform(t)
	default:
		f.file.Format = Prose
		f.prose(t)
		f.refuseYAML(t)
	}
}

// json reads a file that is JSON as a whole and reports whether it is.
func (f *finder) json(t text) bool {
	doc, err := jsonsource.Parse(t.bytes, limits())
	if err != nil {
		if e, ok := errors.AsType[*jsonsource.Error](err); ok && extension(f.name) == "json" && !mentions(t.bytes) {
			f.note(e.Span.Start.Offset, "file is not JSON: "+e.Message, e.Help)
		}
		return false
	}
	f.file.Format = OtherJSON
	f.document(t, doc.Root, f.byName)
	return true
}

// encoded reads a file that is URL encoded as a whole.
func (f *finder) encoded(t text) {
	f.file.Format = PolicyJSON
	decoded := unescapeURL(t)
	if doc, err := jsonsource.Parse(decoded.bytes, limits()); err == nil {
		f.document(decoded, doc.Root, f.byName)
	} else if mentions(decoded.bytes) {
		f.broken(decoded, f.byName)
	}
}

// byName is what surrounds a policy that is a file of its own.
func (f *finder) byName() surroundings {
	return surroundings{words: f.base()}
}

func extension(name string) string {
	i := strings.LastIndexByte(name, '.')
	if i < 0 || strings.ContainsAny(name[i:], `/\`) {
		return ""
	}
	return strings.ToLower(name[i+1:])
}

var (
	terraformBlock = regexp.MustCompile(`(?m)^(?:resource|data)[ \t]+"aws_\w+"[ \t]+"[\w-]+"[ \t]*\{`)
	yamlTemplate   = regexp.MustCompile(`(?m)^(?:AWSTemplateFormatVersion|Transform|Resources)[ \t]*:|^[ \t]+Type[ \t]*:[ \t]*['"]?AWS::\w+::`)
)

// isTerraform tells Terraform configuration by the file's name, or where that
// says nothing by the blocks in it.
func isTerraform(name string, b []byte) bool {
	switch extension(name) {
	case "tf", "tofu", "hcl":
		return true
	case "":
		return terraformBlock.Match(b)
	}
	return false
}

// refuseYAML says that a template in YAML was not read as one.
func (f *finder) refuseYAML(t text) {
	switch extension(f.name) {
	case "yaml", "yml", "template", "":
	default:
		return
	}
	if at := yamlTemplate.FindIndex(t.bytes); at != nil {
		f.note(t.origin(at[0]), "this is a CloudFormation template in YAML, which is not read",
			fmt.Sprintf("convert it to JSON (aws cloudformation get-template prints a deployed one; cfn-flip converts a file) and give that instead of %s", f.name))
	}
}
