package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// description is the OpenAPI document as tests look at it.
type description struct {
	raw   any
	Paths map[string]map[string]operation
}

type operation struct {
	OperationID string
	Summary     string
	Parameters  []struct{ Name, In string }
	Responses   map[string]json.RawMessage
}

func described(t *testing.T, f *fixture) description {
	t.Helper()
	a := f.want(http.StatusOK, "", "GET", "/openapi.json", nil)
	var d description
	a.json(t, &d)
	var err error
	if d.raw, err = jsonschema.UnmarshalJSON(bytes.NewReader(a.body)); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestOpenAPIDocumentHoldsTogether(t *testing.T) {
	t.Parallel()
	f := open(t)
	d := described(t, f)
	for ref := range refs(d.raw) {
		if _, ok := resolve(d.raw, ref); !ok {
			t.Errorf("$ref %q leads nowhere", ref)
		}
	}
	inPath := regexp.MustCompile(`\{([^}]+)\}`)
	for path, methods := range d.Paths {
		for method, op := range methods {
			what := strings.ToUpper(method) + " " + path
			if op.OperationID == "" || op.Summary == "" {
				t.Errorf("%s has no operationId or no summary", what)
			}
			declared := map[string]bool{}
			for _, p := range op.Parameters {
				if p.In == "path" {
					declared[p.Name] = true
				}
			}
			names := inPath.FindAllStringSubmatch(path, -1)
			for _, m := range names {
				if !declared[m[1]] {
					t.Errorf("%s does not declare %s", what, m[0])
				}
			}
			if len(declared) != len(names) {
				t.Errorf("%s declares parameters that its path does not have: %v", what, declared)
			}
			if op.Responses["default"] == nil {
				t.Errorf("%s does not say what errors are like", what)
			}
			// It is served: without a key it is refused, not unknown.
			a := f.do("", strings.ToUpper(method), strings.TrimPrefix(inPath.ReplaceAllString(path, "x"), "/api/v1"), nil)
			if a.status == http.StatusNotFound || a.status == http.StatusMethodNotAllowed {
				t.Errorf("%s is described, and answered %d", what, a.status)
			}
		}
	}
	for name := range d.raw.(map[string]any)["components"].(map[string]any)["schemas"].(map[string]any) {
		if _, err := d.compile("/components/schemas/" + name); err != nil {
			t.Errorf("schema %s: %v", name, err)
		}
	}
}

// refs gives all that a document refers to.
func refs(v any) map[string]bool {
	all := map[string]bool{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				all[ref] = true
			}
			for _, one := range v {
				walk(one)
			}
		case []any:
			for _, one := range v {
				walk(one)
			}
		}
	}
	walk(v)
	return all
}

func resolve(v any, ref string) (any, bool) {
	path, local := strings.CutPrefix(ref, "#/")
	if !local {
		return nil, false
	}
	for part := range strings.SplitSeq(path, "/") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = m[strings.NewReplacer("~1", "/", "~0", "~").Replace(part)]; !ok {
			return nil, false
		}
	}
	return v, true
}

// compile gives the schema at a JSON pointer of the document.
func (d description) compile(pointer string) (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("berth:openapi", d.raw); err != nil {
		return nil, err
	}
	return c.Compile("berth:openapi#" + pointer)
}

// conforms checks an answer against what the document says of it.
func (d description) conforms(path, method string, a answer) error {
	op, ok := d.Paths[path][strings.ToLower(method)]
	if !ok {
		return fmt.Errorf("%s %s is not described", method, path)
	}
	status := fmt.Sprint(a.status)
	if op.Responses[status] == nil {
		if status = "default"; a.status < 300 {
			return fmt.Errorf("%s %s: status %d is not described", method, path, a.status)
		}
	}
	mime, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	escape := strings.NewReplacer("~", "~0", "/", "~1").Replace
	pointer := "/paths/" + escape(path) + "/" + strings.ToLower(method) + "/responses/" + status
	if at, _ := resolve(d.raw, "#"+pointer); at != nil {
		if ref, ok := at.(map[string]any)["$ref"].(string); ok {
			pointer = strings.TrimPrefix(ref, "#")
		}
	}
	pointer += "/content/" + escape(mime) + "/schema"
	if _, ok := resolve(d.raw, "#"+pointer); !ok {
		return fmt.Errorf("%s %s: status %d with %s is not described", method, path, a.status, mime)
	}
	if mime == "text/event-stream" {
		return nil
	}
	s, err := d.compile(pointer)
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.body))
	if err != nil {
		return err
	}
	return s.Validate(v)
}
