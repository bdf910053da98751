package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the generated references")

// TestReference keeps the OpenAPI document and docs/api.md what the routes and
// their types say.
func TestReference(t *testing.T) {
	a := New(Options{Keys: NewKeys(nil)})
	doc := describe(t, a.routes())
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	for path, want := range map[string][]byte{
		"openapi.json":            text,
		"../../docs/openapi.json": text,
		"../../docs/api.md":       reference(a.routes()),
	} {
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the routes say (%v); run make generate", path, err)
		}
	}
}

// reference is docs/api.md: the routes for people.
func reference(routes []route) []byte {
	var b bytes.Buffer
	b.WriteString(introduction)
	var sections []string
	for _, r := range routes {
		if s := sectionOf(r); !slices.Contains(sections, s) {
			sections = append(sections, s)
		}
	}
	sorted := slices.Clone(routes)
	slices.SortStableFunc(sorted, func(a, b route) int {
		return slices.Index(sections, sectionOf(a)) - slices.Index(sections, sectionOf(b))
	})
	for i, r := range sorted {
		if i == 0 || sectionOf(sorted[i-1]) != sectionOf(r) {
			fmt.Fprintf(&b, "\n## %s\n", sectionOf(r))
		}
		fmt.Fprintf(&b, "\n### %s %s%s\n\n%s\n\nFor: %s. `%s`\n", r.method, Base, r.path, r.text, may(r.may), r.name)
		if len(r.query) > 0 {
			b.WriteString("\n| parameter | meaning |\n|---|---|\n")
			for _, p := range r.query {
				fmt.Fprintf(&b, "| `%s` | %s |\n", p.name, strings.ReplaceAll(p.text, "|", `\|`))
			}
		}
	}
	return b.Bytes()
}

func sectionOf(r route) string { return strings.Split(r.path, "/")[1] }

func may(who string) string {
	if slices.Contains(Actions(), Action(who)) {
		return "`" + who + "`"
	}
	return who
}

const introduction = "# The API of workflows\n\nGenerated from the routes; `make generate` rewrites it. [openapi.json](openapi.json), which an engine serves at\n" +
	"`/api/v1/openapi.json`, has the bodies too.\n" + `
Every request is somebody's: an API key is sent as ` + "`Authorization: Bearer KEY`" + `. A key may do actions for tenants
(` + "`run:submit`, `run:read`, `run:rerun`, `run:cancel`, `run:signal`, `workflow:define`" + `), work for pools, or is an
operator's. What belongs to a tenant that the caller may not read does not exist for them: the answer is 404.

Bodies are JSON, read strictly: a name that is not known, or there twice, is refused, and so is a parameter of the query.
Errors are problem JSON (RFC 9457); those of a document have ` + "`problems`" + `, each with path, line, column, message, help
and code. 429 and 503 say in Retry-After when to try again. Lists have a cursor: ` + "`next`" + ` is given back as
` + "`?cursor=`" + ` and is absent at the end. What several may change has an ETag: a PUT or DELETE with If-Match means that
version only, and is answered 412 when it is another.

| status | means |
|---|---|
| 400 | the request cannot be read as HTTP of its kind |
| 401 | no valid key, token or signature |
| 403 | a key that is valid, for something else |
| 404 | it does not exist, or not for this caller |
| 409 | the state of the run does not allow it; a name is taken; an attempt is over |
| 412 | If-Match, If-None-Match: it is another version |
| 413 | the body, the parameters or the document are too large |
| 422 | what was sent is wrong; the detail says where |
| 429 | a quota of the tenant is reached |
| 503 | the engine takes no more at the moment, or the work is moving to another engine |
`
