package console

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/workflow"
)

// maxFields bounds the fields of a form; what a schema has beyond is given as JSON.
const maxFields = 60

// submitForm is the form that starts a run, made from the input schema of its
// workflow.
type submitForm struct {
	Fields []paramField
	// Raw is all parameters as JSON, where the schema does not say what they are.
	Raw      string
	UseRaw   bool
	Tenant   string
	Own      bool // the workflow belongs to one tenant
	Queue    string
	Queues   []string
	Priority string
	Key      string
	Hold     bool
	Problem  string
	// Planned is what the run would become.
	Planned *engine.Planned
	Params  string
}

// paramField is a parameter in the form.
type paramField struct {
	Name, Title, Hint, Value string
	// Kind is "text", "number", "boolean", "choice" or "json".
	Kind     string
	Choices  []string
	Required bool
}

// Field is the name of the field.
func (f paramField) Field() string { return "p." + f.Name }

// property is what of a schema's property the form understands.
type property struct {
	Type        any               `json:"type"`
	Title       string            `json:"title"`
	Description string            `json:"description"`
	Enum        []json.RawMessage `json:"enum"`
	Default     json.RawMessage   `json:"default"`
}

// submitFormOf makes the form, as it was filled in so far.
func (c *Console) submitFormOf(ctx context.Context, d work.Definition, plan *workflow.Plan, r *http.Request) (*submitForm, *fault) {
	f := &submitForm{Tenant: d.Tenant, Own: d.Tenant != "", Queues: c.queueNames(ctx, "")}
	doc := plan.Document()
	f.Fields = fieldsOf(doc.Input, doc.Params)
	f.UseRaw = len(f.Fields) == 0
	if raw, err := json.Marshal(doc.Params); err == nil && len(doc.Params) > 0 {
		f.Raw = indented(raw)
	}
	if r.Method != http.MethodPost {
		return f, nil
	}
	if !f.Own {
		f.Tenant = strings.TrimSpace(r.PostFormValue("tenant"))
	}
	f.Queue, f.Priority, f.Key, f.Hold = r.PostFormValue("queue"), r.PostFormValue("priority"), r.PostFormValue("key"), r.PostFormValue("hold") != ""
	f.Raw = r.PostFormValue("params")
	for i := range f.Fields {
		f.Fields[i].Value = r.PostFormValue(f.Fields[i].Field())
	}
	return f, nil
}

// fieldsOf are the parameters a schema has, in its order.
func fieldsOf(schema json.RawMessage, defaults map[string]json.RawMessage) []paramField {
	var s struct {
		Properties json.RawMessage `json:"properties"`
		Required   []string        `json:"required"`
	}
	if json.Unmarshal(schema, &s) != nil {
		return nil
	}
	var fields []paramField
	eachMember(s.Properties, func(name string, raw json.RawMessage) {
		var p property
		if json.Unmarshal(raw, &p) != nil || len(fields) == maxFields {
			return
		}
		field := fieldOf(name, p)
		if value, ok := defaults[name]; ok {
			field.Value = shownValue(field.Kind, value)
		}
		for _, required := range s.Required {
			if _, given := defaults[name]; required == name && !given && len(p.Default) == 0 {
				field.Required = true
			}
		}
		fields = append(fields, field)
	})
	return fields
}

func fieldOf(name string, p property) paramField {
	f := paramField{Name: name, Title: p.Title, Hint: p.Description, Kind: "json"}
	if f.Title == "" {
		f.Title = name
	}
	switch p.Type {
	case "string":
		f.Kind = "text"
	case "number", "integer":
		f.Kind = "number"
	case "boolean":
		f.Kind, f.Choices = "choice", []string{"true", "false"}
	}
	if len(p.Enum) > 0 && f.Kind != "json" {
		f.Choices = nil
		for _, value := range p.Enum {
			f.Choices = append(f.Choices, shownValue(f.Kind, value))
		}
		if f.Kind == "text" {
			f.Kind = "choice of text"
		} else {
			f.Kind = "choice"
		}
	}
	f.Value = shownValue(f.Kind, p.Default)
	return f
}

// shownValue is a value as its field shows it: text without quotes, other JSON as it
// is.
func shownValue(kind string, raw json.RawMessage) string {
	var text string
	if (kind == "text" || kind == "choice of text") && json.Unmarshal(raw, &text) == nil {
		return text
	}
	return indented(raw)
}

// eachMember goes through the members of a JSON object in the order they have.
func eachMember(object json.RawMessage, do func(name string, value json.RawMessage)) {
	d := json.NewDecoder(bytes.NewReader(object))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return
	}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		var value json.RawMessage
		if err != nil || !ok || d.Decode(&value) != nil {
			return
		}
		do(name, value)
	}
}

// submission is what a filled-in form asks for.
func (f *submitForm) submission(d work.Definition, by string) (work.Submission, *fault) {
	s := work.Submission{
		Workflow: d.Name, Version: d.Version, Tenant: f.Tenant, Queue: f.Queue, IdempotencyKey: strings.TrimSpace(f.Key), Hold: f.Hold, By: by,
	}
	if s.Tenant == "" {
		return s, invalid("Say which tenant the run is for.")
	}
	if f.Priority != "" {
		n, err := strconv.Atoi(f.Priority)
		if err != nil || n < 0 || n > 9 {
			return s, invalid("The priority is a number from 0, the most urgent, to 9.")
		}
		s.Priority = &n
	}
	params, flt := f.params()
	s.Params = params
	return s, flt
}

// params are the parameters a form gives: empty fields are left to their defaults.
func (f *submitForm) params() (json.RawMessage, *fault) {
	if f.UseRaw {
		text := strings.TrimSpace(f.Raw)
		if text == "" {
			return nil, nil
		}
		if !json.Valid([]byte(text)) {
			return nil, invalid("The parameters are no JSON.")
		}
		return json.RawMessage(text), nil
	}
	all := map[string]json.RawMessage{}
	for _, field := range f.Fields {
		text := field.Value
		if strings.TrimSpace(text) == "" {
			continue
		}
		if field.Kind == "text" || field.Kind == "choice of text" {
			raw, err := json.Marshal(text)
			if err != nil {
				return nil, invalid(sentence(err))
			}
			all[field.Name] = raw
			continue
		}
		if text = strings.TrimSpace(text); !json.Valid([]byte(text)) {
			return nil, invalid(fmt.Sprintf("Parameter %q is no JSON: %s.", field.Name, clip(text)))
		}
		all[field.Name] = json.RawMessage(text)
	}
	raw, err := json.Marshal(all)
	if err != nil {
		return nil, invalid(sentence(err))
	}
	return raw, nil
}

// submit starts a run, or says what it would become.
func (c *Console) submit(w http.ResponseWriter, r *http.Request) {
	p, f := c.working(c.definitionDetail)(r)
	if f == nil && c.src.WorkActions == nil {
		f = faultNotFound
	}
	if f != nil {
		c.fail(w, r, f)
		return
	}
	v, _ := p.data.(definitionPage)
	d := work.Definition{Name: v.Row.Name, Version: v.Row.Version}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), workTimeout)
	defer cancel()
	s, f := v.Form.submission(d, byName(r))
	if f == nil && r.PostFormValue("do") == "check" {
		planned, err := c.src.Work.Plan(ctx, s)
		if err == nil {
			v.Form.Planned, v.Form.Params = &planned, indented(planned.Params)
			c.render(w, r, http.StatusOK, p)
			return
		}
		f = c.workFault(err)
	}
	if f == nil {
		f = c.start(ctx, w, r, s)
		if f == nil {
			return
		}
	}
	v.Form.Problem = f.text
	c.render(w, r, f.status, p)
}

// start submits a run and shows it.
func (c *Console) start(ctx context.Context, w http.ResponseWriter, r *http.Request, s work.Submission) *fault {
	receipts, err := c.src.WorkActions.Submit(ctx, []work.Submission{s})
	if err == nil && receipts[0].Error != nil {
		err = receipts[0].Error
	}
	if err != nil {
		return c.workFault(err)
	}
	c.src.Log.Info("console submitted a run", "run", receipts[0].ID.String(), "workflow", s.Workflow, "tenant", s.Tenant, "user", userOf(r))
	http.Redirect(w, r, c.href("/runs/{id}", "/id", receipts[0].ID.String(), "done", "submit"), http.StatusSeeOther)
	return nil
}
